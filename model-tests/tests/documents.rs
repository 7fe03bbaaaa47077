//! Every command in an `sh` block of the documents runs, and ends as its line states:
//! with exit code 0, or with what a comment gives, `# exit code 1: data race`. A `text`
//! block that follows is what the last command prints, abridged.
//!
//! Commands of `framecheck` that need rc11's worker alone run here. The rest is ignored: `bash
//! .ci/check documents` runs it. What is a step of `.ci/check` already, or takes longer than
//! that, has to be a known recipe or script. `cargo run` is answered by the program that is built.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use libtest_mimic::{Arguments, Failed, Trial};
use model_tests::workspace;
use tempfile::TempDir;

const FRAMECHECK: &str = "cargo run --release -- ";

/// Too long even for the deep check, which has smaller ones of the kind.
const TOO_LONG: [&str; 7] = [
    // It judges the mutant with every engine: `mutants --quick` is a step of the check.
    "cargo run --release --package tools -- mutants --only drop-does-not-count",
    "cargo run --release --package tools -- bench",
    "cargo run --release --package tools -- bench --parts scale",
    "cargo run --release --package tools -- bench --parts protocol,instructions --rounds 5",
    "cargo run --release --package tools -- bench --parts protocol --rounds 5 --out target/bench/new.json",
    "cargo run --release --package tools -- mutants --planted",
    "cargo run --release --package tools -- mutants --planted --by rc11",
];

/// Stands for cargo where a document calls it.
const CARGO: &str = r#"#!/bin/sh
if [ "$1 $2 $3" = "run --release --" ]; then shift 3; exec "$FRAMECHECK" "$@"; fi
cd "$CHECKOUT" && exec "$CARGO" "$@"
"#;

#[derive(Clone, Debug)]
struct Shown {
    line: usize,
    command: String,
    /// The exit code, and the verdict if it is given.
    ends: (i32, Option<String>),
    /// What it prints, as far as it is shown.
    output: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Quick,
    Deep,
    Elsewhere,
}

fn pages() -> Vec<PathBuf> {
    let root = workspace::root();
    let mut pages: Vec<_> = [
        "README.md",
        "CONTRIBUTING.md",
        "model-tests/rc11/README.md",
        "meta-core/facade/README.md",
        "model-tests/subjects/kernel/README.md",
    ]
    .map(|page| root.join(page))
    .into();
    for folder in ["docs", "docs/guide"] {
        let files = fs::read_dir(root.join(folder)).unwrap();
        pages.extend(files.map(|file| file.unwrap().path()));
    }
    pages.retain(|page| page.extension().is_some_and(|end| end == "md"));
    pages.sort();
    pages
}

/// The commands of a page, in order.
fn shown(text: &str) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    let (mut fence, mut follows) = (None, false);
    for (number, line) in (1..).zip(text.lines()) {
        let fenced = line.trim_start().strip_prefix("```");
        match (&fence, fenced) {
            (None, Some(kind)) => fence = Some(kind.to_owned()),
            (Some(kind), Some(_)) => {
                follows = matches!(&**kind, "sh" | "console");
                fence = None;
            }
            (None, None) => follows &= line.is_empty() || line.starts_with("<!--"),
            (Some(kind), None) if kind == "sh" || kind == "console" => {
                let line = line.trim_start_matches("$ ");
                let (command, comment) = line.split_once("  #").unwrap_or((line, ""));
                let code = comment.trim().strip_prefix("exit code ").unwrap_or("0");
                let (code, verdict) = match code.split_once(": ") {
                    Some((code, verdict)) => (code, Some(verdict.to_owned())),
                    None => (code, None),
                };
                commands.push(Shown {
                    line: number,
                    command: command.trim().to_owned(),
                    ends: (code.parse().expect("an exit code"), verdict),
                    output: Vec::new(),
                });
            }
            (Some(kind), None) if kind == "text" && follows => {
                let last = commands.last_mut().expect("a command came before");
                last.output.push(line.to_owned());
            }
            _ => (),
        }
    }
    commands.retain(|shown| !shown.command.is_empty());
    commands
}

/// A line without what differs from run to run and from edit to edit: times, numbers of
/// lines, widths.
fn stable(line: &str) -> String {
    let line = line.split(", bounds:").next().unwrap_or_default();
    let mut parts = line.split(".rs:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    let words = text.split_whitespace().filter(|word| {
        word.chars()
            .any(|c| !matches!(c, '─' | '┌' | '┬' | '├' | '└'))
    });
    words.collect::<Vec<_>>().join(" ")
}

