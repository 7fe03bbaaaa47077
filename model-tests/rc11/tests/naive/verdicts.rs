//! Outcomes of classic litmus tests, and whether RC11 allows them, by the
//! enumeration and by the explorer.
//!
//! The names are those of the literature on herd and C11; "the paper" is Lahav et
//! al., PLDI 2017. Release sequences are those of C++20.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use crate::canonical::CanonicalGraph;
use crate::compare::agreed;
use crate::litmus::{Litmus, Operand, cas, fence, fetch_add, load, store};

const X: usize = 0;
const Y: usize = 1;
const Z: usize = 2;

#[track_caller]
fn allows(program: &Litmus, outcome: impl Fn(&CanonicalGraph) -> bool) {
    assert!(
        agreed(program).iter().any(outcome),
        "RC11 allows it:\n{program}"
    );
}

#[track_caller]
fn forbids(program: &Litmus, outcome: impl Fn(&CanonicalGraph) -> bool) {
    if let Some(graph) = agreed(program).iter().find(|graph| outcome(graph)) {
        panic!("RC11 forbids it:\n{program}\n{graph}");
    }
}

/// What some operations have read.
fn reads<const N: usize>(expected: [((usize, usize), u64); N]) -> impl Fn(&CanonicalGraph) -> bool {
    move |graph| {
        expected
            .iter()
            .all(|&((thread, index), value)| graph.read(thread, index) == value)
    }
}

#[test]
fn sb() {
    let program = |write, read| {
        Litmus::new([
            &[store(X, 1, write), load(Y, read)],
            &[store(Y, 1, write), load(X, read)],
        ])
    };
    let weak = || reads([((0, 1), 0), ((1, 1), 0)]);
    allows(&program(Relaxed, Relaxed), weak());
    allows(&program(Release, Acquire), weak());
    allows(&program(SeqCst, Acquire), weak());
    allows(&program(Release, SeqCst), weak());
    forbids(&program(SeqCst, SeqCst), weak());
}

/// One side with accesses, the other with a fence: a fence takes part as the
/// accesses around it would.
#[test]
fn sb_with_a_fence_on_one_side() {
    let program = |order| {
        Litmus::new([
            &[store(X, 1, SeqCst), load(Y, SeqCst)],
            &[store(Y, 1, Relaxed), fence(order), load(X, Relaxed)],
        ])
    };
    let weak = || reads([((0, 1), 0), ((1, 2), 0)]);
    forbids(&program(SeqCst), weak());
    allows(&program(AcqRel), weak());
}

/// Increments of one word order what is around them.
#[test]
fn sb_with_increments_as_fences() {
    let program = |order| {
        Litmus::new([
            &[
                store(X, 1, Relaxed),
                fetch_add(Z, 1, order),
                load(Y, Relaxed),
            ],
            &[
                store(Y, 1, Relaxed),
                fetch_add(Z, 1, order),
                load(X, Relaxed),
            ],
        ])
    };
    let weak = || reads([((0, 2), 0), ((1, 2), 0)]);
    forbids(&program(AcqRel), weak());
    allows(&program(Acquire), weak());
    allows(&program(Release), weak());
}

