//! The real code: handles of every thread of the program, on one OS thread.

use std::mem::forget;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use meta_core::{
    AnyFrameMeta, Frame, Paddr, UniqueFrame, VmReader, frame_to_index, frame_to_meta, get_slot,
};
use programs::spec;
use prop_tests::adapter::{MetaCore, paddr_of};
use prop_tests::driver::{self, Holdings, ThreadResult};
use prop_tests::outcome::{OpResult, Writer};
use prop_tests::program::{Op, OpName, Program};
use prop_tests::protocol::{Protocol, SlotState};
use prop_tests::world::{Counts, Host, LocalHost, StartState, tag_of};
use proptest::test_runner::{TestCaseError, TestCaseResult};

use super::history::{Call, History};

type Core = MetaCore<LocalHost>;

/// The handles of every thread, and what each has done.
pub(crate) struct Subject {
    holdings: Vec<Holdings<Core>>,
    done: Vec<ThreadResult>,
}

impl Subject {
    pub(crate) fn new(history: &History) -> Self {
        // The program of the history has no operations yet that would say how
        // many slots there are, and that their mailboxes are used.
        let use_mailbox = |slot| Op {
            name: OpName::Take,
            slot,
        };
        let threads = history.program.threads.len();
        let program = Program {
            start: history.program.start,
            threads: vec![(0..history.slots).map(use_mailbox).collect(); threads],
        };
        // SAFETY: handles of the last run were forgotten with its subject, and
        // the world belongs to this OS thread.
        unsafe { LocalHost::world().reset::<Core>(&StartState::of(&program)) };
        let holdings = |thread| {
            // SAFETY: the world was just reset for this program; each thread
            // gets its handles once.
            unsafe { Holdings::of_start(&program, thread) }
        };
        Subject {
            holdings: (0..threads).map(holdings).collect(),
            done: vec![ThreadResult::default(); threads],
        }
    }

    /// Performs the operation that the history has just performed.
    pub(crate) fn perform(
        &mut self,
        thread: usize,
        op: Op,
        history: &History,
        hear: fn(OpResult) -> OpResult,
    ) -> TestCaseResult {
        let results = &mut self.done[thread].results;
        let writer = Writer::op(thread + 1, results.len() + 1);
        LocalHost::enter_thread(thread);
        let result = hear(self.holdings[thread].perform(op, writer));
        results.push(result);
        expect_result(thread, op, result, history)
    }

    /// Makes a call with an address, which moves nothing.
    pub(crate) fn try_address(
        &self,
        call: Call,
        paddr: Paddr,
        history: &History,
    ) -> TestCaseResult {
        let witness = Witness::default();
        let given = witness.clone();
        let error = match call {
            Call::GetSlot => get_slot::<Core>(paddr).map(|_| ()),
            Call::Claim => Frame::<_, Core>::from_unused(paddr, given).map(forget),
            Call::ClaimUnique => UniqueFrame::<_, Core>::from_unused(paddr, given).map(forget),
            Call::LookUp => Frame::<dyn AnyFrameMeta, Core>::from_in_use(paddr).map(forget),
        }
        .err();
        expect(history, &format_args!("{call:?} of {paddr:#x}"), error, {
            history.address_error(paddr)
        })?;
        let given_away = matches!(call, Call::Claim | Call::ClaimUnique);
        expect(
            history,
            &"drops and on_drops of the metadata given",
            witness.seen(),
            (u32::from(given_away), 0),
        )
    }

    /// Compares every slot with what the specification says of it.
    pub(crate) fn compare(&self, history: &History) -> TestCaseResult {
        for slot in 0..history.slots {
            // Slots that the program has not named yet are unused.
            let specified = history.machine.slots().get(slot);
            let specified = specified.unwrap_or(&spec::Slot::UNUSED);
            compare_slot(slot, *specified, history.counts[slot], history)?;
        }
        Ok(())
    }

