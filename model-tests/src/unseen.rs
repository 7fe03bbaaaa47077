//! What the threads of a subject may share and no explorer sees, as far as its files
//! show it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::package::Package;
use crate::workspace;

/// Cells that are `core`'s own under an explorer too.
const CELLS: [&str; 4] = ["Cell", "RefCell", "OnceCell", "LazyCell"];

/// How many places of a kind are named.
const PLACES: usize = 3;

/// A note on what a subject's files share past the explorers, given the program of its
/// worker, and on the files that nobody could look through; `None` if there is neither.
pub fn note(package: &Package, program: &Path) -> Option<String> {
    let not_read =
        |error: &String| format!("not looked through for what no explorer sees: {error}");
    let (found, errors) = match sources(program) {
        Ok(sources) => look_through(package, sources),
        Err(error) => (None, vec![error]),
    };
    let notes = errors.iter().map(not_read);
    let notes: Vec<_> = found.into_iter().chain(notes).collect();
    (!notes.is_empty()).then(|| notes.join("\n"))
}

/// What the files share, if something, and why which of them could not be read.
fn look_through(package: &Package, sources: Vec<PathBuf>) -> (Option<String>, Vec<String>) {
    let root = workspace::root().canonicalize().unwrap_or_default();
    let own = |path: &PathBuf| path.starts_with(&package.folder) || !path.starts_with(&root);
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut errors = Vec::new();
    for path in sources.into_iter().filter(own) {
        let text = fs::read_to_string(&path).map_err(|error| error.to_string());
        let shown = path.strip_prefix(&package.folder).unwrap_or(&path);
        match text.and_then(|text| of_text(&text, &package.dependencies)) {
            Ok(shares) => {
                for (what, line) in shares {
                    let place = format!("{}:{line}", shown.display());
                    found.entry(what).or_default().push(place);
                }
            }
            Err(error) => errors.push(format!("{}: {error}", shown.display())),
        }
    }
    let line = |(what, places): (&String, &Vec<String>)| {
        let named = places[..places.len().min(PLACES)].join(", ");
        match places.len().saturating_sub(PLACES) {
            0 => format!("\n  {what}: {named}"),
            more => format!("\n  {what}: {named} and {more} more"),
        }
    };
    let lines: String = found.iter().map(line).collect();
    let shares = (!found.is_empty())
        .then(|| format!("no explorer sees what threads share by these, if they do:{lines}"));
    (shares, errors)
}

/// What a file shares past the explorers, and in which line. What is built for tests
/// alone is left out.
fn of_text(text: &str, crates: &[String]) -> Result<Vec<(String, usize)>, String> {
    let stream: TokenStream = text.parse().map_err(|error| format!("no Rust: {error}"))?;
    let mut tokens = Vec::new();
    flatten(stream, &mut tokens);
    let word = |at: usize| tokens.get(at).map_or("", |(word, _)| word.as_str());
    let before = |at: usize, back: usize| at.checked_sub(back).map_or("", word);
    let is_path = |at: usize| word(at) == ":" && word(at + 1) == ":";
    let mut found = Vec::new();
    for (at, (this, line)) in tokens.iter().enumerate() {
        // The last of a path's names, or the whole of a lifetime.
        let is_name = |word: &str| word.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let inside = before(at, 1) == ":" && before(at, 2) == ":" && is_name(before(at, 3));
        let what = match this.as_str() {
            "thread_local" | "asm" | "global_asm" | "naked_asm" if word(at + 1) == "!" => {
                Some(format!("{this}!"))
            }
            "static" if before(at, 1) == "'" => None,
            "static" if word(at + 1) == "mut" => Some("static mut".to_owned()),
            "static" => {
                let mut ty = (at + 2..)
                    .map(word)
                    .take_while(|w| !["=", ";", ""].contains(w));
                let cell = ty.find(|word| CELLS.contains(word));
                cell.map(|cell| format!("a static with a {cell}"))
            }
            _ if inside || !is_path(at + 1) => None,
            "std" | "alloc" => {
                let names = names(&tokens[at + 3..]);
                let shared = names
                    .into_iter()
                    .find(|name| ["sync", "thread"].contains(name));
                shared.map(|name| format!("{this}::{name}"))
            }
            name if crates.iter().any(|own| own == name) => Some(format!("the crate {name}")),
            _ => None,
        };
        found.extend(what.map(|what| (what, *line)));
    }
    Ok(found)
}

/// The first names of a path's end: one, or those of a list.
fn names(end: &[(String, usize)]) -> Vec<&str> {
    let mut depth = 0;
    let mut names = Vec::new();
    let mut last = "{";
    for (word, _) in end {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            name if depth <= 1 && ["{", ","].contains(&last) => names.push(name),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        last = word;
    }
    names
}

