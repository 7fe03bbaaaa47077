//! The commands, as people call them: what odd input comes to, what becomes of
//! output that cannot be written, and the exit codes.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use scratch::Scratch;

mod scratch;

const PASS: i32 = 0;
const FAILS: i32 = 1;
const BAD_INPUT: i32 = 2;
const TOOL_FAILURE: i32 = 4;

fn framecheck(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_framecheck"));
    command.args(words).stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code(), text(stdout), text(stderr))
}

fn file(scratch: &Scratch, name: &str, text: &str) -> String {
    let path = scratch.path(name);
    fs::write(&path, text).unwrap();
    path
}

/// The command ends in this code, and one of its streams has the words.
#[track_caller]
fn ends(words: &[&str], code: i32, says: &str) {
    let (found, out, err) = output(&mut framecheck(words));
    assert_eq!(found, Some(code), "{words:?}\n{out}\n{err}");
    assert!(
        out.contains(says) || err.contains(says),
        "{words:?} without `{says}`\n{out}\n{err}"
    );
}

#[test]
fn what_is_no_limit_is_refused_with_the_reason() {
    let program = "unused: alloc | get";
    let time = "is not a number above 0";
    let whole = "is not a whole number from 1";
    for word in ["nan", "inf", "0", "-1", "1e400"] {
        let option = format!("--max-seconds={word}");
        ends(&["explore", program, &option], BAD_INPUT, time);
        ends(&["nightly", &format!("--minutes={word}")], BAD_INPUT, time);
        ends(&["nightly", &format!("minutes={word}")], BAD_INPUT, time);
    }
    for word in ["0", "-1", "1e400", "nan"] {
        ends(
            &["explore", program, &format!("--max-executions={word}")],
            BAD_INPUT,
            whole,
        );
        ends(
            &["campaign", "2x1", &format!("--max-executions={word}")],
            BAD_INPUT,
            whole,
        );
        ends(&["nightly", &format!("--batches={word}")], BAD_INPUT, whole);
        ends(&["nightly", &format!("batches={word}")], BAD_INPUT, whole);
        for command in [
            &["campaign", "2x1"][..],
            &["audit"],
            &["coverage"],
            &["nightly"],
        ] {
            let workers = format!("--workers={word}");
            ends(&[command, &[&workers]].concat(), BAD_INPUT, whole);
        }
    }
    ends(
        &["nightly", "batch=18446744073709551615"],
        BAD_INPUT,
        "batch: ",
    );
    ends(&["nightly", "seed=-1"], BAD_INPUT, "seed: ");
}

/// With --weaken shuttle's batches are left out, and these are all shuttle's.
#[test]
fn a_night_without_a_batch_that_runs_is_refused() {
    let weaken = ["nightly", "--weaken", "DEC=Relaxed", "seed=1"];
    for batches in ["batch=0", "batches=15"] {
        let words = [&weaken[..], &[batches]].concat();
        ends(
            &words,
            BAD_INPUT,
            "none of these batches runs: with --weaken those",
        );
    }
}

#[test]
fn more_programs_than_anybody_explores_are_refused_at_once() {
    for bound in ["2x16", "3x5", "5x9", "16x16"] {
        ends(
            &["campaign", bound],
            BAD_INPUT,
            "programs, and 1,000,000,000 are the most",
        );
    }
    ends(
        &["campaign", "3x5", "--slots", "4"],
        BAD_INPUT,
        "are the most",
    );
    ends(
        &["audit", "--bounds", "9x9"],
        BAD_INPUT,
        "1,000,000 are the most",
    );
    ends(
        &["coverage", "--bounds", "9x9"],
        BAD_INPUT,
        "1,000,000 are the most",
    );
    ends(
        &["audit", "--two-slots", "9x9"],
        BAD_INPUT,
        "1,000,000 are the most",
    );
    for bound in ["6x1", "16x1"] {
        ends(
            &["campaign", bound, "--engine", "loom"],
            BAD_INPUT,
            "at most 5 threads",
        );
        ends(
            &["audit", "--engine", "loom", "--bounds", bound],
            BAD_INPUT,
            "at most 5 threads",
        );
    }
}