fn when(command: &str, steps: &str) -> When {
    let plain = command.strip_prefix("just ");
    let script = command
        .strip_prefix("bash ")
        .filter(|_| command.contains(".ci/"));
    if let Some(recipe) = plain {
        let recipe = recipe.split_whitespace().next().unwrap();
        let file = fs::read_to_string(workspace::root().join("justfile")).unwrap();
        assert!(
            file.lines()
                .any(|line| line.starts_with(recipe) && line.ends_with(':')),
            "`{command}`: no recipe"
        );
        return When::Elsewhere;
    }
    if let Some(script) = script {
        let script = script.split_whitespace().next().unwrap();
        assert!(workspace::root().join(script).is_file(), "`{command}`");
        return When::Elsewhere;
    }
    if TOO_LONG.contains(&command) || steps.lines().any(|step| step.ends_with(command)) {
        return When::Elsewhere;
    }
    let Some(words) = command.strip_prefix(FRAMECHECK) else {
        let light = !command.contains("cargo ") && !command.contains("target/");
        return if light { When::Quick } else { When::Deep };
    };
    let own = words.contains("--subject") && !words.contains("model-tests/subjects/kernel");
    let rc11 = match words.split_whitespace().next().unwrap_or_default() {
        "explore" => words.contains("--engine rc11") || words.contains("--resume"),
        "campaign" => !words.contains("--engine"),
        "subject" => true,
        _ => false,
    };
    if rc11 && !own {
        When::Quick
    } else {
        When::Deep
    }
}

/// The steps of the checks, and what they run.
fn steps() -> String {
    let check = workspace::root().join(".ci/check");
    let listed = Command::new("bash").arg(check).arg("--list").output();
    let text = String::from_utf8(listed.unwrap().stdout).unwrap();
    text.replace(" --quiet --", " --")
}

/// A folder beside which others may come, whose entries are those of the checkout.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (checkout, bin) = (folder.path().join("checkout"), folder.path().join("bin"));
        fs::create_dir_all(&checkout).unwrap();
        fs::create_dir_all(&bin).unwrap();
        for entry in fs::read_dir(workspace::root()).unwrap() {
            let path = entry.unwrap().path();
            symlink(&path, checkout.join(path.file_name().unwrap())).unwrap();
        }
        let cargo = bin.join("cargo");
        fs::write(&cargo, CARGO).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        Scratch(folder)
    }

    fn run(&self, command: &str) -> (Option<i32>, String) {
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", self.0.path().join("bin").display());
        let cargo = env!("CARGO");
        let done = Command::new("bash")
            .args(["-euo", "pipefail", "-c", command])
            .current_dir(self.0.path().join("checkout"))
            .env("PATH", path)
            .env("CARGO", cargo)
            .env("CHECKOUT", workspace::root())
            .env("FRAMECHECK", env!("CARGO_BIN_EXE_framecheck"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap());
        (done.status.code(), text.concat())
    }
}

/// What is wrong with a command, if something is.
fn complaint(shown: &Shown, (code, printed): &(Option<i32>, String)) -> Option<String> {
    let (expected, verdict) = &shown.ends;
    if *code != Some(*expected) {
        return Some(format!("exit code {code:?}, not {expected}\n{printed}"));
    }
    if let Some(verdict) = verdict
        && !printed.contains(&format!("verdict: {verdict}"))
    {
        return Some(format!("its verdict is not {verdict}\n{printed}"));
    }
    let lines: Vec<_> = printed.lines().map(stable).collect();
    let missing = shown
        .output
        .iter()
        .find(|line| !lines.contains(&stable(line)));
    missing.map(|line| format!("it does not print `{line}`\n{printed}"))
}

/// What a command printed that several pages show, if it depends on the checkout alone: its
/// words that look like paths are files there.
fn answered(scratch: &Scratch, command: &str) -> (Option<i32>, String) {
    static KNOWN: Mutex<BTreeMap<String, (Option<i32>, String)>> = Mutex::new(BTreeMap::new());
    let stays = |word: &str| {
        !word.contains(['/', '.', '>'])
            || (!word.starts_with("target") && workspace::root().join(word).exists())
    };
    let own = command.strip_prefix(FRAMECHECK);
    if !own.is_some_and(|own| own.starts_with("audit") && own.split_whitespace().all(stays)) {
        return scratch.run(command);
    }
    let mut known = KNOWN.lock().unwrap();
    known
        .entry(command.to_owned())
        .or_insert_with(|| scratch.run(command))
        .clone()
}

