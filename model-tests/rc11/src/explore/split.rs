//! Parts of an exploration, for several processes.

use super::pool::Pool;
use super::{Builder, Exploration, Flow, Program, Report};
use crate::graph::Graph;

/// An exploration that was begun, and what is left of it.
#[derive(Debug)]
pub struct Parts {
    /// What was seen already. Nothing is [left](Report::left) here, so that it is
    /// complete when the parts are.
    pub report: Report,
    /// What is left, in parts that have nothing to do with each other:
    /// [`go_on_from`](Builder::go_on_from) explores one.
    pub parts: Vec<Vec<Graph>>,
}

/// How many graphs make a part, at least: they differ in what is behind them.
const GRAPHS: usize = 16;

impl Builder {
    /// Explores the beginning of a program, and leaves the rest in so many parts,
    /// or fewer if there is not so much left. The reports of the parts and that of
    /// the beginning add up to the one of the whole.
    ///
    /// What is behind a graph is not known. Each part has some of the oldest
    /// graphs, which have most behind them, and as many of the others.
    pub fn split(&self, parts: usize, program: &dyn Program) -> Parts {
        let pool = Pool::new(self, 1, Vec::new());
        let mut exploration = Exploration::new(self, program, &pool);
        let work = &mut exploration.state().work;
        work.add(Box::new(Graph::start(program.threads())));
        let enough = parts.saturating_mul(GRAPHS);
        let mut flow = Flow::GoOn;
        while flow == Flow::GoOn
            && exploration.state().work.len() < enough
            && !exploration.is_over(64)
            && let Some(graph) = exploration.state().work.next_oldest()
        {
            flow = exploration.step(graph);
        }
        let mut report = exploration.report(flow);
        let left = std::mem::take(&mut report.left);
        Parts {
            report,
            parts: deal(left, parts),
        }
    }
}

/// Deals graphs out, those with the fewest events first.
fn deal(mut graphs: Vec<Graph>, parts: usize) -> Vec<Vec<Graph>> {
    graphs.sort_by_key(|graph| graph.events().len());
    let mut dealt: Vec<_> = (0..parts.min(graphs.len())).map(|_| Vec::new()).collect();
    for (index, graph) in graphs.into_iter().enumerate() {
        // To and fro, so that nobody always comes first.
        let (round, place) = (index / dealt.len(), index % dealt.len());
        let part = match round % 2 {
            0 => place,
            _ => dealt.len() - 1 - place,
        };
        dealt[part].push(graph);
    }
    // The exploration goes on with the last.
    for part in &mut dealt {
        part.reverse();
    }
    dealt
}
