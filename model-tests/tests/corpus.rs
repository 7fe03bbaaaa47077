//! What the litmus files cover together, judged by the specification and the
//! table of orderings. No engine is needed: whether the files come to the
//! verdicts that they expect is a matter of the engines' own tests.
//!
//! - each file asks for outcomes that the specification allows;
//! - whatever an operation can come to in one slot happens in a passing file;
//! - each ordering that is not relaxed has a control for each of its partners;
//! - each control's program passes with the orderings of the code;
//! - the findings are there.
//!
//! Each rule is also shown to notice a file that is taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use model_tests::litmus::{self, Litmus};
use model_tests::subject::Subject;
use pipe::{Description, Ordering, OrderingChange, Site, Verdict};
use programs::outcome::{Ends, OpResult};
use programs::program::{Bound, OpName, Program, StartKind, enumerate_with};
use programs::spec::{self, Params, SlotClass, Transition};

/// Passing programs that there are at least, each counted once.
const PROGRAMS: usize = 35;

/// Controls that there are at least.
const CONTROLS: usize = 10;

fn subject() -> Subject {
    Subject::new(|| Ok(worker::describe()))
}

fn described() -> &'static Description {
    static DESCRIBED: OnceLock<&'static Description> = OnceLock::new();
    DESCRIBED.get_or_init(|| subject().description().unwrap())
}

fn corpus() -> &'static [Litmus] {
    static CORPUS: OnceLock<Vec<Litmus>> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("litmus");
        litmus::load_all(&folder, &subject()).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// The corpus without some of its files.
fn without(gone: impl Fn(&Litmus) -> bool) -> Vec<Litmus> {
    let all = corpus().iter();
    let rest: Vec<_> = all.filter(|file| !gone(file)).cloned().collect();
    assert!(rest.len() < corpus().len(), "no file was taken away");
    rest
}

/// Files of the code as it is, which pass.
fn passing(corpus: &[Litmus]) -> impl Iterator<Item = &Litmus> {
    corpus
        .iter()
        .filter(|file| !file.is_control() && file.orderings.is_empty())
}

