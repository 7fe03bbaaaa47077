//! Whose panic it was: that of the code under test, or of an engine.

use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

use pipe::Reason;

/// The message of the last panic, and where it was. Engines may run a thread
/// on an OS thread of its own.
static LAST: Mutex<Option<(String, String)>> = Mutex::new(None);

/// What marks the files of engines and of the harness.
const OURS: [&str; 9] = [
    "/loom-",
    "/shuttle",
    "/generator-",
    "/corosensei-",
    "model-tests/rc11/src",
    "model-tests/worker/src",
    "meta-core/facade/src",
    "prop-tests/src",
    "prop-tests/programs/src",
];

/// Has panics remembered and not printed: they are answers.
pub(crate) fn remember() {
    panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let message = crate::engine::message_of(info.payload()).to_owned();
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some((message, place));
    }));
}

/// What a panic of this message is. An explorer's own are told apart by their
/// words.
pub(crate) fn of_message(message: &str) -> Reason {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
    let place = last.and_then(|(last, place)| (last == message).then_some(place));
    let message = message.trim().to_owned();
    if message.contains("Causality violation") {
        return Reason::Race { message };
    } else if message.starts_with("deadlock") {
        return Reason::Deadlock { message };
    } else if message.contains("exceeded maximum number of branches") {
        return Reason::TooLong { message };
    }
    match place {
        Some(location) if !OURS.iter().any(|mark| location.contains(mark)) => {
            Reason::Panic { message, location }
        }
        // An assertion inside an explorer, or a bug of the harness.
        _ => Reason::Tool { message },
    }
}
