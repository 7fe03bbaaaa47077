//! The graphs of a program as the explorer sees them: the only file here that
//! knows the explorer.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use rc11::graph::{EventId, Graph, Kind, ThreadId};
use rc11::sync::atomic::{AtomicU64, fence};
use rc11::{Builder, Execution, Flow, Program, Report, thread};

use crate::canonical::{CanonicalGraph, Id, Performed};
use crate::litmus::{Litmus, Op, Operand};

/// What each operation of a thread has read.
type Registers = Vec<Option<u64>>;

/// The complete executions of a program whose threads the model starts.
pub(crate) fn explored(program: &Litmus) -> Vec<CanonicalGraph> {
    let found = RefCell::new(Vec::new());
    let registers = Arc::new(Mutex::new(Vec::new()));
    let report = Builder::new().explore_each(
        |execution| {
            let graph = execution.graph();
            let threads = started(graph);
            let canonical = Reader::new(program, graph, &threads).canonical();
            confirm(&canonical, &registers.lock().unwrap());
            found.borrow_mut().push(canonical);
            Flow::GoOn
        },
        || {
            let memory = Arc::new(memory(program));
            let handles: Vec<_> = (program.threads.iter().cloned())
                .map(|ops| {
                    let memory = memory.clone();
                    thread::spawn(move || run(&ops, &memory))
                })
                .collect();
            let results = handles.into_iter().map(|handle| handle.join().unwrap());
            *registers.lock().unwrap() = results.collect();
        },
    );
    all_complete(&report, found.into_inner())
}

/// The complete executions of a program whose threads are there from the start.
pub(crate) fn explored_from_the_start(program: &Litmus) -> Vec<CanonicalGraph> {
    let harness = Harness {
        program,
        memory: RefCell::new(Arc::default()),
        registers: RefCell::new(vec![Vec::new(); program.threads.len()]),
        found: RefCell::new(Vec::new()),
    };
    let report = Builder::new().explore_program(&harness);
    all_complete(&report, harness.found.into_inner())
}

struct Harness<'a> {
    program: &'a Litmus,
    memory: RefCell<Arc<Vec<AtomicU64>>>,
    registers: RefCell<Vec<Registers>>,
    found: RefCell<Vec<CanonicalGraph>>,
}

impl Program for Harness<'_> {
    fn threads(&self) -> usize {
        self.program.threads.len()
    }

    fn start(&self) {
        *self.memory.borrow_mut() = Arc::new(memory(self.program));
    }

    fn run(&self, thread: usize) {
        // Other threads run before this one has ended: nothing stays borrowed.
        let memory = self.memory.borrow().clone();
        let registers = run(&self.program.threads[thread], &memory);
        self.registers.borrow_mut()[thread] = registers;
    }

    fn finish(&self, execution: &Execution<'_>) -> Flow {
        let threads: Vec<ThreadId> = (0..self.threads()).collect();
        let canonical = Reader::new(self.program, execution.graph(), &threads).canonical();
        confirm(&canonical, &self.registers.borrow());
        self.found.borrow_mut().push(canonical);
        Flow::GoOn
    }
}

fn memory(program: &Litmus) -> Vec<AtomicU64> {
    (0..program.locations())
        .map(|_| AtomicU64::new(0))
        .collect()
}

fn run(ops: &[Op], memory: &[AtomicU64]) -> Registers {
    let mut registers = Registers::new();
    for op in ops {
        let result = perform(op, memory, &registers);
        registers.push(result);
    }
    registers
}

fn perform(op: &Op, memory: &[AtomicU64], registers: &Registers) -> Option<u64> {
    let of = |operand| match operand {
        Operand::Constant(value) => value,
        Operand::Register(index) => registers[index].expect("the operation reads"),
    };
    match *op {
        Op::Load { at, order } => Some(memory[at].load(order)),
        Op::Store { at, value, order } => {
            memory[at].store(of(value), order);
            None
        }
        Op::FetchAdd { at, value, order } => Some(memory[at].fetch_add(of(value), order)),
        Op::Swap { at, value, order } => Some(memory[at].swap(of(value), order)),
        Op::CompareExchange {
            at,
            expected,
            new,
            success,
            failure,
        } => {
            let result = memory[at].compare_exchange(of(expected), of(new), success, failure);
            Some(result.unwrap_or_else(|read| read))
        }
        Op::Fence { order } => {
            fence(order);
            None
        }
    }
}

