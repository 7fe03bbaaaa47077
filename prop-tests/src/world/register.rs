//! The register: what happened to every metadata value of an execution.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use crate::protocol::SlotState;

/// One metadata value.
#[derive(Clone, Copy, Debug)]
struct Generation {
    slot: usize,
    stored: bool,
    on_drops: u32,
    drops: u32,
}

impl Generation {
    #[inline]
    fn is_live(&self) -> bool {
        self.stored && self.drops == 0
    }
}

/// What happened to every metadata value, and which frames were given back.
#[derive(Debug, Default)]
pub struct Register {
    generations: Vec<Generation>,
    /// By slot.
    given_back: Vec<GivenBack>,
    faults: Vec<Fault>,
}

/// How often a frame was given back, and its state then.
#[derive(Clone, Copy, Debug, Default)]
struct GivenBack {
    times: u32,
    last_state: Option<SlotState>,
}

/// What happened to one slot, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Metadata values made for it.
    pub made: u32,
    /// Of these, values that it took in.
    pub stored: u32,
    /// Calls of `on_drop`.
    pub on_drops: u32,
    /// Values dropped.
    pub drops: u32,
    /// How often the frame was given back to the allocator.
    pub freed: u32,
}

/// A broken contract of the metadata's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which contract.
    pub kind: FaultKind,
    /// The slot, where it is about one.
    pub slot: Option<usize>,
    /// What happened, in words.
    pub what: Cow<'static, str>,
}

