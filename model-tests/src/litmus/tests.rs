use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::subject::tests::subject;
use pipe::{EngineName, Exploration, Manner, Probe, Record};

const GOOD: &str = "\
# Why.
program: shared*2: read drop | try_unique write drop
expect: data race
ends: left
weaken: TRY_UNIQUE=Relaxed, SHARE = relaxed
weaken: LAST_FENCE=none
inject: ACQUIRE_REF#2
requires: start kept | * * *
forbids: * * | yes - -
# And more.
";

fn parse(text: &str) -> Litmus {
    Litmus::parse(Path::new("litmus/a-name.litmus"), text, &subject())
        .unwrap_or_else(|e| panic!("{e}"))
}

fn error(text: &str) -> String {
    Litmus::parse(Path::new("a.litmus"), text, &subject())
        .expect_err("no litmus file")
        .to_string()
}

/// A file with a reason, a program, a verdict and one more line.
fn with(line: &str) -> String {
    format!("# Why.\nprogram: shared: drop | get\nexpect: pass\n{line}\n")
}

#[test]
fn every_field_is_understood() {
    let litmus = parse(GOOD);
    assert_eq!(litmus.name, "a-name");
    assert_eq!(litmus.path, Path::new("litmus/a-name.litmus"));
    assert_eq!(litmus.why, "Why.\nAnd more.");
    assert_eq!(
        litmus.program.to_string(),
        "shared*2: read drop | try_unique write drop"
    );
    assert_eq!(litmus.expect, Verdict::DataRace);
    assert!(litmus.is_control());
    assert_eq!(litmus.ends, [Ends::Left]);
    let orderings: Vec<_> = litmus.orderings.iter().map(|o| o.to_string()).collect();
    assert_eq!(
        orderings,
        ["TRY_UNIQUE=Relaxed", "SHARE=Relaxed", "LAST_FENCE=none"]
    );
    assert_eq!(
        litmus.inject.map(|inject| inject.to_string()).as_deref(),
        Some("ACQUIRE_REF#2")
    );
    assert_eq!(litmus.requires[0].to_string(), "start kept | * * *");
    assert_eq!(litmus.forbids[0].to_string(), "* * | yes - -");
}

#[test]
fn space_and_line_ends_are_free() {
    let text = "\r\n#Why.\r\n  program :unused: alloc | get \r\n\texpect:  pass  ";
    let litmus = parse(text);
    assert_eq!(litmus.why, "Why.");
    assert_eq!(litmus.program.to_string(), "unused: alloc | get");
    assert!(!litmus.is_control());
}

#[test]
fn a_file_runs_with_each_of_its_ends_and_each_probe() {
    let kinds = |litmus: &Litmus| {
        let jobs = litmus.jobs();
        let probe = |job: &Job| match &job.manner {
            Manner::Loom(loom) => loom.probe,
            other => panic!("{other:?}"),
        };
        jobs.iter().map(|j| (j.ends, probe(j))).collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(&parse(&with(""))),
        [
            (Ends::Dropped, Probe::Cas),
            (Ends::Dropped, Probe::Load),
            (Ends::Left, Probe::Cas),
            (Ends::Left, Probe::Load)
        ]
    );
    let litmus = parse(GOOD);
    assert_eq!(
        kinds(&litmus),
        [(Ends::Left, Probe::Cas), (Ends::Left, Probe::Load)]
    );
    let job = &litmus.jobs()[0];
    assert_eq!(job.case.program(), Some(&litmus.program));
    let Manner::Loom(loom) = &job.manner else {
        panic!("{job:?}");
    };
    assert_eq!(loom.orderings, litmus.orderings);
    assert_eq!(loom.inject, litmus.inject);
    assert_eq!(loom.record, Record::STEPS);
    assert_eq!(job.limits, Limits::default());
}

