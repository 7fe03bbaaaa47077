//! The files under test, as they ship. Give the path of each in your tree, so that
//! none is a copy:
//!
//! ```text
//! #[path = "../../../kernel/src/sync/spin.rs"]
//! pub mod spin;
//! ```

pub mod spin_lock;

/// What lines with `UnsafeCell::get` do: read if they have one of these in them, else
/// write. The explorer does not see what becomes of a pointer. Name each file that calls
/// it, with `&[]` if all its lines write.
pub fn cells(subject: worker::Subject) -> worker::Subject {
    let text = include_str!("spin_lock.rs");
    subject.cells("files/spin_lock.rs", text, &["&*self.0.value.get()"])
}
