//! Misuse that must not compile, one file each, and use at the limits that must.
//!
//! A line that ends in `//~ CODE` is where the compiler reports an error of this
//! code; it reports no others. Messages are not compared: they change with the
//! compiler, codes and places do not.

#![cfg(not(model))]

mod fixture;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The lines with an error, counted from 1, and its code.
type Errors = BTreeSet<(u64, String)>;

#[test]
fn misuse_is_refused_where_it_stands_and_for_its_reason() {
    let target = "[[bin]]\nname = \"compile_fail\"";
    let built = fixture::Fixture::new("compile_fail", "fits.rs", target)
        .build(&[])
        .unwrap_or_else(|message| panic!("use at the limits compiles: {message}"));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let mut wrong = Vec::new();
    let mut files = 0;
    for entry in fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        let expected = expected(&fs::read_to_string(&path).unwrap());
        let accepts = path.file_stem().unwrap() == "fits";
        assert_eq!(expected.is_empty(), accepts, "{}", path.display());
        let found = errors(&path, &built);
        if found != expected {
            let name = path.file_name().unwrap().display();
            wrong.push(format!("{name}: expected {expected:?}, found {found:?}"));
        }
        files += 1;
    }
    assert!(files > 1, "there is misuse to compile");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn expected(source: &str) -> Errors {
    let marked = (1..).zip(source.lines());
    marked
        .filter_map(|(line, text)| Some((line, text.split_once("//~ ")?.1)))
        .flat_map(|(line, codes)| codes.split(' ').map(move |code| (line, code.to_owned())))
        .collect()
}

/// What the compiler reports of a file that uses the crate as it was built.
fn errors(source: &Path, built: &Path) -> Errors {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let deps = built.join("deps");
    let output = Command::new(rustc)
        .args(["--edition=2024", "--error-format=json", "--emit=metadata"])
        .args(["--crate-type=bin", "--crate-name=compile_fail", "-L"])
        .arg(format!("dependency={}", deps.display()))
        .arg("--extern")
        .arg(format!("meta_core={}", library(&deps).display()))
        .arg("-o")
        .arg(built.join("compile_fail.rmeta"))
        .arg(source)
        .output()
        .unwrap();
    let report = String::from_utf8(output.stderr).unwrap();
    let found: Errors = report.lines().filter_map(error).collect();
    assert_eq!(found.is_empty(), output.status.success(), "{report}");
    found
}

fn library(deps: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(deps)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut libraries = files.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libmeta_core-") && name.ends_with(".rlib")
    });
    let library = libraries.next().expect("the crate was built");
    assert!(libraries.next().is_none(), "it was built once");
    library
}

/// The line and the code of an error that has a place.
fn error(line: &str) -> Option<(u64, String)> {
    let message: Value = serde_json::from_str(line).expect("the compiler writes JSON");
    if message["level"] != "error" {
        return None;
    }
    let spans = message["spans"].as_array()?;
    let primary = spans.iter().find(|span| span["is_primary"] == true)?;
    let mut place = primary;
    // In the file itself, not in the macro that it calls.
    while place["expansion"].is_object() {
        place = &place["expansion"]["span"];
    }
    let code = message["code"]["code"].as_str()?;
    Some((place["line_start"].as_u64()?, code.to_owned()))
}
