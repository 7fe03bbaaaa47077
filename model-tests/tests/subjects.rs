//! Subjects through the command line: a crate that `subject new` writes, and the kernel of
//! this repository.
//!
//! They build workers, and are ignored without being asked for. All builds share the
//! checkout's folders:
//!
//! ```text
//! cargo test --package model-tests --test subjects -- --ignored --skip deep
//! cargo test --package model-tests --test subjects -- --ignored deep
//! ```

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use scratch::Scratch;

mod scratch;

const PASS: i32 = 0;
const FAILS: i32 = 1;
const BAD_INPUT: i32 = 2;
const TOOL_FAILURE: i32 = 4;

const KERNEL: &str = "model-tests/subjects/kernel";

/// What a command printed.
struct Said {
    out: String,
    err: String,
}

/// The command ends in this code.
#[track_caller]
fn ends(code: i32, words: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_framecheck"))
        .args(words)
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let said = Said {
        out: text(output.stdout),
        err: text(output.stderr),
    };
    let found = output.status.code();
    assert_eq!(found, Some(code), "{words:?}\n{}\n{}", said.out, said.err);
    said
}

impl Said {
    #[track_caller]
    fn has(&self, words: &str) -> &Self {
        let all = self.out.clone() + &self.err;
        let joined: Vec<_> = all.split_whitespace().collect();
        assert!(
            joined.join(" ").contains(words),
            "without `{words}`:\n{all}"
        );
        self
    }

