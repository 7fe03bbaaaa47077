//! One execution, of a graph.

use super::pool::Pool;
use super::{Builder, Exploration, Flow, Program, Report, Sample, refuse};
use crate::graph::Graph;
use crate::run::Phase;
use crate::run::forward::Forward;

impl Builder {
    /// Runs one execution: performs the events of a graph again, and goes on
    /// without alternatives. The graph of a [failure](Report::failure) comes to
    /// the same failure.
    ///
    /// This takes graphs of explorations and of samples. It reports one execution,
    /// complete or blocked, or one failure; or nothing, if the graph is one of
    /// those [left](Report::left) that turn out to be inconsistent.
    pub fn replay(&self, graph: &Graph, program: &dyn Program) -> Report {
        if let Some(report) = refuse(std::slice::from_ref(graph), program) {
            return report;
        }
        let pool = Pool::new(self, 1, Vec::new());
        let mut exploration = Exploration::new(self, program, &pool);
        let flow = exploration.go_forward(graph, None);
        exploration.report(flow)
    }
}

impl Exploration<'_> {
    /// Runs one execution of a graph, and goes on without alternatives, or as the
    /// sample draws.
    pub(super) fn go_forward(&mut self, graph: &Graph, sample: Option<Sample>) -> Flow {
        self.program.start();
        let run = self.state();
        run.graph.copy_from(graph);
        run.readdresses = sample.is_none();
        run.forward = Some(Forward::new(sample.map(Sample::draws)));
        run.begin();
        self.replay();
        if self.goes_on() {
            self.state().phase = Phase::Extend;
        }
        while self.goes_on()
            && let Some(thread) = self.state().draw_thread()
        {
            self.resume(thread);
        }
        if self.state().needs_os_threads {
            return self.on_os_threads(|this| this.go_forward(graph, sample));
        }
        let flow = self.judge(sample);
        self.state().forward = None;
        flow
    }
}
