//! Performs the operations of a program on real handles.

mod shown;

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use smallvec::SmallVec;

use crate::outcome::{Ends, OpResult, Writer};
use crate::program::{Op, OpName, Program, StartKind};
use crate::protocol::{Protocol, Refused, SlotState, set_writer};
use crate::world::{Aborted, Gift, Host, KindA, KindB, Tracked, tag_of};

pub use shown::{Shown, outcome, show};

/// A handle that is never dropped by itself: a thread that stops in the middle
/// of an operation, because it aborted or because an engine ended the
/// execution, forgets its handles.
type Held<T> = ManuallyDrop<T>;

/// What one thread holds of one slot.
enum Holding<P: Protocol> {
    Nothing,
    One(Held<P::Shared>),
    Two(Held<P::Shared>, Held<P::Shared>),
    Unique(Held<P::Unique>),
}

/// What one thread holds, by slot.
pub struct Holdings<P: Protocol> {
    /// As many as most programs name without a heap.
    slots: SmallVec<[Holding<P>; 2]>,
    /// The host's [`thread`](Host::thread) whenever it performs one. An explorer takes long
    /// to tell.
    thread: usize,
    aborted: bool,
}

impl<P: Protocol> Holdings<P> {
    /// The handles that `thread` has at the start of `program`.
    ///
    /// # Safety
    ///
    /// The world was reset for this program, and this is called once for each
    /// thread.
    pub unsafe fn of_start(program: &Program, thread: usize) -> Self {
        // More come when they are named.
        let mut slots = SmallVec::new();
        match (program.start.kind, thread) {
            (StartKind::Shared | StartKind::SharedTwice, 0) | (StartKind::SharedTwice, 1) => {
                // SAFETY: the slot was made with a count that includes this
                // handle.
                let frame = unsafe { P::shared_again(0) };
                slots.push(Holding::One(Held::new(frame)));
            }
            (StartKind::Unique, 0) => {
                // SAFETY: the slot was made as unique, for this handle.
                let unique = unsafe { P::unique_again(0) };
                slots.push(Holding::Unique(Held::new(unique)));
            }
            _ => {}
        }
        Holdings {
            slots,
            thread,
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
        P::Host::world().begin_operation(self.thread, may_tear_down(op));
        let holding = match self.slots.get_mut(op.slot) {
            Some(holding) => holding,
            None => {
                self.slots.resize_with(op.slot, || Holding::Nothing);
                self.slots.push(Holding::Nothing);
                &mut self.slots[op.slot]
            }
        };
        perform(self.thread, holding, op, writer)
    }

    /// Forgets all handles.
    fn abort(&mut self) {
        self.aborted = true;
        self.slots.fill_with(|| Holding::Nothing);
    }

    /// The lowest slot with a handle.
    fn lowest_held(&self) -> Option<usize> {
        self.slots
            .iter()
            .position(|holding| !matches!(holding, Holding::Nothing))
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
#[inline]
fn may_tear_down(op: Op) -> Option<(usize, SlotState)> {
    match op.name {
        OpName::Drop | OpName::Reset => Some((op.slot, SlotState::Busy)),
        OpName::Repurpose => Some((op.slot, SlotState::Unique)),
        _ => None,
    }
}

/// Performs an operation that leaves the holding as it is, if it is one.
fn look<P: Protocol>(holding: &Holding<P>, op: Op) -> Option<OpResult> {
    Some(match (op.name, holding) {
        (OpName::Read, Holding::One(frame) | Holding::Two(_, frame)) => {
            read::<P>(P::shared_meta(frame))
        }
        (OpName::Read, Holding::Unique(unique)) => read::<P>(P::unique_meta(unique)),
        (OpName::Count, Holding::One(frame) | Holding::Two(_, frame)) => {
            OpResult::Count(P::count(frame))
        }
        _ => return None,
    })
}

/// Performs an operation on a holding, or skips it.
fn perform<P: Protocol>(
    thread: usize,
    holding: &mut Holding<P>,
    op: Op,
    writer: Writer,
) -> OpResult {
    if let Some(result) = look(holding, op) {
        return result;
    }
    match (op.name, std::mem::replace(holding, Holding::Nothing)) {
        (OpName::Alloc, Holding::Nothing) => {
            claim(holding, KindA::new(op.slot, writer), |metadata| {
                P::claim_shared(op.slot, metadata).map(|frame| Holding::One(Held::new(frame)))
            })
        }
        (OpName::AllocUnique, Holding::Nothing) => {
            claim(holding, KindB::new(op.slot, writer), |metadata| {
                P::claim_unique(op.slot, metadata).map(|unique| Holding::Unique(Held::new(unique)))
            })
        }
        (OpName::Get, Holding::Nothing) => match P::look_up(op.slot) {
            Ok(frame) => {
                *holding = Holding::One(Held::new(frame));
                OpResult::Ok
            }
            Err(refused) => refused.into(),
        },
        (OpName::Clone, Holding::One(frame)) => {
            let newest = Held::new(P::clone(&frame));
            *holding = Holding::Two(frame, newest);
            OpResult::Ok
        }
        (OpName::Drop, Holding::One(frame)) => release::<P, _>(thread, op.slot, frame),
        (OpName::Drop, Holding::Two(frame, newest)) => {
            *holding = Holding::One(frame);
            release::<P, _>(thread, op.slot, newest)
        }
        (OpName::Drop, Holding::Unique(unique)) => release::<P, _>(thread, op.slot, unique),
        (OpName::Write, Holding::Unique(mut unique)) => {
            let written = set_writer::<P>(P::unique_meta_mut(&mut unique), writer);
            *holding = Holding::Unique(unique);
            if written {
                OpResult::Ok
            } else {
                OpResult::Mismatch
            }
        }
        (OpName::TryUnique, Holding::One(frame)) => match try_unique::<P>(frame) {
            Ok(unique) => {
                *holding = Holding::Unique(unique);
                OpResult::Yes
            }
            Err(frame) => {
                *holding = Holding::One(frame);
                OpResult::No
            }
        },
        (OpName::TryUnique, Holding::Two(frame, newest)) => match try_unique::<P>(newest) {
            // No specification allows this; the other handle is forgotten.
            Ok(unique) => {
                *holding = Holding::Unique(unique);
                OpResult::Yes
            }
            Err(newest) => {
                *holding = Holding::Two(frame, newest);
                OpResult::No
            }
        },
        (OpName::Share, Holding::Unique(unique)) => {
            let frame = P::share(Held::into_inner(unique));
            *holding = Holding::One(Held::new(frame));
            OpResult::Ok
        }
        (OpName::Repurpose, Holding::Unique(unique)) => {
            let unique = if P::unique_meta(&unique).is::<KindA<P>>() {
                repurpose::<P, _>(unique, KindB::new(op.slot, writer))
            } else {
                repurpose::<P, _>(unique, KindA::new(op.slot, writer))
            };
            *holding = Holding::Unique(unique);
            OpResult::Ok
        }
        (OpName::Reset, Holding::Unique(unique)) => {
            P::reset_as_unused(Held::into_inner(unique));
            OpResult::Ok
        }
        (OpName::Give, Holding::Nothing) => OpResult::Skipped,
        (OpName::Give, held) => {
            let result;
            (*holding, result) = give(op.slot, held);
            result
        }
        (OpName::Take, Holding::Nothing) => match P::Host::take(op.slot) {
            None => OpResult::Empty,
            Some(Gift::Shared) => {
                // SAFETY: the host gives back what was given, and that once: a
                // shared handle, which `give` has forgotten.
                let frame = unsafe { P::shared_again(op.slot) };
                *holding = Holding::One(Held::new(frame));
                OpResult::Ok
            }
            Some(Gift::Unique) => {
                // SAFETY: as above, the unique handle.
                let unique = unsafe { P::unique_again(op.slot) };
                *holding = Holding::Unique(Held::new(unique));
                OpResult::Ok
            }
        },
        (_, held) => {
            *holding = held;
            OpResult::Skipped
        }
    }
}

/// Puts the newest handle of a holding into the mailbox, or keeps it. One that
/// is given is forgotten here: nothing but its kind goes through the mailbox.
fn give<P: Protocol>(slot: usize, holding: Holding<P>) -> (Holding<P>, OpResult) {
    let gift = match &holding {
        Holding::Unique(_) => Gift::Unique,
        Holding::Nothing | Holding::One(_) | Holding::Two(..) => Gift::Shared,
    };
    if !P::Host::give(slot, gift) {
        return (holding, OpResult::Full);
    }
    let rest = match holding {
        Holding::Two(frame, _) => Holding::One(frame),
        Holding::Nothing | Holding::One(_) | Holding::Unique(_) => Holding::Nothing,
    };
    (rest, OpResult::Ok)
}

fn claim<P: Protocol, const KIND: u8>(
    holding: &mut Holding<P>,
    metadata: Tracked<P, KIND>,
    claim: impl FnOnce(Tracked<P, KIND>) -> Result<Holding<P>, Refused>,
) -> OpResult {
    let generation = metadata.generation();
    match claim(metadata) {
        Ok(claimed) => {
            P::Host::register().stored(generation);
            *holding = claimed;
            OpResult::Ok
        }
        Err(refused) => refused.into(),
    }
}

fn repurpose<P: Protocol, const KIND: u8>(
    unique: Held<P::Unique>,
    metadata: Tracked<P, KIND>,
) -> Held<P::Unique> {
    let generation = metadata.generation();
    let unique = P::repurpose(Held::into_inner(unique), metadata);
    P::Host::register().stored(generation);
    Held::new(unique)
}

fn try_unique<P: Protocol>(frame: Held<P::Shared>) -> Result<Held<P::Unique>, Held<P::Shared>> {
    P::try_unique(Held::into_inner(frame))
        .map(Held::new)
        .map_err(Held::new)
}

/// Drops a handle, and reports whether that tore the metadata down.
fn release<P: Protocol, T>(thread: usize, slot: usize, handle: Held<T>) -> OpResult {
    drop(Held::into_inner(handle));
    if P::Host::world().tore_down(thread, slot) {
        OpResult::Last
    } else {
        OpResult::Kept
    }
}

fn read<P: Protocol>(metadata: &dyn Any) -> OpResult {
    tag_of::<P>(metadata).map_or(OpResult::Mismatch, |tag| OpResult::Read(tag.writer))
}

/// What one thread of an execution did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadResult {
    /// A result for each operation.
    pub results: Vec<OpResult>,
    /// The slots and results of the drops at the end.
    pub drops: Vec<(usize, OpResult)>,
}

/// One thread of a program on its way.
pub struct ThreadRun<'a, P: Protocol> {
    ops: &'a [Op],
    thread: usize,
    ends: Ends,
    holdings: Holdings<P>,
    /// The operation under way, or the last one.
    op: Option<Op>,
    done: &'a mut ThreadResult,
}

impl<'a, P: Protocol> ThreadRun<'a, P> {
    /// A thread before its first operation. What it does goes to `done`, whose
    /// former contents are forgotten.
    ///
    /// # Safety
    ///
    /// The world of `P` was reset for this program, and this is called once for
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
            ops: &program.threads[thread],
            thread,
            ends,
            // SAFETY: promised by the caller.
            holdings: unsafe { Holdings::of_start(program, thread) },
            op: None,
            done,
        }
    }

    /// Performs the next operation, or the next drop at the end, or skips it;
    /// `None` when the thread is done.
    pub fn step(&mut self) -> Option<OpResult> {
        if self.holdings.aborted {
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
        let index = self.done.results.len();
        let (op, writer) = if let Some(op) = self.ops.get(index) {
            (*op, Writer::op(self.thread + 1, index + 1))
        } else if self.ends == Ends::Left {
            return None;
        } else {
            let drop = Op {
                name: OpName::Drop,
                slot: self.holdings.lowest_held()?,
            };
            (drop, Writer::START)
        };
        self.op = Some(op);
        P::Host::begin_operation(index + self.done.drops.len());
        let result = self.holdings.attempt(op, writer);
        self.end_operation(op, result);
        Some(result)
    }

    /// The operation under way has aborted the thread.
    #[cold]
    fn abort(&mut self) -> OpResult {
        self.holdings.abort();
        let op = self.op.expect("an operation is under way");
        self.end_operation(op, OpResult::Abort);
        OpResult::Abort
    }

    #[inline(always)]
    fn end_operation(&mut self, op: Op, result: OpResult) {
        P::Host::end_operation(op, result, || P::peek(op.slot));
        if self.done.results.len() < self.ops.len() {
            self.done.results.push(result);
        } else {
            self.done.drops.push((op.slot, result));
        }
    }

    /// Skips the operations that are left.
    pub fn finish(self) {
        self.done.results.resize(self.ops.len(), OpResult::Skipped);
    }
}

/// Runs one thread of `program` from its start to its end. What it did goes to
/// `done`, whose former contents are forgotten.
///
/// # Safety
///
/// The world of `P` was reset for this program, and this is called once for
/// each thread.
pub unsafe fn run_thread<P: Protocol>(
    program: &Program,
    thread: usize,
    ends: Ends,
    done: &mut ThreadResult,
) {
    // SAFETY: promised by the caller.
    let mut run = unsafe { ThreadRun::<P>::start(program, thread, ends, done) };
    run.run();
    run.finish();
}
