//! Boots a region from a memory map and uses it for a second; `--help` says of
//! which maps.

// The boot is of real slots only.
#[cfg(not(model))]
mod map;
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
