//! Binary relations over a few events, as bit matrices.

use std::ops::{BitAnd, BitOr, Sub};

/// The most events a relation can be over.
pub(crate) const MAX: usize = 32;

/// A set of events, one bit each.
pub(crate) type Set = u32;

/// A relation: bit `b` of row `a` says that it relates `a` to `b`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Relation {
    rows: [Set; MAX],
}

impl Relation {
    pub(crate) const EMPTY: Relation = Relation { rows: [0; MAX] };

    pub(crate) fn insert(&mut self, from: usize, to: usize) {
        self.rows[from] |= 1 << to;
    }

    pub(crate) fn contains(&self, from: usize, to: usize) -> bool {
        self.rows[from] >> to & 1 == 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(|&row| row == 0)
    }

    /// `self ; next`.
    pub(crate) fn then(&self, next: &Relation) -> Relation {
        let mut composed = Relation::EMPTY;
        for (row, into) in self.rows.iter().zip(&mut composed.rows) {
            let mut middle = *row;
            while middle != 0 {
                *into |= next.rows[middle.trailing_zeros() as usize];
                middle &= middle - 1;
            }
        }
        composed
    }

    pub(crate) fn inverse(&self) -> Relation {
        let mut inverse = Relation::EMPTY;
        for from in 0..MAX {
            let mut row = self.rows[from];
            while row != 0 {
                inverse.insert(row.trailing_zeros() as usize, from);
                row &= row - 1;
            }
        }
        inverse
    }

    /// `self+`, the transitive closure.
    pub(crate) fn closure(mut self) -> Relation {
        for middle in 0..MAX {
            let through = self.rows[middle];
            if through != 0 {
                for row in &mut self.rows {
                    if *row >> middle & 1 == 1 {
                        *row |= through;
                    }
                }
            }
        }
        self
    }

    /// `self?`, the reflexive closure.
    pub(crate) fn or_same(mut self) -> Relation {
        for (event, row) in self.rows.iter_mut().enumerate() {
            *row |= 1 << event;
        }
        self
    }

    /// `[events] ; self`.
    pub(crate) fn starting_in(mut self, events: Set) -> Relation {
        for (event, row) in self.rows.iter_mut().enumerate() {
            if events >> event & 1 == 0 {
                *row = 0;
            }
        }
        self
    }

    /// `self ; [events]`.
    pub(crate) fn ending_in(mut self, events: Set) -> Relation {
        for row in &mut self.rows {
            *row &= events;
        }
        self
    }

    /// `[events]`.
    pub(crate) fn same(events: Set) -> Relation {
        Relation::EMPTY.or_same().starting_in(events)
    }

    pub(crate) fn is_irreflexive(&self) -> bool {
        (0..MAX).all(|event| !self.contains(event, event))
    }

    pub(crate) fn is_acyclic(&self) -> bool {
        self.closure().is_irreflexive()
    }

    fn zip(mut self, other: Relation, combine: impl Fn(Set, Set) -> Set) -> Relation {
        for (row, other) in self.rows.iter_mut().zip(other.rows) {
            *row = combine(*row, other);
        }
        self
    }
}

impl BitOr for Relation {
    type Output = Relation;
    fn bitor(self, other: Relation) -> Relation {
        self.zip(other, |a, b| a | b)
    }
}

impl BitAnd for Relation {
    type Output = Relation;
    fn bitand(self, other: Relation) -> Relation {
        self.zip(other, |a, b| a & b)
    }
}

impl Sub for Relation {
    type Output = Relation;
    fn sub(self, other: Relation) -> Relation {
        self.zip(other, |a, b| a & !b)
    }
}
