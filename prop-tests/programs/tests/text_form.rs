//! Properties of the text form:
//!
//! - a program, an outcome and a pattern parse back to what was printed;
//! - space between the words changes nothing;
//! - a parser never panics, and its error lies within the input;
//! - the canonical form is the same for all programs that differ only in the
//!   order of interchangeable threads and in the numbers of slots that begin
//!   unused, and is one of them;
//! - the enumerator yields canonical programs only, each once, in order, and
//!   every program of the bound whose operations can all apply is among them.

use programs::outcome::{
    End, EndPattern, OpResult, Outcome, OutcomePattern, ResultPattern, SlotEnd, Writer,
};
use programs::program::strategy::{program, program_with_mailboxes};
use programs::program::{
    Bound, Holding, MAX_SLOTS, MAX_THREADS, Op, OpName, ParseError, PossibleHoldings, Program,
    Start, StartKind, enumerate,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::str::FromStr;

fn any_program() -> impl Strategy<Value = Program> {
    program_with_mailboxes(2..=MAX_THREADS, 1..=6, MAX_SLOTS, u64::MAX)
}

fn any_result() -> impl Strategy<Value = OpResult> {
    prop_oneof![
        1 => Just(OpResult::Skipped),
        9 => any_drop(),
    ]
}

/// A result that is not skipped.
fn any_drop() -> impl Strategy<Value = OpResult> {
    prop_oneof![
        prop::sample::select(vec![
            OpResult::Ok,
            OpResult::InUse,
            OpResult::Unused,
            OpResult::Busy,
            OpResult::Unique,
            OpResult::Abort,
            OpResult::Yes,
            OpResult::No,
            OpResult::Last,
            OpResult::Kept,
            OpResult::Full,
            OpResult::Empty,
            OpResult::Read(Writer::START),
            OpResult::Mismatch,
        ]),
        any::<u64>().prop_map(OpResult::Count),
        (1..20_usize, 1..20_usize).prop_map(|(thread, op)| OpResult::Read(Writer::op(thread, op))),
    ]
}

fn any_end() -> impl Strategy<Value = End> {
    let state = prop_oneof![
        Just(SlotEnd::Unused),
        Just(SlotEnd::Busy),
        any::<u64>().prop_map(SlotEnd::Shared),
        Just(SlotEnd::Unique),
    ];
    prop_oneof![
        1 => Just(End::NotJudged),
        5 => vec((state, any::<bool>()), 1..=4).prop_map(End::Slots),
    ]
}

/// The drops of each of so many threads, or none of handles that are left.
fn any_drops<R: std::fmt::Debug + Clone>(
    threads: usize,
    result: impl Strategy<Value = R>,
) -> impl Strategy<Value = Vec<Vec<R>>> {
    prop_oneof![
        Just(vec![]),
        Just(vec![vec![]; threads]),
        vec(vec(result, 0..3), threads),
    ]
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    vec(vec(any_result(), 1..5), 1..5)
        .prop_flat_map(|results| {
            let drops = any_drops(results.len(), any_drop());
            (Just(results), drops, any_end())
        })
        .prop_map(|(results, drops, end)| Outcome {
            results,
            drops,
            end,
        })
}

fn any_pattern() -> impl Strategy<Value = OutcomePattern> {
    let one = || {
        prop_oneof![
            Just(ResultPattern::Any),
            any_drop().prop_map(ResultPattern::Is)
        ]
    };
    vec(vec(one(), 1..5), 1..5)
        .prop_flat_map(move |results| {
            let drops = any_drops(results.len(), one());
            let end = (drops, any_end()).prop_map(|(drops, end)| EndPattern { drops, end });
            (Just(results), prop::option::of(end))
        })
        .prop_map(|(results, end)| OutcomePattern { results, end })
}

/// Text of the words and signs of the language, in any order, with a few that
/// are none.
fn near_text() -> impl Strategy<Value = String> {
    let words = "unused shared shared*2 unique alloc alloc_unique get drop read give take : | + @ \
                 * , ( ) => - ok full empty last kept dropped left not judged live dead busy 0 1 2 15 16 1.2 2x2 x = \
                 18446744073709551616 größe 💥 \u{0} \u{3000} \n";
    let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    let space = prop_oneof![Just(""), Just(" "), Just("\t"), Just("\n")];
    vec((prop::sample::select(words), space), 0..20).prop_map(|words| {
        words
            .into_iter()
            .flat_map(|(word, space)| [word, space])
            .collect()
    })
}

/// What must hold of a parser on any text.
fn fails_properly<T: FromStr<Err = ParseError>>(input: &str) -> Result<(), TestCaseError> {
    let Err(error) = input.parse::<T>() else {
        return Ok(());
    };
    prop_assert_eq!(error.input(), input);
    let word = input.get(error.range());
    prop_assert!(word.is_some(), "{:?} of {input:?}", error.range());

    // The caret lies under the line that is shown, or just behind it.
    let (line, column) = error.line_column();
    let shown = input.split('\n').nth(line - 1).unwrap_or_default();
    prop_assert!(column <= shown.chars().count() + 1);
    let shown = error.to_string();
    let carets = shown
        .lines()
        .filter(|line| line.trim_start().starts_with('^') && line.trim().chars().all(|c| c == '^'));
    prop_assert!(carets.count() >= 1, "{shown}");
    Ok(())
}

fn all_fail_properly(input: &str) -> Result<(), TestCaseError> {
    fails_properly::<Program>(input)?;
    fails_properly::<Outcome>(input)?;
    fails_properly::<OutcomePattern>(input)?;
    fails_properly::<Bound>(input)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_program_parses_back(program in any_program()) {
        prop_assert_eq!(program.to_string().parse(), Ok(program));
    }

    #[test]
    fn a_printed_outcome_parses_back(outcome in any_outcome()) {
        let line = outcome.to_string();
        prop_assert_eq!(line.parse(), Ok(outcome.clone()), "{}", line);
        // Every outcome is a pattern, which it matches.
        let pattern: OutcomePattern = line.parse().unwrap();
        prop_assert!(pattern.matches(&outcome));
        prop_assert_eq!(pattern, OutcomePattern::from(outcome));
    }

    #[test]
    fn a_printed_pattern_parses_back(pattern in any_pattern()) {
        let line = pattern.to_string();
        prop_assert_eq!(line.parse(), Ok(pattern), "{}", line);
    }

    #[test]
    fn space_around_signs_changes_nothing(program in any_program(), space in "[ \t\r\n\u{3000}]{0,3}") {
        let mut line = program.to_string().replace(" | ", "|").replace(": ", ":");
        for sign in [":", "|", "+", "@", "*"] {
            line = line.replace(sign, &format!("{space}{sign}{space}"));
        }
        prop_assert_eq!(line.parse(), Ok(program), "{}", line);
    }

    #[test]
    fn no_text_makes_a_parser_panic(input in any::<String>()) {
        all_fail_properly(&input)?;
    }

    #[test]
    fn no_text_of_known_words_makes_a_parser_panic(input in near_text()) {
        all_fail_properly(&input)?;
    }

    #[test]
    fn no_damage_to_a_program_makes_the_parser_panic(
        program in any_program(),
        at in any::<prop::sample::Index>(),
        with in any::<char>(),
    ) {
        let mut chars: Vec<char> = program.to_string().chars().collect();
        let at = at.index(chars.len());
        chars[at] = with;
        all_fail_properly(&chars.into_iter().collect::<String>())?;
    }

    #[test]
    fn the_canonical_form_is_its_own(program in any_program()) {
        let canonical = program.canonical();
        prop_assert!(canonical.is_canonical());
        prop_assert_eq!(canonical.start, program.start);
    }

    #[test]
    fn the_canonical_form_is_one_of_the_equal_programs(program in program(2..=4, 1..=3, 3, 3)) {
        let canonical = program.canonical();
        prop_assert!(equal_programs(&program).contains(&canonical));
    }

    #[test]
    fn equal_programs_have_one_canonical_form(program in program(2..=4, 1..=3, 3, 3)) {
        let canonical = program.canonical();
        for equal in equal_programs(&program) {
            prop_assert_eq!(equal.canonical(), canonical.clone(), "{}", equal);
        }
    }

    #[test]
    fn names_do_not_matter_in_large_programs(
        (program, threads, slots) in any_program().prop_flat_map(|program| {
            let threads: Vec<usize> = (0..program.threads.len()).collect();
            let slots: Vec<usize> = (0..MAX_SLOTS).collect();
            (Just(program), Just(threads).prop_shuffle(), Just(slots).prop_shuffle())
        })
    ) {
        let mut renamed = program.clone();
        // Threads move within their run only, slot 0 only if it begins unused.
        for run in program.interchangeable() {
            let from = threads.iter().filter(|thread| run.contains(thread));
            for (to, from) in run.clone().zip(from) {
                renamed.threads[to] = program.threads[*from].clone();
            }
        }
        let fixed = program.start.kind != StartKind::Unused;
        for op in renamed.threads.iter_mut().flatten() {
            op.slot = match op.slot {
                0 if fixed => 0,
                slot if fixed && slots[slot] == 0 => slots[0],
                slot => slots[slot],
            };
        }
        prop_assert_eq!(renamed.canonical(), program.canonical());
    }

    #[test]
    fn a_projection_has_one_slot_and_the_operations_of_it(program in any_program()) {
        let slots: Vec<Program> = (0..program.slots()).map(|slot| program.project(slot)).collect();
        let ops = |program: &Program| program.threads.iter().flatten().count();
        prop_assert_eq!(slots.iter().map(ops).sum::<usize>(), ops(&program));
        for slot in &slots {
            prop_assert_eq!(slot.slots(), 1);
            prop_assert_eq!(slot.threads.len(), program.threads.len());
        }
    }
}

/// All programs that differ from this one only in names, by brute force, with
/// slots below 3.
fn equal_programs(program: &Program) -> BTreeSet<Program> {
    let permutations = |n: usize| -> Vec<Vec<usize>> {
        let mut all = vec![vec![]];
        for next in 0..n {
            all = all
                .into_iter()
                .flat_map(|p: Vec<usize>| {
                    (0..=p.len()).map(move |at| {
                        let mut longer = p.clone();
                        longer.insert(at, next);
                        longer
                    })
                })
                .collect();
        }
        all
    };
    let hand = |thread| program.initial_handles(thread);
    let mut equal = BTreeSet::new();
    for threads in permutations(program.threads.len()) {
        if threads
            .iter()
            .enumerate()
            .any(|(to, from)| hand(to) != hand(*from))
        {
            continue;
        }
        for slots in permutations(3) {
            if program.start.kind != StartKind::Unused && slots[0] != 0 {
                continue;
            }
            let rename = |op: &Op| Op {
                slot: slots[op.slot],
                ..*op
            };
            let thread = |from: &usize| program.threads[*from].iter().map(rename).collect();
            equal.insert(Program {
                start: program.start,
                threads: threads.iter().map(thread).collect(),
            });
        }
    }
    equal
}

#[test]
fn the_enumerator_yields_distinct_canonical_programs_in_order() {
    for (bound, with_count) in [("2x2", true), ("3x1", true), ("2x3", false), ("4x1", false)] {
        let programs: Vec<Program> = enumerate(bound.parse().unwrap(), with_count).collect();
        assert!(programs.is_sorted_by(|a, b| a < b));
        for program in &programs {
            assert!(program.is_canonical(), "{program}");
            assert_eq!(program.to_string().parse().as_ref(), Ok(program));
        }
        let distinct: BTreeSet<&Program> = programs.iter().collect();
        assert_eq!(distinct.len(), programs.len());
    }
}

#[test]
fn the_enumerator_leaves_no_program_out() {
    let names = OpName::campaign_ops(true);
    let count = names.len();
    let mut expected = BTreeSet::new();
    for kind in StartKind::ALL {
        let start = Start { kind, forgotten: 0 };
        for ops in 0..count.pow(4) {
            let op = |place: u32| Op {
                name: names[ops / count.pow(place) % count],
                slot: 0,
            };
            let program = Program {
                start,
                threads: vec![vec![op(0), op(1)], vec![op(2), op(3)]],
            };
            if all_can_apply(&program) {
                expected.insert(program.canonical());
            }
        }
    }
    let bound = Bound { threads: 2, ops: 2 };
    let programs: BTreeSet<Program> = enumerate(bound, true).collect();
    assert_eq!(programs, expected);
}

fn all_can_apply(program: &Program) -> bool {
    program.threads.iter().enumerate().all(|(thread, ops)| {
        let mut hands = PossibleHoldings::from(program.initial_handles(thread));
        ops.iter().all(|op| {
            let allowed = hands.allow(op.name);
            hands = hands.after(op.name);
            allowed
        })
    })
}

#[test]
fn the_example_of_the_race_reads_as_it_is_meant() {
    let line = "shared*2: read drop | try_unique write drop";
    let program: Program = line.parse().unwrap();
    assert_eq!(program.start.kind, StartKind::SharedTwice);
    assert_eq!(program.initial_handles(1), Holding::One);
    assert_eq!(program.start_count(), 2);
    assert_eq!(program.to_string(), line);
}
