//! Where a program comes from: an argument, a litmus file, standard input.

use std::io::{IsTerminal, Read};
use std::path::Path;

use pipe::Scenario;
use programs::program::Program;

use super::Refusal;
use crate::litmus::Litmus;
use crate::subject::Subject;
use crate::workspace;

/// What was given.
pub(super) enum Input {
    /// One program.
    Program(Program),
    /// A litmus file.
    Litmus(Box<Litmus>),
    /// The scenario of this name.
    Scenario(&'static Scenario),
}

/// Reads the input that an argument names.
pub(super) fn read(argument: Option<&str>, subject: &Subject) -> Result<Input, Refusal> {
    match argument {
        None | Some("-") => {
            let mut stdin = std::io::stdin();
            if argument.is_none() && stdin.is_terminal() {
                return Err(Refusal::input(
                    "no program\n  hint: give one, such as 'unused: alloc | get read', a .litmus \
                     file, or - for standard input",
                ));
            }
            let mut text = String::new();
            stdin
                .read_to_string(&mut text)
                .map_err(|e| Refusal::input(format!("standard input: {e}")))?;
            of_text(Path::new("standard input"), &text, subject)
        }
        Some(path) if Path::new(path).is_dir() => Err(Refusal::input(format!(
            "{path} is a folder\n  hint: give one of its .litmus files; `cargo test --test litmus` \
             explores all of {}",
            workspace::litmus().display()
        ))),
        Some(path) if path.ends_with(".litmus") || Path::new(path).is_file() => {
            let text = std::fs::read_to_string(path)
                .map_err(|e| Refusal::input(format!("{path}: {e}")))?;
            match path.ends_with(".litmus") {
                true => of_litmus(Path::new(path), &text, subject),
                false => of_text(Path::new(path), &text, subject),
            }
        }
        Some(text) => of_word(text, subject),
    }
}

/// A litmus file if it looks like one, else a program.
fn of_text(path: &Path, text: &str, subject: &Subject) -> Result<Input, Refusal> {
    // Some editors begin a text with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_litmus = text
        .lines()
        .any(|line| line.starts_with('#') || line.trim_start().starts_with("program:"));
    if is_litmus {
        of_litmus(path, text, subject)
    } else {
        of_word(text.trim_end_matches(['\n', '\r']), subject)
    }
}

/// A scenario if it has the shape of a name, else a program.
fn of_word(text: &str, subject: &Subject) -> Result<Input, Refusal> {
    let is_name = |c: char| c.is_alphanumeric() || "-_".contains(c);
    if text.is_empty() || !text.chars().all(is_name) {
        return of_program(text);
    }
    let subject = subject.description().map_err(Refusal::tool)?;
    let scenario = subject.scenario(text).map(Input::Scenario);
    scenario.ok_or_else(|| {
        let names: Vec<_> = subject.scenarios.iter().map(|own| &*own.name).collect();
        let names = match names.is_empty() {
            true => "the subject has none".to_owned(),
            false => format!("the scenarios are {}", names.join(", ")),
        };
        Refusal::input(format!(
            "`{text}` is no program, and no scenario is called so\n  hint: {names}"
        ))
    })
}

fn of_program(text: &str) -> Result<Input, Refusal> {
    text.parse().map(Input::Program).map_err(Refusal::input)
}

fn of_litmus(path: &Path, text: &str, subject: &Subject) -> Result<Input, Refusal> {
    Litmus::parse(path, text, subject)
        .map(|litmus| Input::Litmus(Box::new(litmus)))
        .map_err(Refusal::input)
}
