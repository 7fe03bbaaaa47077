//! Places in source files as they are shown: those of the code under test, and none of
//! the harness.

use std::panic::Location;

use pipe::path;

/// The harness: what it reads and writes is the metadata, in an operation of a program.
const HARNESS: [&str; 3] = ["/model-tests/pipe/", "/model-tests/worker/", "/prop-tests/"];

/// What else is linked with the code under test: explorers, and what they stand on. The
/// standard library says nothing of who called it.
const OTHERS: [&str; 8] = [
    "/loom-",
    "/generator-",
    "/shuttle-",
    "/corosensei-",
    "/meta-core/facade/",
    "/model-tests/rc11/",
    "/rustc/",
    "/library/std/",
];

/// File, line and column.
pub(super) fn exact(at: &Location<'_>) -> String {
    format!("{}:{}:{}", path(at.file()), at.line(), at.column())
}

/// File and line.
#[cfg(model)]
pub(super) fn line(at: &Location<'_>) -> String {
    format!("{}:{}", path(at.file()), at.line())
}

/// Of a place, how it is shown; nothing of the harness.
#[cfg(model)]
pub(super) fn shown(at: &Location<'_>, show: fn(&Location<'_>) -> String) -> Option<String> {
    (!is_in(at.file(), &HARNESS)).then(|| show(at))
}

pub(super) fn is_under_test(file: &str) -> bool {
    !is_in(file, &HARNESS) && !is_in(file, &OTHERS)
}

fn is_in(file: &str, folders: &[&str]) -> bool {
    // Files of this workspace are named from its root.
    let file = format!("/{}", file.replace('\\', "/"));
    // What the threads of a scenario do is theirs: they ask for what must hold.
    !file.contains("/scenario/") && folders.iter().any(|folder| file.contains(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explorers_and_the_harness_are_not_under_test() {
        for file in [
            "model-tests/worker/src/engine/watch.rs",
            "prop-tests/src/driver.rs",
            "/home/a/.cargo/registry/src/index.crates.io/loom-0.7.3/src/rt/path.rs",
            "/rustc/0123/library/core/src/option.rs",
        ] {
            assert!(!is_under_test(file), "{file}");
        }
        for file in [
            "meta-core/src/slot.rs",
            "/home/a/kernel/frame.rs",
            "prop-tests/src/scenario/lists.rs",
        ] {
            assert!(is_under_test(file), "{file}");
        }
    }

    #[cfg(model)]
    #[test]
    fn no_place_of_the_harness_is_shown() {
        let here = Location::caller();
        assert_eq!(shown(here, line), None, "{here}");
    }
}
