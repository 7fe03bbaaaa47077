//! Memory of models: nodes of lock-free structures in boxes, their counts in any
//! process, and what is wrong with memory.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::process::Command;
use std::ptr;
use std::sync::Mutex as StdMutex;

use rc11::alloc::Allocator;
use rc11::cell::UnsafeCell;
use rc11::sync::Mutex;
use rc11::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use rc11::sync::atomic::{AtomicPtr, AtomicU64};
use rc11::{AccessKind, Builder, Failure, FailureKind, Report, thread, untracked};

// SAFETY: what models allocate does not outlive their executions.
#[global_allocator]
static ALLOCATOR: Allocator = unsafe { Allocator::new() };

struct Node {
    value: UnsafeCell<u64>,
    next: AtomicPtr<Node>,
}

impl Node {
    fn boxed(value: u64) -> *mut Node {
        Box::into_raw(Box::new(Node {
            value: UnsafeCell::new(value),
            next: AtomicPtr::default(),
        }))
    }

    #[track_caller]
    fn value(&self) -> u64 {
        // SAFETY: one thread runs at a time, and keeps no reference.
        self.value.with(|value| unsafe { *value })
    }
}

/// Treiber's stack. Nodes are freed when the stack is dropped.
struct Stack {
    top: AtomicPtr<Node>,
    popped: AtomicPtr<Node>,
    publish: Ordering,
}

impl Stack {
    fn new(publish: Ordering) -> Self {
        Stack {
            top: AtomicPtr::default(),
            popped: AtomicPtr::default(),
            publish,
        }
    }

    fn push_node(top: &AtomicPtr<Node>, node: *mut Node, publish: Ordering) {
        loop {
            let next = top.load(Relaxed);
            // SAFETY: memory of an execution stays mapped.
            unsafe { &*node }.next.store(next, Relaxed);
            if top.compare_exchange(next, node, publish, Relaxed).is_ok() {
                return;
            }
        }
    }

    fn push(&self, value: u64) {
        Self::push_node(&self.top, Node::boxed(value), self.publish);
    }

    /// Pops a node, which the caller has to give up.
    fn pop_node(&self) -> Option<*mut Node> {
        loop {
            let node = self.top.load(Acquire);
            if node.is_null() {
                return None;
            }
            // SAFETY: memory of an execution stays mapped.
            let next = unsafe { &*node }.next.load(Relaxed);
            if self
                .top
                .compare_exchange(node, next, Acquire, Relaxed)
                .is_ok()
            {
                return Some(node);
            }
        }
    }

    /// Pops, and keeps the node until the stack is dropped.
    fn pop(&self) -> Option<u64> {
        let node = self.pop_node()?;
        // SAFETY: memory of an execution stays mapped.
        let value = unsafe { &*node }.value();
        Self::push_node(&self.popped, node, Release);
        Some(value)
    }

    /// Pops, and frees the node, which another thread may look at.
    fn pop_and_free(&self) -> Option<u64> {
        let node = self.pop_node()?;
        // SAFETY: it was popped once. Others may look at it: the test is about that.
        let node = unsafe { Box::from_raw(node) };
        Some(node.value())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for list in [&mut self.top, &mut self.popped] {
            let mut node = *list.get_mut();
            while !node.is_null() {
                // SAFETY: the list has all nodes once, and nobody else has it.
                node = unsafe { Box::from_raw(node) }.next.into_inner();
            }
        }
    }
}

/// The queue of Michael and Scott. Nodes are freed when the queue is dropped.
struct Queue {
    first: *mut Node,
    head: AtomicPtr<Node>,
    tail: AtomicPtr<Node>,
}

// SAFETY: nodes are freed when the queue is dropped.
unsafe impl Sync for Queue {}

impl Queue {
    fn new() -> Self {
        let first = Node::boxed(0);
        Queue {
            first,
            head: AtomicPtr::new(first),
            tail: AtomicPtr::new(first),
        }
    }

