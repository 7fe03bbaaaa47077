//! What the pointers into the kernel's cells are used for.

/// The files with cells, and what the lines have in common that only read.
#[cfg(model)]
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

/// Makes it known to the explorer: each line that asks for a pointer reads or writes.
#[cfg(model)]
pub(crate) fn classify() {
    use facade::model::{self, Classified};
    use facade::named::Access;

    let mut table = Vec::new();
    for (path_end, text, reads) in FILES {
        for read in reads {
            assert!(
                text.contains(read),
                "{path_end}: nothing reads like `{read}`"
            );
        }
        for (line, text) in (1..).zip(text.lines()) {
            if text.contains(".get()") {
                let access = match reads.iter().any(|read| text.contains(read)) {
                    true => Access::Read,
                    false => Access::Write,
                };
                let path_end = path_end.to_owned();
                table.push(Classified {
                    path_end,
                    line,
                    access,
                });
            }
        }
    }
    model::classify(table);
}

/// Nobody asks.
#[cfg(not(model))]
pub(crate) fn classify() {}
