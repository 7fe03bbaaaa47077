//! The host of both explorers: they run all threads of a program as coroutines
//! of one OS thread, which has a world of its own.

use meta_core::model;
use prop_tests::outcome::OpResult;
use prop_tests::program::Op;
use prop_tests::world::{Host, World};

use super::coverage;

pub(super) struct ModelHost;

thread_local! {
    static WORLD: &'static World = World::leak();
}

// SAFETY: all threads of a model run on one OS thread, and so in one world.
unsafe impl Host for ModelHost {
    fn world() -> &'static World {
        WORLD.with(|world| *world)
    }

    fn thread() -> usize {
        model::current_thread()
    }

    fn begin_operation(op: usize) {
        model::begin_operation(op);
    }

    fn end_operation(op: Op, result: OpResult) {
        coverage::finished(op, result, Self::world().state(op.slot));
    }
}
