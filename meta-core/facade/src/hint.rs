//! As [`core::hint`].

use ::core::panic::Location;

#[doc(no_inline)]
pub use ::core::hint::*;

use crate::engine;

/// As [`core::hint::spin_loop`]: the thread has gone round a loop in vain.
#[track_caller]
pub fn spin_loop() {
    engine::spin(Location::caller());
}
