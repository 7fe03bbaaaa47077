//! Performs the operations of a program on real handles.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use meta_core::{AnyFrameMeta, Frame, GetFrameError, SlotState, UniqueFrame};

use crate::outcome::{End, Ends, OpResult, Outcome, SlotEnd, Writer};
use crate::program::{Op, OpName, Program, StartKind};
use crate::world::{
    Aborted, Fault, Gift, Host, Hosted, KindA, KindB, Tracked, World, paddr_of, tag_of,
};

type Shared<H> = Frame<dyn AnyFrameMeta, Hosted<H>>;
type Unique<H> = UniqueFrame<dyn AnyFrameMeta, Hosted<H>>;

/// A handle that is never dropped by itself: a thread that stops in the middle
/// of an operation, because it aborted or because an engine ended the
/// execution, forgets its handles.
type Held<T> = ManuallyDrop<T>;

/// What one thread holds of one slot.
#[derive(Debug)]
enum Hand<H: Host> {
    Empty,
    One(Held<Shared<H>>),
    Two(Held<Shared<H>>, Held<Shared<H>>),
    Unique(Held<Unique<H>>),
}

/// What one thread holds, by slot.
#[derive(Debug)]
pub struct Hands<H: Host> {
    slots: Vec<Hand<H>>,
    aborted: bool,
}

impl<H: Host> Hands<H> {
    /// The handles that `thread` has at the start of `program`.
    ///
    /// # Safety
    ///
    /// The world was reset for this program, and this is called once for each
    /// thread.
    pub unsafe fn of_start(program: &Program, thread: usize) -> Self {
        let mut slots: Vec<_> = (0..program.slots()).map(|_| Hand::Empty).collect();
        match (program.start.kind, thread) {
            (StartKind::Shared | StartKind::SharedTwice, 0) | (StartKind::SharedTwice, 1) => {
                // SAFETY: the slot was constructed with a count that includes
                // this handle.
                let frame = unsafe { Shared::<H>::from_raw(paddr_of(0)) };
                slots[0] = Hand::One(Held::new(frame));
            }
            (StartKind::Unique, 0) => {
                // SAFETY: the slot was constructed as unique, for this handle.
                let unique = unsafe { Unique::<H>::from_raw(paddr_of(0)) };
                slots[0] = Hand::Unique(Held::new(unique));
            }
            _ => {}
        }
        Hands {
            slots,
            aborted: false,
        }
    }

    /// Performs one operation, or skips it where it does not apply.
    ///
    /// An abort stops the thread: its handles are forgotten, and all further
    /// operations are skipped.
    pub fn perform(&mut self, op: Op, writer: Writer) -> OpResult {
        if self.aborted {
            return OpResult::Skipped;
        }
        let world = H::world();
        world.begin_operation(H::thread(), may_tear_down(op));
        let hand = std::mem::replace(&mut self.slots[op.slot], Hand::Empty);
        match catch_unwind(AssertUnwindSafe(|| perform(hand, op, writer))) {
            Ok((hand, result)) => {
                self.slots[op.slot] = hand;
                result
            }
            Err(payload) if payload.is::<Aborted>() => {
                self.aborted = true;
                self.slots.fill_with(|| Hand::Empty);
                OpResult::Abort
            }
            // An engine ends the execution, or metadata panicked.
            Err(payload) => resume_unwind(payload),
        }
    }

    /// The lowest slot with a handle.
    fn lowest_held(&self) -> Option<usize> {
        self.slots
            .iter()
            .position(|hand| !matches!(hand, Hand::Empty))
    }
}

/// The metadata that an operation may tear down: of which slot, and in which
/// state the slot is meanwhile.
fn may_tear_down(op: Op) -> Option<(usize, SlotState)> {
    match op.name {
        OpName::Drop | OpName::Reset => Some((op.slot, SlotState::Busy)),
        OpName::Repurpose => Some((op.slot, SlotState::Unique)),
        _ => None,
    }
}

