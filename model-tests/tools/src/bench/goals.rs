//! What the operations of the protocol are to be as fast as.

use super::{Figure, Part, Results};

/// The member that stands for the bare atomic instructions.
pub(super) const BARE: &str = "bare";

/// What only one thread can use is shown, and is no peer of what threads share.
const NO_PEER: &str = "slab, of one thread";

/// The loop that measures.
const NOTHING: &str = "nothing";

/// How groups end in which a second thread is busy.
const CONTENDED: &str = " on two threads";

/// How much longer than another an operation may take: what such clocks tell
/// apart at best.
const GOAL: f64 = 1.05;

/// What an operation is compared with.
#[derive(Clone, Debug)]
pub struct Goal<'a> {
    /// The operation.
    pub operation: &'a str,
    /// The fastest peer, and what of its time the operation takes.
    pub peer: Option<(&'a Figure, Figure)>,
    /// What of the bare instructions' time it takes.
    pub bare: Option<Figure>,
    /// How many instructions more it has.
    pub extra: Option<f64>,
}

impl Goal<'_> {
    /// Whether it is not slower than the fastest peer; `None` if that is not
    /// judged.
    pub fn meets_peer(&self) -> Option<bool> {
        let (_, ratio) = self.peer.as_ref().filter(|_| self.is_judged())?;
        Some(ratio.median() <= GOAL)
    }

    /// Whether it is not slower than the bare instructions; `None` if that is
    /// not judged.
    pub fn meets_bare(&self) -> Option<bool> {
        let ratio = self.bare.as_ref().filter(|_| self.is_judged())?;
        Some(ratio.median() <= GOAL)
    }

    /// Both, as far as they are judged.
    pub fn met(&self) -> Option<bool> {
        match (self.meets_peer(), self.meets_bare()) {
            (None, other) | (other, None) => other,
            (Some(peer), Some(bare)) => Some(peer && bare),
        }
    }

    fn is_judged(&self) -> bool {
        !self.operation.ends_with(CONTENDED)
    }
}

/// The engine and the program of a group that is one.
pub(super) fn engine_of(group: &str) -> Option<(&str, &str)> {
    group.split_once(": ")
}

/// The operations of the protocol that were measured.
pub(super) fn operations(results: &Results) -> Vec<&str> {
    let mut groups = results.groups(Part::Protocol);
    if groups.is_empty() {
        groups = results.groups(Part::Instructions);
    }
    groups.retain(|group| *group != NOTHING && engine_of(group).is_none());
    groups
}

/// A goal for each operation that was timed.
pub fn all(results: &Results) -> Vec<Goal<'_>> {
    let goal = |operation| {
        let ours = results.first(Part::Protocol, operation)?;
        let others = [BARE, NO_PEER, ours.member.as_str()];
        let best = results
            .of(Part::Protocol)
            .filter(|f| f.group == operation && !others.contains(&f.member.as_str()))
            .min_by(|a, b| a.median().total_cmp(&b.median()));
        let counted = |member| results.find(Part::Instructions, operation, member);
        Some(Goal {
            operation,
            peer: best.map(|best| (best, ours.ratio(best))),
            bare: results
                .find(Part::Protocol, operation, BARE)
                .map(|bare| ours.ratio(bare)),
            extra: counted(&ours.member)
                .zip(counted(BARE))
                .map(|(ours, bare)| ours.median() - bare.median()),
        })
    };
    operations(results).into_iter().filter_map(goal).collect()
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::{figure, plan};
    use super::*;

    fn met(group: &str, members: &[(&str, f64)]) -> [Option<bool>; 3] {
        let mut results = Results::here(plan());
        for (member, time) in members {
            results.figures.push(figure(group, member, &[*time, *time]));
        }
        let goals = all(&results);
        assert_eq!(goals.len(), 1);
        [goals[0].meets_peer(), goals[0].meets_bare(), goals[0].met()]
    }

    #[test]
    fn a_goal_is_met_only_against_the_fastest_peer_and_the_bare_instructions() {
        let members = |frame, arc, bare| {
            [
                ("frame", frame),
                ("slow", 99.0),
                ("Arc", arc),
                (NO_PEER, 0.1),
                (BARE, bare),
            ]
        };
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(met("clone", &members(10.0, 11.0, 9.9)), [yes, yes, yes]);
        assert_eq!(met("clone", &members(10.0, 8.0, 9.9)), [no, yes, no]);
        assert_eq!(met("clone", &members(10.0, 11.0, 9.0)), [yes, no, no]);
    }

    #[test]
    fn what_is_not_compared_is_not_met() {
        assert_eq!(met("clone", &[("frame", 1.0)]), [None, None, None]);
        let contended = format!("clone{CONTENDED}");
        assert_eq!(met(&contended, &[("frame", 1.0), ("Arc", 9.0)]), [None; 3]);
    }

    #[test]
    fn extra_instructions_are_counted() {
        let mut results = Results::here(plan());
        results.figures.push(figure("clone", "frame", &[1.0]));
        for (member, count) in [("frame", 12.0), (BARE, 10.0)] {
            results.figures.push(Figure {
                part: Part::Instructions,
                ..figure("clone", member, &[count])
            });
        }
        assert_eq!(all(&results)[0].extra, Some(2.0));
    }
}
