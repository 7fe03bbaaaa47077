//! Random programs.

use std::ops::RangeInclusive;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use proptest::prelude::*;
use proptest::sample::select;

use crate::litmus::{Litmus, Op, Operand, cas, fence, fetch_add, load, store, swap};

/// Programs of two or three threads with up to three operations each, or of four
/// with up to two, on one to three locations; up to eight accesses in all.
pub(crate) fn programs() -> impl Strategy<Value = Litmus> {
    prop_oneof![
        3 => programs_of(2..=3, 3, 8),
        1 => programs_of(4..=4, 2, 8),
    ]
}

/// Programs of so many threads, operations in a thread at most, and accesses at
/// most.
pub(crate) fn programs_of(
    threads: RangeInclusive<usize>,
    operations: usize,
    accesses: usize,
) -> impl Strategy<Value = Litmus> {
    let thread = move |locations| prop::collection::vec(op(locations), 1..=operations);
    (1_usize..=3)
        .prop_flat_map(move |locations| prop::collection::vec(thread(locations), threads.clone()))
        .prop_map(move |threads| {
            let mut left = accesses;
            let threads = threads.into_iter().map(|ops| mended(ops, &mut left));
            Litmus {
                threads: threads.collect(),
            }
        })
}

/// The operations that make sense one after the other: a register is one that an
/// earlier operation has filled, and there are no more accesses than are left.
fn mended(ops: Vec<Op>, left: &mut usize) -> Vec<Op> {
    let mut mended: Vec<Op> = Vec::new();
    for mut op in ops {
        if op.location().is_some() {
            if *left == 0 {
                continue;
            }
            *left -= 1;
        }
        for operand in op.operands_mut() {
            if let Operand::Register(index) = *operand
                && !mended.get(index).is_some_and(Op::reads)
            {
                *operand = Operand::Constant(1);
            }
        }
        mended.push(op);
    }
    mended
}

fn op(locations: usize) -> impl Strategy<Value = Op> {
    let at = 0..locations;
    prop_oneof![
        4 => (at.clone(), select(&[Relaxed, Acquire, SeqCst][..]))
            .prop_map(|(at, order)| load(at, order)),
        4 => (at.clone(), operand(), select(&[Relaxed, Release, SeqCst][..]))
            .prop_map(|(at, value, order)| store(at, value, order)),
        1 => (at.clone(), operand(), any_order())
            .prop_map(|(at, value, order)| fetch_add(at, value, order)),
        1 => (at.clone(), operand(), any_order())
            .prop_map(|(at, value, order)| swap(at, value, order)),
        2 => (at, (operand(), operand()), (any_order(), select(&[Relaxed, Acquire, SeqCst][..])))
            .prop_map(|(at, values, orders)| cas(at, values, orders)),
        2 => select(&[Acquire, Release, AcqRel, SeqCst][..]).prop_map(fence),
    ]
}

fn any_order() -> impl Strategy<Value = Ordering> {
    select(&[Relaxed, Acquire, Release, AcqRel, SeqCst][..])
}

/// Few values, so that two writes often have the same.
fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        4 => (0_u64..=2).prop_map(Operand::Constant),
        1 => (0_usize..=1).prop_map(Operand::Register),
    ]
}
