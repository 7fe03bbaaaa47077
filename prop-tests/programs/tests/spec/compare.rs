//! The comparison of outcomes seen with outcomes allowed.

use std::collections::BTreeSet;

use programs::{
    outcome::{End, Ends, OpResult, Outcome, SlotEnd, Writer},
    outcomes::{Case, Comparison, Relation, compare, project_outcome, project_program},
    program::Program,
    spec::{self, Params},
};
use proptest::prelude::*;

use crate::{
    naive::programs,
    text::{program, show},
};

fn case(program: &Program, ends: Ends) -> (Case<'_>, BTreeSet<Outcome>) {
    let params = &Params::MODEL;
    let allowed = spec::allowed(program, ends, params).unwrap();
    let case = Case {
        program,
        ends,
        params,
    };
    (case, allowed)
}

fn run(
    program: &Program,
    seen: &BTreeSet<Outcome>,
    relation: Relation,
    complete: bool,
) -> Comparison {
    let (case, allowed) = case(program, Ends::Left);
    compare(&case, &allowed, seen, relation, complete).unwrap()
}

/// An outcome of `unused: alloc | get read`.
fn alloc_and(results: [OpResult; 2], count: u64) -> Outcome {
    Outcome {
        results: vec![vec![OpResult::Ok], results.to_vec()],
        drops: Vec::new(),
        end: End::Slots(vec![(SlotEnd::Shared(count), true)]),
    }
}

#[test]
fn an_outcome_deleted_is_missing_and_one_invented_is_forbidden() {
    let program = program("unused: alloc | get read");
    let (_, allowed) = case(&program, Ends::Left);
    let invented = [
        alloc_and([OpResult::Ok, OpResult::Read(Writer::Start)], 2),
        alloc_and([OpResult::Ok, OpResult::Mismatch], 2),
        alloc_and([OpResult::InUse, OpResult::Skipped], 1),
        alloc_and([OpResult::Unused, OpResult::Skipped], 2),
    ];
    for relation in [Relation::Equal, Relation::Contained, Relation::SlotWise] {
        assert!(run(&program, &allowed, relation, true).holds());
        for deleted in &allowed {
            let mut seen = allowed.clone();
            seen.remove(deleted);
            let missing = match relation {
                Relation::Contained => vec![],
                _ => vec![deleted.clone()],
            };
            let comparison = run(&program, &seen, relation, true);
            assert_eq!(
                comparison,
                Comparison {
                    forbidden: vec![],
                    missing
                }
            );
            assert!(run(&program, &seen, relation, false).holds());
        }
        for outcome in &invented {
            let mut seen = allowed.clone();
            seen.insert(outcome.clone());
            let forbidden = vec![outcome.clone()];
            let comparison = run(&program, &seen, relation, true);
            assert_eq!(
                comparison,
                Comparison {
                    forbidden,
                    missing: vec![]
                }
            );
            assert!(!run(&program, &seen, relation, false).holds());
        }
    }
}

#[test]
fn the_comparison_judges_the_specification_too() {
    // What the code does is right; the specification has lost one outcome, and
    // gained another.
    let program = program("unused: alloc | get read");
    let (case, seen) = case(&program, Ends::Left);
    let lost = seen.first().unwrap().clone();
    let gained = alloc_and([OpResult::Ok, OpResult::Read(Writer::Start)], 2);
    let mut allowed = seen.clone();
    allowed.remove(&lost);
    allowed.insert(gained.clone());
    let comparison = compare(&case, &allowed, &seen, Relation::Equal, true).unwrap();
    assert_eq!(
        comparison,
        Comparison {
            forbidden: vec![lost],
            missing: vec![gained]
        }
    );
}

/// Thread 2 finds slot 1 published, and yet misses the claim of slot 0.
fn stale() -> (Program, Outcome) {
    let program = program("unused: alloc alloc@1 | get@1 get");
    let outcome = Outcome {
        results: vec![vec![OpResult::Ok; 2], vec![OpResult::Ok, OpResult::Unused]],
        drops: Vec::new(),
        end: End::Slots(vec![(SlotEnd::Shared(1), true), (SlotEnd::Shared(2), true)]),
    };
    (program, outcome)
}

