//! The reference: a program that grows by one operation a step, and the
//! specification's machine that has run it so far.

use std::fmt;

use meta_core::{GetFrameError, PAGE_SIZE, Paddr, REF_COUNT_MAX};
use programs::spec::{Machine, Params};
use prop_tests::outcome::{Ends, OpResult};
use prop_tests::program::{Op, OpName, Program, Start, StartKind};
use prop_tests::world::Counts;
use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::ReferenceStateMachine;

const PARAMS: Params = Params {
    ref_count_max: REF_COUNT_MAX,
};

const MAX_THREADS: usize = 4;
const MAX_SLOTS: usize = 4;

/// One step of the test.
#[derive(Clone)]
pub(crate) enum Step {
    /// The next operation of a thread, counted from 0.
    Op { thread: usize, op: Op },
    /// A call with an address that may be no frame's.
    Address { call: Call, paddr: Paddr },
}

/// What is asked about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `get_slot`: the one call that is also made with a frame's address, for
    /// it moves nothing.
    GetSlot,
    /// `Frame::from_unused`.
    Claim,
    /// `UniqueFrame::from_unused`.
    ClaimUnique,
    /// `Frame::from_in_use`.
    LookUp,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Op { thread, op } => write!(f, "thread {}: {op}", thread + 1),
            Step::Address { call, paddr } => write!(f, "{call:?} {paddr:#x}"),
        }
    }
}

/// What has happened so far, as the specification tells it.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) program: Program,
    /// The threads of the operations, in the order they were done.
    order: Vec<usize>,
    /// How many slots there are, named by the program or not.
    pub(crate) slots: usize,
    pub(crate) ends: Ends,
    /// Picks the order of the drops at the end.
    ending: u64,
    pub(crate) machine: Machine,
    /// What the register should have counted, by slot.
    pub(crate) counts: Vec<Counts>,
    /// The result of the last operation.
    pub(crate) last: OpResult,
}

impl History {
    fn new(start: Start, threads: usize, slots: usize, ends: Ends, ending: u64) -> Self {
        let program = Program {
            start,
            threads: vec![Vec::new(); threads],
        };
        let mut counts = vec![Counts::default(); slots];
        if start.kind != StartKind::Unused {
            counts[0].made = 1;
            counts[0].stored = 1;
        }
        History {
            machine: Machine::start(&program, ends, &PARAMS).expect("a start that can be run"),
            program,
            order: Vec::new(),
            slots,
            ends,
            ending,
            counts,
            last: OpResult::Skipped,
        }
    }

    pub(crate) fn has_aborted(&self, thread: usize) -> bool {
        self.machine.results(thread).contains(&OpResult::Abort)
    }

    fn perform(&mut self, thread: usize, op: Op) {
        self.program.threads[thread].push(op);
        self.order.push(thread);
        self.last = self.replay();
        self.count(op);
    }

    /// Runs the program, one operation longer now, in the same order again;
    /// gives the result of the last operation.
    fn replay(&mut self) -> OpResult {
        let mut machine =
            Machine::start(&self.program, self.ends, &PARAMS).expect("few slots, and a good start");
        let mut next = vec![0; self.program.threads.len()];
        let mut last = OpResult::Skipped;
        for &thread in &self.order {
            let now = next[thread];
            next[thread] += 1;
            // The machine passes over operations that do not apply.
            let applies = machine.current(thread).is_some_and(|(at, _)| at == now);
            last = if applies {
                let done = machine.run_op(thread).expect("a thread that is not done");
                done.result
            } else {
                OpResult::Skipped
            };
        }
        self.machine = machine;
        last
    }

    /// Drops one handle at the end: gives the thread and the drop, if there is
    /// a handle left to drop.
    pub(crate) fn drop_one(&mut self) -> Option<(usize, Op)> {
        let threads: Vec<_> = self.machine.enabled().collect();
        let pick = usize::try_from(self.ending % 64).expect("few") % threads.len().max(1);
        self.ending = self.ending.rotate_right(6);
        let thread = *threads.get(pick)?;
        let (_, op) = self.machine.current(thread).expect("an enabled thread");
        let done = self.machine.run_op(thread).expect("an enabled thread");
        self.last = done.result;
        self.count(op);
        Some((thread, op))
    }

    /// Counts what the last operation did to metadata.
    fn count(&mut self, op: Op) {
        let counts = &mut self.counts[op.slot];
        let torn_down = match (op.name, self.last) {
            (_, OpResult::Skipped) => false,
            (OpName::Alloc | OpName::AllocUnique, result) => {
                counts.made += 1;
                if result == OpResult::Ok {
                    counts.stored += 1;
                } else {
                    counts.drops += 1;
                }
                false
            }
            (OpName::Repurpose, _) => {
                counts.made += 1;
                counts.stored += 1;
                true
            }
            (OpName::Drop, OpResult::Last) => {
                counts.freed += 1;
                true
            }
            (OpName::Reset, _) => true,
            _ => false,
        };
        if torn_down {
            counts.on_drops += 1;
            counts.drops += 1;
        }
    }

