//! Nothing of std is needed: a miniature kernel with its own entry and panic
//! handler links against this crate and `core` alone, and does its work.

#![cfg(not(model))]

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod fixture;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[test]
fn a_kernel_without_std_links_and_runs() {
    println!("skipped: the miniature kernel is written for x86-64 Linux");
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[test]
fn a_kernel_without_std_links_and_runs() {
    let target = "[[bin]]\nname = \"kernel\"\ntest = false";
    let built = fixture::Fixture::new("freestanding", "kernel.rs", target).build(&[
        // No start-up code, no library, no loader: what is missing is an error.
        "-Clink-args=-nostartfiles -nostdlib -nodefaultlibs -static",
        "-Crelocation-model=static",
    ]);
    let built = built.unwrap_or_else(|message| panic!("{message}"));
    let output = std::process::Command::new(built.join("kernel"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{:?}: {said}", output.status);
    assert_eq!(said, "freestanding: all is well\n");
}
