//! The mailbox of a slot: how handles move between threads.
//!
//! A mailbox is nothing but flags; each engine brings flags of its own. What is
//! in it follows from them, so that no other memory goes along with a handle:
//! giving releases, taking acquires from the give that it takes from, and
//! nothing else is ordered. A lock would order far more, and hide races.
//!
//! One flag would do but for release sequences: a give would go on with the
//! one before it, through the take between them, and the second taker would
//! acquire from the first giver too. So there is a flag for each give. They are
//! used one after the other, and a thread that comes to a flag which is done
//! with goes on to the next.
//!
//! It does so from the first flag on, although all threads together could
//! remember how far they came: under loom, which flag a thread is about to use
//! must follow from what the thread itself has seen of the flags.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::program::Program;

/// What can be in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gift {
    /// A shared handle.
    Shared,
    /// The unique handle.
    Unique,
}

/// Nothing was given yet.
const EMPTY: u64 = 0;
const SHARED: u64 = 1;
const UNIQUE: u64 = 2;
/// What was given is taken: the next flag counts.
const TAKEN: u64 = 3;

impl Gift {
    const fn value(self) -> u64 {
        match self {
            Gift::Shared => SHARED,
            Gift::Unique => UNIQUE,
        }
    }
}

/// An atomic word.
pub trait Flag: Debug {
    /// Whether orderings mean anything. If not, one flag is enough.
    const ORDERED: bool = true;

    /// A word with this value.
    fn new(value: u64) -> Self;

    /// Compare-and-swap, strong; failing, it is relaxed and reads the newest
    /// value.
    fn exchange(&self, current: u64, new: u64, success: Ordering) -> Result<u64, u64>;
}

impl Flag for AtomicU64 {
    fn new(value: u64) -> Self {
        AtomicU64::new(value)
    }

    fn exchange(&self, current: u64, new: u64, success: Ordering) -> Result<u64, u64> {
        self.compare_exchange(current, new, success, Ordering::Relaxed)
    }
}

/// How often a program can give to the mailbox of each slot; none where it does
/// not name the mailbox.
pub(super) fn gives(program: &Program) -> Vec<Option<usize>> {
    if !program.uses_mailboxes() {
        return Vec::new();
    }
    (0..program.slots())
        .map(|slot| program.uses_mailbox(slot).then(|| program.gives(slot)))
        .collect()
}

/// The mailbox of one slot, with room for one handle.
#[derive(Debug)]
pub struct Mailbox<F> {
    flags: Vec<F>,
}

impl<F: Flag> Mailbox<F> {
    /// An empty mailbox.
    ///
    /// The last of its flags is used again and again.
    ///
    /// # Panics
    ///
    /// Without a flag.
    pub fn new(flags: usize) -> Self {
        assert!(flags > 0, "a mailbox without a flag");
        Mailbox {
            flags: (0..flags).map(|_| F::new(EMPTY)).collect(),
        }
    }

    /// Mailboxes by slot, each of which can be given to so many times; or none.
    pub fn of(gives: &[Option<usize>]) -> impl Iterator<Item = Option<Self>> + '_ {
        let flags = |gives: usize| if F::ORDERED { gives.max(1) } else { 1 };
        gives
            .iter()
            .map(move |gives| gives.map(|gives| Self::new(flags(gives))))
    }

    /// Puts a handle into the mailbox; false if it is full.
    pub fn give(&self, gift: Gift) -> bool {
        for flag in &self.flags {
            match flag.exchange(EMPTY, gift.value(), Ordering::Release) {
                Ok(_) => return true,
                Err(TAKEN) => {}
                Err(_) => return false,
            }
        }
        unreachable!("{self:?}: the last flag is done with")
    }

    /// Takes the handle that is in the mailbox; `None` if it is empty.
    pub fn take(&self) -> Option<Gift> {
        for (index, flag) in self.flags.iter().enumerate() {
            let is_last = index + 1 == self.flags.len();
            let done_with = if is_last { EMPTY } else { TAKEN };
            let mut gift = Gift::Shared;
            loop {
                match flag.exchange(gift.value(), done_with, Ordering::Acquire) {
                    Ok(_) => return Some(gift),
                    Err(SHARED) => gift = Gift::Shared,
                    Err(UNIQUE) => gift = Gift::Unique,
                    Err(TAKEN) => break,
                    Err(_) => return None,
                }
            }
        }
        unreachable!("{self:?}: the last flag is done with")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    #[test]
    fn one_handle_fits() {
        for flags in 1..5 {
            let mailbox = Mailbox::<AtomicU64>::new(flags);
            assert_eq!(mailbox.take(), None);
            for gift in [Gift::Shared, Gift::Unique, Gift::Unique, Gift::Shared] {
                assert!(mailbox.give(gift));
                assert!(!mailbox.give(Gift::Shared));
                assert!(!mailbox.give(Gift::Unique));
                assert_eq!(mailbox.take(), Some(gift));
                assert_eq!(mailbox.take(), None);
            }
        }
    }

    #[test]
    fn what_is_given_is_taken_once() {
        const GIVES: usize = 1_000;
        for flags in [1, 2, 2 * GIVES] {
            let mailbox = Mailbox::<AtomicU64>::new(flags);
            let given = AtomicUsize::new(0);
            let taken = AtomicUsize::new(0);
            thread::scope(|scope| {
                for gift in [Gift::Shared, Gift::Unique] {
                    let (mailbox, given, taken) = (&mailbox, &given, &taken);
                    scope.spawn(move || {
                        for _ in 0..GIVES {
                            given.fetch_add(mailbox.give(gift).into(), Ordering::Relaxed);
                        }
                    });
                    scope.spawn(move || {
                        for _ in 0..GIVES {
                            taken.fetch_add(mailbox.take().is_some().into(), Ordering::Relaxed);
                        }
                    });
                }
            });
            let left = usize::from(mailbox.take().is_some());
            assert_eq!(given.into_inner(), taken.into_inner() + left);
        }
    }

    /// A flag whose accesses that succeed are recorded.
    #[derive(Debug)]
    struct Recorded {
        value: RefCell<u64>,
        successes: RefCell<Vec<Ordering>>,
    }

    impl Flag for Recorded {
        fn new(value: u64) -> Self {
            Recorded {
                value: RefCell::new(value),
                successes: RefCell::default(),
            }
        }

        fn exchange(&self, current: u64, new: u64, success: Ordering) -> Result<u64, u64> {
            let mut value = self.value.borrow_mut();
            if *value != current {
                return Err(*value);
            }
            *value = new;
            self.successes.borrow_mut().push(success);
            Ok(current)
        }
    }

    #[test]
    fn a_give_is_ordered_with_its_take_alone() {
        let mailbox = Mailbox::<Recorded>::new(3);
        for _ in 0..3 {
            assert!(mailbox.give(Gift::Unique));
            assert!(!mailbox.give(Gift::Unique));
            assert_eq!(mailbox.take(), Some(Gift::Unique));
            assert_eq!(mailbox.take(), None);
        }
        for flag in mailbox.flags {
            let successes = flag.successes.into_inner();
            assert_eq!(successes, [Ordering::Release, Ordering::Acquire]);
        }
    }
}
