//! Another way to the same graphs, for programs where RC11 promises sequential
//! consistency: run every interleaving on a memory of one value a location.

use std::collections::HashSet;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use proptest::prelude::*;

use crate::canonical::{CanonicalGraph, Id, Performed};
use crate::enumerate::graphs;
use crate::litmus::{Litmus, Op, Operand, fence};
use crate::strategy::programs;

/// The graphs of all interleavings.
fn interleavings(program: &Litmus) -> HashSet<CanonicalGraph> {
    let mut found = HashSet::new();
    let start = State {
        memory: vec![(0, None); program.locations()],
        graph: CanonicalGraph {
            threads: vec![Vec::new(); program.threads.len()],
            modification_order: vec![Vec::new(); program.locations()],
        },
    };
    start.go_on(program, &mut found);
    found
}

#[derive(Clone)]
struct State {
    /// The value of each location, and who wrote it.
    memory: Vec<(u64, Option<Id>)>,
    /// What was done so far.
    graph: CanonicalGraph,
}

impl State {
    fn go_on(&self, program: &Litmus, found: &mut HashSet<CanonicalGraph>) {
        let mut finished = true;
        for (thread, ops) in program.threads.iter().enumerate() {
            if let Some(op) = ops.get(self.graph.threads[thread].len()) {
                finished = false;
                let mut next = self.clone();
                next.perform(thread, op);
                next.pass_fences(thread, ops);
                next.go_on(program, found);
            }
        }
        if finished {
            found.insert(self.graph.clone());
        }
    }

    /// A fence does nothing here: when it comes makes no difference.
    fn pass_fences(&mut self, thread: usize, ops: &[Op]) {
        while let Some(op @ Op::Fence { .. }) = ops.get(self.graph.threads[thread].len()) {
            self.perform(thread, op);
        }
    }

    fn perform(&mut self, thread: usize, op: &Op) {
        let performed = match *op {
            Op::Load { at, order } => self.access(at, order, true, None),
            Op::Store { at, value, order } => {
                self.access(at, order, false, Some(self.operand(thread, value)))
            }
            Op::Swap { at, value, order } => {
                self.access(at, order, true, Some(self.operand(thread, value)))
            }
            Op::FetchAdd { at, value, order } => {
                let sum = self.memory[at].0 + self.operand(thread, value);
                self.access(at, order, true, Some(sum))
            }
            Op::CompareExchange {
                at,
                expected,
                new,
                success,
                failure,
            } => {
                if self.memory[at].0 == self.operand(thread, expected) {
                    self.access(at, success, true, Some(self.operand(thread, new)))
                } else {
                    self.access(at, failure, true, None)
                }
            }
            Op::Fence { order } => Performed {
                at: None,
                order,
                read: None,
                written: None,
            },
        };
        if let (Some(at), Some(value)) = (performed.at, performed.written) {
            let id = (thread, self.graph.threads[thread].len());
            self.memory[at] = (value, Some(id));
            self.graph.modification_order[at].push(id);
        }
        self.graph.threads[thread].push(performed);
    }

    fn access(
        &self,
        at: usize,
        order: std::sync::atomic::Ordering,
        reads: bool,
        written: Option<u64>,
    ) -> Performed {
        Performed {
            at: Some(at),
            order,
            read: reads.then_some(self.memory[at]),
            written,
        }
    }

    fn operand(&self, thread: usize, operand: Operand) -> u64 {
        match operand {
            Operand::Constant(value) => value,
            Operand::Register(index) => self.graph.read(thread, index),
        }
    }
}

/// The program with all its orderings sequentially consistent.
fn all_sequentially_consistent(program: &Litmus) -> Litmus {
    let mut program = program.clone();
    for op in program.threads.iter_mut().flatten() {
        op.orders_mut().for_each(|order| *order = SeqCst);
    }
    program
}

/// The accesses of the program, all relaxed, with a fence behind each.
fn fenced(program: &Litmus) -> Litmus {
    let mut program = program.clone();
    for ops in &mut program.threads {
        *ops = ops
            .iter()
            .flat_map(|&op| [with_fences_around(op), fence(SeqCst)])
            .collect();
    }
    program
}

/// An operation of a thread that has a fence behind each.
fn with_fences_around(mut op: Op) -> Op {
    if op.location().is_some() {
        op.orders_mut().for_each(|order| *order = Relaxed);
    }
    for operand in op.operands_mut() {
        if let Operand::Register(index) = operand {
            *index *= 2;
        }
    }
    op
}

fn agree(program: &Litmus) -> Result<(), TestCaseError> {
    let enumerated = graphs(program);
    let interleaved = interleavings(program);
    prop_assert_eq!(enumerated.len(), interleaved.len(), "\n{}", program);
    for graph in &enumerated {
        prop_assert!(
            interleaved.contains(graph),
            "\n{}\nno interleaving:\n{}",
            program,
            graph
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn accesses_that_are_all_sequentially_consistent_interleave(program in programs()) {
        agree(&all_sequentially_consistent(&program))?;
    }

    #[test]
    fn accesses_with_fences_between_them_interleave(program in programs()) {
        agree(&fenced(&program))?;
    }
}
