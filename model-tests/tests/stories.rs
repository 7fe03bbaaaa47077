//! What is printed of a failing execution, pinned by golden files.
//!
//! `stories/*.json` are counterexamples of the litmus controls under loom, those in
//! `stories/rc11` of the same under rc11, where each read names its write. The test
//! `engine_stories` compares them with what the engines do. Those in
//! `stories/mutants` were taken with a mutant of the protocol's code, for
//! verdicts that no ordering leads to. Beside each stands what is printed.
//! After a change that is meant:
//!
//! ```sh
//! UPDATE_EXPECT=1 cargo test --package model-tests --test stories
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use model_tests::counterexample::Counterexample;
use model_tests::litmus;
use model_tests::print::{self, story::Detail};
use model_tests::story::{ReadFrom, What};
use model_tests::subject::Subject;
use pipe::{Description, Verdict};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories")
}

fn folders() -> [PathBuf; 3] {
    ["", "rc11", "mutants"].map(|name| folder().join(name))
}

fn described() -> &'static Description {
    subject().description().unwrap()
}

fn subject() -> Subject {
    Subject::new(|| Ok(worker::describe()))
}

fn load(name: &str) -> Counterexample {
    let path = folder().join(format!("{name}.json"));
    Counterexample::load(&path).unwrap_or_else(|error| panic!("{error}"))
}

fn saved_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths
}

fn printed(saved: &Counterexample, detail: Detail) -> String {
    let text = print::failure::text(&saved.job, &saved.run(), described(), detail);
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn two_threads_fit_into_sixty_columns() {
    for path in folders().iter().flat_map(|folder| saved_in(folder)) {
        let saved = Counterexample::load(&path).unwrap_or_else(|error| panic!("{error}"));
        let Some(story) = saved.story(described()).filter(|story| story.threads <= 2) else {
            continue;
        };
        let text = print::story::text_within(&story, Detail::Verbose, 60);
        let text = anstream::adapter::strip_str(&text).to_string();
        for line in text.lines() {
            assert!(line.chars().count() <= 60, "{}:\n{text}", path.display());
        }
    }
}

#[test]
fn what_is_printed_of_each_failure_is_pinned() {
    let [loom, rc11, mutants] = folders().map(|folder| saved_in(&folder));
    assert!(
        loom.len() >= 17 && rc11.len() >= 18 && mutants.len() >= 7,
        "{rc11:?}"
    );
    let paths = loom.into_iter().chain(rc11).chain(mutants);
    for path in paths {
        let saved = Counterexample::load(&path).unwrap();
        let text = printed(&saved, Detail::Story);
        expect_file![path.with_extension("txt")].assert_eq(&text);
    }
}

#[test]
fn every_step_is_shown_on_request() {
    let saved = load("kernel-try-unique-is-relaxed");
    let text = printed(&saved, Detail::Verbose);
    expect_file![folder().join("kernel-try-unique-is-relaxed.verbose.txt")].assert_eq(&text);
    let story = saved.story(described()).unwrap();
    for row in &story.rows {
        assert!(text.contains(&format!("│ {} │", row.number)), "{text}");
    }
}

#[test]
fn a_table_of_two_or_three_threads_fits_a_hundred_columns() {
    for folder in folders() {
        for path in saved_in(&folder) {
            let saved = Counterexample::load(&path).unwrap();
            for detail in [Detail::Story, Detail::Verbose] {
                let text = printed(&saved, detail);
                let table = text.lines().filter(|line| line.starts_with('│'));
                let widest = table.map(|line| line.chars().count()).max().unwrap_or(0);
                assert!(widest <= 100, "{widest}: {}\n{text}", path.display());
            }
        }
    }
}

#[test]
fn the_table_is_coloured_and_the_colours_are_all_that_is_stripped() {
    let saved = load("kernel-try-unique-is-relaxed");
    let text = print::failure::text(&saved.job, &saved.run(), described(), Detail::Story);
    assert!(text.contains("\u{1b}["));
    assert!(!printed(&saved, Detail::Story).contains('\u{1b}'));
}

/// A line that moves in the harness, or a file that is renamed, changes no story; nor
/// does one that moves in the code under test, but for the story in the documents.
#[test]
fn no_story_has_a_place_of_the_harness_in_it() {
    let files = folders().into_iter().flat_map(|folder| {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path())
    });
    let files: Vec<_> = files.filter(|path| path.is_file()).collect();
    assert!(files.len() > 80, "{}", files.len());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for harness in ["prop-tests/", "model-tests/", "driver.rs", "/../"] {
            assert!(!text.contains(harness), "{harness}: {}", path.display());
        }
        let shown =
            path.with_extension("") == folder().join("rc11/smallest-kernel-try-unique-is-relaxed");
        assert!(
            shown || !text.contains(".rs:"),
            "a line: {}",
            path.display()
        );
    }
}

