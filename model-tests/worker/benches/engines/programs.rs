//! The programs: in the text form, and by hand.

use crate::slot::Slot;

/// One program. Handles are dropped at the end.
pub(crate) struct Program {
    pub(crate) text: &'static str,
    /// The slot in its start state.
    pub(crate) start: fn() -> Slot,
    /// What each thread does.
    pub(crate) threads: &'static [fn(&Slot)],
}

impl Program {
    /// The same, as an engine takes it.
    pub(crate) fn parsed(&self) -> programs::program::Program {
        self.text.parse().expect("a program")
    }
}

pub(crate) const PROGRAMS: [Program; 3] = [
    Program {
        text: "shared*2: read drop | try_unique write drop",
        start: || Slot::shared(2),
        threads: &[
            |slot| {
                slot.read();
                slot.drop();
            },
            |slot| {
                if slot.try_unique() {
                    slot.write();
                    slot.drop_unique();
                } else {
                    slot.drop();
                }
            },
        ],
    },
    Program {
        text: "unused: alloc drop | get read clone drop",
        start: Slot::unused,
        threads: &[
            |slot| {
                if slot.claim() {
                    slot.drop();
                }
            },
            |slot| {
                if slot.look_up() {
                    slot.read();
                    slot.clone();
                    slot.drop();
                    slot.drop();
                }
            },
        ],
    },
    Program {
        text: "shared: read drop | get read | get",
        start: || Slot::shared(1),
        threads: &[
            |slot| {
                slot.read();
                slot.drop();
            },
            |slot| {
                if slot.look_up() {
                    slot.read();
                    slot.drop();
                }
            },
            |slot| {
                if slot.look_up() {
                    slot.drop();
                }
            },
        ],
    },
];
