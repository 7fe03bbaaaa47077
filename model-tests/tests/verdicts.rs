//! Each verdict through the command line, on every engine that can give it: a program,
//! mostly of a subject that is wrong on purpose, is explored, and the command prints the
//! word and ends in its exit code.
//!
//! rc11 and real threads are asked by every `cargo test`; loom and shuttle, whose workers
//! are built for this alone, by `cargo test --test verdicts -- --ignored`.

use std::path::Path;
use std::process::{Command, Stdio};

use pipe::EngineName::{self, Loom, Rc11, Shuttle, Threads};
use pipe::Verdict;

/// How a verdict is provoked.
struct Row {
    /// What is explored: on the subject with the faults, unless `--meta-core` comes first.
    words: &'static [&'static str],
    /// The engines that cannot give it, and why.
    not: &'static [(EngineName, &'static str)],
}

const fn row(words: &'static [&'static str], not: &'static [(EngineName, &'static str)]) -> Row {
    Row { words, not }
}

/// A verdict that is added needs a row, or this does not compile.
const fn of(verdict: Verdict) -> Row {
    const SAMPLE: &str = "a sample is not asked for what it did not see";
    match verdict {
        Verdict::Pass => row(&["unused: alloc | drop@1"], &[]),
        Verdict::DataRace => row(
            &["race"],
            &[(
                Threads,
                "nothing watches what real threads do to plain memory",
            )],
        ),
        Verdict::ForbiddenOutcome => row(&["shared: count | drop@1"], &[]),
        // The lock hides all but one order.
        Verdict::MissingOutcome => row(&["unused: alloc | alloc"], &[(Threads, SAMPLE)]),
        Verdict::Leak => row(&["unique: reset | drop@1"], &[]),
        Verdict::DoubleDrop => row(&["unique: repurpose | drop@1"], &[]),
        Verdict::UseAfterDrop => row(&["unique: share | drop@1"], &[]),
        Verdict::Abort => row(&["shared: clone | drop@1"], &[]),
        Verdict::Panic => row(&["shared: try_unique | drop@1"], &[]),
        Verdict::Deadlock => row(
            &["shared: drop@1 | get"],
            &[(
                Threads,
                "whether real threads wait for ever is not known: they are cut off",
            )],
        ),
        Verdict::Disagreement => row(
            // Engines are compared on one slot.
            &["unused: alloc_unique | drop"],
            &[
                (
                    Shuttle,
                    "its results are not compared: it sees no data race",
                ),
                (Threads, SAMPLE),
            ],
        ),
        Verdict::CutOff => row(
            &[
                "--meta-core",
                "unused: alloc | get",
                "--max-executions",
                "1",
            ],
            &[],
        ),
        Verdict::ToolFailure => row(&["shared: drop | drop@1"], &[]),
    }
}

fn explore(words: &[&str], engine: Option<EngineName>) -> (Option<i32>, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let failures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("verdicts");
    let mut command = Command::new(env!("CARGO_BIN_EXE_framecheck"));
    command.arg("explore").stdin(Stdio::null());
    let words = match words {
        ["--meta-core", words @ ..] => words,
        words => {
            command.arg("--subject").arg(root.join("subjects/verdicts"));
            words
        }
    };
    command.args(words).arg("--no-minimise");
    command.arg("--failures").arg(failures);
    if words[0].contains(':') {
        command.args(["--ends", "left"]);
    }
    if let Some(engine) = engine {
        command.args(["--engine", engine.as_str()]);
    }
    let done = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code(), text(&done.stdout) + &text(&done.stderr))
}

/// Provokes every verdict that the engine can give.
fn provoke(engine: EngineName) {
    for verdict in Verdict::ALL {
        let Row { words, not } = of(verdict);
        if not.iter().any(|(other, _)| *other == engine) {
            continue;
        }
        // It takes two to disagree.
        let both = verdict == Verdict::Disagreement;
        if both && engine != Loom {
            continue;
        }
        let (code, text) = explore(words, (!both).then_some(engine));
        let expected = match both {
            true => format!("\n{verdict}: {} (left)\n", words[0]),
            false => format!("verdict: {verdict}\n"),
        };
        assert!(text.contains(&expected), "{engine}, {verdict}:\n{text}");
        let exit = i32::from(verdict.exit_code());
        assert_eq!(code, Some(exit), "{engine}, {verdict}:\n{text}");
    }
}

#[test]
fn rc11_gives_each_verdict() {
    provoke(Rc11);
}

#[test]
fn real_threads_give_each_verdict_that_they_can() {
    provoke(Threads);
}

#[test]
#[ignore = "builds a worker of loom; a step of the deep check runs it"]
fn loom_gives_each_verdict() {
    provoke(Loom);
}

#[test]
#[ignore = "builds a worker of shuttle; a step of the deep check runs it"]
fn shuttle_gives_each_verdict_that_it_can() {
    provoke(Shuttle);
}

#[test]
fn every_verdict_and_engine_has_its_cell() {
    for verdict in Verdict::ALL {
        let Row { not, .. } = of(verdict);
        assert!(
            not.len() < EngineName::ALL.len(),
            "{verdict}: no engine gives it"
        );
        assert!(
            not.iter().all(|(_, why)| why.len() > 20),
            "{verdict}: say why"
        );
        // What is exact is never excused.
        assert!(
            not.iter()
                .all(|(engine, _)| *engine != Rc11 && *engine != Loom),
            "{verdict}"
        );
    }
    // `ALL` has each word: those that follow one another in the enumeration do there.
    let words: std::collections::BTreeSet<_> = Verdict::ALL.into_iter().collect();
    assert_eq!(words.len(), Verdict::ALL.len());
    assert_eq!(
        Verdict::ALL.last().map(|last| *last as usize + 1),
        Some(words.len())
    );
}
