//! Two runs, figure by figure.

use super::{Figure, Results};

/// One figure in both runs.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// In the older run.
    pub old: &'a Figure,
    /// In the newer one.
    pub new: &'a Figure,
}

impl Compared<'_> {
    /// How many times the old value the new one is.
    pub fn ratio(&self) -> f64 {
        self.new.median() / self.old.median()
    }

    /// Whether every round of one run lies beyond every round of the other, and
    /// there is more than one round to say so. Counts of instructions need no
    /// second round.
    pub fn differs(&self) -> bool {
        let ((least_old, most_old), (least, most)) = (self.old.range(), self.new.range());
        let apart = least > most_old || most < least_old;
        let rounds = self.old.values.len().min(self.new.values.len());
        apart && (rounds > 1 || self.old.unit == super::Unit::Instructions)
    }
}

/// The figures that both runs have, and how many only one of them has.
pub fn compare<'a>(old: &'a Results, new: &'a Results) -> (Vec<Compared<'a>>, usize) {
    let compared: Vec<_> = new
        .figures
        .iter()
        .filter_map(|new| {
            let old = old.figures.iter().find(|old| old.is_like(new))?;
            Some(Compared { old, new })
        })
        .collect();
    let others = old.figures.len() + new.figures.len() - 2 * compared.len();
    (compared, others)
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::{figure, plan};
    use super::*;

    fn results(figures: Vec<Figure>) -> Results {
        Results {
            figures,
            ..Results::here(plan())
        }
    }

    #[test]
    fn rounds_that_overlap_do_not_differ() {
        let old = results(vec![
            figure("g", "a", &[1.0, 2.0]),
            figure("g", "b", &[1.0, 2.0]),
            figure("g", "gone", &[1.0]),
        ]);
        let new = results(vec![
            figure("g", "b", &[3.0, 3.5]),
            figure("g", "a", &[1.9, 4.0]),
        ]);
        let (compared, others) = compare(&old, &new);
        assert_eq!(others, 1);
        let differ: Vec<_> = compared
            .iter()
            .map(|c| (c.new.member.as_str(), c.differs()))
            .collect();
        assert_eq!(differ, [("b", true), ("a", false)]);
        assert!((compared[0].ratio() - 3.25 / 1.5).abs() < 1e-9);
    }

    #[test]
    fn one_round_of_times_says_nothing() {
        let (old, new) = (
            results(vec![figure("g", "a", &[1.0])]),
            results(vec![figure("g", "a", &[9.0])]),
        );
        assert!(!compare(&old, &new).0[0].differs());
    }
}
