//! The specification's own steps under rc11: what is allowed to programs that are too
//! large for its enumeration.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use ::rc11::cell::UnsafeCell;
use ::rc11::sync::atomic::{AtomicU64, fence};
use ::rc11::{Execution, Flow, Program, hint};
use pipe::Limits;
use programs::outcome::{Ends, Outcome, Writer};
use programs::program;
use programs::spec::weak::{Access, AccessKind, Found, Orderings, Steps, Thread};
use programs::spec::{Holding, Params};
use prop_tests::world::{Flag, Gift, Mailbox};

use super::rc11::builder;

/// The outcomes of all executions of the specification's steps; nothing if they are cut off.
pub(super) fn outcomes(
    program: &program::Program,
    ends: Ends,
    params: &Params,
    limits: Limits,
) -> Result<Option<BTreeSet<Outcome>>, String> {
    outcomes_with(program, ends, params, limits, &Orderings::PROTOCOL)
}

fn outcomes_with(
    program: &program::Program,
    ends: Ends,
    params: &Params,
    limits: Limits,
    orderings: &Orderings,
) -> Result<Option<BTreeSet<Outcome>>, String> {
    let steps = Steps::new(program, ends, params, orderings).map_err(|error| error.to_string())?;
    let gives = (0..steps.slots()).map(|slot| program.gives(slot));
    let explored = Specification {
        gives: gives.collect(),
        execution: RefCell::new(Rc::new(Running::new(&steps, &[]))),
        outcomes: RefCell::default(),
        steps,
    };
    let report = builder(limits)?.explore_program(&explored);
    match report.failure {
        None => Ok((!report.cut_off).then(|| explored.outcomes.into_inner())),
        Some(failure) => Err(format!("the specification contradicts itself: {failure}")),
    }
}

struct Specification {
    steps: Steps,
    /// How often the mailbox of each slot can be given to.
    gives: Vec<usize>,
    execution: RefCell<Rc<Running>>,
    outcomes: RefCell<BTreeSet<Outcome>>,
}

/// One execution.
struct Running {
    slots: Vec<Slot>,
    threads: RefCell<Vec<Thread>>,
}

struct Slot {
    count: AtomicU64,
    mailbox: Option<Mailbox<SpecFlag>>,
    /// Accesses to this are those to the metadata.
    metadata: UnsafeCell<()>,
    live: Cell<Option<Writer>>,
}

impl Program for Specification {
    fn threads(&self) -> usize {
        self.steps.threads().count()
    }

    fn start(&self) {
        let execution = Running::new(&self.steps, &self.gives);
        self.execution.replace(Rc::new(execution));
    }

    fn run(&self, thread: usize) {
        let execution = self.execution.borrow().clone();
        loop {
            let next = self.steps.next(&execution.threads.borrow()[thread]);
            let Some(access) = next else {
                return;
            };
            let found = execution.slots[access.slot].perform(access);
            let mut threads = execution.threads.borrow_mut();
            self.steps.found(&mut threads[thread], found);
        }
    }

    fn finish(&self, _execution: &Execution<'_>) -> Flow {
        let execution = self.execution.borrow();
        let newest = |slot: usize| {
            let slot = &execution.slots[slot];
            (slot.count.peek(), slot.live.get())
        };
        let outcome = self.steps.outcome(&execution.threads.borrow(), newest);
        self.outcomes.borrow_mut().insert(outcome);
        Flow::GoOn
    }
}

impl Running {
    fn new(steps: &Steps, gives: &[usize]) -> Self {
        let slot = |slot: usize| {
            let (count, live) = steps.start(slot);
            let gives = gives.get(slot).copied().unwrap_or_default();
            Slot {
                count: AtomicU64::new(count),
                mailbox: (steps.uses_mailboxes()).then(|| Mailbox::new(gives.max(1))),
                metadata: UnsafeCell::new(()),
                live: Cell::new(live),
            }
        };
        Running {
            slots: (0..steps.slots()).map(slot).collect(),
            threads: RefCell::new(steps.threads().collect()),
        }
    }
}

impl Slot {
    fn perform(&self, access: Access) -> Found {
        let mailbox = || self.mailbox.as_ref().expect("the program names a mailbox");
        match access.kind {
            AccessKind::Load(ordering) => Found::Count(self.count.load(ordering)),
            AccessKind::Store(value, ordering) => {
                self.count.store(value, ordering);
                Found::Nothing
            }
            AccessKind::Add(ordering) => Found::Count(self.count.fetch_add(1, ordering)),
            AccessKind::Subtract(ordering) => Found::Count(self.count.fetch_sub(1, ordering)),
            AccessKind::CompareExchange {
                expected,
                new,
                success,
                failure,
                weak: false,
            } => {
                let read = (self.count).compare_exchange(expected, new, success, failure);
                Found::Count(read.unwrap_or_else(|read| read))
            }
            AccessKind::CompareExchange {
                expected,
                new,
                success,
                failure,
                weak: true,
            } => {
                let read = (self.count).compare_exchange_weak(expected, new, success, failure);
                Found::Count(read.unwrap_or_else(|read| {
                    hint::spin_loop();
                    read
                }))
            }
            AccessKind::Fence(ordering) => {
                fence(ordering);
                Found::Nothing
            }
            AccessKind::ReadMetadata => {
                self.metadata.get(false);
                Found::Metadata(self.live.get())
            }
            AccessKind::WriteMetadata(writer) => {
                self.metadata.get(true);
                self.live.set(writer);
                Found::Nothing
            }
            AccessKind::Give(hand) => {
                let gift = match hand {
                    Holding::Unique => Gift::Unique,
                    _ => Gift::Shared,
                };
                // Who finds it full is not told of what.
                Found::Mailbox((!mailbox().give(gift)).then_some(hand))
            }
            AccessKind::Take => Found::Mailbox(mailbox().take().map(|gift| match gift {
                Gift::Shared => Holding::One,
                Gift::Unique => Holding::Unique,
            })),
        }
    }
}