#[test]
fn nothing_to_run_is_no_pass() {
    ends(
        &["campaign", "2x1", "--shard", "99/100"],
        BAD_INPUT,
        "shard 99/100 has no program",
    );
    ends(
        &["campaign", "2x1", "--slots", "4"],
        BAD_INPUT,
        "no program of 2x1 on 4 slots",
    );
    // A subject that refuses a start, and has fewer programs.
    let subject = Path::new(env!("CARGO_MANIFEST_DIR")).join("subjects/verdicts");
    let subject = subject.to_str().unwrap();
    ends(
        &["campaign", "2x1", "--shard", "46/46", "--subject", subject],
        BAD_INPUT,
        "the subject runs no program of shard",
    );
    // It does not name the states that transitions go through.
    let coverage = ["coverage", "--bounds", "2x1", "--subject", subject];
    ends(&coverage, BAD_INPUT, "`Subject::ref_counts`");
    ends(
        &["audit", "--record", "--subject", subject],
        BAD_INPUT,
        "only the audit of meta-core is kept",
    );
    // No end is asked for, and so no run is made.
    let scratch = Scratch::new();
    let cut = r#"{"format":1,"kind":"cut","program":"unused: alloc | get","orderings":[],"ends":[],"runs":[]}"#;
    let cut = file(&scratch, "cut.json", cut);
    ends(
        &["explore", "--resume", &cut],
        TOOL_FAILURE,
        "rc11 made no run",
    );
}

#[test]
fn a_site_has_one_ordering_which_may_replace_that_of_a_litmus_file() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("litmus/control-try-unique-relaxed.litmus");
    let words = [
        "explore",
        file.to_str().unwrap(),
        "--engine",
        "rc11",
        "--weaken",
    ];
    let passes = "verdict: pass";
    ends(
        &[&words[..], &["TRY_UNIQUE=Acquire"]].concat(),
        PASS,
        passes,
    );
    for (one, other) in [("Relaxed", "Acquire"), ("Acquire", "Acquire")] {
        let both = format!("TRY_UNIQUE is given {one} and {other}");
        let changes = format!("TRY_UNIQUE={one},TRY_UNIQUE={other}");
        for command in [
            &words[..],
            &["campaign", "2x1", "--weaken"],
            &["nightly", "batches=1", "--weaken"],
        ] {
            ends(&[command, &[&changes]].concat(), BAD_INPUT, &both);
        }
    }
    // The same with the option given twice.
    let twice = ["TRY_UNIQUE=Relaxed", "--weaken", "TRY_UNIQUE=AcqRel"];
    let both = "TRY_UNIQUE is given Relaxed and AcqRel";
    ends(&[&words[..], &twice].concat(), BAD_INPUT, both);
}

/// A line that `nightly --json` prints, of a shard of two.
fn night(shard: usize) -> String {
    format!(
        r#"{{"format":1,"kind":"batch","program":"unused: alloc | get","engine":"rc11","family":"litmus","base_seed":1,"shard":{{"index":{shard},"of":2}},"batch":0,"scheduler":"sample","seed":42,"ends":"left","executions":2,"steps":9,"outcomes":1,"allowed":null,"undecided":0,"transitions":[],"complete":false,"sampled":true,"verdict":"pass","seconds":0.1,"message":null}}"#
    ) + "\n"
}

