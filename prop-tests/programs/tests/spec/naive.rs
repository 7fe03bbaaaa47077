//! The specification once more, written differently: the count is the raw word
//! of the protocol, an operation is a list of steps worked off by a small
//! interpreter, and every interleaving is walked from start to end, one step at
//! a time, with no memory of states and no shortcut.

use std::collections::BTreeSet;

use programs::{
    outcome::{End, Ends, OpResult, Outcome, SlotEnd, Writer},
    program::{Op, OpName, Program, Start, StartKind},
    spec::{self, Holding, Params},
};
use proptest::prelude::*;

use crate::text::{program, show};

const MAX: u64 = 16;
const UNUSED: u64 = u64::MAX;
const UNIQUE: u64 = u64::MAX - 1;

#[derive(Clone)]
struct World {
    words: Vec<u64>,
    data: Vec<Option<Writer>>,
    mailboxes: Vec<Mailbox>,
    threads: Vec<Thread>,
}

#[derive(Clone, Copy)]
enum Mailbox {
    Nothing,
    Shared,
    Unique,
}

#[derive(Clone, Default)]
struct Thread {
    /// Operations done or skipped.
    at: usize,
    /// Steps of the current operation that are done; a lookup that must probe
    /// again goes back to 0.
    done: usize,
    /// The last word that a lookup read.
    probed: u64,
    shared: Vec<u32>,
    unique: Vec<bool>,
    aborted: bool,
    results: Vec<OpResult>,
    drops: Vec<OpResult>,
}

struct Naive<'a> {
    program: &'a Program,
    ends: Ends,
    outcomes: BTreeSet<Outcome>,
    /// Executions walked, and how many may be.
    walked: usize,
    budget: usize,
}

/// The outcomes of every interleaving; `None` if there are too many.
fn naive(program: &Program, ends: Ends, budget: usize) -> Option<BTreeSet<Outcome>> {
    let named = program.threads.iter().flatten().map(|op| op.slot + 1);
    let slots = named.max().unwrap_or(1);
    let mut world = World {
        words: vec![UNUSED; slots],
        data: vec![None; slots],
        mailboxes: vec![Mailbox::Nothing; slots],
        threads: vec![Thread::default(); program.threads.len()],
    };
    for thread in &mut world.threads {
        thread.shared = vec![0; slots];
        thread.unique = vec![false; slots];
    }
    let holders = match program.start.kind {
        StartKind::Unused => 0,
        StartKind::Shared | StartKind::Unique => 1,
        StartKind::SharedTwice => 2,
    };
    if program.start.kind == StartKind::Unique {
        world.words[0] = UNIQUE;
        world.threads[0].unique[0] = true;
    } else if holders > 0 {
        world.words[0] = holders as u64 + program.start.forgotten;
        for thread in &mut world.threads[..holders] {
            thread.shared[0] = 1;
        }
    }
    if holders > 0 {
        world.data[0] = Some(Writer::START);
    }
    let mut naive = Naive {
        program,
        ends,
        outcomes: BTreeSet::new(),
        walked: 0,
        budget,
    };
    naive.walk(&world);
    (naive.walked <= budget).then_some(naive.outcomes)
}

