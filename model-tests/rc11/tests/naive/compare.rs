//! The explorer against the enumeration: the same graphs, each once.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::adapter::{explored, explored_from_the_start};
use crate::canonical::CanonicalGraph;
use crate::enumerate::graphs;
use crate::litmus::{Litmus, load, store};
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

/// Whether the explorer sees the graphs of a program, and each once.
fn agree(program: &Litmus, seen: &[CanonicalGraph]) -> Result<(), TestCaseError> {
    if let Some(difference) = difference(&graphs(program), seen) {
        return Err(TestCaseError::fail(format!("\n{program}\n{difference}")));
    }
    Ok(())
}

/// The graphs of a program, after the explorer has seen the same.
#[track_caller]
pub(crate) fn agreed(program: &Litmus) -> Vec<CanonicalGraph> {
    let graphs = graphs(program);
    for seen in [explored(program), explored_from_the_start(program)] {
        if let Some(difference) = difference(&graphs, &seen) {
            panic!("\n{program}\n{difference}");
        }
    }
    graphs
}

#[test]
fn a_difference_is_told_from_none() {
    let program = Litmus::new([&[store(0, 1, Relaxed), load(0, Relaxed)]]);
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

/// So many times the cases that proptest has by itself, or `PROPTEST_CASES` says.
const MORE: u32 = 16;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: MORE * ProptestConfig::default().cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn each_graph_is_explored_once(program in programs()) {
        agree(&program, &explored(&program))?;
    }

    #[test]
    fn each_graph_is_explored_once_with_threads_from_the_start(program in programs()) {
        agree(&program, &explored_from_the_start(&program))?;
    }
}