#[track_caller]
fn assert_none(complaints: &BTreeSet<String>) {
    let lines: Vec<_> = complaints.iter().map(String::as_str).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

/// An operation, what came of it, and the classes of states before and after.
type Event = (OpName, &'static str, SlotClass, SlotClass);

fn event(transition: Transition) -> Event {
    let result = match transition.result {
        OpResult::Count(_) => "a number",
        OpResult::Read(_) => "a writer",
        word => word.as_str().expect("other results are words"),
    };
    let class = |state: spec::SlotState| state.class(&Params::MODEL);
    (
        transition.op.name,
        result,
        class(transition.before),
        class(transition.after),
    )
}

fn events(program: &Program, ends: Ends, events: &mut BTreeSet<Event>) {
    let mut visit = |transition| {
        events.insert(event(transition));
    };
    spec::allowed_with(program, ends, &Params::MODEL, &mut visit)
        .expect("a program that can start");
}

/// Every event that any small program shows, with counts near the limit too.
fn possible() -> BTreeSet<Event> {
    let bound = Bound { threads: 2, ops: 2 };
    let mut possible = BTreeSet::new();
    for program in enumerate_with(bound, &OpName::ALL) {
        events(&program, Ends::Dropped, &mut possible);
        if matches!(
            program.start.kind,
            StartKind::Shared | StartKind::SharedTwice
        ) {
            let holders = program.start_count();
            for count in [Params::MODEL.ref_count_max - 1, Params::MODEL.ref_count_max] {
                let mut full = program.clone();
                full.start.forgotten = count - holders;
                events(&full, Ends::Dropped, &mut possible);
            }
        }
    }
    possible
}

fn uncovered(corpus: &[Litmus]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for file in passing(corpus).filter(|file| file.program.slots() == 1) {
        for ends in &file.ends {
            events(&file.program, *ends, &mut seen);
        }
    }
    possible()
        .difference(&seen)
        .map(|(op, result, before, after)| {
            format!("no file has `{op}` come to {result}: {before:?} -> {after:?}")
        })
        .collect()
}

#[test]
fn every_operation_comes_to_everything_it_can() {
    assert_none(&uncovered(corpus()));

    // Every operation of the text form is among them.
    let ops: BTreeSet<_> = possible().into_iter().map(|(op, ..)| op).collect();
    assert_eq!(ops, OpName::ALL.into_iter().collect());
}

#[test]
fn a_file_that_is_taken_away_leaves_something_uncovered() {
    let rest = without(|file| file.name == "drop-in-the-overflow-window");
    assert_eq!(
        uncovered(&rest),
        BTreeSet::from(["no file has `read` come to a writer: Margin -> Margin".to_owned()])
    );
    for op in OpName::ALL {
        let uses = |file: &Litmus| file.program.threads.iter().flatten().any(|o| o.name == op);
        let complaints = uncovered(&without(uses));
        let named = |complaint: &String| complaint.contains(&format!("`{op}`"));
        // Handles are dropped at the end by themselves.
        assert!(op == OpName::Drop || complaints.iter().any(named), "{op}");
    }
}

/// The operation that performs the access, of those that name its partners.
fn operation_of(site: &str) -> OpName {
    match site {
        "CLAIM" | "PUBLISH_SHARED" => OpName::Alloc,
        "ACQUIRE_REF" => OpName::Get,
        "DEC" | "LAST_FENCE" | "RETIRE" => OpName::Drop,
        "SHARE" => OpName::Share,
        "TRY_UNIQUE" => OpName::TryUnique,
        other => panic!("{other} synchronises: say which operation performs it"),
    }
}

/// Whether the file changes this one site and leaves nothing of its ordering.
fn removes(file: &Litmus, site: Site) -> bool {
    let relaxed = |change: &OrderingChange| {
        change.site == site.name && matches!(change.ordering, Ordering::Relaxed | Ordering::None)
    };
    file.is_control() && file.orderings.len() == 1 && relaxed(&file.orderings[0])
}

fn without_control(corpus: &[Litmus]) -> BTreeSet<String> {
    let mut complaints = BTreeSet::new();
    for site in described()
        .modelled_sites()
        .filter(|site| !site.partners.is_empty())
    {
        for partner in &site.partners {
            let op = operation_of(partner);
            let performs =
                |file: &&Litmus| file.program.threads.iter().flatten().any(|o| o.name == op);
            let mut controls = corpus.iter().filter(|file| removes(file, site));
            if !controls.any(|file| performs(&file) && file.expect == Verdict::DataRace) {
                complaints.insert(format!(
                    "no control removes the ordering of {site} against {partner}"
                ));
            }
        }
    }
    complaints
}

#[test]
fn every_ordering_has_a_control_for_each_partner() {
    assert_none(&without_control(corpus()));
    // Nothing but relaxed accesses goes without a partner, and so without a
    // control.
    for site in described().sites() {
        let relaxed = site.ordering == Ordering::Relaxed;
        assert_eq!(relaxed, site.partners.is_empty(), "{site}");
    }
}

#[test]
fn a_control_that_is_taken_away_is_missed() {
    let complaints = |gone: &str| without_control(&without(|file| file.name.starts_with(gone)));
    let one = |line: &str| BTreeSet::from([line.to_owned()]);
    assert_eq!(
        complaints("control-dec-relaxed-before-try-unique"),
        one("no control removes the ordering of DEC against TRY_UNIQUE")
    );
    assert_eq!(
        complaints("control-acquire-ref-relaxed-after-share"),
        one("no control removes the ordering of ACQUIRE_REF against SHARE")
    );
    assert_eq!(
        complaints("control-last-fence-removed"),
        one("no control removes the ordering of LAST_FENCE against DEC")
    );
}

fn lonely_controls(corpus: &[Litmus]) -> BTreeSet<String> {
    let controls = corpus.iter().filter(|file| file.is_control());
    let lonely = controls.filter(|control| {
        let mut files = passing(corpus).filter(|file| file.inject.is_none());
        !files.any(|file| {
            file.program == control.program && control.ends.iter().all(|e| file.ends.contains(e))
        })
    });
    lonely
        .map(|control| format!("{}: no file passes with its program", control.name))
        .collect()
}

#[test]
fn every_control_stands_beside_a_file_that_passes() {
    assert_none(&lonely_controls(corpus()));
    let rest = without(|file| file.name == "share-publishes-what-the-owner-wrote");
    assert_eq!(lonely_controls(&rest).len(), 2);
}

#[test]
fn the_findings_are_told() {
    let named = |name: &str| {
        let mut files = corpus().iter();
        files
            .find(|file| file.name == name)
            .unwrap_or_else(|| panic!("no file is called {name}"))
    };
    let changes = |file: &Litmus| {
        let changes = file.orderings.iter();
        changes.map(|c| c.to_string()).collect::<Vec<_>>()
    };
    let try_unique = named("kernel-try-unique-is-relaxed");
    assert_eq!(
        try_unique.program.to_string(),
        "shared*2: read drop | try_unique write drop"
    );
    assert_eq!(changes(try_unique), ["TRY_UNIQUE=Relaxed"]);
    assert_eq!(try_unique.expect, Verdict::DataRace);

    let reset = named("reset-needs-no-release");
    assert_eq!(changes(reset), ["RESET_STORE=Release"]);
    assert_eq!(reset.expect, Verdict::Pass);
    let relaxed = named("reset-against-reuse");
    assert_eq!(reset.program, relaxed.program);
    assert_eq!(reset.requires, relaxed.requires);
}

#[test]
fn every_file_asks_for_what_the_specification_allows() {
    let failed = corpus().iter().filter_map(|file| litmus::check(file).err());
    assert_none(&failed.collect());
}

#[test]
fn there_are_enough_files_of_every_shape() {
    let programs: BTreeSet<_> = passing(corpus()).map(|file| &file.program).collect();
    assert!(programs.len() >= PROGRAMS, "{} programs", programs.len());
    let controls = corpus().iter().filter(|file| file.is_control()).count();
    assert!(controls >= CONTROLS, "{controls} controls");

    let with = |test: &dyn Fn(&Litmus) -> bool| passing(corpus()).filter(|file| test(file)).count();
    assert!(with(&|file| file.program.threads.len() == 3) >= 8);
    assert!(with(&|file| file.program.threads.len() == 4) >= 1);
    assert!(with(&|file| file.program.slots() == 2) >= 4);
    assert!(with(&|file| file.inject.is_some()) >= 2);
    assert!(with(&|file| file.program.start.forgotten > 0) >= 5);
}

#[test]
fn names_say_the_property_in_small_words_with_hyphens() {
    for file in corpus() {
        let words: Vec<_> = file.name.split('-').collect();
        let small = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        assert!(words.iter().all(small), "{}", file.name);
        assert!(words.len() >= 3, "{}: say the property", file.name);
        let control = file.name.starts_with("control-") || file.name.starts_with("kernel-");
        assert_eq!(control, file.is_control(), "{}", file.name);
    }
}

#[test]
fn no_two_files_run_the_same() {
    let mut first: BTreeMap<_, &str> = BTreeMap::new();
    for file in corpus() {
        assert!(file.why.len() >= 40, "{}: say why it exists", file.name);
        for job in file.jobs() {
            let other = first.insert(format!("{job:?}"), &file.name);
            assert_eq!(other, None, "{} runs it again", file.name);
        }
    }
}