/// Which contract of the metadata's life is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Something that had to be dropped or given back was not.
    Leak,
    /// Something was dropped or given back twice.
    DoubleDrop,
    /// Something was torn down while others could still reach it.
    UseAfterDrop,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.slot {
            Some(slot) => write!(f, "slot {slot}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Fault {
    fn of(kind: FaultKind, slot: usize, what: &'static str) -> Self {
        Fault {
            kind,
            slot: Some(slot),
            what: what.into(),
        }
    }
}

impl Register {
    /// Forgets everything; there are so many slots from now on.
    pub(super) fn reset(&mut self, slots: usize) {
        self.generations.clear();
        self.given_back.clear();
        self.given_back.resize(slots, GivenBack::default());
        self.faults.clear();
    }

    #[inline]
    pub(super) fn born(&mut self, slot: usize) -> u32 {
        self.generations.push(Generation {
            slot,
            stored: false,
            on_drops: 0,
            drops: 0,
        });
        (self.generations.len() - 1) as u32
    }

    /// A claim or a repurposing took the value in. Said after the fact: another
    /// thread may have torn it down already.
    #[inline]
    pub(crate) fn stored(&mut self, generation: u32) {
        self.generations[generation as usize].stored = true;
    }

    #[inline]
    pub(super) fn slot_of(&self, generation: u32) -> usize {
        self.generations[generation as usize].slot
    }

    /// A value sees its `on_drop`: is its thread `allowed` to tear it down in
    /// the state the slot is in, and is the page it was given its own?
    pub(super) fn on_drop(&mut self, generation: u32, allowed: bool, own_page: bool) {
        let value = &mut self.generations[generation as usize];
        value.on_drops += 1;
        let Generation { slot, drops, .. } = *value;
        let mut check = |holds: bool, what| {
            if !holds {
                self.fault(FaultKind::UseAfterDrop, slot, what);
            }
        };
        check(allowed, "on_drop was called in the wrong state of the slot");
        check(drops == 0, "on_drop was called after the destructor");
        check(own_page, "on_drop was given another page than the frame's");
    }

    /// A value is dropped. If that is the end of stored metadata, and not of a value
    /// that a claim refused, `allowed` says of its slot whether its thread may tear it
    /// down now.
    #[inline]
    pub(super) fn dropped(&mut self, generation: u32, allowed: impl FnOnce(usize) -> bool) {
        let value = &mut self.generations[generation as usize];
        value.drops += 1;
        let Generation { slot, .. } = *value;
        let torn_down = value.stored || value.on_drops > 0;
        if torn_down && !allowed(slot) {
            let what = "metadata was dropped in the wrong state of the slot";
            self.fault(FaultKind::UseAfterDrop, slot, what);
        }
    }

    #[cold]
    fn fault(&mut self, kind: FaultKind, slot: usize, what: &'static str) {
        self.faults.push(Fault::of(kind, slot, what));
    }

    /// A frame is given back by a thread that has `emptied` it, or not, and in
    /// this state.
    pub(super) fn freed(&mut self, slot: usize, emptied: bool, state: SlotState) {
        let given_back = &mut self.given_back[slot];
        given_back.times += 1;
        given_back.last_state = Some(state);
        if !emptied {
            let what = "a frame was given back before its metadata was dropped";
            self.fault(FaultKind::UseAfterDrop, slot, what);
        }
    }

    /// What happened to a slot so far.
    pub fn counts(&self, slot: usize) -> Counts {
        let mut counts = Counts {
            freed: self.given_back[slot].times,
            ..Counts::default()
        };
        for value in self.values(slot) {
            counts.made += 1;
            counts.stored += u32::from(value.stored);
            counts.on_drops += value.on_drops;
            counts.drops += value.drops;
        }
        counts
    }

    /// The state of the slot when its frame was last given back.
    ///
    /// Unused, unless another thread has claimed the frame since it was
    /// retired: programs claim frames that no allocator gave them.
    pub fn state_when_freed(&self, slot: usize) -> Option<SlotState> {
        self.given_back[slot].last_state
    }

    /// Whether the slot holds metadata that was stored and not dropped.
    pub fn live(&self, slot: usize) -> bool {
        self.live_generations(slot).next().is_some()
    }

    /// The metadata of the slot that was stored and not dropped; never more
    /// than one unless something is wrong.
    pub fn live_generations(&self, slot: usize) -> impl Iterator<Item = u32> + '_ {
        let generations = (0..).zip(&self.generations);
        generations
            .filter(move |(_, value)| value.slot == slot && value.is_live())
            .map(|(generation, _)| generation)
    }

    fn values(&self, slot: usize) -> impl Iterator<Item = &Generation> {
        self.generations
            .iter()
            .filter(move |value| value.slot == slot)
    }

    /// The first contract of a slot's metadata that this execution broke, given
    /// the state of the slot at rest and how many drops tore it down: each of
    /// these must have given the frame back once.
    ///
    /// A thread that aborted changes nothing: it forgets handles, which keeps
    /// the metadata they are counted for.
    pub fn first_fault(&self, slot: usize, state: SlotState, last_drops: u32) -> Option<Fault> {
        if let Some(fault) = self.faults.iter().find(|fault| fault.slot == Some(slot)) {
            return Some(fault.clone());
        }
        let fault = |kind, what| Some(Fault::of(kind, slot, what));
        let mut live = 0;
        for value in self.values(slot) {
            live += usize::from(value.is_live());
            if value.drops > 1 || value.on_drops > 1 {
                return fault(FaultKind::DoubleDrop, "metadata was dropped twice");
            }
            if value.stored && value.drops == 1 && value.on_drops == 0 {
                return fault(FaultKind::Leak, "metadata was dropped without its on_drop");
            }
            if !value.stored && value.on_drops == 1 {
                let what = "the metadata of a refused claim saw its on_drop";
                return fault(FaultKind::DoubleDrop, what);
            }
            if value.drops == 0 && (!value.stored || value.on_drops == 1) {
                return fault(FaultKind::Leak, "metadata was never dropped");
            }
        }
        let in_use = !matches!(state, SlotState::Unused | SlotState::Busy);
        match (live, in_use) {
            (0, false) | (1, true) => {}
            (0, true) => {
                let what = "the slot is in use without metadata";
                return fault(FaultKind::UseAfterDrop, what);
            }
            _ => return fault(FaultKind::Leak, "metadata was never dropped"),
        }
        match self.given_back[slot].times.cmp(&last_drops) {
            Ordering::Equal => None,
            Ordering::Less => {
                let what = "a dropped frame was not given back to the allocator";
                fault(FaultKind::Leak, what)
            }
            Ordering::Greater => {
                let what = "a frame was given back to the allocator too often";
                fault(FaultKind::DoubleDrop, what)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SlotState::{Busy, Shared, Unique, Unused};

    /// What is said of slot 0 after these events, when it rests in `state` and
    /// this many of its handles' drops were the last.
    fn judge(
        events: impl FnOnce(&mut Register),
        state: SlotState,
        last_drops: u32,
    ) -> Option<(FaultKind, &'static str)> {
        let mut register = Register::default();
        register.reset(2);
        // Another slot, on which all is well, is never to blame.
        let other = register.born(1);
        register.stored(other);
        events(&mut register);
        assert_eq!(register.first_fault(1, Shared(1), 0), None);
        let fault = register.first_fault(0, state, last_drops);
        fault.map(|fault| match fault.what {
            Cow::Borrowed(what) => (fault.kind, what),
            Cow::Owned(what) => unreachable!("{what}"),
        })
    }

    fn store(register: &mut Register) -> u32 {
        let generation = register.born(0);
        register.stored(generation);
        generation
    }

    /// Whether it was asked if the value may be torn down.
    fn drop(register: &mut Register, generation: u32, allowed: bool) -> bool {
        let mut asked = None;
        register.dropped(generation, |slot| {
            asked = Some(slot);
            allowed
        });
        assert!(asked.is_none_or(|slot| slot == 0), "{asked:?}");
        asked.is_some()
    }

    fn tear_down(register: &mut Register, generation: u32) {
        register.on_drop(generation, true, true);
        assert!(drop(register, generation, true));
    }

    /// One generation from its claim to the hand-over.
    fn live_and_die(register: &mut Register) {
        let generation = store(register);
        tear_down(register, generation);
        register.freed(0, true, Unused);
    }

    #[test]
    fn a_life_without_fault_is_told_from_a_faulty_one() {
        let refused = |register: &mut Register| {
            let generation = register.born(0);
            assert!(!drop(register, generation, false));
        };
        assert_eq!(judge(|_| (), Unused, 0), None);
        assert_eq!(judge(refused, Unused, 0), None);
        assert_eq!(judge(|r| _ = store(r), Shared(2), 0), None);
        assert_eq!(judge(|r| _ = store(r), Unique, 0), None);
        assert_eq!(judge(live_and_die, Unused, 1), None);
        let reused = |register: &mut Register| {
            live_and_die(register);
            refused(register);
            store(register);
        };
        assert_eq!(judge(reused, Shared(1), 1), None);
        let reset = |register: &mut Register| {
            let generation = store(register);
            tear_down(register, generation);
        };
        assert_eq!(judge(reset, Unused, 0), None);
    }

    #[test]
    fn a_torn_down_value_that_is_said_to_be_stored_only_later_is_no_fault() {
        let events = |register: &mut Register| {
            let generation = register.born(0);
            tear_down(register, generation);
            register.freed(0, true, Unused);
            register.stored(generation);
        };
        assert_eq!(judge(events, Unused, 1), None);
    }

    #[test]
    fn a_leak_is_reported() {
        let never = Some((FaultKind::Leak, "metadata was never dropped"));
        assert_eq!(judge(|r| _ = store(r), Unused, 0), never);
        assert_eq!(judge(|r| _ = store(r), Busy, 0), never);
        assert_eq!(judge(|r| _ = r.born(0), Unused, 0), never);
        let overwritten = |register: &mut Register| {
            store(register);
            store(register);
        };
        assert_eq!(judge(overwritten, Shared(1), 0), never);
        let half = |register: &mut Register| {
            let generation = store(register);
            register.on_drop(generation, true, true);
        };
        assert_eq!(judge(half, Unused, 0), never);
        assert_eq!(judge(half, Unique, 0), never);
    }

    #[test]
    fn a_double_drop_is_reported() {
        let twice = Some((FaultKind::DoubleDrop, "metadata was dropped twice"));
        let dropped = |register: &mut Register| {
            let generation = store(register);
            tear_down(register, generation);
            drop(register, generation, true);
        };
        assert_eq!(judge(dropped, Unused, 0), twice);
        let on_dropped = |register: &mut Register| {
            let generation = store(register);
            register.on_drop(generation, true, true);
            tear_down(register, generation);
        };
        assert_eq!(judge(on_dropped, Unused, 0), twice);
        let refused = |register: &mut Register| {
            let generation = register.born(0);
            drop(register, generation, false);
            drop(register, generation, false);
        };
        assert_eq!(judge(refused, Unused, 0), twice);
    }

    #[test]
    fn a_use_after_drop_is_reported() {
        let used = |what| Some((FaultKind::UseAfterDrop, what));
        let reversed = |register: &mut Register| {
            let generation = store(register);
            drop(register, generation, true);
            register.on_drop(generation, true, true);
        };
        assert_eq!(
            judge(reversed, Unused, 0),
            used("on_drop was called after the destructor")
        );
        let gone = |register: &mut Register| {
            let generation = store(register);
            tear_down(register, generation);
        };
        let without = used("the slot is in use without metadata");
        assert_eq!(judge(gone, Shared(1), 0), without);
        assert_eq!(judge(gone, Unique, 0), without);
        assert_eq!(judge(|_| (), Shared(u64::MAX / 2 + 2), 0), without);
    }

    #[test]
    fn a_teardown_at_the_wrong_time_is_reported() {
        let used = |what| Some((FaultKind::UseAfterDrop, what));
        let on_drop = |register: &mut Register| {
            let generation = store(register);
            register.on_drop(generation, false, true);
            drop(register, generation, true);
        };
        assert_eq!(
            judge(on_drop, Unused, 0),
            used("on_drop was called in the wrong state of the slot")
        );
        let drop = |register: &mut Register| {
            let generation = store(register);
            register.on_drop(generation, true, true);
            drop(register, generation, false);
        };
        assert_eq!(
            judge(drop, Unused, 0),
            used("metadata was dropped in the wrong state of the slot")
        );
    }

    #[test]
    fn a_page_of_another_frame_is_reported() {
        let events = |register: &mut Register| {
            let generation = store(register);
            register.on_drop(generation, true, false);
            drop(register, generation, true);
        };
        let what = "on_drop was given another page than the frame's";
        assert_eq!(
            judge(events, Unused, 0),
            Some((FaultKind::UseAfterDrop, what))
        );
    }

    #[test]
    fn a_missing_on_drop_is_reported() {
        let events = |register: &mut Register| {
            let generation = store(register);
            assert!(drop(register, generation, true));
        };
        let what = "metadata was dropped without its on_drop";
        assert_eq!(judge(events, Unused, 0), Some((FaultKind::Leak, what)));
    }

    #[test]
    fn an_on_drop_of_a_refused_claim_is_reported() {
        let events = |register: &mut Register| {
            let generation = register.born(0);
            tear_down(register, generation);
        };
        let what = "the metadata of a refused claim saw its on_drop";
        assert_eq!(
            judge(events, Unused, 0),
            Some((FaultKind::DoubleDrop, what))
        );
    }

    #[test]
    fn a_frame_given_back_too_seldom_or_too_often_is_reported() {
        let lost = "a dropped frame was not given back to the allocator";
        assert_eq!(
            judge(live_and_die, Unused, 2),
            Some((FaultKind::Leak, lost))
        );
        let often = "a frame was given back to the allocator too often";
        assert_eq!(
            judge(live_and_die, Unused, 0),
            Some((FaultKind::DoubleDrop, often))
        );
    }

    #[test]
    fn a_frame_given_back_too_early_is_reported() {
        let events = |register: &mut Register| {
            let generation = store(register);
            register.freed(0, false, Busy);
            assert_eq!(register.state_when_freed(0), Some(Busy));
            tear_down(register, generation);
        };
        let what = "a frame was given back before its metadata was dropped";
        assert_eq!(
            judge(events, Unused, 1),
            Some((FaultKind::UseAfterDrop, what))
        );
    }

    #[test]
    fn a_reset_forgets_everything() {
        let mut register = Register::default();
        register.reset(2);
        let generation = store(&mut register);
        register.freed(0, false, Busy);
        assert_eq!(
            register.live_generations(0).collect::<Vec<_>>(),
            [generation]
        );
        register.reset(2);
        assert_eq!(register.counts(0), Counts::default());
        assert_eq!(register.state_when_freed(0), None);
        assert!(!register.live(0));
        assert_eq!(register.first_fault(0, Unused, 0), None);
    }
}