#[test]
fn a_night_without_one_of_its_shards_is_no_pass() {
    let scratch = Scratch::new();
    let [one, two] = [1, 2].map(|shard| file(&scratch, &format!("{shard}.jsonl"), &night(shard)));
    let none = file(&scratch, "none.jsonl", "");
    ends(&["nightly", "--merge", &one, &two], PASS, "verdict: pass");
    ends(
        &["nightly", "--merge", &two],
        BAD_INPUT,
        "gap: no batch of shard 1/2",
    );
    ends(
        &["nightly", "--merge", &one, &none],
        BAD_INPUT,
        "none.jsonl has no batch",
    );
    // One of another subject, and one with another ordering.
    for (key, of) in [
        (r#""subject":"x","#, "it has x others are meta-core"),
        (
            r#""weaken":["DEC=Relaxed"],"#,
            "it has meta-core DEC=Relaxed",
        ),
    ] {
        let other = night(2).replacen('{', &format!("{{{key}"), 1);
        let other = file(&scratch, "other.jsonl", &other);
        let (code, _, err) = output(&mut framecheck(&["nightly", "--merge", &one, &other]));
        assert_eq!(code, Some(BAD_INPUT), "{err}");
        let err = err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            err.contains("other.jsonl:1: a night of another") && err.contains(of),
            "{err}"
        );
    }
}

#[test]
fn what_a_subject_refuses_is_no_gap_between_its_shards() {
    let scratch = Scratch::new();
    let subject = Path::new(env!("CARGO_MANIFEST_DIR")).join("subjects/verdicts");
    let subject = subject.to_str().unwrap();
    let campaign = ["campaign", "2x1", "--ends", "left", "--subject", subject];
    let of = |shard: &str| {
        let results = scratch.path(&shard.replace('/', "-of-"));
        let words = ["--shard", shard, "--results", &results];
        let (code, out, err) = output(&mut framecheck(&[&campaign[..], &words].concat()));
        assert!(matches!(code, Some(FAILS | TOOL_FAILURE)), "{out}\n{err}");
        results
    };
    let [one, two] = ["1/2", "2/2"].map(of);
    let (code, out, err) = output(&mut framecheck(&["campaign", "--merge", &one, &two]));
    assert_eq!(code, Some(FAILS), "{out}\n{err}");
    assert!(
        out.contains("2x1 of 36 canonical programs, all 2 shards"),
        "{out}"
    );
    assert!(
        out.contains("left out: 10 programs that start `shared*2`: two handles are"),
        "{out}"
    );
    ends(
        &["campaign", "--merge", &one],
        BAD_INPUT,
        "gap: no results of shard 2/2",
    );
}

#[test]
fn headers_with_absurd_numbers_are_refused_at_once() {
    let scratch = Scratch::new();
    let header = |programs: &str, index: &str, of: &str| {
        format!(
            r#"{{"format":1,"commit":"c","bound":"2x1","ends":["dropped"],"ways":["rc11"],"with_count":false,"weaken":[],"shard":{{"index":{index},"of":{of}}},"programs":{programs}}}"#
        ) + "\n"
    };
    let most = "18446744073709551615";
    for (header, says) in [
        (header(most, "1", "1"), "gap: "),
        (header(most, most, most), "gap: "),
        (header("0", "1", "1"), "gap: "),
        (header("1", "0", "0"), "there is no shard 0 of 0"),
        (
            header("1", "1", "1").trim_end().to_owned(),
            "its first line has no end",
        ),
        ("{\"format\":1,\"com".to_owned(), "not a campaign: "),
        (String::new(), "not a campaign: "),
        (
            header("1", "1", "1").replace("\"format\":1", "\"format\":9"),
            ":1: written in format 9, and this build reads 1",
        ),
    ] {
        let file = file(&scratch, "one.jsonl", &header);
        ends(&["campaign", "--merge", &file], BAD_INPUT, says);
    }
}