/// A word of rc11.
#[derive(Debug)]
struct SpecFlag(AtomicU64);

impl Flag for SpecFlag {
    fn new(value: u64) -> Self {
        SpecFlag(AtomicU64::new(value))
    }

    fn exchange(&self, current: u64, new: u64, success: Ordering) -> Result<u64, u64> {
        self.0
            .compare_exchange(current, new, success, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use pipe::{AllowedBy, Job, Verdict};
    use programs::program::enumerate_on;
    use programs::spec::{MOST_STATES, MemoryModel};

    use super::*;
    use crate::engine::{Host, explore_within};
    use prop_tests::adapter::MetaCore;

    const BOTH: [Ends; 2] = [Ends::Left, Ends::Dropped];

    /// The enumeration, the explorer on the specification, and the explorer on the code
    /// come to the same outcomes.
    fn agree(program: &program::Program) {
        for ends in BOTH {
            let enumerated = MemoryModel::Rc11
                .allowed(program, ends, &Params::MODEL)
                .unwrap();
            let explored = outcomes(program, ends, &Params::MODEL, Limits::default());
            assert_eq!(explored.unwrap(), enumerated, "{program}");

            let job = Job::rc11(program.clone(), ends);
            let run = crate::explore(&job, Arc::new(|_| ())).unwrap();
            assert_eq!(run.allowed_by, AllowedBy::Specification);
            assert_eq!(run.verdict(), Verdict::Pass, "{program}: {run:?}");
        }
    }

    fn agree_on_two_slots(every: usize) {
        let programs = enumerate_on("2x2".parse().unwrap(), 2, false);
        programs.step_by(every).for_each(|program| agree(&program));
    }

    #[test]
    fn both_sides_agree_on_two_slots() {
        agree_on_two_slots(29);
    }

    #[test]
    #[ignore = "it takes some twenty seconds"]
    fn both_sides_agree_on_all_programs_of_two_slots() {
        agree_on_two_slots(1);
    }

    #[test]
    fn both_sides_agree_on_mailboxes_and_more_threads() {
        for line in [
            "shared: clone give give get@1 | alloc@1 take",
            "shared*2: alloc@1 give take | give give | take get@1",
            "shared*2: give get@1 | alloc@1 give",
            "unique: give | take write give | take read",
            "shared: give@1 clone give | take drop | take read",
            "unused: alloc_unique | alloc_unique@1 | get get@1 | get@1 get",
            "shared+14: clone get@1 | clone alloc@1",
        ] {
            agree(&line.parse().unwrap());
        }
    }

    /// Threads that do not meet have one execution, in very many orders.
    fn goes_where_the_enumeration_does_not(most_states: usize) {
        let thread = |slot| format!("alloc@{slot} drop@{slot} alloc@{slot} drop@{slot}");
        let threads: Vec<_> = (0..8).map(thread).collect();
        let program: program::Program = format!("unused: {}", threads.join(" | ")).parse().unwrap();
        let job = Job::rc11(program, Ends::Left);
        let run = explore_within::<MetaCore<Host>>(
            job.case.program().unwrap(),
            &job,
            Arc::new(|_| ()),
            most_states,
        )
        .unwrap();
        assert_eq!(run.allowed_by, AllowedBy::Explorer);
        assert_eq!((run.verdict(), run.allowed), (Verdict::Pass, 1));
    }

    #[test]
    fn the_explorer_goes_where_the_enumeration_does_not() {
        goes_where_the_enumeration_does_not(1_000);
    }

    #[test]
    #[ignore = "the enumeration gives up after some ten seconds"]
    fn the_explorer_goes_where_the_enumeration_gives_up() {
        goes_where_the_enumeration_does_not(MOST_STATES);
    }

    /// Hours of executions, which the enumeration does not come to in one state.
    #[test]
    fn a_limit_on_the_time_holds_for_what_is_allowed_too() {
        let program: program::Program = "unused: get get@1 get | get get@1 get | get get@1 get | \
                                         alloc alloc@1 | alloc drop alloc@1 drop@1"
            .parse()
            .unwrap();
        let mut job = Job::rc11(program, Ends::Left);
        job.limits.seconds = Some(0.2);
        let began = Instant::now();
        let run = explore_within::<MetaCore<Host>>(
            job.case.program().unwrap(),
            &job,
            Arc::new(|_| ()),
            1,
        );
        let run = run.unwrap();
        assert!(began.elapsed() < Duration::from_secs(5));
        let seen = (run.verdict(), run.executions, run.allowed_by);
        assert_eq!(seen, (Verdict::CutOff, 0, AllowedBy::Explorer));
        assert!(run.seconds >= 0.2, "{}", run.seconds);
    }

    #[test]
    fn a_data_race_of_the_specification_is_a_contradiction() {
        let program = "unused: alloc | get read".parse().unwrap();
        let relaxed = Orderings {
            publish_shared: Ordering::Relaxed,
            ..Orderings::PROTOCOL
        };
        let params = Params::MODEL;
        let error = outcomes_with(&program, Ends::Left, &params, Limits::default(), &relaxed);
        let error = error.unwrap_err();
        assert!(
            error.starts_with("the specification contradicts itself: "),
            "{error}"
        );
    }
}