    fn push(&self, value: u64) {
        let node = Node::boxed(value);
        loop {
            let tail = self.tail.load(Acquire);
            // SAFETY: nodes stay until the queue is dropped.
            let link = unsafe { &(*tail).next };
            let next = link.load(Acquire);
            if !next.is_null() {
                let _ = self.tail.compare_exchange(tail, next, Release, Relaxed);
            } else if link
                .compare_exchange(ptr::null_mut(), node, Release, Relaxed)
                .is_ok()
            {
                let _ = self.tail.compare_exchange(tail, node, Release, Relaxed);
                return;
            }
        }
    }

    fn pop(&self) -> Option<u64> {
        loop {
            let head = self.head.load(Acquire);
            // SAFETY: nodes stay until the queue is dropped.
            let next = unsafe { &*head }.next.load(Acquire);
            // SAFETY: as above.
            let value = unsafe { next.as_ref() }?.value();
            if self
                .head
                .compare_exchange(head, next, AcqRel, Relaxed)
                .is_ok()
            {
                return Some(value);
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut node = self.first;
        while !node.is_null() {
            // SAFETY: the list has all nodes once, and nobody else has it.
            node = unsafe { Box::from_raw(node) }.next.into_inner();
        }
    }
}

fn complete(report: &Report) -> u64 {
    assert!(report.is_complete(), "{:?}", report.failure);
    report.complete
}

fn strict() -> Builder {
    let mut builder = Builder::new();
    builder.check_leaks(true);
    builder
}

fn stack_count() -> u64 {
    complete(&strict().explore(|| {
        let stack = Stack::new(Release);
        thread::scope(|scope| {
            scope.spawn(|| stack.push(1));
            scope.spawn(|| {
                stack.push(2);
                stack.pop();
            });
            stack.pop();
        });
    }))
}

fn queue_count() -> u64 {
    complete(&strict().explore(|| {
        let queue = Queue::new();
        thread::scope(|scope| {
            scope.spawn(|| queue.push(1));
            scope.spawn(|| queue.push(2));
            queue.pop();
        });
    }))
}

fn failure(report: Report) -> Failure {
    report.failure.expect("there is something wrong")
}

const CHILD: &str = "RC11_TEST_PRINTS_COUNTS";

/// Run by [`counts_are_the_same_in_each_process`].
#[test]
fn child_prints_counts() {
    if std::env::var_os(CHILD).is_some() {
        println!("counts: {} {}", stack_count(), queue_count());
    }
}

#[test]
fn counts_are_the_same_in_each_process() {
    let count = || {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_prints_counts", "--nocapture"])
            .env(CHILD, "")
            .output()
            .unwrap();
        let output = String::from_utf8(child.stdout).unwrap();
        let counts = output
            .lines()
            .find_map(|line| line.strip_prefix("counts: "));
        counts.expect(&output).to_owned()
    };
    assert_eq!((stack_count(), queue_count()), (545, 32));
    let here = format!("{} {}", stack_count(), queue_count());
    assert_eq!([count(), count()], [here.clone(), here]);
}

#[test]
fn explorations_at_once_have_the_same_counts() {
    let counts = [0; 4].map(|_| std::thread::spawn(|| (stack_count(), queue_count())));
    let counts: BTreeSet<_> = counts.map(|count| count.join().unwrap()).into();
    assert_eq!(counts.len(), 1, "{counts:?}");
}

#[test]
fn addresses_are_used_once_and_the_same_in_all_executions() {
    let seen = StdMutex::new(BTreeSet::new());
    let report = strict().explore(|| {
        let word = AtomicU64::new(0);
        let addresses = thread::scope(|scope| {
            let other = scope.spawn(|| {
                word.fetch_add(1, Relaxed);
                [0; 10].map(|_| ptr::from_ref(&*Box::new(1)).addr())
            });
            word.fetch_add(1, Relaxed);
            let own = [0; 10].map(|_| ptr::from_ref(&*Box::new(1)).addr());
            let other = other.join().unwrap();
            own.into_iter().chain(other).collect::<Vec<_>>()
        });
        untracked(|| seen.lock().unwrap().insert(addresses.clone()));
    });
    assert_eq!(complete(&report), 2);
    let seen = seen.into_inner().unwrap();
    let [addresses] = Vec::from_iter(seen).try_into().expect("one list");
    assert_eq!(BTreeSet::from_iter(addresses).len(), 20);
}

#[test]
fn a_stack_with_one_thread_that_pops_frees_at_once() {
    let report = strict().explore(|| {
        let stack = Stack::new(Release);
        thread::scope(|scope| {
            scope.spawn(|| stack.push(1));
            scope.spawn(|| stack.push(2));
            let popped = [0; 2].map(|_| stack.pop_and_free());
            assert!(
                popped[0] != popped[1] || popped[0].is_none(),
                "a node is popped twice"
            );
        });
    });
    complete(&report);
}

#[test]
fn a_node_that_was_freed_too_early_is_found() {
    let report = Builder::new().explore(|| {
        let stack = Stack::new(Release);
        stack.push(1);
        thread::scope(|scope| {
            scope.spawn(|| stack.pop_and_free());
            scope.spawn(|| stack.pop_and_free());
        });
    });
    let failure = failure(report);
    match failure.kind {
        FailureKind::UseAfterFree { freed, .. } => assert_eq!(freed.kind, AccessKind::Free),
        FailureKind::DataRace(_, free) => assert_eq!(free.kind, AccessKind::Free),
        _ => panic!("{failure}"),
    }
    // The negative control.
    let report = strict().explore(|| {
        let stack = Stack::new(Release);
        stack.push(1);
        thread::scope(|scope| {
            scope.spawn(|| stack.pop());
            scope.spawn(|| stack.pop());
        });
    });
    complete(&report);
}

/// One thread frees, another one reads later: what there is between.
fn read_after_free(synchronise: bool) -> Failure {
    failure(Builder::new().explore(|| {
        let word = Box::into_raw(Box::new(AtomicU64::new(1)));
        let (shared, freed) = (AtomicPtr::new(word), AtomicU64::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                // SAFETY: a use after free, on purpose.
                drop(unsafe { Box::from_raw(shared.load(Relaxed)) });
                freed.store(1, Release);
            });
            if !synchronise || freed.load(Acquire) == 1 {
                // SAFETY: memory of an execution stays mapped.
                unsafe { &*shared.load(Relaxed) }.load(Relaxed);
            }
        });
    }))
}