/// The accesses that raced, and the edge that is missing: where it begins and
/// ends, and which end is too weak.
type Told = (
    &'static str,
    [&'static str; 2],
    [&'static str; 2],
    &'static str,
);

/// For each control, what somebody who has never seen the code must be able to
/// say from the table alone.
const CONTROLS: &[Told] = &[
    (
        "control-acquire-ref-relaxed-after-share",
        ["T1 writes storage", "T2 reads storage"],
        ["SHARE", "ACQUIRE_REF"],
        "ACQUIRE_REF",
    ),
    (
        "control-acquire-ref-relaxed",
        ["T1 initialises vtable_ptr", "T2 reads vtable_ptr"],
        ["PUBLISH_SHARED", "ACQUIRE_REF"],
        "ACQUIRE_REF",
    ),
    (
        "control-claim-relaxed-after-reset",
        ["T1 drops vtable_ptr", "T2 initialises vtable_ptr"],
        ["RETIRE", "CLAIM"],
        "CLAIM",
    ),
    (
        "control-claim-relaxed",
        ["T1 drops vtable_ptr", "T2 initialises vtable_ptr"],
        ["RETIRE", "CLAIM"],
        "CLAIM",
    ),
    (
        "control-dec-relaxed-before-try-unique",
        ["T2 reads vtable_ptr", "T1 drops vtable_ptr"],
        ["DEC", "TRY_UNIQUE"],
        "DEC",
    ),
    (
        "control-dec-relaxed-behind-a-mailbox",
        ["T2 reads vtable_ptr", "T1 drops vtable_ptr"],
        ["DEC", "LAST_FENCE"],
        "DEC",
    ),
    (
        "control-dec-relaxed",
        ["T1 reads vtable_ptr", "T2 drops vtable_ptr"],
        ["DEC", "LAST_FENCE"],
        "DEC",
    ),
    (
        "control-last-fence-release-only",
        ["T1 reads vtable_ptr", "T2 drops vtable_ptr"],
        ["DEC", "LAST_FENCE"],
        "LAST_FENCE",
    ),
    (
        "control-last-fence-removed",
        ["T1 reads vtable_ptr", "T2 drops vtable_ptr"],
        ["DEC", "LAST_FENCE"],
        "LAST_FENCE",
    ),
    (
        "control-publish-shared-relaxed",
        ["T1 initialises vtable_ptr", "T2 reads vtable_ptr"],
        ["PUBLISH_SHARED", "ACQUIRE_REF"],
        "PUBLISH_SHARED",
    ),
    (
        "control-reset-release-is-no-substitute",
        ["T1 drops vtable_ptr", "T2 initialises vtable_ptr"],
        ["RETIRE", "CLAIM"],
        "RETIRE",
    ),
    (
        "control-retire-relaxed-after-unique-drop",
        ["T1 drops vtable_ptr", "T2 initialises vtable_ptr"],
        ["RETIRE", "CLAIM"],
        "RETIRE",
    ),
    (
        "control-retire-relaxed",
        ["T1 drops vtable_ptr", "T2 initialises vtable_ptr"],
        ["RETIRE", "CLAIM"],
        "RETIRE",
    ),
    (
        "control-share-relaxed",
        ["T1 writes storage", "T2 reads storage"],
        ["SHARE", "ACQUIRE_REF"],
        "SHARE",
    ),
    (
        "control-try-unique-relaxed",
        ["T2 reads vtable_ptr", "T1 drops vtable_ptr"],
        ["DEC", "TRY_UNIQUE"],
        "TRY_UNIQUE",
    ),
    (
        "kernel-try-unique-is-relaxed",
        ["T1 reads storage", "T2 writes storage"],
        ["DEC", "TRY_UNIQUE"],
        "TRY_UNIQUE",
    ),
];

#[test]
fn each_control_names_the_accesses_that_race_and_the_edge_that_is_missing() {
    let both = CONTROLS.iter().flat_map(|told| {
        let (name, ..) = told;
        [(name.to_string(), told), (format!("rc11/{name}"), told)]
    });
    for (name, &(_, accesses, [release, acquire], weak)) in both {
        let saved = load(&name);
        assert_eq!(saved.verdict, Verdict::DataRace, "{name}");
        let story = saved.story(described()).unwrap();
        let race = story
            .race
            .as_ref()
            .unwrap_or_else(|| panic!("{name}: no race"));
        let access = |a: &model_tests::story::Access| {
            let verb = model_tests::story::verb(&a.access);
            format!("T{} {verb} {}", a.thread, a.field)
        };
        assert_eq!(
            [access(&race.first), access(&race.second)],
            accesses,
            "{name}"
        );
        let missing = race
            .missing
            .as_ref()
            .unwrap_or_else(|| panic!("{name}: no edge"));
        assert!(race.in_the_code, "{name}");
        assert_eq!(
            [&missing.release.site, &missing.acquire.site],
            [release, acquire],
            "{name}"
        );
        let ends = [&missing.release, &missing.acquire];
        let too_weak: Vec<_> = ends.iter().filter(|end| end.needs.is_some()).collect();
        assert_eq!(too_weak.len(), 1, "{name}");
        assert_eq!(too_weak[0].site, weak, "{name}");

        // And all of it is printed.
        let text = printed(&saved, Detail::Story).replace('\n', " ");
        let said = [
            format!("step {} ({}) to step", race.first.step, accesses[0]),
            format!("step {} ({}).", race.second.step, accesses[1]),
            format!("{release} ({}) in step", missing.release.ordering),
            format!(
                "with {} in {weak}, as in the code",
                too_weak[0].needs.as_ref().unwrap()
            ),
        ];
        for said in said {
            assert!(text.contains(&said), "{name}: no `{said}` in {text}");
        }
        assert_eq!(
            text.matches("✗").count(),
            3,
            "{name}: two marks and the legend"
        );
    }
}

/// rc11 knows what each read reads from, where it reads an old value, and where a
/// write stands that is not the newest.
#[test]
fn what_a_read_of_rc11_reads_from_is_known() {
    let mut stale = 0;
    for path in saved_in(&folder().join("rc11")) {
        let story = Counterexample::load(&path).unwrap().story(described());
        for row in story.unwrap().rows {
            if let What::Atomic {
                read,
                from,
                overwritten,
                ..
            } = row.what
            {
                let known = match from {
                    ReadFrom::Nothing => read.is_none(),
                    ReadFrom::Start => read.is_some(),
                    ReadFrom::Step(step) => read.is_some() && step < row.number,
                    ReadFrom::OneOf { .. } => false,
                };
                assert!(known, "{}: {}", path.display(), row.number);
                stale += usize::from(overwritten.is_some());
            }
        }
    }
    assert!(stale > 0, "the stale value on two slots is among them");
}

#[test]
fn every_control_of_an_ordering_has_its_story() {
    let litmus = Path::new(env!("CARGO_MANIFEST_DIR")).join("litmus");
    let told: BTreeSet<&str> = CONTROLS.iter().map(|(name, ..)| *name).collect();
    let mut weakened = BTreeSet::new();
    for file in litmus::load_all(&litmus, &subject()).unwrap() {
        if file.expect == Verdict::DataRace {
            assert!(
                told.contains(file.name.as_str()),
                "{} has no story",
                file.name
            );
            weakened.extend(file.orderings.into_iter().map(|change| change.site));
        }
    }
    let necessary = [
        "ACQUIRE_REF",
        "CLAIM",
        "DEC",
        "LAST_FENCE",
        "PUBLISH_SHARED",
        "RETIRE",
        "SHARE",
        "TRY_UNIQUE",
    ];
    for site in necessary {
        assert!(weakened.contains(site), "{site}");
    }
}