#[test]
fn a_missing_part_is_named() {
    assert_eq!(
        error("program: unused: alloc | get\nexpect: pass\n"),
        "\
a.litmus:1:1: nothing says why this litmus exists
  program: unused: alloc | get
  ^
hint: begin with a line `# what would go wrong`"
    );
    assert_eq!(
        error("# Why.\nexpect: pass\n\n"),
        "\
a.litmus:2:13: `program:` is missing
  expect: pass
              ^
hint: add a line such as `program: unused: alloc | get`"
    );
    assert_eq!(
        error("# Why.\nprogram: unused: alloc | get"),
        "\
a.litmus:2:29: `expect:` is missing
  program: unused: alloc | get
                              ^
hint: add a line such as `expect: pass`"
    );
    assert_eq!(
        error(&with("ends:")),
        "\
a.litmus:4:6: `ends:` has nothing behind it
  ends:
       ^
hint: such as `ends: both`"
    );
    assert!(error("").starts_with("a.litmus:1:1: nothing says why"));
    assert!(error(" #\n#  \n").starts_with("a.litmus:1:1: nothing says why"));
}

#[test]
fn an_unknown_field_gets_the_nearest_one() {
    assert_eq!(
        error(&with("  requiers: ok | ok")),
        "\
a.litmus:4:3: unknown field `requiers`
    requiers: ok | ok
    ^^^^^^^^
hint: did you mean `requires`?"
    );
    assert_eq!(
        error(&with("reason: none")),
        "\
a.litmus:4:1: unknown field `reason`
  reason: none
  ^^^^^^
hint: fields: program, expect, ends, weaken, inject, requires, forbids"
    );
    assert_eq!(
        error("# Why.\nunused: alloc | get\nexpect: pass"),
        "\
a.litmus:2:1: unknown field `unused`
  unused: alloc | get
  ^^^^^^
hint: a program comes after `program:`"
    );
    assert_eq!(
        error(&with("ends both")),
        "\
a.litmus:4:1: expected `field: …`
  ends both
  ^^^^
hint: did you mean `ends`?"
    );
}

#[test]
fn some_fields_come_once() {
    assert_eq!(
        error(&with("expect: leak")),
        "\
a.litmus:4:1: a second `expect:`
  expect: leak
  ^^^^^^
hint: the first is in line 3; a file has one"
    );
    for key in ["program: x", "ends: x", "inject: x"] {
        let text = with(&format!("{key}\n{key}"));
        assert!(error(&text).contains("a second `"), "{key}");
    }
    assert_eq!(
        error(&with(
            "weaken: DEC=Relaxed\nweaken: CLAIM=Relaxed, DEC=Acquire"
        )),
        "\
a.litmus:5:24: a second ordering for DEC
  weaken: CLAIM=Relaxed, DEC=Acquire
                         ^^^^^^^^^^^
hint: a site has one ordering"
    );
}

#[test]
fn an_error_of_a_program_is_shown_in_the_file() {
    assert_eq!(
        error("# Why.\nprogram: unused: alocc | get\nexpect: pass"),
        "\
a.litmus:2:18: unknown operation `alocc`
  program: unused: alocc | get
                   ^^^^^
hint: did you mean `alloc`?"
    );
    assert_eq!(
        error("# Why.\nprogram: shared+20: get | get\nexpect: pass"),
        "\
a.litmus:2:10: the start has 21 handles; a slot may be shared by 16
  program: shared+20: get | get
           ^^^^^^^^^^^^^^^^^^^^"
    );
}

#[test]
fn a_verdict_is_pass_or_a_failure() {
    let expecting =
        |verdict: &str| format!("# Why.\nexpect: {verdict}\nprogram: unused: get | get");
    for verdict in Verdict::ALL {
        let parsed = Litmus::parse(Path::new("a"), &expecting(verdict.as_str()), &subject());
        assert_eq!(
            parsed.is_ok(),
            verdict == Verdict::Pass || verdict.is_failure()
        );
    }
    assert_eq!(
        error(&expecting("data-race")),
        "\
a.litmus:2:9: unknown verdict `data-race`
  expect: data-race
          ^^^^^^^^^
hint: did you mean `data race`?"
    );
    assert_eq!(
        error(&expecting("cut off")),
        "\
a.litmus:2:9: nothing is known of a program after `cut off`
  expect: cut off
          ^^^^^^^
hint: expect `pass` or a failure"
    );
}