    /// Its lines of JSON, each of which names the subject.
    #[track_caller]
    fn lines_of(&self, subject: &str) -> Vec<Value> {
        let line = |line| serde_json::from_str::<Value>(line).unwrap();
        let lines: Vec<_> = self.out.lines().map(line).collect();
        assert!(!lines.is_empty(), "{}", self.err);
        for line in &lines {
            assert_eq!(line["subject"], subject, "{line}");
        }
        lines
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Changes a file of a crate.
#[track_caller]
fn change(path: &str, file: &str, from: &str, to: &str) {
    let file = Path::new(path).join(file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{}: no `{from}`", file.display());
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
}

fn on(subject: &str) -> impl Fn(i32, &[&str]) -> Said {
    move |code, words| {
        let words: Vec<_> = words[..1]
            .iter()
            .chain(&["--subject", subject])
            .chain(&words[1..])
            .copied()
            .collect();
        ends(code, &words)
    }
}

#[test]
#[ignore = "builds a worker"]
fn a_new_subject_explores_at_once_and_finds_what_is_broken() {
    let scratch = Scratch::new();
    let path = scratch.path("lock-checks");
    ends(PASS, &["subject", "new", &path]).has(&format!("explore --subject {path} spin-lock"));
    ends(BAD_INPUT, &["subject", "new", &path]).has("there is something already");
    let on = on(&path);
    let explore = ["explore", "spin-lock", "--engine", "rc11"];
    let said = on(PASS, &explore);
    said.has("2 of 2 outcomes complete").has("verdict: pass");
    assert!(!said.err.contains("no explorer sees"), "{}", said.err);

    let json = ["explore", "spin-lock", "--engine", "rc11", "--json"];
    let lines = on(PASS, &json).lines_of(&path);
    assert_eq!((lines.len(), &lines[0]["verdict"]), (1, &"pass".into()));

    // What the explorers do not see, one of each.
    let lock = "src/files/spin_lock.rs";
    let unseen = "extern crate alloc;\n\
        std::thread_local! { pub static MINE: u8 = const { 1 }; }\n\
        pub static mut COUNT: u8 = 0;\n\
        pub struct Own(core::cell::RefCell<u8>);\n\
        // SAFETY: nobody uses it.\n\
        unsafe impl Sync for Own {}\n\
        pub static OWN: Own = Own(core::cell::RefCell::new(0));\n\
        pub static BARE: Bare<core::cell::Cell<u8>> = Bare(core::cell::Cell::new(0));\n\
        pub struct Bare<T>(T);\n\
        // SAFETY: nobody uses it.\n\
        unsafe impl<T> Sync for Bare<T> {}\n\
        pub fn shared() -> (alloc::sync::Arc<u8>, std::sync::Mutex<u8>) {\n\
            // SAFETY: it does nothing.\n\
            unsafe { core::arch::asm!(\"nop\") };\n\
            (alloc::sync::Arc::new(1), std::sync::Mutex::new(1))\n\
        }\n\
        pub fn other() -> libc::c_int { 1 }\n\
        /// A value that one thread";
    change(&path, lock, "/// A value that one thread", unseen);
    change(
        &path,
        "src/main.rs",
        "mod files;",
        "#[allow(dead_code)]\nmod files;",
    );
    change(
        &path,
        "Cargo.toml",
        "[dependencies]",
        "[dependencies]\nlibc = \"0.2\"",
    );
    let said = on(PASS, &explore);
    said.has("no explorer sees what threads share by these, if they do:");
    for (what, words) in [
        ("thread_local!", "std::thread_local!"),
        ("static mut", "pub static mut"),
        ("a static with a Cell", "pub static BARE"),
        ("alloc::sync", "pub fn shared"),
        ("std::sync", "pub fn shared"),
        ("asm!", "core::arch::asm!"),
        ("the crate libc", "libc::c_int"),
    ] {
        said.has(&format!("{what}: {lock}:{}", line_of(&path, lock, words)));
    }

    // The lock, broken: on purpose, and by an option.
    let weaker = format!(
        "{lock}:{}",
        line_of(&path, lock, "taken.store(false, Release)")
    );
    let weaken = [
        "explore",
        "spin-lock",
        "--engine",
        "rc11",
        "--weaken",
        &format!("{weaker}=Relaxed"),
    ];
    on(FAILS, &weaken).has("verdict: data race");
    // Whether it is one is not known without the table of what pointers are used for.
    let table = "subject.cells(\"files/spin_lock.rs\", text, &[\"&*self.0.value.get()\"])";
    let files = "src/files/mod.rs";
    change(&path, files, table, "{ _ = text; subject }");
    let said = on(TOOL_FAILURE, &weaken);
    said.has("verdict: tool failure")
        .has("classify ")
        .has(&format!("{lock}:"));
    change(&path, files, "{ _ = text; subject }", table);
    change(
        &path,
        lock,
        "store(false, Release)",
        "store(false, Relaxed)",
    );
    on(FAILS, &explore).has("data race on rc11").has(lock);
    let lines = on(FAILS, &json).lines_of(&path);
    assert_eq!(lines[0]["verdict"], "data race");

    // What does not compile is shown.
    change(&path, lock, "store(false, Relaxed)", "store(false, Relaxd)");
    on(TOOL_FAILURE, &explore).has("Relaxd").has("lock-checks");
}

/// The first line of a file that has these words.
fn line_of(path: &str, file: &str, words: &str) -> usize {
    let text = fs::read_to_string(Path::new(path).join(file)).unwrap();
    1 + text.lines().position(|line| line.contains(words)).unwrap()
}

#[test]
#[ignore = "asks cargo"]
fn what_is_no_subject_is_refused() {
    let scratch = Scratch::new();
    let explore = |path: &str, says: &str| {
        on(path)(BAD_INPUT, &["explore", "spin-lock", "--engine", "rc11"]).has(says);
    };
    let path = scratch.path("nowhere");
    explore(&path, "No such file");
    fs::write(scratch.path("file"), "").unwrap();
    explore(&scratch.path("file"), "not a folder");
    explore(&scratch.path(""), "no Cargo.toml in it");
    let path = scratch.path("no-worker");
    ends(PASS, &["subject", "new", &path]);
    change(&path, "Cargo.toml", "worker = ", "programs = ");
    change(
        &path,
        "Cargo.toml",
        "model-tests/worker",
        "prop-tests/programs",
    );
    explore(&path, "does not depend on the library `worker`");
    fs::remove_file(scratch.path("no-worker/src/main.rs")).unwrap();
    fs::write(scratch.path("no-worker/src/lib.rs"), "").unwrap();
    explore(&path, "the crate has no program");
    for name in ["9", "worker", "core", "a+b"] {
        ends(BAD_INPUT, &["subject", "new", &scratch.path(name)]).has("is no name for a crate");
    }
    let file = scratch.path("file/inside");
    ends(TOOL_FAILURE, &["subject", "new", &file]);
}

/// What a protocol of one's own costs: guide 4 sends its readers to this adapter.
#[test]
fn the_adapter_of_a_subject_is_short() {
    let adapter = root().join(KERNEL).join("src/adapter.rs");
    let lines = fs::read_to_string(adapter).unwrap().lines().count();
    assert!((1..=150).contains(&lines), "{lines} lines");
}

#[test]
#[ignore = "builds a worker"]
fn the_kernel_is_explored_judged_and_replayed() {
    let on = on(KERNEL);
    let rc11 = |words: &[&'static str]| [words, &["--engine", "rc11"]].concat();
    let one = "shared: get drop | drop";
    let said = on(PASS, &rc11(&["explore", one]));
    said.has("subject: model-tests/subjects/kernel")
        .has("verdict: pass");
    // One process has one set of its statics.
    let refused = on(BAD_INPUT, &rc11(&["explore", one, "--jobs", "2"]));
    refused.has("statics of the process");
    on(BAD_INPUT, &rc11(&["explore", "no-such-scenario"])).has("control-empty-segment");
    on(
        BAD_INPUT,
        &rc11(&["explore", one, "--weaken", "slot.rs:1=Relaxed"]),
    );

    let scratch = Scratch::new();
    let failures = scratch.path("failures");
    let race = "shared*2: read drop | try_unique write drop";
    let lines = on(
        FAILS,
        &[
            "explore",
            race,
            "--engine",
            "rc11",
            "--json",
            "--failures",
            &failures,
        ],
    )
    .lines_of(KERNEL);
    assert!(lines.iter().all(|line| line["verdict"] == "data race"));
    let saved = fs::read_dir(&failures)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let saved = saved.to_str().unwrap();
    // Another process, with its memory elsewhere.
    let said = ends(FAILS, &["replay", saved]);
    said.has("data race on rc11").has("frame/slot.rs:");
    let lines = ends(FAILS, &["replay", saved, "--json"]);
    assert!(lines.out.contains("subjects/kernel"), "{}", lines.out);
    // The same with the subject named, where it may lie elsewhere now; not another's.
    let said = on(FAILS, &["replay", saved]);
    said.has("data race on rc11").has("frame/slot.rs:");
    let own = "model-tests/tests/stories/rc11/control-claim-relaxed.json";
    on(BAD_INPUT, &["replay", own]).has("it was saved of meta-core hint: leave --subject out");
    let text = fs::read_to_string(saved).unwrap();
    let other = scratch.path("other.json");
    let file = "tree/src/frame/slot.rs\": \"";
    let at = text.find(file).unwrap_or_else(|| panic!("{text}")) + file.len();
    let changed = if text[at..].starts_with('0') {
        "1"
    } else {
        "0"
    };
    fs::write(&other, text[..at].to_owned() + changed + &text[at + 1..]).unwrap();
    ends(BAD_INPUT, &["replay", &other]).has("slot.rs");
}

#[test]
#[ignore = "builds a worker"]
fn the_kernel_goes_through_campaign_coverage_audit_and_report() {
    let on = on(KERNEL);
    let said = on(FAILS, &["campaign", "2x1"]);
    said.has("left out: the limit of the count")
        .has("91 pass 1 data race");
    on(FAILS, &["campaign", "2x1", "--json"]).lines_of(KERNEL);
    let said = on(FAILS, &["coverage", "--bounds", "2x1"]);
    // The limit is too far away: nothing is asked of it, and nothing is missing.
    said.has("left out: the limit of the count")
        .has("0 not reached, 0 forbidden");
    said.has("a program or scenario ends in data race");
    on(FAILS, &["coverage", "--bounds", "2x1", "--json"]).lines_of(KERNEL);
    let said = on(FAILS, &["audit", "--bounds", "2x1", "--no-joint"]);
    let slot = fs::read_to_string(root().join(KERNEL).join("tree/src/frame/slot.rs")).unwrap();
    let line = |words: &str| 1 + slot.lines().position(|line| line.contains(words)).unwrap();
    let too_weak = line(".compare_exchange(1, UNIQUE");
    said.has(&format!("frame/slot.rs:{too_weak}:14: Relaxed is too weak"));
    let strong = line(".store(0, Ordering::Release)");
    said.has(&format!(
        "frame/slot.rs:{strong}:24: Release is not needed by what was explored"
    ));
    on(FAILS, &["audit", "--bounds", "2x1", "--json"]).lines_of(KERNEL);
    let scratch = Scratch::new();
    let page = scratch.path("page.html");
    on(PASS, &["report", "--out", &page]);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("campaign --subject model-tests/subjects/kernel 2x1"));
}

#[test]
#[ignore = "builds workers of all engines"]
fn deep_the_kernel_under_every_engine_and_by_night() {
    let on = on(KERNEL);
    let said = on(PASS, &["explore", "shared: get drop | drop"]);
    for engine in ["rc11", "loom", "shuttle", "threads"] {
        said.has(&format!("{engine} dropped"));
    }
    for scenario in ["empty-segment-is-downcast", "only-pointer-writes"] {
        on(PASS, &["explore", scenario]);
    }
    let sequential = [
        "explore",
        "control-only-pointer-is-relaxed",
        "--engine",
        "shuttle",
    ];
    on(PASS, &sequential).has("shuttle knows no weak memory: it cannot show this");
    let scratch = Scratch::new();
    let failures = scratch.path("failures");
    let night = ["nightly", "batches=2", "seed=1", "--failures", &failures];
    let said = on(PASS, &night);
    said.has("left out: the limit of the count");
    let json = [
        "nightly",
        "batches=2",
        "seed=1",
        "--json",
        "--failures",
        &failures,
    ];
    on(PASS, &json).lines_of(KERNEL);
    // With scenarios alone no batch could run, however long the night.
    let path = scratch.path("lock-checks");
    ends(PASS, &["subject", "new", &path]);
    let night = ["nightly", "--subject", &path, "minutes=60"];
    ends(BAD_INPUT, &night).has("the subject runs no programs");
}