/// The hand after the operation, and its result.
fn perform<H: Host>(hand: Hand<H>, op: Op, writer: Writer) -> (Hand<H>, OpResult) {
    let paddr = paddr_of(op.slot);
    match (op.name, hand) {
        (OpName::Alloc, Hand::Empty) => claim(KindA::new(op.slot, writer), |metadata| {
            Frame::from_unused(paddr, metadata).map(|frame| Hand::One(Held::new(frame.into())))
        }),
        (OpName::AllocUnique, Hand::Empty) => claim(KindB::new(op.slot, writer), |metadata| {
            UniqueFrame::from_unused(paddr, metadata)
                .map(|unique| Hand::Unique(Held::new(unique.into())))
        }),
        (OpName::Get, Hand::Empty) => match Shared::from_in_use(paddr) {
            Ok(frame) => (Hand::One(Held::new(frame)), OpResult::Ok),
            Err(error) => (Hand::Empty, refused(error)),
        },
        (OpName::Clone, Hand::One(frame)) => {
            let newest = frame.clone();
            (Hand::Two(frame, newest), OpResult::Ok)
        }
        (OpName::Drop, Hand::One(frame)) => (Hand::Empty, release::<H, _>(op.slot, frame)),
        (OpName::Drop, Hand::Two(frame, newest)) => {
            (Hand::One(frame), release::<H, _>(op.slot, newest))
        }
        (OpName::Drop, Hand::Unique(unique)) => (Hand::Empty, release::<H, _>(op.slot, unique)),
        (OpName::Read, Hand::One(frame)) => {
            let result = read::<H>(frame.dyn_meta());
            (Hand::One(frame), result)
        }
        (OpName::Read, Hand::Two(frame, newest)) => {
            let result = read::<H>(newest.dyn_meta());
            (Hand::Two(frame, newest), result)
        }
        (OpName::Read, Hand::Unique(unique)) => {
            let result = read::<H>(unique.dyn_meta());
            (Hand::Unique(unique), result)
        }
        (OpName::Write, Hand::Unique(mut unique)) => {
            let metadata: &mut dyn Any = unique.dyn_meta_mut();
            let result = if let Some(metadata) = metadata.downcast_mut::<KindA<H>>() {
                metadata.set_writer(writer);
                OpResult::Ok
            } else if let Some(metadata) = metadata.downcast_mut::<KindB<H>>() {
                metadata.set_writer(writer);
                OpResult::Ok
            } else {
                OpResult::Mismatch
            };
            (Hand::Unique(unique), result)
        }
        (OpName::TryUnique, Hand::One(frame)) => match try_unique(frame) {
            Ok(unique) => (Hand::Unique(unique), OpResult::Yes),
            Err(frame) => (Hand::One(frame), OpResult::No),
        },
        (OpName::TryUnique, Hand::Two(frame, newest)) => match try_unique(newest) {
            // No specification allows this; the other handle is forgotten.
            Ok(unique) => (Hand::Unique(unique), OpResult::Yes),
            Err(newest) => (Hand::Two(frame, newest), OpResult::No),
        },
        (OpName::Share, Hand::Unique(unique)) => {
            let frame = Held::into_inner(unique).into();
            (Hand::One(Held::new(frame)), OpResult::Ok)
        }
        (OpName::Repurpose, Hand::Unique(unique)) => {
            let metadata: &dyn Any = unique.dyn_meta();
            if metadata.is::<KindA<H>>() {
                repurpose(unique, KindB::new(op.slot, writer))
            } else {
                repurpose(unique, KindA::new(op.slot, writer))
            }
        }
        (OpName::Reset, Hand::Unique(unique)) => {
            Held::into_inner(unique).reset_as_unused();
            (Hand::Empty, OpResult::Ok)
        }
        (OpName::Count, Hand::One(frame)) => {
            let count = frame.reference_count();
            (Hand::One(frame), OpResult::Count(count))
        }
        (OpName::Count, Hand::Two(frame, newest)) => {
            let count = newest.reference_count();
            (Hand::Two(frame, newest), OpResult::Count(count))
        }
        (OpName::Give, Hand::Empty) => (Hand::Empty, OpResult::Skipped),
        (OpName::Give, hand) => give(op.slot, hand),
        (OpName::Take, Hand::Empty) => match H::take(op.slot) {
            None => (Hand::Empty, OpResult::Empty),
            Some(Gift::Shared) => {
                // SAFETY: the host gives back what was given, and that once: a
                // shared handle, which `give` has forgotten.
                let frame = unsafe { Shared::<H>::from_raw(paddr) };
                (Hand::One(Held::new(frame)), OpResult::Ok)
            }
            Some(Gift::Unique) => {
                // SAFETY: as above, the unique handle.
                let unique = unsafe { Unique::<H>::from_raw(paddr) };
                (Hand::Unique(Held::new(unique)), OpResult::Ok)
            }
        },
        (_, hand) => (hand, OpResult::Skipped),
    }
}