/// Runs a page's commands one after the other, each named as it starts; what is wrong with them.
fn run(page: &Path, commands: &[Shown]) -> Result<(), Failed> {
    let scratch = Scratch::new();
    let mut complaints = Vec::new();
    for shown in commands {
        let place = format!("{}:{}: `{}`", name(page), shown.line, shown.command);
        eprintln!("{place} …");
        let began = Instant::now();
        let why = complaint(shown, &answered(&scratch, &shown.command));
        let ended = why.as_ref().map_or("as stated", |_| "FAILED");
        eprintln!("    {ended}, {:.1} s", began.elapsed().as_secs_f64());
        complaints.extend(why.map(|why| format!("{place}: {why}")));
    }
    if complaints.is_empty() {
        return Ok(());
    }
    Err(complaints.join("\n\n").into())
}

fn name(page: &Path) -> String {
    let below = page.strip_prefix(workspace::root()).unwrap();
    below.display().to_string()
}

/// For each page a test of its quick commands, and an ignored one of all, for those that
/// are quick may write what the others read.
fn trials() -> Vec<Trial> {
    let steps = steps();
    let (mut trials, mut quick) = (Vec::new(), 0);
    for page in pages() {
        let mut all = shown(&fs::read_to_string(&page).unwrap());
        all.retain(|shown| when(&shown.command, &steps) != When::Elsewhere);
        let of = |wanted: When| {
            let chosen = all.iter().filter(|s| when(&s.command, &steps) == wanted);
            chosen.cloned().collect::<Vec<_>>()
        };
        let (soon, late) = (of(When::Quick), of(When::Deep));
        quick += soon.len();
        let name = name(&page);
        if !soon.is_empty() {
            let page = page.clone();
            trials.push(Trial::test(format!("quick {name}"), move || {
                run(&page, &soon)
            }));
        }
        if !late.is_empty() {
            trials.push(
                Trial::test(format!("all {name}"), move || run(&page, &all))
                    .with_ignored_flag(true),
            );
        }
    }
    assert!(
        quick > 15 && trials.len() > 20,
        "{quick} quick commands in {} trials",
        trials.len()
    );
    trials
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Pages share the workspace's target folder, and what is measured is one command.
    arguments.test_threads.get_or_insert(1);
    let mut trials = trials();
    let checks: [(&str, fn()); 3] = [
        (
            "what_is_too_long_is_in_a_document",
            what_is_too_long_is_in_a_document,
        ),
        (
            "a_command_that_ends_otherwise_is_a_complaint",
            a_command_that_ends_otherwise_is_a_complaint,
        ),
        ("every_link_leads_somewhere", every_link_leads_somewhere),
    ];
    trials.extend(checks.map(|(name, check)| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn what_is_too_long_is_in_a_document() {
    let text: String = pages()
        .iter()
        .map(|page| fs::read_to_string(page).unwrap())
        .collect();
    for command in TOO_LONG {
        assert!(text.lines().any(|line| line == command), "{command}");
    }
}

fn a_command_that_ends_otherwise_is_a_complaint() {
    let page = "```sh\nfalse\ntrue\necho pass  # exit code 0: pass\nexit 3  # exit code 3\necho 'rc11 pass, bounds: none, 7 ms'\n```\n\n```text\nrc11  pass, bounds: none, 0 ms\nslot\n```\n";
    let scratch = Scratch::new();
    let found: Vec<_> = shown(page)
        .iter()
        .filter_map(|shown| complaint(shown, &scratch.run(&shown.command)))
        .map(|why| why.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(
        found,
        [
            "exit code Some(1), not 0",
            "its verdict is not pass",
            "it does not print `slot`"
        ]
    );
}

/// Where a page points to, a file is; where it points into a page, a heading.
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.contains("://") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => page.clone(),
                _ => page.parent().unwrap().join(path),
            };
            if !target.exists() || !(heading.is_empty() || has_heading(&target, heading)) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn has_heading(page: &Path, heading: &str) -> bool {
    let text = fs::read_to_string(page).unwrap();
    let mut headings = text.lines().filter(|line| line.starts_with('#'));
    headings.any(|line| {
        let line = line.trim_start_matches('#').trim().to_lowercase();
        let kept = line
            .chars()
            .filter(|c| c.is_alphanumeric() || " -".contains(*c));
        kept.collect::<String>().replace(' ', "-") == heading
    })
}
