//! Graphs for another process: what is left of an exploration, and the one that
//! failed.

use std::hash::BuildHasher;
use std::sync::OnceLock;

use ::rc11::graph::Graph;
use pipe::{Exploration, Left};
use rustc_hash::FxBuildHasher;

/// The graphs in a form that a job can carry.
pub(super) fn save(graphs: &[Graph], begun: u64) -> Result<Left, String> {
    let graphs = graphs.iter().map(Graph::to_json);
    Ok(Left {
        worker: digest()?,
        begun,
        graphs: graphs
            .collect::<Result<_, _>>()
            .map_err(|e| e.to_string())?,
    })
}

/// The graphs that an exploration has left.
pub(super) fn load(earlier: &Exploration) -> Result<Vec<Graph>, String> {
    let left = earlier.left.as_ref();
    let left = left.ok_or("nothing is left of the exploration to go on with")?;
    if left.worker != digest()? {
        return Err(
            "the code under test or its worker was changed since this exploration was cut off: \
             explore it from the start"
                .to_owned(),
        );
    }
    if left.graphs.is_empty() {
        return Err("no graph is left of the exploration to go on with".to_owned());
    }
    let graph = |text: &String| Graph::from_json(text);
    let graphs: Result<_, _> = left.graphs.iter().map(graph).collect();
    graphs.map_err(|error| format!("a graph that was left makes no sense: {error}"))
}

/// A graph in a form that a command can keep.
pub(super) fn save_one(graph: &Graph) -> Result<pipe::Graph, String> {
    let graph = graph
        .to_json()
        .and_then(|text| pipe::Graph::from_json(&text));
    graph.map_err(|e| e.to_string())
}

/// The graph that a command kept. Other code may not make it: that is seen when it is
/// replayed.
pub(super) fn load_one(graph: &pipe::Graph) -> Result<Graph, String> {
    Graph::from_json(&graph.0.to_string()).map_err(|e| format!("not an execution graph: {e}"))
}

/// A digest of this program: the code under test, the explorer and the driver are
/// linked into it.
fn digest() -> Result<String, String> {
    static DIGEST: OnceLock<Result<String, String>> = OnceLock::new();
    let digest = || {
        let program = std::env::current_exe().and_then(std::fs::read);
        let program = program.map_err(|e| format!("the worker cannot read itself: {e}"))?;
        Ok(format!("{:016x}", FxBuildHasher.hash_one(program)))
    };
    DIGEST.get_or_init(digest).clone()
}