/// The steps of a saved failure that name one another without end, or none that is there.
#[test]
fn a_saved_failure_that_no_execution_has_is_refused_and_left_out_of_the_report() {
    let scratch = Scratch::new();
    let pinned = "tests/stories/rc11/control-claim-relaxed.json";
    let pinned = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(pinned)).unwrap();
    let saved: serde_json::Value = serde_json::from_slice(&pinned).unwrap();
    let steps = saved["steps"].as_array().unwrap();
    let at = steps
        .iter()
        .position(|step| !step["written"].is_null())
        .unwrap();
    let failures = &scratch.path("failures")[..];
    fs::create_dir(failures).unwrap();
    let page = &scratch.path("page.html")[..];
    for (key, step, says) in [
        ("follows", at, format!("steps[{at}] follows itself")),
        (
            "follows",
            999,
            format!("steps[{at}] names steps[999], which is no write"),
        ),
        (
            "reads_from",
            0,
            format!("steps[{at}] names steps[0], which is no write"),
        ),
    ] {
        let mut edited = saved.clone();
        edited["steps"][at][key] = serde_json::json!({ "step": step });
        let file = file(&scratch, "failures/edited.json", &edited.to_string());
        ends(&["replay", &file], BAD_INPUT, &says);
        ends(
            &["report", "--failures", failures, "--out", page],
            PASS,
            &says,
        );
    }
}

#[test]
fn a_folder_is_no_program_and_says_so() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("litmus");
    ends(
        &["explore", folder.to_str().unwrap()],
        BAD_INPUT,
        "is a folder",
    );
}

#[test]
fn the_hint_of_forgotten_handles_has_the_limit() {
    let sixteen = "a slot has at most 16 handles";
    ends(&["explore", "shared+x: read | get"], BAD_INPUT, sixteen);
    ends(
        &["explore", "shared+99999999999999999999: read | get"],
        BAD_INPUT,
        sixteen,
    );
}

/// Of commands that print tables, lines of JSON, help and scripts.
#[cfg(unix)]
#[test]
fn a_full_disk_is_a_tool_failure_and_a_closed_pipe_is_quiet() {
    let program = "unused: drop | drop";
    let rc11 = ["explore", program, "--engine", "rc11"];
    let commands: [&[&str]; 7] = [
        &["--help"],
        &["explore", "--help"],
        &["--version"],
        &["completions", "bash"],
        &rc11,
        &[&rc11[..], &["--json"]].concat(),
        &["campaign", "2x1", "--shard", "1/40", "--json"],
    ];
    for words in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, _, err) = output(framecheck(words).stdout(writer));
        assert_eq!(code, Some(PASS), "{words:?}\n{err}");
        assert!(
            !err.contains("panicked") && !err.contains("failure"),
            "{words:?}\n{err}"
        );
        let Ok(full) = File::options().write(true).open("/dev/full") else {
            continue;
        };
        let (code, _, err) = output(framecheck(words).stdout(full.try_clone().unwrap()));
        assert_eq!(code, Some(TOOL_FAILURE), "{words:?}\n{err}");
        assert!(
            err.contains("tool failure: standard output: "),
            "{words:?}\n{err}"
        );
        // Where nobody can be told, the code still says it.
        let (code, ..) = output(
            framecheck(words)
                .stdout(full.try_clone().unwrap())
                .stderr(full),
        );
        assert_eq!(code, Some(TOOL_FAILURE), "{words:?}");
    }
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let (code, ..) = output(framecheck(&["explore", "nonsense"]).stderr(full));
        assert_eq!(code, Some(BAD_INPUT));
    }
}

