//! The explorer against the enumeration: the same graphs, each once.

use std::collections::HashSet;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::adapter::{explored, explored_from_the_start};
use crate::canonical::CanonicalGraph;
use crate::enumerate::graphs;
use crate::strategy::programs;

/// What is wrong with the graphs that were seen, if something is.
fn difference(expected: &[CanonicalGraph], seen: &[CanonicalGraph]) -> Option<String> {
    let mut text = String::new();
    let mut seen_once = HashSet::new();
    for graph in seen {
        if !seen_once.insert(graph) {
            write!(text, "\ntwice:\n{graph}").unwrap();
        }
    }
    let expected: HashSet<_> = expected.iter().collect();
    for graph in seen_once.difference(&expected) {
        write!(text, "\nnot allowed:\n{graph}").unwrap();
    }
    for graph in expected.difference(&seen_once) {
        write!(text, "\nmissing:\n{graph}").unwrap();
    }
    (!text.is_empty()).then_some(text)
}

#[test]
fn a_difference_is_told_from_none() {
    let program = crate::litmus::Litmus::new([&[
        crate::litmus::store(0, 1, std::sync::atomic::Ordering::Relaxed),
        crate::litmus::load(0, std::sync::atomic::Ordering::Relaxed),
    ]]);
    let one = graphs(&program);
    assert_eq!(one.len(), 1);
    let mut other = one.clone();
    other[0].threads[0][1].read = Some((0, None));

    assert_eq!(difference(&one, &one), None);
    let twice = [one.clone(), one.clone()].concat();
    assert!(difference(&one, &twice).unwrap().contains("twice"));
    assert!(difference(&one, &[]).unwrap().contains("missing"));
    let surplus = [one.clone(), other].concat();
    assert!(difference(&one, &surplus).unwrap().contains("not allowed"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::with_cases(4_000)
    })]

    #[test]
    fn the_explorer_sees_each_graph_once(program in programs()) {
        if let Some(difference) = difference(&graphs(&program), &explored(&program)) {
            prop_assert!(false, "\n{}\n{}", program, difference);
        }
    }

    #[test]
    fn so_it_does_with_threads_from_the_start(program in programs()) {
        if let Some(difference) = difference(&graphs(&program), &explored_from_the_start(&program)) {
            prop_assert!(false, "\n{}\n{}", program, difference);
        }
    }
}