/// The words of a file with their lines.
fn flatten(stream: TokenStream, words: &mut Vec<(String, usize)>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let of_tests = trees.peek().is_some_and(|attribute| {
                    let text: String = attribute.to_string();
                    text.split_whitespace().collect::<String>() == "[cfg(test)]"
                });
                if of_tests {
                    let _item = trees.find(|tree| match tree {
                        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                        TokenTree::Punct(punct) => punct.as_char() == ';',
                        _ => false,
                    });
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                words.push((open.to_owned(), line));
                flatten(group.stream(), words);
                words.push((close.to_owned(), group.span_close().start().line));
            }
            other => words.push((other.to_string(), line)),
        }
    }
}

/// The files that a program was made of, as cargo has written them down beside it: those
/// of crates that it found by their paths.
///
/// # Errors
///
/// If it has not.
pub fn sources(program: &Path) -> Result<Vec<PathBuf>, String> {
    let list = program.with_extension("d");
    let text = fs::read_to_string(&list).map_err(|e| format!("{}: {e}", list.display()))?;
    let (_, files) = text
        .split_once(": ")
        .ok_or_else(|| format!("{}: not a list of files", list.display()))?;
    let files = files.replace("\\ ", "\0");
    let path = |file: &str| PathBuf::from(file.replace('\0', " "));
    let mut files: Vec<_> = files.split_whitespace().map(path).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "rs"));
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shares(text: &str, expected: &[(&str, usize)]) {
        let crates = ["spin".to_owned()];
        let found = of_text(text, &crates).unwrap();
        let expected: Vec<_> = expected.iter().map(|&(w, l)| (w.to_owned(), l)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_threads_share_past_the_explorers_is_found() {
        shares(
            "thread_local! { static A: u8 = 1; }",
            &[("thread_local!", 1)],
        );
        shares("\nstatic mut A: u8 = 1;", &[("static mut", 2)]);
        shares(
            "static A: Wrapped<RefCell<u8>> = new();",
            &[("a static with a RefCell", 1)],
        );
        shares("use alloc::sync::Arc;", &[("alloc::sync", 1)]);
        shares(
            "use std::{cell::Cell, sync::{Mutex, Once}};",
            &[("std::sync", 1)],
        );
        shares("fn f() { ::std::thread::park() }", &[("std::thread", 1)]);
        shares(
            "fn f() { unsafe { core::arch::asm!(\"cli\") } }",
            &[("asm!", 1)],
        );
        shares(
            "use spin::Mutex;\nfn f(_: spin::Once) {}",
            &[("the crate spin", 1), ("the crate spin", 2)],
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = std::env::temp_dir().join(format!("unseen-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let package = Package {
            shown: String::new(),
            folder: folder.clone(),
            workspace: folder.clone(),
            name: String::new(),
            program: String::new(),
            dependencies: Vec::new(),
        };
        let (list, program) = (folder.join("own.d"), folder.join("own"));
        let missing = note(&package, &program).unwrap();
        assert!(missing.contains("own.d: "), "{missing}");
        fs::write(folder.join("whole.rs"), "static A: u8 = 1;").unwrap();
        fs::write(folder.join("bytes.rs"), b"\xff").unwrap();
        fs::write(folder.join("torn.rs"), "fn f( {").unwrap();
        let names = ["whole", "bytes", "torn", "gone"];
        let files = names.map(|name| format!("{}/{name}.rs", folder.display()));
        fs::write(&list, format!("own: {}\n", files.join(" "))).unwrap();
        let noted = note(&package, &program).unwrap();
        let lines: Vec<_> = noted.lines().collect();
        let [bytes, gone, torn] = &lines[..] else {
            panic!("{noted}");
        };
        let says = "not looked through for what no explorer sees: ";
        assert!(bytes.starts_with(&format!("{says}bytes.rs: ")), "{noted}");
        assert!(gone.starts_with(&format!("{says}gone.rs: ")), "{noted}");
        assert!(
            torn.starts_with(&format!("{says}torn.rs: no Rust: ")),
            "{noted}"
        );
        fs::write(&list, format!("own: {}\n", files[0])).unwrap();
        assert_eq!(note(&package, &program), None);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_the_explorers_see_or_threads_do_not_share_is_not() {
        for text in [
            "// static mut A\n/* thread_local! */ const A: &str = \"std::sync\";",
            "use core::sync::atomic::AtomicU8; static A: AtomicU8 = AtomicU8::new(0);",
            "fn f(a: &'static mut Cell<u8>, b: Option<&'static Cell<u8>>) {}",
            "use super::spin::SpinLock; use crate::std::sync; mod spin { }",
            "use std::{cell::sync, fmt};",
            "#[cfg(test)] mod tests { use std::sync::Arc; }",
            "static A: u8 = Cell::new(1).into_inner();",
        ] {
            shares(text, &[]);
        }
    }
}