#[test]
fn a_stale_lookup_across_slots_is_allowed_slot_by_slot_only() {
    let (program, stale) = stale();
    let (_, allowed) = case(&program, Ends::Left);
    let mut seen = allowed.clone();
    assert!(seen.insert(stale.clone()));
    assert!(run(&program, &seen, Relation::SlotWise, true).holds());
    assert_eq!(
        run(&program, &seen, Relation::Equal, true).forbidden,
        std::slice::from_ref(&stale)
    );
    assert_eq!(
        run(&program, &seen, Relation::Contained, true).forbidden,
        [stale]
    );
    // Stale outcomes come on top of the others, which must be there.
    seen.remove(allowed.first().unwrap());
    assert_eq!(
        run(&program, &seen, Relation::SlotWise, true).missing.len(),
        1
    );
    assert!(run(&program, &seen, Relation::SlotWise, false).holds());
}

#[test]
fn what_one_slot_forbids_is_forbidden_slot_by_slot() {
    let (program, stale) = stale();
    let mut wrong = stale.clone();
    wrong.results[1][1] = OpResult::Unique;
    let mut end = stale.clone();
    end.end = End::Slots(vec![(SlotEnd::Shared(1), true), (SlotEnd::Shared(1), true)]);
    let mut shape = stale.clone();
    shape.results[1].pop();
    let mut impossible = stale.clone();
    impossible.results[1][1] = OpResult::Kept;
    let mut dropped = stale;
    dropped.drops = vec![vec![OpResult::Last; 2], vec![OpResult::Kept]];
    let seen = BTreeSet::from([wrong, end, shape, impossible, dropped]);
    let comparison = run(&program, &seen, Relation::SlotWise, false);
    assert_eq!(comparison.forbidden.len(), seen.len());
}

#[test]
fn a_projection_keeps_one_slot() {
    let program = program("shared: alloc_unique@1 read clone write@1 read@1 | get@1 get read");
    let of_slot = |slot| project_program(&program, slot);
    assert_eq!(
        of_slot(0),
        crate::text::program("shared: read clone | get read")
    );
    assert_eq!(
        of_slot(1),
        crate::text::program("unused: alloc_unique write read | get")
    );
    let (_, allowed) = case(&program, Ends::Dropped);
    let outcome = allowed
        .iter()
        .find(|outcome| {
            show(outcome).starts_with("ok start ok ok 1.4 | busy ok start ; kept last last | kept")
        })
        .expect("an outcome");
    let shown = |slot| show(&project_outcome(&program, outcome, slot).unwrap().outcome);
    assert_eq!(shown(0), "start ok | ok start ; kept last | kept ; unused");
    assert_eq!(shown(1), "ok ok 1.2 | busy ; last | ; unused");
    assert_eq!(project_outcome(&program, outcome, 2), None);
}

#[test]
fn an_outcome_of_another_shape_has_no_projection() {
    let program = program("shared: alloc@1 | get");
    let (_, allowed) = case(&program, Ends::Dropped);
    for outcome in &allowed {
        let projected = |change: &dyn Fn(&mut Outcome)| {
            let mut changed = outcome.clone();
            change(&mut changed);
            project_outcome(&program, &changed, 0)
        };
        let unused = (SlotEnd::Unused, false);
        assert!(projected(&|_| ()).is_some());
        assert_eq!(
            projected(&|outcome| outcome.end = End::Slots(vec![unused; 3])),
            None
        );
        assert_eq!(
            projected(&|outcome| outcome.end = End::Slots(vec![unused])),
            None
        );
        assert_eq!(
            projected(&|outcome| outcome.drops[0].push(OpResult::Last)),
            None
        );
        assert_eq!(projected(&|outcome| outcome.drops[0].clear()), None);
        assert_eq!(projected(&|outcome| outcome.drops.truncate(1)), None);
        assert_eq!(projected(&|outcome| outcome.results.truncate(1)), None);
        assert_eq!(projected(&|outcome| outcome.results[0].clear()), None);
        assert_eq!(
            projected(&|outcome| outcome.results[1][0] = OpResult::Yes),
            None
        );
        assert_eq!(
            projected(&|outcome| outcome.results[1][0] = OpResult::Skipped),
            None
        );
    }
}

