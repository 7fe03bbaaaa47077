//! Boots a region from the memory map of the running Linux machine and uses it
//! for a second.
//!
//! ```text
//! cargo run --release --example boot [MAP]
//! ```
//!
//! The map is the firmware's own (`/sys/firmware/memmap`), else what
//! `/proc/iomem` shows, both readable by root only; or a file in the form of
//! `prop-tests/maps`.

// The boot is of real slots only.
#[cfg(not(model))]
mod run;
#[cfg(not(model))]
mod work;

#[cfg(not(model))]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(model)]
fn main() {}
