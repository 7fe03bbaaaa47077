//! Performs the operations of a program on real handles.

mod shown;

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use meta_core::{AnyFrameMeta, Frame, GetFrameError, SlotState, UniqueFrame};
use smallvec::SmallVec;

use crate::outcome::{Ends, OpResult, Writer};
use crate::program::{Op, OpName, Program, StartKind};
use crate::world::{Aborted, Gift, Host, Hosted, KindA, KindB, Tracked, paddr_of, tag_of};

pub use shown::{Shown, outcome, show};

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
    /// As many as most programs name without a heap.
    slots: SmallVec<[Hand<H>; 2]>,
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
        let mut slots = SmallVec::new();
        slots.resize_with(program.slots(), || Hand::Empty);
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
        match catch_abort(|| self.attempt(op, writer)) {
            Ok(result) => result,
            Err(Aborted) => {
                self.abort();
                OpResult::Abort
            }
        }
    }

    /// As [`perform`](Self::perform), for a thread that did not abort; it
    /// unwinds with [`Aborted`] if it does now.
    fn attempt(&mut self, op: Op, writer: Writer) -> OpResult {
        H::world().begin_operation(H::thread(), may_tear_down(op));
        perform(&mut self.slots[op.slot], op, writer)
    }

    /// Forgets all handles.
    fn abort(&mut self) {
        self.aborted = true;
        self.slots.fill_with(|| Hand::Empty);
    }

    /// The lowest slot with a handle.
    fn lowest_held(&self) -> Option<usize> {
        self.slots
            .iter()
            .position(|hand| !matches!(hand, Hand::Empty))
    }
}

