//! What the pointers into the kernel's cells are used for.

use worker::Subject;

/// The files with cells, and what the lines have in common that only read.
const FILES: [(&str, &str, &[&str]); 4] = [
    (
        "frame/slot.rs",
        include_str!("../tree/src/frame/slot.rs"),
        &["&*self.storage.get()", "(*self.vtable.get()).assume_init()"],
    ),
    (
        "sync/counted.rs",
        include_str!("../tree/src/sync/counted.rs"),
        &["&*self.shared().value.get()"],
    ),
    (
        "sync/rw_mutex.rs",
        include_str!("../tree/src/sync/rw_mutex.rs"),
        &["&*self.lock.value.get()"],
    ),
    (
        "sync/spin.rs",
        include_str!("../tree/src/sync/spin.rs"),
        &["&*self.lock.value.get()"],
    ),
];

/// Adds them to a subject.
pub(crate) fn of(subject: Subject) -> Subject {
    FILES
        .into_iter()
        .fold(subject, |subject, (path_end, text, reads)| {
            subject.cells(path_end, text, reads)
        })
}
