//! Stopping early, with the results so far.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// Asks everything in this process to come to an end.
pub fn request() {
    // ORDERING: Relaxed: a flag that is looked at again and again.
    STOP.store(true, Ordering::Relaxed);
}

/// Whether everything in this process should come to an end.
pub fn requested() -> bool {
    // ORDERING: Relaxed: a flag that is looked at again and again.
    STOP.load(Ordering::Relaxed)
}

/// Makes an interrupt a request, from the first call on; a second one ends the
/// process at once.
///
/// # Errors
///
/// If the operating system refuses the handler.
pub fn listen() -> Result<(), String> {
    static LISTENS: OnceLock<Result<(), String>> = OnceLock::new();
    let listens = LISTENS.get_or_init(|| {
        let listens = ctrlc::set_handler(|| {
            if requested() {
                std::process::exit(i32::from(pipe::Verdict::CutOff.exit_code()));
            }
            request();
        });
        listens.map_err(|error| error.to_string())
    });
    listens.clone()
}
