//! Panics of the code under test, told from those of explorers and of the harness
//! by where they begin.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::sync::Once;

use pipe::Reason;

use super::{message_of, place};

thread_local! {
    /// Where this OS thread panicked last.
    static PLACE: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Takes down from here on where panics begin; who looked at them before still
/// does.
pub(super) fn take_down() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let place = |at: &Location<'_>| (at.file().to_owned(), place::exact(at));
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
    place::is_under_test(&file).then(|| Reason::Panic {
        message: message_of(payload).to_owned(),
        location,
    })
}