/// Tells an abort from all else that may unwind: an engine that ends the
/// execution, or metadata that panicked.
fn catch_abort<R>(perform: impl FnOnce() -> R) -> Result<R, Aborted> {
    catch_unwind(AssertUnwindSafe(perform)).map_err(|payload| match payload.downcast::<Aborted>() {
        Ok(aborted) => *aborted,
        Err(payload) => resume_unwind(payload),
    })
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

/// Performs an operation that leaves the hand as it is, if it is one.
fn look<H: Host>(hand: &Hand<H>, op: Op) -> Option<OpResult> {
    Some(match (op.name, hand) {
        (OpName::Read, Hand::One(frame) | Hand::Two(_, frame)) => read::<H>(frame.dyn_meta()),
        (OpName::Read, Hand::Unique(unique)) => read::<H>(unique.dyn_meta()),
        (OpName::Count, Hand::One(frame) | Hand::Two(_, frame)) => {
            OpResult::Count(frame.reference_count())
        }
        _ => return None,
    })
}

/// Performs an operation on a hand, or skips it.
fn perform<H: Host>(hand: &mut Hand<H>, op: Op, writer: Writer) -> OpResult {
    if let Some(result) = look(hand, op) {
        return result;
    }
    let paddr = paddr_of(op.slot);
    match (op.name, std::mem::replace(hand, Hand::Empty)) {
        (OpName::Alloc, Hand::Empty) => claim(hand, KindA::new(op.slot, writer), |metadata| {
            Frame::from_unused(paddr, metadata).map(|frame| Hand::One(Held::new(frame.into())))
        }),
        (OpName::AllocUnique, Hand::Empty) => {
            claim(hand, KindB::new(op.slot, writer), |metadata| {
                UniqueFrame::from_unused(paddr, metadata)
                    .map(|unique| Hand::Unique(Held::new(unique.into())))
            })
        }
        (OpName::Get, Hand::Empty) => match Shared::from_in_use(paddr) {
            Ok(frame) => {
                *hand = Hand::One(Held::new(frame));
                OpResult::Ok
            }
            Err(error) => refused(error),
        },
        (OpName::Clone, Hand::One(frame)) => {
            let newest = frame.clone();
            *hand = Hand::Two(frame, newest);
            OpResult::Ok
        }
        (OpName::Drop, Hand::One(frame)) => release::<H, _>(op.slot, frame),
        (OpName::Drop, Hand::Two(frame, newest)) => {
            *hand = Hand::One(frame);
            release::<H, _>(op.slot, newest)
        }
        (OpName::Drop, Hand::Unique(unique)) => release::<H, _>(op.slot, unique),
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
            *hand = Hand::Unique(unique);
            result
        }
        (OpName::TryUnique, Hand::One(frame)) => match try_unique(frame) {
            Ok(unique) => {
                *hand = Hand::Unique(unique);
                OpResult::Yes
            }
            Err(frame) => {
                *hand = Hand::One(frame);
                OpResult::No
            }
        },
        (OpName::TryUnique, Hand::Two(frame, newest)) => match try_unique(newest) {
            // No specification allows this; the other handle is forgotten.
            Ok(unique) => {
                *hand = Hand::Unique(unique);
                OpResult::Yes
            }
            Err(newest) => {
                *hand = Hand::Two(frame, newest);
                OpResult::No
            }
        },
        (OpName::Share, Hand::Unique(unique)) => {
            let frame = Held::into_inner(unique).into();
            *hand = Hand::One(Held::new(frame));
            OpResult::Ok
        }
        (OpName::Repurpose, Hand::Unique(unique)) => {
            let metadata: &dyn Any = unique.dyn_meta();
            let unique = if metadata.is::<KindA<H>>() {
                repurpose(unique, KindB::new(op.slot, writer))
            } else {
                repurpose(unique, KindA::new(op.slot, writer))
            };
            *hand = Hand::Unique(unique);
            OpResult::Ok
        }
        (OpName::Reset, Hand::Unique(unique)) => {
            Held::into_inner(unique).reset_as_unused();
            OpResult::Ok
        }
        (OpName::Give, Hand::Empty) => OpResult::Skipped,
        (OpName::Give, held) => {
            let result;
            (*hand, result) = give(op.slot, held);
            result
        }
        (OpName::Take, Hand::Empty) => match H::take(op.slot) {
            None => OpResult::Empty,
            Some(Gift::Shared) => {
                // SAFETY: the host gives back what was given, and that once: a
                // shared handle, which `give` has forgotten.
                let frame = unsafe { Shared::<H>::from_raw(paddr) };
                *hand = Hand::One(Held::new(frame));
                OpResult::Ok
            }
            Some(Gift::Unique) => {
                // SAFETY: as above, the unique handle.
                let unique = unsafe { Unique::<H>::from_raw(paddr) };
                *hand = Hand::Unique(Held::new(unique));
                OpResult::Ok
            }
        },
        (_, held) => {
            *hand = held;
            OpResult::Skipped
        }
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
    hand: &mut Hand<H>,
    metadata: Tracked<H, KIND>,
    claim: impl FnOnce(Tracked<H, KIND>) -> Result<Hand<H>, GetFrameError>,
) -> OpResult {
    let generation = metadata.generation();
    match claim(metadata) {
        Ok(claimed) => {
            H::world().register().stored(generation);
            *hand = claimed;
            OpResult::Ok
        }
        Err(error) => refused(error),
    }
}

fn repurpose<H: Host, const KIND: u8>(
    unique: Held<Unique<H>>,
    metadata: Tracked<H, KIND>,
) -> Held<Unique<H>> {
    let generation = metadata.generation();
    let unique = Held::into_inner(unique).repurpose(metadata).into();
    H::world().register().stored(generation);
    Held::new(unique)
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// The operation under way, or the last one.
    op: Option<Op>,
    done: &'a mut ThreadResult,
}

impl<'a, H: Host> ThreadRun<'a, H> {
    /// A thread before its first operation. What it does goes to `done`, whose
    /// former contents are forgotten.
    ///
    /// # Safety
    ///
    /// The world of `H` was reset for this program, and this is called once for
    /// each thread.
    pub unsafe fn start(
        program: &'a Program,
        thread: usize,
        ends: Ends,
        done: &'a mut ThreadResult,
    ) -> Self {
        done.results.clear();
        done.drops.clear();
        ThreadRun {
            program,
            thread,
            ends,
            // SAFETY: promised by the caller.
            hands: unsafe { Hands::of_start(program, thread) },
            op: None,
            done,
        }
    }

    /// Performs the next operation, or the next drop at the end, or skips it;
    /// `None` when the thread is done.
    pub fn step(&mut self) -> Option<OpResult> {
        if self.hands.aborted {
            return None;
        }
        catch_abort(|| self.advance()).unwrap_or_else(|Aborted| Some(self.abort()))
    }

    /// Performs all operations that are left.
    fn run(&mut self) {
        let all = || while self.advance().is_some() {};
        if let Err(Aborted) = catch_abort(all) {
            self.abort();
        }
    }

    /// As [`step`](Self::step), for a thread that did not abort; it unwinds
    /// with [`Aborted`] if it does now.
    fn advance(&mut self) -> Option<OpResult> {
        let ops = &self.program.threads[self.thread];
        let index = self.done.results.len();
        let (op, writer) = if let Some(op) = ops.get(index) {
            (*op, Writer::op(self.thread + 1, index + 1))
        } else if self.ends == Ends::Left {
            return None;
        } else {
            let drop = Op {
                name: OpName::Drop,
                slot: self.hands.lowest_held()?,
            };
            (drop, Writer::Start)
        };
        self.op = Some(op);
        H::begin_operation(index + self.done.drops.len());
        let result = self.hands.attempt(op, writer);
        self.end_operation(op, &result);
        Some(result)
    }

    /// The operation under way has aborted the thread.
    fn abort(&mut self) -> OpResult {
        self.hands.abort();
        let op = self.op.expect("an operation is under way");
        self.end_operation(op, &OpResult::Abort);
        OpResult::Abort
    }

    #[inline]
    fn end_operation(&mut self, op: Op, result: &OpResult) {
        H::end_operation(op, result);
        if self.done.results.len() < self.program.threads[self.thread].len() {
            self.done.results.push(*result);
        } else {
            self.done.drops.push((op.slot, *result));
        }
    }

    /// Skips the operations that are left.
    pub fn finish(self) {
        let ops = self.program.threads[self.thread].len();
        self.done.results.resize(ops, OpResult::Skipped);
    }
}

/// Runs one thread of `program` from its start to its end. What it did goes to
/// `done`, whose former contents are forgotten.
///
/// # Safety
///
/// The world of `H` was reset for this program, and this is called once for
/// each thread.
pub unsafe fn run_thread<H: Host>(
    program: &Program,
    thread: usize,
    ends: Ends,
    done: &mut ThreadResult,
) {
    // SAFETY: promised by the caller.
    let mut run = unsafe { ThreadRun::<H>::start(program, thread, ends, done) };
    run.run();
    run.finish();
}
