//! Every atomic access of the crate takes its ordering from the row of the
//! table that is its own: no ordering is named elsewhere, and no row is used
//! twice.

use std::fs;
use std::path::{Path, PathBuf};

use meta_core::ordering::{Operation, SITES};

/// What is not the protocol: the table itself, and what performs an access for
/// a site that it is given.
const NOT_READ: [&str; 2] = ["ordering.rs", "sync.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if NOT_READ.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The code of the crate, without its comments and examples.
fn code() -> String {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 10, "{files:?}");
    let mut code = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// How often a word stands in a text.
fn count(text: &str, word: &str) -> usize {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .filter(|(at, _)| {
            let after = text[at + word.len()..].chars().next();
            !text[..*at].ends_with(of_word) && !after.is_some_and(of_word)
        })
        .count()
}

#[test]
fn every_row_is_one_access() {
    let code = code();
    // The last one is performed where the switch between engines is.
    for site in SITES.iter().filter(|site| site.name != "PEEK") {
        let used = count(&code, &format!("site::{}", site.name))
            + count(&code, &format!("ordering::{}", site.name));
        assert_eq!(used, 1, "{} ({})", site.name, site.operation);
    }
}

#[test]
fn no_access_has_an_ordering_of_its_own() {
    let code = code();
    for ordering in ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"] {
        assert_eq!(count(&code, ordering), 0, "{ordering}");
    }
}

#[test]
fn what_is_written_at_start_up_and_diagnostics_are_not_modelled() {
    let outside = |name: &str| {
        ["MAX_PADDR", "PEEK"]
            .iter()
            .any(|start| name.starts_with(start))
    };
    for site in SITES {
        assert_eq!(site.modelled, !outside(site.name), "{}", site.name);
        let weak = site.weak && site.operation != Operation::CasSuccess;
        assert!(!weak, "{} is no compare-and-swap", site.name);
    }
}