#[test]
fn mp() {
    let program = |write, read| {
        Litmus::new([
            &[store(X, 1, Relaxed), store(Y, 1, write)],
            &[load(Y, read), load(X, Relaxed)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((1, 1), 0)]);
    allows(&program(Relaxed, Acquire), weak());
    allows(&program(Release, Relaxed), weak());
    forbids(&program(Release, Acquire), weak());
    forbids(&program(SeqCst, SeqCst), weak());
}

#[test]
fn mp_with_fences() {
    let program = |before, after| {
        Litmus::new([
            &[store(X, 1, Relaxed), fence(before), store(Y, 1, Relaxed)],
            &[load(Y, Relaxed), fence(after), load(X, Relaxed)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((1, 2), 0)]);
    forbids(&program(Release, Acquire), weak());
    forbids(&program(AcqRel, AcqRel), weak());
    forbids(&program(SeqCst, SeqCst), weak());
    allows(&program(Acquire, Acquire), weak());
    allows(&program(Release, Release), weak());
}

/// A fence on one side, an access on the other.
#[test]
fn mp_with_a_fence_and_an_access() {
    let fence_first = Litmus::new([
        &[store(X, 1, Relaxed), fence(Release), store(Y, 1, Relaxed)],
        &[load(Y, Acquire), load(X, Relaxed)],
    ]);
    forbids(&fence_first, reads([((1, 0), 1), ((1, 1), 0)]));
    let access_first = Litmus::new([
        &[store(X, 1, Relaxed), store(Y, 1, Release)],
        &[load(Y, Relaxed), fence(Acquire), load(X, Relaxed)],
    ]);
    forbids(&access_first, reads([((1, 0), 1), ((1, 2), 0)]));
}

/// An increment of another thread is part of the release sequence, relaxed as it
/// is.
#[test]
fn mp_through_an_increment() {
    let program = |write| {
        Litmus::new([
            &[store(X, 1, Relaxed), store(Y, 1, write)],
            &[fetch_add(Y, 1, Relaxed)],
            &[load(Y, Acquire), load(X, Relaxed)],
        ])
    };
    let weak = || reads([((2, 0), 2), ((2, 1), 0)]);
    forbids(&program(Release), weak());
    allows(&program(Relaxed), weak());
}

/// A later store of the thread that released is not part of the release
/// sequence: C++20, other than the paper.
#[test]
fn mp_through_a_later_store() {
    let program = Litmus::new([
        &[
            store(X, 1, Relaxed),
            store(Y, 1, Release),
            store(Y, 2, Relaxed),
        ],
        &[load(Y, Acquire), load(X, Relaxed)],
    ]);
    allows(&program, reads([((1, 0), 2), ((1, 1), 0)]));
}

/// The read of a failed exchange has the ordering for failure.
#[test]
fn mp_by_an_exchange_that_fails() {
    let program = |failure| {
        Litmus::new([
            &[store(X, 1, Relaxed), store(Y, 1, Release)],
            &[cas(Y, (7, 8), (AcqRel, failure)), load(X, Relaxed)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((1, 1), 0)]);
    allows(&program(Relaxed), weak());
    forbids(&program(Acquire), weak());
}

#[test]
fn lb() {
    for (read, write) in [(Relaxed, Relaxed), (Acquire, Release)] {
        let program = Litmus::new([
            &[load(X, read), store(Y, 1, write)],
            &[load(Y, read), store(X, 1, write)],
        ]);
        forbids(&program, reads([((0, 0), 1), ((1, 0), 1)]));
    }
}

/// Values that nobody wrote do not come out of thin air.
#[test]
fn lb_with_data() {
    let program = Litmus::new([
        &[load(X, Relaxed), store(Y, Operand::Register(0), Relaxed)],
        &[load(Y, Relaxed), store(X, Operand::Register(0), Relaxed)],
    ]);
    forbids(&program, |graph| {
        graph.read(0, 0) != 0 || graph.read(1, 0) != 0
    });
}

#[test]
fn two_plus_two_w() {
    let program = |order| {
        Litmus::new([
            &[store(X, 1, order), store(Y, 2, order)],
            &[store(Y, 1, order), store(X, 2, order)],
        ])
    };
    let weak = |graph: &CanonicalGraph| graph.last(X) == 1 && graph.last(Y) == 1;
    allows(&program(Relaxed), weak);
    allows(&program(Release), weak);
    forbids(&program(SeqCst), weak);
}

#[test]
fn two_plus_two_w_with_fences() {
    let program = |order| {
        Litmus::new([
            &[store(X, 1, Relaxed), fence(order), store(Y, 2, Relaxed)],
            &[store(Y, 1, Relaxed), fence(order), store(X, 2, Relaxed)],
        ])
    };
    let weak = |graph: &CanonicalGraph| graph.last(X) == 1 && graph.last(Y) == 1;
    forbids(&program(SeqCst), weak);
    allows(&program(AcqRel), weak);
}

/// GenMC's 2+2W+3sc+rel1: one release store among three is enough to allow it.
#[test]
fn two_plus_two_w_with_one_release() {
    let program = Litmus::new([
        &[store(X, 1, SeqCst), store(Y, 2, SeqCst)],
        &[store(Y, 1, Release), store(X, 2, SeqCst)],
    ]);
    allows(&program, |graph| graph.last(X) == 1 && graph.last(Y) == 1);
}

fn iriw(write: Ordering, first: Ordering, second: Ordering) -> Litmus {
    Litmus::new([
        &[store(X, 1, write)],
        &[load(X, first), load(Y, second)],
        &[load(Y, first), load(X, second)],
        &[store(Y, 1, write)],
    ])
}

#[test]
fn iriw_by_ordering() {
    let weak = || reads([((1, 0), 1), ((1, 1), 0), ((2, 0), 1), ((2, 1), 0)]);
    allows(&iriw(Relaxed, Relaxed, Relaxed), weak());
    allows(&iriw(Release, Acquire, Acquire), weak());
    forbids(&iriw(SeqCst, SeqCst, SeqCst), weak());
    // IRIW-acq-sc of the paper: C11 forbids it, POWER does not.
    allows(&iriw(SeqCst, Acquire, SeqCst), weak());
}

#[test]
fn iriw_with_fences() {
    let program = |order| {
        Litmus::new([
            &[store(X, 1, Relaxed)],
            &[load(X, Relaxed), fence(order), load(Y, Relaxed)],
            &[load(Y, Relaxed), fence(order), load(X, Relaxed)],
            &[store(Y, 1, Relaxed)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((1, 2), 0), ((2, 0), 1), ((2, 2), 0)]);
    forbids(&program(SeqCst), weak());
    allows(&program(AcqRel), weak());
}

#[test]
fn wrc() {
    let program = |write, read| {
        Litmus::new([
            &[store(X, 1, Relaxed)],
            &[load(X, read), store(Y, 1, write)],
            &[load(Y, read), load(X, Relaxed)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((2, 0), 1), ((2, 1), 0)]);
    allows(&program(Relaxed, Relaxed), weak());
    forbids(&program(Release, Acquire), weak());
}

#[test]
fn isa2() {
    let program = |write, read| {
        Litmus::new([
            &[store(X, 1, Relaxed), store(Y, 1, write)],
            &[load(Y, read), store(Z, 1, write)],
            &[load(Z, read), load(X, Relaxed)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((2, 0), 1), ((2, 1), 0)]);
    allows(&program(Relaxed, Relaxed), weak());
    forbids(&program(Release, Acquire), weak());
}

/// RWC+syncs of the paper: C11 allows it although there are fences.
#[test]
fn rwc() {
    let program = |order| {
        Litmus::new([
            &[store(X, 1, Relaxed)],
            &[load(X, Acquire), fence(order), load(Y, Relaxed)],
            &[store(Y, 1, Relaxed), fence(order), load(X, Relaxed)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((1, 2), 0), ((2, 2), 0)]);
    forbids(&program(SeqCst), weak());
    allows(&program(AcqRel), weak());
}

#[test]
fn rwc_by_accesses() {
    let program = |first| {
        Litmus::new([
            &[store(X, 1, SeqCst)],
            &[load(X, first), load(Y, SeqCst)],
            &[store(Y, 1, SeqCst), load(X, SeqCst)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((1, 1), 0), ((2, 1), 0)]);
    forbids(&program(SeqCst), weak());
    // What reads x for the second thread has no part in the order of SC then.
    allows(&program(Acquire), weak());
}

/// Happens-before through another location orders sequentially consistent
/// accesses, if it leaves the one and enters the other by program order.
#[test]
fn w_rwc() {
    let program = |write, read| {
        Litmus::new([
            &[store(X, 1, SeqCst), store(Z, 1, write)],
            &[load(Z, read), load(Y, SeqCst)],
            &[store(Y, 1, SeqCst), load(X, SeqCst)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((1, 1), 0), ((2, 1), 0)]);
    forbids(&program(Release, Acquire), weak());
    allows(&program(Release, Relaxed), weak());
    allows(&program(Relaxed, Acquire), weak());
}

/// Z6.U of the paper: C11 forbids it, POWER does not.
#[test]
fn z6_u() {
    let program = |release| {
        Litmus::new([
            &[store(X, 1, SeqCst), store(Y, 1, release)],
            &[fetch_add(Y, 1, SeqCst), load(Y, Relaxed)],
            &[store(Y, 3, SeqCst), load(X, SeqCst)],
        ])
    };
    let weak = || reads([((1, 0), 1), ((1, 1), 3), ((2, 1), 0)]);
    allows(&program(Release), weak());
    forbids(&program(SeqCst), weak());
}

/// Z6+acq of GenMC: fences at the ends, release and acquire would be needed in
/// the middle too.
#[test]
fn z6_with_fences() {
    let program = |second| {
        Litmus::new([
            &[store(X, 1, Relaxed), fence(SeqCst), store(Y, 1, Relaxed)],
            &[load(Y, second), store(Z, 1, Relaxed)],
            &[store(Z, 2, Relaxed), fence(SeqCst), load(X, Relaxed)],
        ])
    };
    let weak = |graph: &CanonicalGraph| {
        graph.read(1, 0) == 1 && graph.last(Z) == 2 && graph.read(2, 2) == 0
    };
    forbids(&program(Acquire), weak);
    allows(&program(Relaxed), weak);
}

#[test]
fn s() {
    let program = |write, read| {
        Litmus::new([
            &[store(X, 2, Relaxed), store(Y, 1, write)],
            &[load(Y, read), store(X, 1, Relaxed)],
        ])
    };
    let weak = |graph: &CanonicalGraph| graph.read(1, 0) == 1 && graph.last(X) == 2;
    allows(&program(Relaxed, Relaxed), weak);
    forbids(&program(Release, Acquire), weak);
}

#[test]
fn r() {
    let program = |order, read| {
        Litmus::new([
            &[store(X, 1, order), store(Y, 1, order)],
            &[store(Y, 2, order), load(X, read)],
        ])
    };
    let weak = |graph: &CanonicalGraph| graph.last(Y) == 2 && graph.read(1, 1) == 0;
    allows(&program(Relaxed, Relaxed), weak);
    allows(&program(Release, Acquire), weak);
    forbids(&program(SeqCst, SeqCst), weak);
}

// Coherence, which asks for no ordering at all.

#[test]
fn coww() {
    let program = Litmus::new([&[store(X, 1, Relaxed), store(X, 2, Relaxed)]]);
    forbids(&program, |graph| graph.last(X) == 1);
}

#[test]
fn corw() {
    let program = Litmus::new([&[load(X, Relaxed), store(X, 1, Relaxed)]]);
    forbids(&program, reads([((0, 0), 1)]));
    let beside_another = Litmus::new([
        &[load(X, Relaxed), store(X, 1, Relaxed)],
        &[store(X, 2, Relaxed)],
    ]);
    forbids(&beside_another, |graph| {
        graph.read(0, 0) == 2 && graph.last(X) == 2
    });
}

#[test]
fn cowr() {
    let program = Litmus::new([
        &[store(X, 1, Relaxed), load(X, Relaxed)],
        &[store(X, 2, Relaxed)],
    ]);
    forbids(&program, reads([((0, 1), 0)]));
    forbids(&program, |graph| {
        graph.read(0, 1) == 2 && graph.last(X) == 1
    });
}

#[test]
fn corr() {
    let program = Litmus::new([
        &[store(X, 1, Relaxed)],
        &[load(X, Relaxed), load(X, Relaxed)],
    ]);
    forbids(&program, reads([((1, 0), 1), ((1, 1), 0)]));
}

/// Two readers agree on the order of two writes.
#[test]
fn corr2() {
    let program = Litmus::new([
        &[store(X, 1, Relaxed)],
        &[store(X, 2, Relaxed)],
        &[load(X, Relaxed), load(X, Relaxed)],
        &[load(X, Relaxed), load(X, Relaxed)],
    ]);
    forbids(
        &program,
        reads([((2, 0), 1), ((2, 1), 2), ((3, 0), 2), ((3, 1), 1)]),
    );
}

// Atomicity.

#[test]
fn an_increment_is_never_lost() {
    let program = Litmus::new([
        &[fetch_add(X, 1, Relaxed)],
        &[fetch_add(X, 1, Relaxed)],
        &[load(X, Relaxed)],
    ]);
    forbids(&program, reads([((0, 0), 0), ((1, 0), 0)]));
    forbids(&program, |graph| graph.last(X) != 2);
}

#[test]
fn no_store_comes_between_the_halves_of_an_increment() {
    let program = Litmus::new([&[fetch_add(X, 1, Relaxed)], &[store(X, 7, Relaxed)]]);
    forbids(&program, |graph| {
        graph.read(0, 0) == 0 && graph.last(X) == 1
    });
}

#[test]
fn one_exchange_wins() {
    let program = Litmus::new([
        &[cas(X, (0, 1), (Relaxed, Relaxed))],
        &[cas(X, (0, 2), (Relaxed, Relaxed))],
    ]);
    forbids(&program, reads([((0, 0), 0), ((1, 0), 0)]));
    forbids(&program, |graph| {
        graph.read(0, 0) != 0 && graph.read(1, 0) != 0
    });
}

/// One that fails may do so by an old value.
#[test]
fn a_failed_exchange_reads_old_values_too() {
    let program = Litmus::new([
        &[store(X, 1, Relaxed), store(Y, 1, Relaxed)],
        &[load(Y, Relaxed), cas(X, (1, 2), (Relaxed, Relaxed))],
    ]);
    allows(&program, reads([((1, 0), 1), ((1, 1), 0)]));
}