/// Puts the newest handle of a hand into the mailbox, or keeps it. One that is
/// given is forgotten here: nothing but its kind goes through the mailbox.
fn give<H: Host>(slot: usize, hand: Hand<H>) -> (Hand<H>, OpResult) {
    let gift = match &hand {
        Hand::Unique(_) => Gift::Unique,
        Hand::Empty | Hand::One(_) | Hand::Two(..) => Gift::Shared,
    };
    if !H::give(slot, gift) {
        return (hand, OpResult::Full);
    }
    let rest = match hand {
        Hand::Two(frame, _) => Hand::One(frame),
        Hand::Empty | Hand::One(_) | Hand::Unique(_) => Hand::Empty,
    };
    (rest, OpResult::Ok)
}

fn claim<H: Host, const KIND: u8>(
    metadata: Tracked<H, KIND>,
    claim: impl FnOnce(Tracked<H, KIND>) -> Result<Hand<H>, GetFrameError>,
) -> (Hand<H>, OpResult) {
    let generation = metadata.generation();
    match claim(metadata) {
        Ok(hand) => {
            H::world().register().stored(generation);
            (hand, OpResult::Ok)
        }
        Err(error) => (Hand::Empty, refused(error)),
    }
}

fn repurpose<H: Host, const KIND: u8>(
    unique: Held<Unique<H>>,
    metadata: Tracked<H, KIND>,
) -> (Hand<H>, OpResult) {
    let generation = metadata.generation();
    let unique = Held::into_inner(unique).repurpose(metadata).into();
    H::world().register().stored(generation);
    (Hand::Unique(Held::new(unique)), OpResult::Ok)
}

fn try_unique<H: Host>(frame: Held<Shared<H>>) -> Result<Held<Unique<H>>, Held<Shared<H>>> {
    UniqueFrame::try_from(Held::into_inner(frame))
        .map(Held::new)
        .map_err(Held::new)
}

/// Drops a handle, and says whether that tore the metadata down.
fn release<H: Host, T>(slot: usize, handle: Held<T>) -> OpResult {
    drop(Held::into_inner(handle));
    if H::world().tore_down(H::thread(), slot) {
        OpResult::Last
    } else {
        OpResult::Kept
    }
}

fn read<H: Host>(metadata: &dyn AnyFrameMeta) -> OpResult {
    tag_of::<H>(metadata).map_or(OpResult::Mismatch, |tag| OpResult::Read(tag.writer))
}

fn refused(error: GetFrameError) -> OpResult {
    match error {
        GetFrameError::InUse => OpResult::InUse,
        GetFrameError::Unused => OpResult::Unused,
        GetFrameError::Busy => OpResult::Busy,
        GetFrameError::Unique => OpResult::Unique,
        GetFrameError::OutOfBound | GetFrameError::NotAligned => {
            unreachable!("programs name frames that exist")
        }
    }
}

/// What one thread of an execution did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadResult {
    /// A result for each operation.
    pub results: Vec<OpResult>,
    /// The slots and results of the drops at the end.
    pub drops: Vec<(usize, OpResult)>,
}

impl ThreadResult {
    /// Whether the thread stopped because a count would have overflowed.
    pub fn aborted(&self) -> bool {
        let drops = self.drops.iter().map(|(_, result)| result);
        self.results
            .iter()
            .chain(drops)
            .any(|result| *result == OpResult::Abort)
    }
}

/// One thread of a program on its way.
#[derive(Debug)]
pub struct ThreadRun<'a, H: Host> {
    program: &'a Program,
    thread: usize,
    ends: Ends,
    hands: Hands<H>,
    done: ThreadResult,
}

