//! `docs`: the generated documents.

use crate::docs::documents;
use model_tests::audit::recorded::Recorded;
use model_tests::cli::Refusal;
use model_tests::cli::pool::subject;
use model_tests::out;
use model_tests::workspace;
use pipe::{EngineName, Verdict};

/// Write the generated tables anew: in README.md, in docs/ and in the crate's documentation.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The tables come from the sites in meta-core/src/ordering.rs, from model-tests/audit.json, which
`framecheck audit --record` writes, and from model-tests/bench.json, which `tools bench --record`
writes. docs/schemas and the tables of docs/json.md are written by a test instead:
UPDATE_EXPECT=1 cargo test --package tools --lib schemas

Exit codes: 0 everything is up to date, 1 with --check: something is stale, 2 bad input")]
pub(super) struct Args {
    /// Write nothing, and fail if a table is stale
    #[arg(long)]
    check: bool,
}

/// The exit code when a document is stale.
const STALE: u8 = 1;

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let hint = "run `cargo run --release -- audit --record`, then `cargo run --release --package tools -- docs`";
    let recorded = Recorded::load().map_err(|e| Refusal::input(format!("{e}\n  hint: {hint}")))?;
    let subject = subject(EngineName::Threads);
    let described = subject.description().map_err(Refusal::tool)?;
    if !recorded.is_of_code(described) {
        return Err(Refusal {
            code: STALE,
            ..Refusal::input(format!(
                "the audit that is kept is of other orderings than the code's\n  hint: {hint}"
            ))
        });
    }
    let root = workspace::root();
    let documents = documents(root, described, &recorded).map_err(Refusal::input)?;
    let stale: Vec<_> = documents.iter().filter(|d| d.is_stale()).collect();
    if args.check && !stale.is_empty() {
        let paths: Vec<_> = stale.iter().map(|d| &*d.path).collect();
        return Err(Refusal {
            code: STALE,
            ..Refusal::input(format!(
                "stale: {}\n  hint: run `cargo run --release --package tools -- docs`",
                paths.join(", ")
            ))
        });
    }
    for document in &stale {
        document.write(root).map_err(Refusal::tool)?;
        out!("written: {}", document.path);
    }
    if stale.is_empty() {
        out!("{} documents are up to date", documents.len());
    }
    Ok(Verdict::Pass.exit_code())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::Cli;
    use super::*;

    /// The words of a command line with single quotes.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (position, part) in line.split('\'').enumerate() {
            if position % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        words
    }

    /// Every command that a document shows in a block of its own.
    fn commands() -> Vec<(String, String)> {
        let mut paths = vec![workspace::root().join("README.md")];
        let mut folders = vec![workspace::root().join("docs")];
        while let Some(folder) = folders.pop() {
            for page in std::fs::read_dir(folder).unwrap() {
                let path = page.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "md") {
                    paths.push(path);
                }
            }
        }
        let mut commands = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path).unwrap();
            for line in text.lines() {
                let arguments = line
                    .strip_prefix("cargo run --release -- ")
                    .or_else(|| line.strip_prefix("cargo run --release --package tools -- "))
                    .or_else(|| line.strip_prefix("just "));
                if let Some(arguments) = arguments {
                    let arguments = arguments.split(" #").next().unwrap_or(arguments);
                    commands.push((path.display().to_string(), arguments.to_owned()));
                }
            }
        }
        commands
    }

    #[test]
    fn every_command_in_the_documents_is_understood() {
        let commands = commands();
        assert!(commands.len() >= 8, "{commands:?}");
        let of_the_project = [
            "check", "deep", "setup", "steps", "junit", "sanitize", "miri", "fuzz", "lines",
        ];
        for (path, arguments) in commands {
            let words = words(&arguments);
            if words
                .first()
                .is_some_and(|w| of_the_project.contains(&w.as_str()))
            {
                continue;
            }
            let tools = Cli::command();
            let known = words.first().map(String::as_str).unwrap_or_default();
            let program = match tools.find_subcommand(known) {
                Some(_) => tools,
                None => model_tests::cli::command(),
            };
            let words = [program.get_name().to_owned()].into_iter().chain(words);
            if let Err(error) = program.try_get_matches_from(words) {
                panic!("{path}: `{arguments}`: {error}");
            }
        }
    }
}