#[test]
fn reads_after_and_besides_a_free_are_found() {
    let after = read_after_free(true);
    let FailureKind::UseAfterFree { access, freed } = after.kind else {
        panic!("{after}");
    };
    assert_eq!((access.thread, access.kind), (0, AccessKind::Atomic));
    assert_eq!((freed.thread, freed.kind), (1, AccessKind::Free));
    let besides = read_after_free(false);
    let FailureKind::DataRace(read, free) = besides.kind else {
        panic!("{besides}");
    };
    assert_eq!((read.thread, read.kind), (0, AccessKind::Atomic));
    assert_eq!((free.thread, free.kind), (1, AccessKind::Free));
}

#[test]
fn a_second_free_is_found() {
    let report = Builder::new().explore(|| {
        let block = black_box(Box::into_raw(Box::new(1)));
        // SAFETY: none: freed twice, on purpose. The second free is ignored.
        unsafe {
            drop(Box::from_raw(block));
            drop(Box::from_raw(block));
        }
    });
    let failure = failure(report);
    assert!(
        matches!(failure.kind, FailureKind::UseAfterFree { access, .. } if access.kind == AccessKind::Free),
        "{failure}"
    );
}

#[test]
fn a_node_that_is_published_too_early_is_found() {
    let publish = |order| {
        Builder::new().explore(move || {
            let stack = Stack::new(order);
            thread::scope(|scope| {
                scope.spawn(|| stack.push(1));
                stack.pop();
            });
        })
    };
    let failure = failure(publish(Relaxed));
    assert!(
        matches!(failure.kind, FailureKind::DataRace(allocation, _)
            if allocation.kind == AccessKind::Allocation),
        "{failure}"
    );
    complete(&publish(Release));
}