impl Naive<'_> {
    fn walk(&mut self, world: &World) {
        let mut stuck = true;
        for thread in 0..world.threads.len() {
            let mut next = world.clone();
            if self.step(&mut next, thread) {
                stuck = false;
                if self.walked <= self.budget {
                    self.walk(&next);
                }
            }
        }
        if stuck {
            self.walked += 1;
            let mut end = world.clone();
            for (thread, ops) in end.threads.iter_mut().zip(&self.program.threads) {
                thread.results.resize(ops.len(), OpResult::Skipped);
            }
            self.outcomes.insert(self.outcome(end));
        }
    }

    fn outcome(&self, world: World) -> Outcome {
        let aborted = world.threads.iter().any(|thread| thread.aborted);
        let slots = world.words.iter().zip(&world.data).map(|(&word, data)| {
            let state = match word {
                UNUSED => SlotEnd::Unused,
                UNIQUE => SlotEnd::Unique,
                0 => SlotEnd::Busy,
                count => SlotEnd::Shared(count),
            };
            (state, data.is_some())
        });
        let end = if aborted {
            End::NotJudged
        } else {
            End::Slots(slots.collect())
        };
        let (results, drops) = world
            .threads
            .into_iter()
            .map(|t| (t.results, t.drops))
            .unzip();
        Outcome {
            results,
            drops: if self.ends == Ends::Left {
                Vec::new()
            } else {
                drops
            },
            end,
        }
    }

    /// Does one step of a thread; `false` if it has none.
    fn step(&self, world: &mut World, number: usize) -> bool {
        let ops = &self.program.threads[number];
        let World {
            words,
            data,
            mailboxes,
            threads,
        } = world;
        let thread = &mut threads[number];
        if thread.aborted {
            return false;
        }
        // Skipping is no step: go on to the first operation that applies.
        let op = loop {
            match ops.get(thread.at) {
                Some(op) if applies(thread, *op) => break *op,
                Some(_) => {
                    thread.results.push(OpResult::Skipped);
                    thread.at += 1;
                }
                None => {
                    let held = |&slot: &usize| thread.unique[slot] || thread.shared[slot] > 0;
                    let slot = (0..words.len()).find(held);
                    match slot {
                        Some(slot) if self.ends == Ends::Dropped => {
                            break Op {
                                name: OpName::Drop,
                                slot,
                            };
                        }
                        _ => return false,
                    }
                }
            }
        };
        let me = Writer::op(number + 1, thread.at + 1);
        let word = &mut words[op.slot];
        let live = &mut data[op.slot];
        let shared = &mut thread.shared[op.slot];
        let unique = &mut thread.unique[op.slot];
        let old = *word;
        // `None`: the operation goes on.
        let result = match (op.name, thread.done) {
            (OpName::Alloc | OpName::AllocUnique, 0) if old == UNUSED => {
                *word = 0;
                None
            }
            (OpName::Alloc | OpName::AllocUnique, 0) => Some(match old {
                UNIQUE => OpResult::Unique,
                0 => OpResult::Busy,
                _ => OpResult::InUse,
            }),
            (OpName::Alloc, _) => {
                *live = Some(me);
                *word = 1;
                *shared = 1;
                Some(OpResult::Ok)
            }
            (OpName::AllocUnique, _) => {
                *live = Some(me);
                *word = UNIQUE;
                *unique = true;
                Some(OpResult::Ok)
            }
            (OpName::Get, 0) => {
                thread.probed = old;
                match old {
                    UNUSED => Some(OpResult::Unused),
                    UNIQUE => Some(OpResult::Unique),
                    0 => Some(OpResult::Busy),
                    MAX.. => Some(OpResult::Abort),
                    _ => None,
                }
            }
            (OpName::Get, _) if old == thread.probed => {
                *word += 1;
                *shared = 1;
                Some(OpResult::Ok)
            }
            (OpName::Get, _) => {
                thread.done = 0;
                return true;
            }
            (OpName::Clone, 0) => {
                *word += 1;
                if old >= MAX {
                    None
                } else {
                    *shared = 2;
                    Some(OpResult::Ok)
                }
            }
            (OpName::Clone, _) => Some(OpResult::Abort),
            (OpName::Drop, 0) if !*unique && old != 1 => {
                *word -= 1;
                *shared -= 1;
                Some(OpResult::Kept)
            }
            (OpName::Drop | OpName::Reset, 0) => {
                *word = 0;
                None
            }
            (OpName::Drop | OpName::Reset, _) => {
                *live = None;
                *word = UNUSED;
                *shared = 0;
                *unique = false;
                Some(match op.name {
                    OpName::Drop => OpResult::Last,
                    _ => OpResult::Ok,
                })
            }
            (OpName::TryUnique, _) if old == 1 => {
                *word = UNIQUE;
                *shared = 0;
                *unique = true;
                Some(OpResult::Yes)
            }
            (OpName::TryUnique, _) => Some(OpResult::No),
            (OpName::Share, _) => {
                *word = 1;
                *unique = false;
                *shared = 1;
                Some(OpResult::Ok)
            }
            (OpName::Write | OpName::Repurpose, _) => {
                *live = Some(me);
                Some(OpResult::Ok)
            }
            (OpName::Read, _) => Some(OpResult::Read(live.expect("live metadata"))),
            (OpName::Count, _) => Some(OpResult::Count(old)),
            (OpName::Give, _) => Some(match mailboxes[op.slot] {
                Mailbox::Nothing if *unique => {
                    mailboxes[op.slot] = Mailbox::Unique;
                    *unique = false;
                    OpResult::Ok
                }
                Mailbox::Nothing => {
                    mailboxes[op.slot] = Mailbox::Shared;
                    *shared -= 1;
                    OpResult::Ok
                }
                Mailbox::Shared | Mailbox::Unique => OpResult::Full,
            }),
            (OpName::Take, _) => {
                let taken = std::mem::replace(&mut mailboxes[op.slot], Mailbox::Nothing);
                Some(match taken {
                    Mailbox::Nothing => OpResult::Empty,
                    Mailbox::Shared => {
                        *shared = 1;
                        OpResult::Ok
                    }
                    Mailbox::Unique => {
                        *unique = true;
                        OpResult::Ok
                    }
                })
            }
        };
        thread.done += 1;
        if let Some(result) = result {
            thread.done = 0;
            thread.aborted = result == OpResult::Abort;
            if thread.at < ops.len() {
                thread.results.push(result);
                thread.at += 1;
            } else {
                thread.drops.push(result);
            }
        }
        true
    }
}