#[test]
fn an_abort_beside_a_slot_is_a_stop_in_it() {
    let program = program("shared+15: alloc@1 clone get@2 drop@1 | get@1");
    let (_, allowed) = case(&program, Ends::Dropped);
    let outcome = allowed
        .iter()
        .find(|outcome| show(outcome) == "ok abort - - | ok ; | kept ; aborted")
        .expect("thread 1 keeps its handle to slot 1 for ever");
    let projection = project_outcome(&program, outcome, 1).unwrap();
    assert_eq!(show(&projection.outcome), "ok - | ok ; | kept ; aborted");
    assert_eq!(projection.stops, [Some(1), None]);
    let projection = project_outcome(&program, outcome, 0).unwrap();
    assert_eq!(show(&projection.outcome), "abort | ; | ; aborted");
    assert_eq!(projection.stops, [None, None]);
    let projection = project_outcome(&program, outcome, 2).unwrap();
    assert_eq!(show(&projection.outcome), "- | ; | ; aborted");
    assert_eq!(projection.stops, [Some(0), None]);

    // Nobody but thread 1 could have made this drop the last one.
    let mut wrong = outcome.clone();
    wrong.drops[1] = vec![OpResult::Last];
    let (case, allowed) = case(&program, Ends::Dropped);
    let seen = BTreeSet::from([wrong]);
    let comparison = compare(&case, &allowed, &seen, Relation::SlotWise, false).unwrap();
    assert_eq!(comparison.forbidden.len(), 1);
}

/// The outcome of this program that is shown so.
fn outcome(line: &str) -> Outcome {
    line.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_mailbox_that_is_full_says_nothing_of_the_count() {
    // The give of thread 1 fails after thread 2 has cloned, and the count is
    // stale all the same.
    let program = program("shared*2: give count | clone give");
    let (_, allowed) = case(&program, Ends::Left);
    let stale = outcome("full 2 | ok ok => left shared(3) live");
    let mut seen = allowed.clone();
    assert!(seen.insert(stale.clone()));
    assert!(run(&program, &seen, Relation::SlotWise, true).holds());
    let contained = run(&program, &seen, Relation::Contained, true);
    assert_eq!(contained.forbidden, [stale]);
    for wrong in [
        "full 4 | ok ok => left shared(3) live",
        "full 2 | ok ok => left shared(2) live",
        "ok 2 | ok ok => left shared(3) live",
    ] {
        let seen = BTreeSet::from([outcome(wrong)]);
        let comparison = run(&program, &seen, Relation::SlotWise, false);
        assert_eq!(comparison.forbidden.len(), 1, "{wrong}");
    }
}

#[test]
fn what_is_taken_was_given_before() {
    let program = program("shared: clone give count | take drop");
    for (line, holds) in [
        // The drop of what was taken comes after the clone.
        ("ok ok 2 | ok kept => left shared(1) live", true),
        ("ok ok 1 | ok kept => left shared(1) live", true),
        ("ok ok 1 | ok last => left shared(1) live", false),
        ("ok ok 1 | empty - => left shared(2) live", false),
        ("ok ok 2 | empty - => left shared(2) live", true),
        ("ok full 2 | ok kept => left shared(1) live", false),
    ] {
        let seen = BTreeSet::from([outcome(line)]);
        let comparison = run(&program, &seen, Relation::SlotWise, false);
        // Even if the whole allows it: each slot is asked.
        let nothing = BTreeSet::new();
        let (case, _) = case(&program, Ends::Left);
        let alone = compare(&case, &nothing, &seen, Relation::SlotWise, false).unwrap();
        assert_eq!(
            (comparison.holds(), alone.holds()),
            (holds, holds),
            "{line}"
        );
    }
}

#[test]
fn a_projection_follows_what_was_taken() {
    // A shared handle is cloned, the unique one is written: what was taken is
    // one of them.
    let program = program("shared: give get@1 | take clone write");
    let projected = |line: &str| project_outcome(&program, &outcome(line), 0);
    let ends = "left @0 shared(2) live, @1 unused";
    assert!(projected(&format!("ok unused | ok ok - => {ends}")).is_some());
    assert!(projected(&format!("ok unused | ok - ok => {ends}")).is_some());
    assert!(projected(&format!("ok unused | ok ok ok => {ends}")).is_none());
    assert!(projected(&format!("ok unused | ok - - => {ends}")).is_none());
    assert!(projected(&format!("ok unused | empty ok - => {ends}")).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn each_slot_of_an_allowed_outcome_is_allowed_alone(program in programs(3), left: bool) {
        let ends = if left { Ends::Left } else { Ends::Dropped };
        let (case, allowed) = case(&program, ends);
        // Nothing is allowed as a whole, so that every slot is looked at.
        let nothing = BTreeSet::new();
        let comparison = compare(&case, &nothing, &allowed, Relation::SlotWise, false).unwrap();
        let forbidden: Vec<_> = comparison.forbidden.iter().map(show).collect();
        prop_assert!(forbidden.is_empty(), "{:?}", forbidden);
    }
}
