//! The register: what happened to every metadata value of an execution.

use std::fmt;

use meta_core::SlotState;

/// One metadata value.
#[derive(Clone, Copy, Debug)]
struct Generation {
    slot: usize,
    stored: bool,
    on_drops: u32,
    drops: u32,
}

/// What happened to every metadata value, and which frames were given back.
#[derive(Debug, Default)]
pub struct Register {
    generations: Vec<Generation>,
    /// By thread: whether it tore metadata down since it was last asked.
    tore_down: Vec<bool>,
    /// By slot: how often the frame was given back.
    freed: Vec<u32>,
    faults: Vec<Fault>,
}

/// A broken contract of the metadata's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which contract.
    pub kind: FaultKind,
    /// The slot.
    pub slot: usize,
    /// What happened, in words.
    pub what: &'static str,
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
        write!(f, "slot {}: {}", self.slot, self.what)
    }
}

impl Register {
    pub(super) fn reset(&mut self, threads: usize) {
        self.generations.clear();
        self.tore_down.clear();
        self.tore_down.resize(threads, false);
        self.freed.clear();
        self.faults.clear();
    }

    pub(super) fn born(&mut self, slot: usize) -> u32 {
        self.generations.push(Generation {
            slot,
            stored: false,
            on_drops: 0,
            drops: 0,
        });
        (self.generations.len() - 1) as u32
    }

    /// A claim or a repurposing took the value in.
    pub fn stored(&mut self, generation: u32) {
        self.generations[generation as usize].stored = true;
    }

    pub(super) fn slot_of(&self, generation: u32) -> usize {
        self.generations[generation as usize].slot
    }

    pub(super) fn on_drop(&mut self, generation: u32, state: SlotState) {
        self.torn_down(generation, state);
        let generation = &mut self.generations[generation as usize];
        generation.on_drops += 1;
        if generation.drops > 0 {
            let slot = generation.slot;
            self.fault(
                FaultKind::UseAfterDrop,
                slot,
                "on_drop was called after the destructor",
            );
        }
    }

    pub(super) fn dropped(&mut self, generation: u32, thread: usize, state: SlotState) {
        if self.generations[generation as usize].on_drops > 0 {
            // Never stored values are dropped by a failed claim, whatever the
            // state of the slot.
            self.torn_down(generation, state);
            self.tore_down[thread] = true;
        }
        self.generations[generation as usize].drops += 1;
    }

    fn torn_down(&mut self, generation: u32, state: SlotState) {
        if !matches!(state, SlotState::Busy | SlotState::Unique) {
            let slot = self.slot_of(generation);
            self.fault(
                FaultKind::UseAfterDrop,
                slot,
                "metadata was torn down while the slot was neither Busy nor Unique",
            );
        }
    }

    fn fault(&mut self, kind: FaultKind, slot: usize, what: &'static str) {
        self.faults.push(Fault { kind, slot, what });
    }

    pub(super) fn freed(&mut self, slot: usize) {
        if self.freed.len() <= slot {
            self.freed.resize(slot + 1, 0);
        }
        self.freed[slot] += 1;
    }

    /// How often the frame was given back to the allocator.
    pub fn times_freed(&self, slot: usize) -> u32 {
        self.freed.get(slot).copied().unwrap_or(0)
    }

    /// Whether `thread` tore metadata down since the last call.
    pub(crate) fn take_tore_down(&mut self, thread: usize) -> bool {
        std::mem::take(&mut self.tore_down[thread])
    }

    /// Whether the slot holds metadata that was stored and not dropped.
    pub fn live(&self, slot: usize) -> bool {
        self.live_values(slot) > 0
    }

    fn live_values(&self, slot: usize) -> usize {
        self.generations
            .iter()
            .filter(|g| g.slot == slot && g.stored && g.drops == 0)
            .count()
    }

    /// The first contract of a slot's metadata that this execution broke.
    ///
    /// Pass the state of the slot at rest and how often its frame had to be
    /// given back; or `None` when the end is not to be judged, because a thread
    /// stopped with its handles.
    pub fn first_fault(&self, slot: usize, at_rest: Option<(SlotState, u32)>) -> Option<Fault> {
        if let Some(fault) = self.faults.iter().find(|f| f.slot == slot) {
            return Some(fault.clone());
        }
        let found = |kind, what| Some(Fault { kind, slot, what });
        for g in self.generations.iter().filter(|g| g.slot == slot) {
            if g.drops > 1 || g.on_drops > 1 {
                return found(FaultKind::DoubleDrop, "metadata was dropped twice");
            }
            if g.drops == 1 && g.stored && g.on_drops == 0 {
                return found(FaultKind::Leak, "metadata was dropped without its on_drop");
            }
            if g.on_drops == 1 && !g.stored {
                return found(
                    FaultKind::DoubleDrop,
                    "the metadata of a refused claim saw its on_drop",
                );
            }
        }
        let (state, freed_by_drop) = at_rest?;
        if self
            .generations
            .iter()
            .any(|g| g.slot == slot && g.drops == 0 && (!g.stored || g.on_drops > 0))
        {
            return found(FaultKind::Leak, "metadata was never dropped");
        }
        let holds = matches!(state, SlotState::Shared(_) | SlotState::Unique);
        match self.live_values(slot) {
            0 if holds => {
                return found(
                    FaultKind::UseAfterDrop,
                    "the slot is in use without metadata",
                );
            }
            n if n > usize::from(holds) => {
                return found(FaultKind::Leak, "metadata was never dropped");
            }
            _ => {}
        }
        let freed = self.times_freed(slot);
        if freed < freed_by_drop {
            return found(
                FaultKind::Leak,
                "a dropped frame was not given back to the allocator",
            );
        }
        if freed > freed_by_drop {
            return found(
                FaultKind::DoubleDrop,
                "a frame was given back to the allocator too often",
            );
        }
        None
    }
}