#[test]
fn ends_are_three_words() {
    assert_eq!(
        error(&with("ends: droped")),
        "\
a.litmus:4:7: unknown ends `droped`
  ends: droped
        ^^^^^^
hint: did you mean `dropped`?"
    );
}

#[test]
fn an_ordering_is_one_that_its_site_can_have() {
    assert_eq!(
        error(&with("weaken: DEC=Relaxed, SHAER=Relaxed")),
        "\
a.litmus:4:22: no site is called `SHAER`; did you mean `SHARE`?
  weaken: DEC=Relaxed, SHAER=Relaxed
                       ^^^^^^^^^^^^^
hint: such as `weaken: SHARE=Relaxed`"
    );
    assert_eq!(
        error(&with("weaken: SHARE")),
        "\
a.litmus:4:9: `SHARE` is not SITE=Ordering, such as SHARE=Relaxed
  weaken: SHARE
          ^^^^^
hint: such as `weaken: SHARE=Relaxed`"
    );
    assert!(error(&with("weaken: SHARE=Acquire")).contains("SHARE (store) cannot be Acquire"));
    assert!(error(&with("weaken: SHARE=Relaxed,")).contains("4:23: `` is not SITE=Ordering"));
    assert!(error(&with("weaken: MAX_PADDR=Relaxed")).contains("not part of the slot protocol"));
}

#[test]
fn only_the_weak_cas_can_be_made_to_fail() {
    assert_eq!(
        error(&with("inject: CLAIM#1")),
        "\
a.litmus:4:9: CLAIM is no weak CAS: it cannot fail so
  inject: CLAIM#1
          ^^^^^
hint: the weak CAS is ACQUIRE_REF"
    );
    assert_eq!(
        error(&with("inject: ACQUIRE_REF#0")),
        "\
a.litmus:4:21: `0` is not a number from 1 to 4294967295
  inject: ACQUIRE_REF#0
                      ^
hint: the n-th weak CAS of each execution fails, counted from 1"
    );
    assert_eq!(
        error(&with("inject: ACQUIRE_REF")),
        "\
a.litmus:4:9: `ACQUIRE_REF` is not SITE#n
  inject: ACQUIRE_REF
          ^^^^^^^^^^^
hint: such as `inject: ACQUIRE_REF#1`"
    );
    for number in ["", "+1", "-1", "x", "4294967296"] {
        let text = with(&format!("inject: ACQUIRE_REF#{number}"));
        assert!(
            error(&text).contains(" is not a number from 1 to "),
            "{number}"
        );
    }
    assert!(error(&with("inject: #1")).contains("no site is called ``"));
}

#[test]
fn an_outcome_has_the_shape_of_the_program() {
    assert_eq!(
        error(&with("requires: lats | ok")),
        "\
a.litmus:4:11: unknown result `lats`
  requires: lats | ok
            ^^^^
hint: did you mean `last`?"
    );
    assert_eq!(
        error(&with("forbids: last | ok ok")),
        "\
a.litmus:4:10: the outcome does not have the shape of the program
  forbids: last | ok ok
           ^^^^^^^^^^^^
hint: it has 1 | 2 results, and the program 1 | 1 operations"
    );
    assert_eq!(
        error(&with(
            "ends: left\nrequires: last | busy => dropped, unused"
        )),
        "\
a.litmus:5:11: the outcome is `dropped`, and `ends:` leaves that out
  requires: last | busy => dropped, unused
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: add `dropped` to `ends:`, or leave the end out of the outcome"
    );
    assert_eq!(
        error(&with("requires: last | busy => left @0 unused, @1 unused")),
        "\
a.litmus:4:11: the outcome does not end with every slot
  requires: last | busy => left @0 unused, @1 unused
            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: it ends with 2, and the program has 1"
    );
}

