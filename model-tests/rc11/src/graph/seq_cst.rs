//! The rule of `SeqCst`: the partial SC order of RC11 has no cycle.

use std::sync::atomic::Ordering;

use super::Graph;
use super::event::{EventId, Kind};

impl Graph {
    /// Whether the `SeqCst` events of this graph can be put into an order (Lahav
    /// et al., section 3: `psc` is acyclic). All events must be in modification
    /// order.
    pub(crate) fn is_seq_cst_consistent(&self) -> bool {
        self.seq_cst < 2 || self.partial_sc_order().is_acyclic()
    }

    /// `psc`, between the `SeqCst` events.
    fn partial_sc_order(&self) -> Relation {
        let n = self.events().len();
        let is_sc = |e: usize| self.events[e].kind.order() == Some(Ordering::SeqCst);
        let is_sc_fence = |e: usize| is_sc(e) && matches!(self.events[e].kind, Kind::Fence { .. });

        let same_location = |a: usize, b: usize| {
            let location = self.events[a].kind.location();
            location.is_some() && location == self.events[b].kind.location()
        };
        let program_order = |a: usize, b: usize| {
            let (a, b) = (self.events[a], self.events[b]);
            a.thread == b.thread && a.index < b.index
        };
        let happens_before = Relation::of(n, |a, b| {
            a != b && self.happens_before(EventId::new(a), EventId::new(b))
        });
        let elsewhere = Relation::of(n, |a, b| program_order(a, b) && !same_location(a, b));
        let (modification, reads_before) = self.modification_and_reads_before();

        let mut scb = elsewhere.then(&happens_before).then(&elsewhere);
        scb.add(&Relation::of(n, program_order));
        scb.add(&Relation::of(n, |a, b| {
            happens_before.has(a, b) && same_location(a, b)
        }));
        scb.add(&modification);
        scb.add(&reads_before);

        // A fence stands for what happens before or after it.
        let from = Relation::of(n, |a, x| {
            (is_sc(a) && a == x) || (is_sc_fence(a) && happens_before.has(a, x))
        });
        let to = Relation::of(n, |y, b| {
            (is_sc(b) && y == b) || (is_sc_fence(b) && happens_before.has(y, b))
        });
        let mut psc = from.then(&scb).then(&to);

        let reads_from = self.reads_from();
        let mut extended = reads_from.clone();
        extended.add(&modification);
        extended.add(&reads_before);
        extended.add(&modification.then(&reads_from));
        extended.add(&reads_before.then(&reads_from));
        let mut between_fences = happens_before.then(&extended).then(&happens_before);
        between_fences.add(&happens_before);
        psc.add(&Relation::of(n, |a, b| {
            is_sc_fence(a) && is_sc_fence(b) && between_fences.has(a, b)
        }));
        psc
    }

    fn reads_from(&self) -> Relation {
        let mut relation = Relation::empty(self.events.len());
        for (read, event) in self.events.iter().enumerate() {
            if let Kind::Read { reads_from, .. } = event.kind
                && !reads_from.is_init()
            {
                relation.insert(reads_from.index(), read);
            }
        }
        relation
    }

    /// Modification order, and from each read to the writes after the one it
    /// reads from.
    fn modification_and_reads_before(&self) -> (Relation, Relation) {
        let mut modification = Relation::empty(self.events.len());
        let mut reads_before = Relation::empty(self.events.len());
        for location in self.known_locations() {
            let writes = &location.modification_order;
            for (position, &write) in writes.iter().enumerate() {
                for &later in &writes[position + 1..] {
                    modification.insert(write.index(), later.index());
                }
            }
        }
        for (read, event) in self.events.iter().enumerate() {
            if let Kind::Read {
                location,
                reads_from,
                ..
            } = event.kind
            {
                let after = self.position(location, reads_from);
                for later in &self.modification_order(location)[after..] {
                    reads_before.insert(read, later.index());
                }
            }
        }
        (modification, reads_before)
    }
}

/// A relation on the events of a graph, as a matrix of bits.
#[derive(Clone, Debug)]
struct Relation {
    n: usize,
    /// Words in a row.
    width: usize,
    bits: Vec<u64>,
}

impl Relation {
    fn empty(n: usize) -> Self {
        let width = n.div_ceil(64);
        Relation {
            n,
            width,
            bits: vec![0; n * width],
        }
    }

    fn of(n: usize, holds: impl Fn(usize, usize) -> bool) -> Self {
        let mut relation = Relation::empty(n);
        for a in 0..n {
            for b in 0..n {
                if holds(a, b) {
                    relation.insert(a, b);
                }
            }
        }
        relation
    }

    fn insert(&mut self, a: usize, b: usize) {
        self.bits[a * self.width + b / 64] |= 1 << (b % 64);
    }

    fn has(&self, a: usize, b: usize) -> bool {
        self.bits[a * self.width + b / 64] >> (b % 64) & 1 != 0
    }

    fn add(&mut self, other: &Relation) {
        for (word, other) in self.bits.iter_mut().zip(&other.bits) {
            *word |= other;
        }
    }

    /// From `a` to `c` where this leads from `a` to some `b`, and `other` from
    /// there to `c`.
    fn then(&self, other: &Relation) -> Relation {
        let mut result = Relation::empty(self.n);
        for a in 0..self.n {
            for b in (0..self.n).filter(|&b| self.has(a, b)) {
                for word in 0..self.width {
                    result.bits[a * self.width + word] |= other.bits[b * self.width + word];
                }
            }
        }
        result
    }

    fn is_acyclic(&self) -> bool {
        // Takes away what nothing leads to, until nothing is left or all is on
        // cycles or behind them.
        let mut left: Vec<usize> = (0..self.n).collect();
        loop {
            let before = left.len();
            let all = left.clone();
            left.retain(|&b| all.iter().any(|&a| self.has(a, b)));
            if left.is_empty() {
                return true;
            }
            if left.len() == before {
                return false;
            }
        }
    }
}