fn applies(thread: &Thread, op: Op) -> bool {
    let (shared, unique) = (thread.shared[op.slot], thread.unique[op.slot]);
    match op.name {
        OpName::Alloc | OpName::AllocUnique | OpName::Get | OpName::Take => shared == 0 && !unique,
        OpName::Read | OpName::Drop | OpName::Give => shared > 0 || unique,
        OpName::Clone => shared == 1,
        OpName::TryUnique | OpName::Count => shared > 0,
        OpName::Write | OpName::Share | OpName::Repurpose | OpName::Reset => unique,
    }
}

const NAMES: [OpName; 14] = [
    OpName::Alloc,
    OpName::AllocUnique,
    OpName::Get,
    OpName::Clone,
    OpName::Drop,
    OpName::Read,
    OpName::Write,
    OpName::TryUnique,
    OpName::Share,
    OpName::Repurpose,
    OpName::Reset,
    OpName::Count,
    OpName::Give,
    OpName::Take,
];

/// Small programs; starts come near the maximum now and then. Most operations
/// apply if all before them succeed: others are mostly skipped.
pub(crate) fn programs(slots: usize) -> impl Strategy<Value = Program> {
    let op = (
        any::<prop::sample::Index>(),
        0..slots,
        prop::bool::weighted(0.9),
    );
    let threads = prop_oneof![
        3 => prop::collection::vec(prop::collection::vec(op.clone(), 0..=4), 2..=2),
        2 => prop::collection::vec(prop::collection::vec(op, 0..=2), 3..=3),
    ];
    let start = prop_oneof![
        Just((StartKind::Unused, 0)),
        Just((StartKind::Unique, 0)),
        prop_oneof![Just(0), 0..=15u64].prop_map(|forgotten| (StartKind::Shared, forgotten)),
        prop_oneof![Just(0), 10..=14u64].prop_map(|forgotten| (StartKind::SharedTwice, forgotten)),
    ];
    (start, threads).prop_map(move |((kind, forgotten), threads)| {
        let threads = threads.into_iter().enumerate().map(|(number, choices)| {
            let mut hands = vec![Holding::Empty; slots];
            hands[0] = match (kind, number) {
                (StartKind::Shared, 0) | (StartKind::SharedTwice, 0 | 1) => Holding::One,
                (StartKind::Unique, 0) => Holding::Unique,
                _ => Holding::Empty,
            };
            let ops = choices.into_iter().map(|(index, slot, sensible)| {
                let hand = &mut hands[slot];
                let fits = |name: &OpName| !sensible || hand.allows(*name);
                let names: Vec<_> = NAMES.into_iter().filter(fits).collect();
                let name = *index.get(&names);
                let successes = [OpResult::Ok, OpResult::Yes, OpResult::Last];
                let next = successes
                    .iter()
                    .find_map(|&result| hand.after_result(name, result, Holding::One));
                *hand = next.unwrap_or(*hand);
                Op { name, slot }
            });
            ops.collect()
        });
        Program {
            threads: threads.collect(),
            start: Start { kind, forgotten },
        }
    })
}

fn agree(program: &Program, ends: Ends) -> Result<(), TestCaseError> {
    let Some(naive) = naive(program, ends, 100_000) else {
        return Err(TestCaseError::reject("too many interleavings"));
    };
    let allowed = spec::allowed(program, ends, &Params { ref_count_max: MAX }).unwrap();
    let show_all = |outcomes: &BTreeSet<Outcome>| outcomes.iter().map(show).collect::<Vec<_>>();
    prop_assert_eq!(show_all(&allowed), show_all(&naive));
    prop_assert_eq!(allowed, naive);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 10_000, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_search_agrees_with_a_naive_one(program in programs(1), left: bool) {
        agree(&program, if left { Ends::Left } else { Ends::Dropped })?;
    }

    #[test]
    fn the_search_agrees_with_a_naive_one_on_two_slots(program in programs(2), left: bool) {
        agree(&program, if left { Ends::Left } else { Ends::Dropped })?;
    }
}

#[test]
fn the_naive_search_walks_every_interleaving() {
    // Two threads of two steps each: 4 choose 2.
    let program = program("unused: alloc | alloc@1");
    let mut naive_search = Naive {
        program: &program,
        ends: Ends::Left,
        outcomes: BTreeSet::new(),
        walked: 0,
        budget: 100,
    };
    let thread = Thread {
        shared: vec![0; 2],
        unique: vec![false; 2],
        ..Thread::default()
    };
    naive_search.walk(&World {
        words: vec![UNUSED; 2],
        data: vec![None; 2],
        mailboxes: vec![Mailbox::Nothing; 2],
        threads: vec![thread; 2],
    });
    assert_eq!(naive_search.walked, 6);
}