impl<'a, H: Host> ThreadRun<'a, H> {
    /// A thread before its first operation.
    ///
    /// # Safety
    ///
    /// The world of `H` was reset for this program, and this is called once for
    /// each thread.
    pub unsafe fn start(program: &'a Program, thread: usize, ends: Ends) -> Self {
        ThreadRun {
            program,
            thread,
            ends,
            // SAFETY: promised by the caller.
            hands: unsafe { Hands::of_start(program, thread) },
            done: ThreadResult {
                results: Vec::with_capacity(program.threads[thread].len()),
                drops: Vec::new(),
            },
        }
    }

    /// Performs the next operation, or the next drop at the end, or skips it;
    /// `None` when the thread is done.
    pub fn step(&mut self) -> Option<OpResult> {
        if self.hands.aborted {
            return None;
        }
        let ops = &self.program.threads[self.thread];
        let index = self.done.results.len();
        if let Some(op) = ops.get(index) {
            H::begin_operation(index);
            let writer = Writer::Op {
                thread: self.thread + 1,
                op: index + 1,
            };
            let result = self.hands.perform(*op, writer);
            H::end_operation(*op, result);
            self.done.results.push(result);
            return Some(result);
        }
        if self.ends == Ends::Left {
            return None;
        }
        let slot = self.hands.lowest_held()?;
        H::begin_operation(index + self.done.drops.len());
        let drop = Op {
            name: OpName::Drop,
            slot,
        };
        let result = self.hands.perform(drop, Writer::Start);
        H::end_operation(drop, result);
        self.done.drops.push((slot, result));
        Some(result)
    }

    /// What the thread did, when it is done.
    pub fn finish(mut self) -> ThreadResult {
        let ops = self.program.threads[self.thread].len();
        self.done.results.resize(ops, OpResult::Skipped);
        self.done
    }
}

/// Runs one thread of `program` from its start to its end.
///
/// # Safety
///
/// The world of `H` was reset for this program, and this is called once for
/// each thread.
pub unsafe fn run_thread<H: Host>(program: &Program, thread: usize, ends: Ends) -> ThreadResult {
    // SAFETY: promised by the caller.
    let mut run = unsafe { ThreadRun::<H>::start(program, thread, ends) };
    while run.step().is_some() {}
    run.finish()
}

/// Puts the outcome of an execution together, when all its threads are done.
///
/// # Errors
///
/// The first contract of the metadata's life that was broken.
pub fn outcome(
    world: &World,
    program: &Program,
    ends: Ends,
    threads: Vec<ThreadResult>,
) -> Result<Outcome, Fault> {
    let judged = !threads.iter().any(ThreadResult::aborted);
    let mut slots = Vec::with_capacity(program.slots());
    for slot in 0..program.slots() {
        let state = world.state(slot);
        let register = world.register();
        let last_drops = last_drops(program, &threads, slot);
        if let Some(fault) = register.first_fault(slot, state, last_drops) {
            return Err(fault);
        }
        let end = match state {
            SlotState::Unused => SlotEnd::Unused,
            SlotState::Busy => SlotEnd::Busy,
            SlotState::Unique => SlotEnd::Unique,
            SlotState::Shared(n) | SlotState::Overflow(n) => SlotEnd::Shared(n),
        };
        slots.push((end, register.live(slot)));
    }
    let mut results = Vec::with_capacity(threads.len());
    let mut drops = Vec::new();
    for thread in threads {
        results.push(thread.results);
        if ends == Ends::Dropped {
            drops.push(thread.drops.into_iter().map(|(_, result)| result).collect());
        }
    }
    Ok(Outcome {
        results,
        drops,
        end: if judged {
            End::Slots(slots)
        } else {
            End::NotJudged
        },
    })
}

/// How many drops of this slot tore its metadata down: each gives the frame
/// back once.
fn last_drops(program: &Program, threads: &[ThreadResult], slot: usize) -> u32 {
    let last = (slot, OpResult::Last);
    let mut count = 0;
    for (ops, thread) in program.threads.iter().zip(threads) {
        for (op, result) in ops.iter().zip(&thread.results) {
            count += u32::from((op.slot, *result) == last);
        }
        for drop in &thread.drops {
            count += u32::from(*drop == last);
        }
    }
    count
}