#[test]
fn a_litmus_file_is_judged_by_all_that_it_says() {
    let scratch = Scratch::new();
    let program = "# Why not.\nprogram: shared*2: read | try_unique write\n";
    let weak = "weaken: TRY_UNIQUE=Relaxed\n";
    let no_minimise = "--no-minimise";
    for (name, lines, code, says) in [
        (
            "pass",
            "expect: pass\n",
            PASS,
            "the litmus file holds: it expects pass",
        ),
        (
            "seen",
            "expect: pass\nrequires: 2.2 | yes ok\n",
            FAILS,
            "no run showed",
        ),
        (
            "forbidden",
            "expect: pass\nforbids: start | no -\n",
            FAILS,
            "which `forbids: start | no -` rules out",
        ),
        (
            "wrong",
            "expect: data race\n",
            FAILS,
            "rc11: expected data race, got pass",
        ),
    ] {
        let file = file(
            &scratch,
            &format!("{name}.litmus"),
            &format!("\u{feff}{program}{lines}"),
        );
        ends(&["explore", &file, "--engine", "rc11"], code, says);
    }
    let control = format!("{program}{weak}expect: data race\n");
    let file = file(&scratch, "control.litmus", &control);
    let failures = scratch.path("failures");
    let words = [
        "explore",
        &file,
        "--engine",
        "rc11",
        no_minimise,
        "--failures",
    ];
    let words = [&words[..], &[&failures[..]]].concat();
    ends(&words, PASS, "verdict: data race");
    ends(&words, PASS, "the litmus file holds: it expects data race");
    let (code, out, _) = output(&mut framecheck(&[&words[..], &["--json"]].concat()));
    assert_eq!(code, Some(PASS));
    assert!(
        out.lines()
            .all(|line| line.contains(r#""expected":"data race""#)),
        "{out}"
    );
    // What the arguments change is no longer what the file says.
    ends(
        &[&words[..], &["--weaken", "SHARE=Relaxed"]].concat(),
        FAILS,
        "verdict: data race",
    );
}

/// One execution at a time, and each time from where the last one stopped: who began
/// anew would never end.
#[test]
fn an_exploration_that_was_cut_off_goes_on_from_there() {
    let scratch = Scratch::new();
    let file = &scratch.path("cut.json")[..];
    let program = "unused: alloc | get";
    let line = |words: &[&str]| {
        let (code, out, err) = output(&mut framecheck(&[&["explore", "--json"], words].concat()));
        let line: serde_json::Value = serde_json::from_str(out.trim()).expect(&err);
        let seen = ["executions", "seen", "verdict", "complete"].map(|key| line[key].clone());
        (code, seen)
    };
    let one = ["--engine", "rc11", "--ends", "left"];
    let whole = line(&[&[program][..], &one].concat());
    assert_eq!(whole.0, Some(PASS));
    let runs = whole.1[0].as_u64().unwrap();
    assert!(runs >= 3, "{runs} executions are too few to cut");
    let few = ["--max-executions", "1"];
    let mut cut = line(&[&[program, "--save", file][..], &one, &few].concat());
    for done in 1..runs {
        assert_eq!(cut.0, Some(3), "{cut:?}");
        assert_eq!(cut.1[0].as_u64(), Some(done), "{cut:?}");
        cut = line(&[&["--resume", file][..], &few].concat());
    }
    if cut.0 == Some(3) {
        cut = line(&["--resume", file]);
    }
    assert_eq!(cut, whole);
    ends(
        &["explore", "unused: alloc | alloc", "--resume", file],
        BAD_INPUT,
        "another program",
    );
}

/// What a limit cut off, or a worker that died left without a verdict, is run again by the
/// same campaign; what passed is not.
#[test]
fn a_campaign_runs_again_what_was_cut_off_or_lost_its_worker() {
    let scratch = Scratch::new();
    let file = &scratch.path("results.jsonl")[..];
    let words = ["campaign", "2x1", "--shard", "1/10", "--results", file];
    let verdicts = || {
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().skip(1).map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["verdict"].as_str().unwrap().to_owned()
        });
        lines.collect::<Vec<_>>()
    };
    let one = [&words[..], &["--max-executions", "1"]].concat();
    ends(&one, 3, "cut off");
    let cut = verdicts();
    assert!(cut.iter().any(|verdict| verdict == "cut off"), "{cut:?}");
    ends(&words, PASS, "pass");
    let whole = verdicts();
    let again = &whole[cut.len()..];
    assert!(!again.is_empty() && again.iter().all(|verdict| verdict == "pass"));
    assert_eq!(
        again.len(),
        cut.iter().filter(|verdict| *verdict == "cut off").count()
    );

    // As a worker that was killed leaves it.
    let text = fs::read_to_string(file).unwrap();
    let (before, last) = text.trim_end().rsplit_once('\n').unwrap();
    let lost = last.replace("\"verdict\":\"pass\"", "\"verdict\":\"tool failure\"");
    assert_ne!(lost, last);
    fs::write(file, format!("{before}\n{lost}\n")).unwrap();
    ends(&words, PASS, "pass");
    assert_eq!(verdicts().last().unwrap(), "pass");
    assert_eq!(verdicts().len(), whole.len() + 1);
}