#[test]
fn what_is_left_is_found() {
    let report = strict().explore(|| {
        black_box(Box::leak(Box::new([1_u8; 40])));
        drop(black_box(Box::new(2)));
    });
    let failure = failure(report);
    let FailureKind::Leak(leaked) = &failure.kind else {
        panic!("{failure}");
    };
    assert_eq!(leaked.len(), 1);
    assert_eq!((leaked[0].thread, leaked[0].size), (0, 40));
}

#[test]
fn what_is_untracked_outlives_executions() {
    let seen = StdMutex::new(Vec::new());
    let lock = StdMutex::new(String::new());
    let report = strict().explore(|| {
        let word = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| word.store(1, Relaxed));
            let value = word.load(Relaxed);
            untracked(|| {
                seen.lock().unwrap().push(vec![value; 100]);
                lock.lock().unwrap().push_str("and so on, ");
            });
        });
    });
    assert_eq!(complete(&report), 2);
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|values| *values == vec![values[0]; 100]));
}

#[test]
fn what_an_execution_leaves_is_not_overwritten() {
    let kept = StdMutex::new(Vec::new());
    let report = Builder::new().explore(|| {
        let word = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| word.fetch_add(1, Relaxed));
            }
            let value = word.load(Relaxed);
            kept.lock().unwrap().push(vec![value; 10]);
        });
    });
    // What four threads do in some order, and where it is looked at.
    assert_eq!(complete(&report), 120);
    let kept = kept.into_inner().unwrap();
    assert!(kept.iter().all(|values| *values == vec![values[0]; 10]));
}

#[test]
fn what_an_execution_leaves_does_not_change_the_pointers_of_the_next() {
    let count = |frees: bool| {
        complete(&Builder::new().explore(|| {
            let stack = Stack::new(Release);
            thread::scope(|scope| {
                for value in 0..3 {
                    let stack = &stack;
                    scope.spawn(move || stack.push(value));
                }
            });
            if !frees {
                std::mem::forget(stack);
            }
        }))
    };
    assert_eq!(count(false), count(true));
}

#[test]
fn a_free_of_what_is_no_block_is_found() {
    let report = Builder::new().explore(|| {
        let block = Box::into_raw(Box::new([1_u64; 2]));
        // SAFETY: none: this is no block, on purpose. The free is ignored.
        drop(unsafe { Box::from_raw(black_box(block.cast::<u64>().wrapping_add(1))) });
    });
    let failure = failure(report);
    assert!(
        matches!(failure.kind, FailureKind::NotAllocated(free) if free.kind == AccessKind::Free),
        "{failure}"
    );
}

#[test]
fn messages_of_panics_outlive_the_execution() {
    for _ in 0..2 {
        let report = Builder::new().explore(|| {
            let number = Box::new(7);
            panic!("number {number}");
        });
        let failure = failure(report);
        drop(Builder::new().explore(|| drop(vec![1_u8; 10_000])));
        assert_eq!(failure.kind.to_string(), "thread 0 panicked: number 7");
    }
}

#[test]
fn values_grow_and_are_zeroed() {
    let report = strict().explore(|| {
        let mut values = Vec::new();
        for value in 0..1_000_u64 {
            values.push(value);
        }
        assert!((0..1_000).eq(values.iter().copied()));
        values.fill(u64::MAX);
        drop(values);
        assert!(vec![0_u64; 5_000].iter().all(|&value| value == 0));
        let lock = Mutex::new(vec![0; 10]);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| lock.lock().unwrap().extend([1; 100]));
            }
        });
        assert_eq!(lock.into_inner().unwrap().len(), 210);
    });
    assert_eq!(complete(&report), 2);
}
