//! The axioms of RC11, as relations.
//!
//! Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing Sequential Consistency in
//! C/C++11, PLDI 2017, section 3, with the same names. Everything here is
//! atomic, so that `W` and `R` are all writes and reads, and each is at least
//! relaxed:
//!
//! ```text
//! rb       = rf⁻¹ ; mo
//! eco      = (rf ∪ mo ∪ rb)⁺
//! rs       = [W] ; (rf ; rmw)*
//! sw       = [⊒rel] ; ([F] ; sb)? ; rs ; rf ; [R] ; (sb ; [F])? ; [⊒acq]
//! hb       = (sb ∪ sw)⁺
//! scb      = sb ∪ sb≠loc ; hb ; sb≠loc ∪ hb=loc ∪ mo ∪ rb
//! psc_base = ([sc] ∪ [Fsc] ; hb?) ; scb ; ([sc] ∪ hb? ; [Fsc])
//! psc_F    = [Fsc] ; (hb ∪ hb ; eco ; hb) ; [Fsc]
//!
//! coherence     hb ; eco? is irreflexive
//! atomicity     rmw ∩ (rb ; mo) is empty
//! SC            psc_base ∪ psc_F is acyclic
//! no thin air   sb ∪ rf is acyclic
//! ```
//!
//! One definition is another: a release sequence is that of C++20, without the
//! later stores of the thread that began it (`rs` in the paper begins with
//! `[W] ; sb=loc? ; [W]`).
//!
//! Each axiom says that there is no cycle, and each relation but the given ones
//! only grows with `rf` and `mo`: what holds of a graph holds of all its parts.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Release, SeqCst};

use crate::graph::{Graph, Kind};
use crate::relation::Relation;

/// The axiom that comes first: values can be computed only where it holds.
pub(crate) fn no_thin_air(graph: &Graph) -> bool {
    (graph.sb | graph.rf).is_acyclic()
}

/// Coherence, atomicity, and SC.
pub(crate) fn the_others_hold(graph: &Graph) -> bool {
    let hb = happens_before(graph);
    let rb = graph.rf.inverse().then(&graph.mo);
    let eco = (graph.rf | graph.mo | rb).closure();

    let coherence = (hb | hb.then(&eco)).is_irreflexive();
    let atomicity = (graph.rmw & rb.then(&graph.mo)).is_empty();
    coherence && atomicity && partial_sc(graph, &hb, &rb, &eco).is_acyclic()
}

fn happens_before(graph: &Graph) -> Relation {
    let fences = graph.those(|event| event.kind == Kind::Fence);
    let writes = graph.those(|event| event.kind == Kind::Write);
    let releases = graph.those(|event| event.kind != Kind::Read && is_release(event.order));
    let acquires = graph.those(|event| event.kind != Kind::Write && is_acquire(event.order));

    let release_sequence = graph
        .rf
        .then(&graph.rmw)
        .closure()
        .or_same()
        .starting_in(writes)
        .ending_in(writes);
    let before = graph.sb.starting_in(fences).or_same();
    let after = graph.sb.ending_in(fences).or_same();
    let sw = before
        .starting_in(releases)
        .then(&release_sequence)
        .then(&graph.rf)
        .then(&after.ending_in(acquires));
    (graph.sb | sw).closure()
}

fn partial_sc(graph: &Graph, hb: &Relation, rb: &Relation, eco: &Relation) -> Relation {
    let sc = graph.those(|event| event.order == SeqCst);
    let sc_fences = graph.those(|event| event.order == SeqCst && event.kind == Kind::Fence);
    let same_location = same_location(graph);

    let sb_elsewhere = graph.sb - same_location;
    let scb = graph.sb
        | sb_elsewhere.then(hb).then(&sb_elsewhere)
        | (*hb & same_location)
        | graph.mo
        | *rb;
    let psc_base = (Relation::same(sc) | hb.or_same().starting_in(sc_fences))
        .then(&scb)
        .then(&(Relation::same(sc) | hb.or_same().ending_in(sc_fences)));
    let psc_fence = (*hb | hb.then(eco).then(hb))
        .starting_in(sc_fences)
        .ending_in(sc_fences);
    psc_base | psc_fence
}

/// Two accesses of one location; fences have none.
fn same_location(graph: &Graph) -> Relation {
    let mut same = Relation::EMPTY;
    for (a, one) in graph.events.iter().enumerate() {
        for (b, other) in graph.events.iter().enumerate() {
            if one.at.is_some() && one.at == other.at {
                same.insert(a, b);
            }
        }
    }
    same
}

fn is_release(order: Ordering) -> bool {
    matches!(order, Release | AcqRel | SeqCst)
}

fn is_acquire(order: Ordering) -> bool {
    matches!(order, Acquire | AcqRel | SeqCst)
}
