//! A night under rc11's sampling, with an ordering that is too weak: the failure that it
//! saves comes again, from its execution graph and from its seed.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Batches go round engines and families: the first twenty have all of rc11's.
const BATCHES: &str = "batches=20";

const WEAKEN: [&str; 2] = ["--weaken", "RETIRE=Relaxed"];

/// The exit code of a failure.
const FAILS: Option<i32> = Some(1);

fn framecheck(words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_framecheck"))
        .args(words)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

fn night(batches: &str, failures: &Path) -> (Option<i32>, String) {
    let folder = failures.to_str().unwrap();
    let words = ["nightly", "seed=1", batches, "--failures", folder];
    framecheck(&[&words[..], &WEAKEN].concat())
}

fn saved(failures: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(failures).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

#[test]
fn a_failure_of_a_night_comes_again_from_its_graph_and_from_its_seed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nights");
    let _ = std::fs::remove_dir_all(&folder);
    let (code, text) = night(BATCHES, &folder.join("first"));
    assert_eq!(code, FAILS, "{text}");

    // rc11 alone was asked, and the failures are those of large programs.
    let mut lines = text.lines();
    let failure = lines.find(|line| line.starts_with("data race: ")).unwrap();
    let (_, program) = failure.split_once(": ").unwrap();
    let where_from = lines.find(|line| line.contains("; again: ")).unwrap();
    let (run, again) = where_from.split_once("; again: ").unwrap();
    assert!(
        run.trim_start().starts_with("rc11 sample, execution "),
        "{text}"
    );
    let path = lines.find_map(|line| line.trim().strip_prefix("saved: replay "));
    let (code, replayed) = framecheck(&["replay", path.unwrap()]);
    assert_eq!(code, FAILS, "{replayed}");
    assert!(
        replayed.contains(program) && replayed.contains("data race on rc11"),
        "{replayed}"
    );

    // The same batch alone comes to the same failure, in the same execution.
    let batch = again.split(' ').find(|word| word.starts_with("batch="));
    let (code, alone) = night(batch.unwrap(), &folder.join("again"));
    assert_eq!(code, FAILS, "{alone}");
    assert!(alone.contains(failure) && alone.contains(run), "{alone}");
    let first = std::fs::read_to_string(path.unwrap()).unwrap();
    let [second] = &saved(&folder.join("again"))[..] else {
        panic!("one failure is saved");
    };
    let graph = |text: &str| {
        let saved: serde_json::Value = serde_json::from_str(text).unwrap();
        assert!(
            saved["graph"].is_object() || saved["graph"].is_array(),
            "{text}"
        );
        saved["graph"].clone()
    };
    let second = std::fs::read_to_string(second).unwrap();
    assert_eq!(graph(&first), graph(&second));
}

#[test]
fn the_same_night_finds_nothing_in_the_code_as_it_is() {
    // The batches of rc11's sampling are from 15 to 19 of each 20.
    for batch in ["batch=16", "batch=18"] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quiet");
        let words = [
            "nightly",
            "seed=1",
            batch,
            "--failures",
            folder.to_str().unwrap(),
        ];
        let (code, text) = framecheck(&[&words[..], &["--weaken", "RETIRE=Release"]].concat());
        assert_eq!(code, Some(0), "{text}");
    }
}