fn all_complete(report: &Report, found: Vec<CanonicalGraph>) -> Vec<CanonicalGraph> {
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.blocked, 0, "nothing here waits");
    assert_eq!(report.complete, found.len() as u64);
    found
}

/// The threads that the first one has started, in that order.
fn started(graph: &Graph) -> Vec<ThreadId> {
    let events = graph
        .program_order(0)
        .iter()
        .map(|&event| graph.events()[event.index()]);
    let children = events.filter_map(|event| match event.kind {
        Kind::Spawn { child } => Some(child),
        _ => None,
    });
    children.collect()
}

/// What the operations returned is what the graph says.
fn confirm(graph: &CanonicalGraph, registers: &[Registers]) {
    for (performed, registers) in graph.threads.iter().zip(registers) {
        let read: Registers = performed
            .iter()
            .map(|performed| performed.read.map(|(value, _)| value))
            .collect();
        assert_eq!(&read, registers, "returned otherwise than in\n{graph}");
    }
}

/// Reads a graph of the explorer as one of a program.
struct Reader<'a> {
    program: &'a Litmus,
    graph: &'a Graph,
    threads: &'a [ThreadId],
    /// The operation that each event belongs to.
    ids: Vec<Option<Id>>,
}

impl<'a> Reader<'a> {
    fn new(program: &'a Litmus, graph: &'a Graph, threads: &'a [ThreadId]) -> Self {
        assert_eq!(threads.len(), program.threads.len());
        let mut reader = Reader {
            program,
            graph,
            threads,
            ids: vec![None; graph.events().len()],
        };
        for thread in 0..threads.len() {
            for (index, events) in reader.operations(thread).into_iter().enumerate() {
                for event in events {
                    reader.ids[event.index()] = Some((thread, index));
                }
            }
        }
        reader
    }

    /// The events of each operation: two of a read-modify-write.
    fn operations(&self, thread: usize) -> Vec<Vec<EventId>> {
        let mut operations: Vec<Vec<EventId>> = Vec::new();
        for &event in self.graph.program_order(self.threads[thread]) {
            match self.graph.events()[event.index()].kind {
                Kind::Write {
                    exclusive: true, ..
                } => {
                    operations
                        .last_mut()
                        .expect("a read comes before it")
                        .push(event);
                }
                _ => operations.push(vec![event]),
            }
        }
        assert_eq!(operations.len(), self.program.threads[thread].len());
        operations
    }

    fn canonical(&self) -> CanonicalGraph {
        let threads = (0..self.threads.len())
            .map(|thread| {
                self.operations(thread)
                    .iter()
                    .map(|events| self.performed(events))
                    .collect()
            })
            .collect();
        let mut modification_order = vec![Vec::new(); self.program.locations()];
        for location in 0..self.graph.locations() {
            let writes = self.graph.modification_order(location);
            let ids: Vec<Id> = writes
                .iter()
                .filter_map(|write| self.ids[write.index()])
                .collect();
            if let Some(&(thread, index)) = ids.first() {
                let at = self.program.threads[thread][index]
                    .location()
                    .expect("a write has one");
                modification_order[at] = ids;
            }
        }
        CanonicalGraph {
            threads,
            modification_order,
        }
    }

    fn performed(&self, events: &[EventId]) -> Performed {
        let kinds: Vec<Kind> = events
            .iter()
            .map(|event| self.graph.events()[event.index()].kind)
            .collect();
        let (thread, index) = self.ids[events[0].index()].expect("each has an operation");
        let mut performed = Performed {
            at: self.program.threads[thread][index].location(),
            order: kinds[0].order().expect("an access or a fence"),
            read: None,
            written: None,
        };
        for kind in kinds {
            match kind {
                Kind::Read {
                    reads_from, value, ..
                } => {
                    performed.read = Some((value, self.source(reads_from)));
                }
                Kind::Write { value, .. } => performed.written = Some(value),
                _ => {}
            }
        }
        performed
    }

    fn source(&self, write: EventId) -> Option<Id> {
        (!write.is_init()).then(|| self.ids[write.index()].expect("a write of the program"))
    }
}
