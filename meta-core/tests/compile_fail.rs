//! Misuse that must not compile, with the message a user gets.
//!
//! `TRYBUILD=overwrite` accepts the messages of another compiler version.

#![cfg(not(model))]

#[test]
fn misuse_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/compile_fail/fits.rs");
    for case in [
        "too_large",
        "over_aligned",
        "not_send",
        "not_sync",
        "borrows",
        "clone_unique",
        "change_shared",
        "use_after_share",
        "outlive_handle",
        "outlive_page",
        "read_typed",
        "steal_link",
    ] {
        cases.compile_fail(format!("tests/compile_fail/{case}.rs"));
    }
}