    /// Drops what is held, if it is to be dropped, and compares the outcome.
    pub(crate) fn end(mut self, mut history: History) -> TestCaseResult {
        while let Some((thread, op)) = history.drop_one() {
            LocalHost::enter_thread(thread);
            let result = self.holdings[thread].perform(op, Writer::START);
            self.done[thread].drops.push((op.slot, result));
            expect_result(thread, op, result, &history)?;
            self.compare(&history)?;
        }
        let outcome = driver::outcome::<Core>(&history.program, history.ends, &self.done);
        let outcome = outcome.map_err(|fault| fault.to_string());
        let specified = history.machine.outcome().expect("every thread is done");
        expect(&history, &"the outcome", outcome, Ok(specified))
    }
}

fn expect_result(thread: usize, op: Op, result: OpResult, history: &History) -> TestCaseResult {
    if result == history.last {
        return Ok(());
    }
    Err(TestCaseError::fail(format!(
        "thread {}: `{op}` gave {result}, where the specification says {}\n{history}",
        thread + 1,
        history.last
    )))
}

fn compare_slot(
    slot: usize,
    specified: spec::Slot,
    counts: Counts,
    history: &History,
) -> TestCaseResult {
    let named = |what| format!("{what} of slot {slot}");
    let state = Core::peek(slot);
    expect(history, &named("the state"), state, specified.state)?;

    let register = LocalHost::register();
    let seen = register.counts(slot);
    expect(history, &named("what became of the metadata"), seen, counts)?;
    let freed_in = (counts.freed > 0).then_some(SlotState::Unused);
    let seen = register.state_when_freed(slot);
    expect(history, &named("the hand-over state"), seen, freed_in)?;
    let fault = register.first_fault(slot, state, counts.freed);
    expect(history, &named("the fault"), fault, None)?;
    let live: Vec<_> = register.live_generations(slot).collect();
    drop(register);
    let is_live = usize::from(specified.live.is_some());
    expect(history, &named("the live metadata"), live.len(), is_live)?;

    let meta_slot = &Core::memory().slots()[slot];
    if let Some(writer) = specified.live {
        // SAFETY: the slot is in use and its metadata live, as was just
        // compared, and nobody writes it now.
        let metadata = unsafe { &*meta_slot.dyn_meta_ptr(meta_core::Access::Read) };
        let tag = tag_of::<Core>(metadata).map(|tag| (tag.writer, tag.generation));
        let what = named("the writer and generation of the metadata");
        expect(history, &what, tag, Some((writer, live[0])))?;
    }

    let paddr = paddr_of(slot);
    let address = std::ptr::from_ref(meta_slot);
    let mapped = (
        frame_to_index(paddr),
        get_slot::<Core>(paddr).map(std::ptr::from_ref),
        frame_to_meta::<Core>(paddr),
        meta_slot.frame_paddr::<Core>(),
    );
    let expected = (slot, Ok(address), address, paddr);
    expect(history, &named("index, slot and frame"), mapped, expected)
}

fn expect<T: PartialEq + std::fmt::Debug>(
    history: &History,
    what: &dyn std::fmt::Display,
    seen: T,
    specified: T,
) -> TestCaseResult {
    if seen == specified {
        return Ok(());
    }
    Err(TestCaseError::fail(format!(
        "{what}: {seen:?}, where the specification says {specified:?}\n{history}"
    )))
}

/// Metadata that says what became of it, without a world.
#[derive(Clone, Default)]
struct Witness(Arc<Fates>);

/// How often the metadata given away was dropped and saw its `on_drop`.
#[derive(Default)]
struct Fates {
    drops: AtomicU32,
    on_drops: AtomicU32,
}

impl Witness {
    fn seen(&self) -> (u32, u32) {
        let Fates { drops, on_drops } = &*self.0;
        (
            drops.load(Ordering::Relaxed),
            on_drops.load(Ordering::Relaxed),
        )
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.drops.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: the page is left alone.
unsafe impl AnyFrameMeta for Witness {
    unsafe fn on_drop(&mut self, _page: &mut VmReader<'_>) {
        self.0.on_drops.fetch_add(1, Ordering::Relaxed);
    }
}
