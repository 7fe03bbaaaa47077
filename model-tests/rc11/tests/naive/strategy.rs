//! Random programs.

use std::ops::RangeInclusive;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use proptest::prelude::*;
use proptest::sample::select;

use crate::litmus::{Litmus, Op, Operand, cas, fence, fetch_add, load, store, swap};

/// What the programs of a kind are made of. The rules of sequential consistency
/// show only where much of a program takes part in them.
#[derive(Clone, Copy, Debug)]
struct Style {
    orders: &'static [Ordering],
    /// How often there is a fence, or a read-modify-write, for each load and store.
    fences: f64,
    updates: f64,
}

const STYLES: [Style; 4] = [
    Style {
        orders: &[Relaxed, Acquire, Release, AcqRel, SeqCst],
        fences: 0.25,
        updates: 0.5,
    },
    Style {
        orders: &[Relaxed, SeqCst],
        fences: 0.5,
        updates: 0.2,
    },
    Style {
        orders: &[SeqCst, Acquire, Release],
        fences: 0.1,
        updates: 0.2,
    },
    Style {
        orders: &[SeqCst],
        fences: 0.1,
        updates: 0.5,
    },
];

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
    let thread =
        move |locations, style| prop::collection::vec(op(locations, style), 1..=operations);
    (1_usize..=3, select(&STYLES[..]))
        .prop_flat_map(move |(locations, style)| {
            prop::collection::vec(thread(locations, style), threads.clone())
        })
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

fn op(locations: usize, style: Style) -> impl Strategy<Value = Op> {
    let at = 0..locations;
    let among = |orders: &[Ordering]| {
        let both = style.orders.iter().filter(|order| orders.contains(order));
        select(both.copied().collect::<Vec<_>>())
    };
    let to_load = among(&[Relaxed, Acquire, SeqCst]);
    let to_store = among(&[Relaxed, Release, SeqCst]);
    let to_update = select(style.orders);
    let to_fence = among(&[Acquire, Release, AcqRel, SeqCst]);

    const EACH: u32 = 20;
    let times = |often: f64| (f64::from(EACH) * often) as u32;
    prop_oneof![
        EACH => (at.clone(), to_load.clone()).prop_map(|(at, order)| load(at, order)),
        EACH => (at.clone(), operand(), to_store)
            .prop_map(|(at, value, order)| store(at, value, order)),
        times(style.updates / 2.0) => (at.clone(), operand(), to_update.clone())
            .prop_map(|(at, value, order)| fetch_add(at, value, order)),
        times(style.updates / 2.0) => (at.clone(), operand(), to_update.clone())
            .prop_map(|(at, value, order)| swap(at, value, order)),
        times(style.updates) => (at, (operand(), operand()), (to_update, to_load))
            .prop_map(|(at, values, orders)| cas(at, values, orders)),
        times(2.0 * style.fences) => to_fence.prop_map(fence),
    ]
}

/// Few values, so that two writes often have the same.
fn operand() -> impl Strategy<Value = Operand> {
    prop_oneof![
        4 => (0_u64..=2).prop_map(Operand::Constant),
        1 => (0_usize..=1).prop_map(Operand::Register),
    ]
}
