//! Panics of the code under test, told from those of explorers and of the harness
//! by where they begin.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::sync::Once;

use pipe::Reason;

use super::message_of;

thread_local! {
    /// Where this OS thread panicked last.
    static PLACE: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// What is linked with the code under test: explorers, what they stand on, and
/// the harness. The standard library says nothing of who called it.
const OTHERS: [&str; 11] = [
    "/loom-",
    "/generator-",
    "/shuttle-",
    "/corosensei-",
    "/meta-core/facade/",
    "/model-tests/pipe/",
    "/model-tests/rc11/",
    "/model-tests/worker/",
    "/prop-tests/",
    "/rustc/",
    "/library/std/",
];

/// Takes down from here on where panics begin; who looked at them before still
/// does.
pub(super) fn take_down() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = |at: &Location<'_>| (at.file().to_owned(), at.to_string());
            PLACE.set(info.location().map(place));
            before(info);
        }));
    });
}

/// Runs code under test. If it panics, the payload is the reason.
pub(super) fn caught<R>(run: impl FnOnce() -> R) -> std::thread::Result<R> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| match of(payload.as_ref()) {
        Some(reason) => Box::new(reason),
        None => payload,
    })
}

/// The panic of the code under test that this is the payload of, if it is one:
/// everything else that unwinds has a payload of its own, or begins elsewhere.
fn of(payload: &(dyn Any + Send)) -> Option<Reason> {
    if !payload.is::<String>() && !payload.is::<&str>() {
        return None;
    }
    let (file, location) = PLACE.take()?;
    is_under_test(&file).then(|| Reason::Panic {
        message: message_of(payload).to_owned(),
        location,
    })
}

fn is_under_test(file: &str) -> bool {
    // Files of this workspace are named from its root.
    let file = format!("/{}", file.replace('\\', "/"));
    // What the threads of a scenario do is theirs: they ask for what must hold.
    file.contains("/scenario/") || !OTHERS.iter().any(|other| file.contains(other))
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
}