/// Calls what lies in `fake-cargo` in the place of cargo; it goes on as `then`, and
/// says in the file where it was called.
#[cfg(unix)]
fn with_fake_cargo(command: &mut Command, then: &str, says: &Path) {
    let cargo = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake-cargo/cargo");
    command
        .env("CARGO", cargo)
        .env("FAKE_CARGO_THEN", then)
        .env("FAKE_CARGO_SAYS", says);
}

/// A program that lies in another checkout works on that one, whatever the current
/// folder is: here as far as the call of cargo.
#[cfg(unix)]
#[test]
fn a_copied_checkout_drives_itself() {
    // Beside the program, so that a link can take the place of a copy.
    let copy = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let copy = copy.path();
    fs::create_dir_all(copy.join("model-tests/litmus")).unwrap();
    fs::create_dir_all(copy.join("target/debug")).unwrap();
    fs::write(copy.join("Cargo.lock"), "").unwrap();
    let program = copy.join("target/debug/framecheck");
    fs::hard_link(env!("CARGO_BIN_EXE_framecheck"), &program).unwrap();
    let says = copy.join("says");
    let mut command = Command::new(program);
    command.args(["explore", "unused: alloc | get", "--engine", "rc11"]);
    with_fake_cargo(&mut command, "false", &says);
    command.env_remove("CARGO_MANIFEST_DIR");
    let (code, _, err) = output(command.current_dir(env!("CARGO_MANIFEST_DIR")));
    assert_eq!(code, Some(TOOL_FAILURE), "{err}");
    let said = fs::read_to_string(says).unwrap();
    let folder = copy.canonicalize().unwrap();
    let target = folder.join("target/rc11");
    let expected = format!("{}\n{}\nend\n", folder.display(), target.display());
    assert!(said.ends_with(&expected), "{said}");
}

/// An interrupt while a worker is built, from the terminal and from elsewhere.
#[cfg(unix)]
#[test]
fn an_interrupt_while_a_worker_is_built_is_no_failure() {
    use std::os::unix::process::CommandExt;
    use std::time::{Duration, Instant};
    let scratch = Scratch::new();
    for (words, group) in [
        (&["explore", "unused: alloc | get"][..], true),
        (&["campaign", "2x1"], true),
        (&["audit"], false),
        (
            &["explore", "unused: alloc | get", "--engine", "rc11"],
            false,
        ),
    ] {
        let says = scratch.path("says");
        let _ = fs::remove_file(&says);
        let mut command = framecheck(words);
        with_fake_cargo(&mut command, "sleep 60", says.as_ref());
        let command = command
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let began = Instant::now();
        let said = || fs::read_to_string(&says).unwrap_or_default();
        while !said().ends_with("end\n") && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let target = format!("{}{}", if group { "-" } else { "" }, child.id());
        let kill = |signal: &str, target: &str| {
            let mut kill = Command::new("kill");
            kill.args([signal, "--", target])
                .stderr(Stdio::null())
                .status()
                .unwrap()
        };
        assert!(kill("-INT", &target).success());
        let done = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(3), "{words:?} {group}\n{err}");
        if let Some(sleeper) = said().lines().next() {
            kill("-KILL", sleeper);
        }
    }
}