    /// Why an address is no frame's.
    pub(crate) fn address_error(&self, paddr: Paddr) -> Option<GetFrameError> {
        if !paddr.is_multiple_of(PAGE_SIZE) {
            Some(GetFrameError::NotAligned)
        } else if paddr / PAGE_SIZE >= self.slots {
            Some(GetFrameError::OutOfBound)
        } else {
            None
        }
    }
}

/// The program and in which order its threads took turns.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "program: {}", self.program)?;
        f.write_str("\nturns of threads:")?;
        for thread in &self.order {
            write!(f, " {}", thread + 1)?;
        }
        write!(f, "\nslots: {}, ends: {:?}", self.slots, self.ends)
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Generates steps that fit the history.
pub(crate) struct Reference;

impl ReferenceStateMachine for Reference {
    type State = History;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<History> {
        let ends = select(vec![Ends::Left, Ends::Dropped]);
        (
            any_start(),
            2..=MAX_THREADS,
            1..=MAX_SLOTS,
            ends,
            any::<u64>(),
        )
            .prop_map(|(start, threads, slots, ends, ending)| {
                History::new(start, threads, slots, ends, ending)
            })
            .boxed()
    }

    fn transitions(history: &History) -> BoxedStrategy<Step> {
        let address = any_address(history.slots);
        let running = |thread: &usize| !history.has_aborted(*thread);
        let threads: Vec<_> = (0..history.program.threads.len()).filter(running).collect();
        let Some(&first) = threads.first() else {
            return address.boxed();
        };
        let mut applying = Vec::new();
        for &thread in &threads {
            for slot in 0..history.slots {
                let hand = history.machine.holding(thread, slot);
                let names = OpName::ALL.into_iter().filter(|name| hand.allows(*name));
                applying.extend(names.map(|name| Step::Op {
                    thread,
                    op: Op { name, slot },
                }));
            }
        }
        assert!(!applying.is_empty(), "thread {first} can do something");
        let any_op = (select(threads), select(&OpName::ALL[..]), 0..history.slots).prop_map(
            |(thread, name, slot)| Step::Op {
                thread,
                op: Op { name, slot },
            },
        );
        prop_oneof![
            14 => select(applying),
            1 => any_op,
            2 => address,
        ]
        .boxed()
    }

    fn preconditions(history: &History, step: &Step) -> bool {
        match step {
            Step::Op { thread, op } => {
                *thread < history.program.threads.len()
                    && op.slot < history.slots
                    && !history.has_aborted(*thread)
            }
            Step::Address { call, paddr } => {
                *call == Call::GetSlot || history.address_error(*paddr).is_some()
            }
        }
    }

    fn apply(mut history: History, step: &Step) -> History {
        if let Step::Op { thread, op } = step {
            history.perform(*thread, *op);
        }
        history
    }
}

/// A start with no forgotten handles, a few, or as many as the count can
/// nearly hold.
fn any_start() -> impl Strategy<Value = Start> {
    let kind = select(&StartKind::ALL[..]);
    let forgotten = prop_oneof![
        3 => Just(None),
        2 => (1..=4_u64).prop_map(Some),
        3 => (0..=3_u64).prop_map(|room| Some(REF_COUNT_MAX - room)),
    ];
    (kind, forgotten).prop_map(|(kind, forgotten)| {
        let held = match kind {
            StartKind::Shared => 1,
            StartKind::SharedTwice => 2,
            StartKind::Unused | StartKind::Unique => return Start { kind, forgotten: 0 },
        };
        let forgotten = forgotten.unwrap_or(0).min(REF_COUNT_MAX - held);
        Start { kind, forgotten }
    })
}

/// A call with an address: mostly one that is no frame's.
fn any_address(slots: usize) -> impl Strategy<Value = Step> {
    let end = slots * PAGE_SIZE;
    let paddr = prop_oneof![
        // Inside a frame: anywhere, and aligned to less than a page.
        (
            0..slots,
            prop_oneof![
                1..PAGE_SIZE,
                (0..PAGE_SIZE.ilog2()).prop_map(|bit| 1 << bit)
            ],
        )
            .prop_map(|(frame, byte)| frame * PAGE_SIZE + byte),
        // The first frames past the end.
        (0..4_usize).prop_map(move |frame| end + frame * PAGE_SIZE),
        // Not aligned and past the end: `NotAligned` comes first.
        (1..PAGE_SIZE).prop_map(move |byte| end + byte),
        select(vec![
            usize::MAX,
            usize::MAX - PAGE_SIZE + 1,
            1 << (usize::BITS - 1),
            u32::MAX as usize + 1,
        ]),
        any::<usize>(),
        any::<usize>().prop_map(|paddr| paddr & !(PAGE_SIZE - 1)),
    ];
    let refused = select(vec![Call::Claim, Call::ClaimUnique, Call::LookUp]);
    prop_oneof![
        4 => (refused, paddr),
        1 => (Just(Call::GetSlot), (0..slots + 2).prop_map(|frame| frame * PAGE_SIZE)),
    ]
    .prop_filter("a frame's address", move |(call, paddr)| {
        *call == Call::GetSlot || *paddr >= end || !paddr.is_multiple_of(PAGE_SIZE)
    })
    .prop_map(|(call, paddr)| Step::Address { call, paddr })
}
