//! Misuse that must not compile, with the message a user gets.
//!
//! Messages change with the compiler. They are compared word for word with the
//! one they were written for; the code of the error with every one.
//! `TRYBUILD=overwrite` accepts the messages of this compiler; name its version
//! below then.

#![cfg(not(model))]

mod fixture;

/// The compiler that the messages in `compile_fail/*.stderr` are of.
const MESSAGES_OF: &str = "rustc 1.95.";

const CASES: [&str; 13] = [
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
    "call_on_drop",
];

fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = std::process::Command::new(rustc)
        .arg("--version")
        .output()
        .unwrap();
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn misuse_does_not_compile() {
    let overwrite = std::env::var_os("TRYBUILD").is_some();
    if overwrite || compiler().starts_with(MESSAGES_OF) {
        let cases = trybuild::TestCases::new();
        cases.pass("tests/compile_fail/fits.rs");
        for case in CASES {
            cases.compile_fail(format!("tests/compile_fail/{case}.rs"));
        }
    } else {
        println!("not {MESSAGES_OF}x: only the codes of the errors are compared, below");
    }
}

#[test]
fn misuse_has_its_error_code() {
    build("fits").expect("a type that fits compiles");
    for case in CASES {
        let message = build(case).expect_err("misuse does not compile");
        let path = format!(
            "{}/tests/compile_fail/{case}.stderr",
            env!("CARGO_MANIFEST_DIR")
        );
        let golden = std::fs::read_to_string(path).unwrap();
        let (code, _) = golden.split_once(']').expect("error[CODE]: ...");
        assert!(message.contains(code), "{case}: no {code}]\n{message}");
    }
}

fn build(case: &str) -> Result<(), String> {
    let target = "[[bin]]\nname = \"compile_fail\"";
    let file = format!("{case}.rs");
    fixture::Fixture::new("compile_fail", &file, target)
        .build(&[])
        .map(drop)
}