#[test]
fn no_text_makes_the_parser_panic() {
    // Deterministic: pieces of a good file, cut, repeated and spoilt.
    let spoilers = [
        "",
        "\n",
        "\r\n",
        ":",
        "#",
        ",",
        "=",
        "\t",
        "é",
        "\u{3000}",
        "\0",
        "@9",
        "*",
        "=>",
        "999999999999",
        "program:",
        "weaken: DEC=",
        "requires: ",
    ];
    let chars: Vec<char> = GOOD.chars().collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut good = 0;
    for _ in 0..20_000 {
        let mut text = chars.clone();
        for _ in 0..=random(3) {
            let from = random(text.len() + 1);
            let to = from + random((text.len() - from).min(20) + 1);
            let spoiler = spoilers[random(spoilers.len())].chars();
            text.splice(from..to, spoiler);
        }
        let text: String = text.into_iter().collect();
        match Litmus::parse(Path::new("a.litmus"), &text, &subject()) {
            Ok(litmus) => {
                good += 1;
                // Neither does what is done with it.
                let _ = check(&litmus);
                assert!(!litmus.jobs().is_empty());
            }
            Err(error) => assert!(error.to_string().starts_with("a.litmus:")),
        }
    }
    assert!(good > 100, "only {good} texts parsed");
}

#[test]
fn outcomes_are_checked_against_the_specification() {
    let judged = |line: &str| check(&parse(&with(line)));
    assert_eq!(judged("requires: last | busy"), Ok(()));
    assert_eq!(judged("forbids: last | unique"), Ok(()));
    assert_eq!(
        judged("requires: last | unique"),
        Err("a-name: requires `last | unique`, but the specification does not allow it".to_owned())
    );
    assert_eq!(
        judged("ends: left\nforbids: kept | *"),
        Err("a-name: forbids `kept | *`, but the specification allows \
             `kept | ok => left shared(1) live`"
            .to_owned())
    );
    // Of both ends, one is enough.
    assert_eq!(
        judged("requires: kept | ok => dropped - | last, unused"),
        Ok(())
    );
    let forbidden =
        "# Why.\nprogram: shared: drop | get\nexpect: forbidden outcome\nrequires: last | unique";
    assert_eq!(check(&parse(forbidden)), Ok(()));
}

#[test]
fn with_several_slots_a_failed_lookup_may_be_stale() {
    let two = |line: &str| {
        let text = format!(
            "# Why.\nprogram: unused: alloc read alloc_unique@1 | get@1 get read\nexpect: pass\n{line}\n"
        );
        check(&parse(&text))
    };
    // In no interleaving, but on weak memory.
    assert_eq!(two("requires: ok 1.1 ok | unique unused -"), Ok(()));
    let forbids = two("forbids: ok 1.1 ok | unique unused -").unwrap_err();
    assert!(forbids.contains("allows `ok 1.1 ok | unique unused - => left"));
    assert!(two("ends: left\nforbids: ok 1.1 ok | unique unused -").is_err());
    assert_eq!(two("forbids: ok 1.1 ok | unique busy 1.1"), Ok(()));
    assert_eq!(
        two("requires: * * * | unique unused - => left @0 shared(1) live, @1 unique live"),
        Ok(())
    );
    assert_eq!(
        two("requires: * * * | unique unused - => dropped last last | -, @0 unused, @1 unused"),
        Ok(())
    );
    // Not even there.
    for impossible in [
        "requires: * * * | unique ok 1.3",
        "requires: * * * | unique unused - => left @0 shared(2) live, @1 unique live",
        "requires: * * * | unique unused - => dropped last kept | -, @0 unused, @1 unused",
        "requires: * * * | unique unused - => dropped last | -, @0 unused, @1 unused",
        "requires: * * * | unique unused - => dropped last last last | -, @0 unused, @1 unused",
    ] {
        assert!(two(impossible).is_err(), "{impossible}");
    }
}

fn exploration(litmus: &Litmus, outcomes: &[&str]) -> (Job, Exploration) {
    let mut exploration = Exploration::new(EngineName::Loom);
    exploration.outcomes = outcomes
        .iter()
        .map(|outcome| ((*outcome).to_owned(), 1))
        .collect::<BTreeMap<_, _>>();
    (litmus.jobs()[0].clone(), exploration)
}

#[test]
fn a_file_does_not_hold_where_a_worker_broke() {
    let mut litmus = parse(&with(""));
    litmus.expect = Verdict::MissingOutcome;
    let mut fails = exploration(&litmus, &[]);
    (fails.1.complete, fails.1.threads_run) = (true, 1);
    let mut other = fails.clone();
    fails.1.missing.push("ok | ok".to_owned());
    let engine = EngineName::Loom;
    assert_eq!(
        litmus.judge(engine, &[fails.clone(), other.clone()]),
        Ok(())
    );
    other.1.threads_run = 0;
    let broke = litmus.judge(engine, &[fails, other]).unwrap_err();
    assert_eq!(broke, "loom: expected missing outcome, got tool failure");
}

#[test]
fn what_is_required_must_be_seen_and_what_is_forbidden_must_not() {
    let litmus = parse(&with("requires: last | busy\nforbids: last | ok"));
    let runs = |outcomes: &[&str]| litmus.judge_outcomes(&[exploration(&litmus, outcomes)], true);
    assert_eq!(runs(&["last | busy => dropped, unused"]), Ok(()));
    assert_eq!(
        litmus.judge_outcomes(
            &[
                exploration(&litmus, &["last | unused => dropped, unused"]),
                exploration(&litmus, &["last | busy => left unused"]),
            ],
            true
        ),
        Ok(())
    );
    assert_eq!(
        runs(&["last | unused => dropped, unused"]),
        Err(
            "a-name: no run showed `requires: last | busy`; 1 different outcomes were seen"
                .to_owned()
        )
    );
    assert_eq!(
        runs(&["last | busy => dropped, unused", "last | ok => left unused"]),
        Err(
            "a-name: `last | ok => left unused` was seen (dropped, probe by cas), \
             which `forbids: last | ok` rules out"
                .to_owned()
        )
    );
    assert!(litmus.judge_outcomes(&[], true).is_err());
    assert!(runs(&["nonsense"]).is_err());
}

#[test]
fn a_folder_has_litmus_files_of_different_names() {
    let folder = std::env::temp_dir().join(format!("litmus-folder-{}", std::process::id()));
    let inner = folder.join("inner");
    fs::create_dir_all(&inner).unwrap();
    let shown = |result: Result<Vec<Litmus>, LitmusError>| {
        let text = result.expect_err("no folder of litmus files").to_string();
        text.replace(&folder.display().to_string(), "DIR")
    };
    assert_eq!(
        shown(load_all(&folder, &subject())),
        "DIR: no litmus file\nhint: they are called `*.litmus`"
    );

    let good = with("");
    fs::write(folder.join("b.litmus"), &good).unwrap();
    fs::write(folder.join("notes.txt"), "no litmus").unwrap();
    fs::write(inner.join("a.litmus"), &good).unwrap();
    let names: Vec<_> = load_all(&folder, &subject())
        .unwrap()
        .into_iter()
        .map(|litmus| litmus.name)
        .collect();
    assert_eq!(names, ["a", "b"]);

    fs::write(inner.join("b.litmus"), &good).unwrap();
    assert_eq!(
        shown(load_all(&folder, &subject())),
        "DIR/inner/b.litmus: has the name of DIR/b.litmus\n\
         hint: a name must say which file is meant"
    );
    fs::write(inner.join("b.litmus"), "# Why.\nprogram: x").unwrap();
    assert!(
        shown(load_all(&folder, &subject()))
            .starts_with("DIR/inner/b.litmus:2:10: unknown start state")
    );
    fs::remove_dir_all(&folder).unwrap();
    assert!(shown(load_all(&folder, &subject())).starts_with("DIR: cannot be read: "));
}
