//! One execution at a time, and the transitions of all of them.

use std::collections::{BTreeSet, HashSet};

use programs::{
    outcome::{Ends, OpResult, Writer},
    program::{OpName, Program},
    spec::{self, Holding, Machine, Params, Slot, SlotClass, SlotState, Transition},
};

use crate::text::{allowed, program, show};

#[test]
fn an_execution_is_told_step_by_step() {
    let program = program("shared: drop alloc | get");
    let mut machine = Machine::start(&program, Ends::Left, &Params::MODEL).unwrap();
    assert_eq!(machine.holding(0, 0), Holding::One);
    // Thread 2 probes a count of 1, thread 1 drops the last handle.
    assert_eq!(machine.step(1), None);
    assert_eq!(machine.step(0), None);
    assert_eq!(
        machine.slots(),
        [Slot {
            state: SlotState::Busy,
            ..Slot::UNUSED
        }]
    );
    let drop = machine.step(0).expect("the drop is done");
    assert_eq!(drop.before, SlotState::Shared(1));
    assert_eq!(drop.after, SlotState::Unused);
    assert_eq!(drop.result, OpResult::Last);
    // Thread 2 fails, and will probe again; thread 1 claims the frame anew.
    assert_eq!(machine.step(1), None);
    let alloc = machine.run_op(0).expect("the claim is done");
    assert_eq!(
        (alloc.before, alloc.after),
        (SlotState::Unused, SlotState::Shared(1))
    );
    assert_eq!(machine.current(0), None);
    assert_eq!(machine.outcome(), None);
    assert_eq!(machine.enabled().collect::<Vec<_>>(), [1]);
    machine.run_op(1);
    let writer = Writer::op(1, 2);
    let end = Slot {
        state: SlotState::Shared(2),
        live: Some(writer),
        mailbox: false,
    };
    assert_eq!(machine.slots(), [end]);
    assert_eq!(show(&machine.outcome().unwrap()), "last ok | ok ; 2");
}

#[test]
fn a_lookup_does_not_see_that_a_count_came_back() {
    let program = program("shared: drop alloc | get");
    let mut machine = Machine::start(&program, Ends::Left, &Params::MODEL).unwrap();
    machine.step(1);
    machine.run_op(0);
    machine.run_op(0);
    // A generation later the count is 1 again, and the CAS succeeds.
    let get = machine.step(1).expect("the lookup is done");
    assert_eq!(get.result, OpResult::Ok);
}

#[test]
fn a_lookup_probes_again_when_the_count_has_changed() {
    let program = program("shared+1: drop | get");
    let mut machine = Machine::start(&program, Ends::Left, &Params::MODEL).unwrap();
    machine.step(1);
    machine.step(0);
    assert_eq!(machine.step(1), None, "the CAS fails");
    assert_eq!(machine.slots()[0].state, SlotState::Shared(1));
    assert_eq!(machine.step(1), None, "the second probe");
    let get = machine.step(1).expect("the second CAS succeeds");
    assert_eq!(get.after, SlotState::Shared(2));
}

#[test]
fn an_increment_past_the_maximum_is_seen_before_its_abort() {
    let program = program("shared+15: clone read | get");
    let mut machine = Machine::start(&program, Ends::Dropped, &Params::MODEL).unwrap();
    assert_eq!(machine.step(0), None);
    assert_eq!(machine.slots()[0].state, SlotState::Shared(17));
    let get = machine.step(1).expect("a lookup aborts at its load");
    assert_eq!(get.result, OpResult::Abort);
    assert_eq!(
        (get.before, get.after),
        (SlotState::Shared(17), SlotState::Shared(17))
    );
    let clone = machine.step(0).expect("the abort");
    assert_eq!(
        (clone.before, clone.after),
        (SlotState::Shared(16), SlotState::Shared(17))
    );
    assert_eq!(
        [machine.holding(0, 0), machine.holding(1, 0)],
        [Holding::Empty; 2]
    );
    // No final drops: both threads have forgotten what they held.
    assert_eq!(
        show(&machine.outcome().unwrap()),
        "abort - | abort ; | ; aborted"
    );
}

#[test]
fn one_thread_has_one_outcome() {
    let line = "shared: clone drop get try_unique write share count drop alloc_unique reset";
    let program = program(line);
    let mut machine = Machine::start(&program, Ends::Dropped, &Params::MODEL).unwrap();
    while machine.run_op(0).is_some() {}
    let outcome = machine.outcome().unwrap();
    assert_eq!(
        show(&outcome),
        "ok kept - yes ok ok 1 last ok ok ; ; unused"
    );
    assert_eq!(allowed(line, Ends::Dropped), BTreeSet::from([outcome]));
}

#[test]
fn a_handle_moves_in_one_step_each() {
    let program = program("unique: give | take write give | take take");
    let mut machine = Machine::start(&program, Ends::Left, &Params::MODEL).unwrap();
    let mut step = |thread: usize, hand, mailbox| {
        let done = machine.step(thread).expect("one step");
        assert_eq!(
            (done.before, done.after),
            (SlotState::Unique, SlotState::Unique)
        );
        assert_eq!(machine.holding(thread, 0), hand);
        assert_eq!(machine.slots()[0].mailbox, mailbox);
        done.result
    };
    assert_eq!(step(1, Holding::Empty, false), OpResult::Empty);
    assert_eq!(step(0, Holding::Empty, true), OpResult::Ok);
    assert_eq!(step(2, Holding::Unique, false), OpResult::Ok);
    // Thread 2 has nothing to write or to give, and thread 3 takes no second
    // handle.
    assert_eq!(machine.enabled().count(), 0);
    assert_eq!(
        show(&machine.outcome().unwrap()),
        "ok | empty - - | ok - ; unique"
    );
}

#[test]
fn equal_machines_hash_equally() {
    let program = program("unused: get | get");
    let start = Machine::start(&program, Ends::Left, &Params::MODEL).unwrap();
    let run = |order: [usize; 2]| {
        let mut machine = start.clone();
        for thread in order {
            machine.step(thread);
        }
        machine
    };
    let machines = HashSet::from([run([0, 1]), run([1, 0])]);
    assert_eq!(machines.len(), 1);
}

#[test]
fn classes_tell_counts_apart_as_operations_do() {
    let class = |count| SlotState::Shared(count).class(&Params::MODEL);
    assert_eq!(
        [1, 2, 15, 16, 17].map(class),
        [
            SlotClass::One,
            SlotClass::Several,
            SlotClass::Several,
            SlotClass::Full,
            SlotClass::Margin
        ]
    );
}

/// The transitions that the search reports, and those of a walk through every
/// state of the machine with none of the shortcuts of the search. Both have the
/// same outcomes.
fn transitions(program: &Program, ends: Ends) -> [BTreeSet<Transition>; 2] {
    let mut visited = BTreeSet::new();
    let outcomes = spec::allowed_with(program, ends, &Params::MODEL, &mut |transition| {
        visited.insert(transition);
    });
    assert_eq!(outcomes, spec::allowed(program, ends, &Params::MODEL));
    let outcomes = outcomes.unwrap();

    let mut walked = BTreeSet::new();
    let mut ended = BTreeSet::new();
    let start = Machine::start(program, ends, &Params::MODEL).unwrap();
    let mut known = HashSet::from([start.clone()]);
    let mut todo = vec![start];
    while let Some(machine) = todo.pop() {
        ended.extend(machine.outcome());
        for thread in machine.enabled() {
            let mut next = machine.clone();
            walked.extend(next.step(thread));
            if known.insert(next.clone()) {
                todo.push(next);
            }
        }
    }
    assert_eq!(outcomes, ended);
    [visited, walked]
}

#[test]
fn every_transition_is_visited() {
    for line in [
        "shared: drop alloc | get read",
        "shared: read read | get drop",
        "shared*2: read drop | try_unique write drop",
        "shared*2+13: clone read | clone count",
        "shared+15: clone | get | get",
        "unused: alloc share | alloc_unique share read | get read",
        "unused: alloc alloc@1 read | get@1 get read@1",
        "unique: write give | take write share give | take read",
        "shared*2: give get | clone give give | take read",
    ] {
        for ends in [Ends::Left, Ends::Dropped] {
            let [visited, walked] = transitions(&program(line), ends);
            assert_eq!(visited, walked, "{line}");
        }
    }
}

#[test]
fn a_read_is_seen_beside_every_count() {
    let [visited, _] = transitions(&program("shared: read | get drop | get"), Ends::Left);
    let reads = visited
        .iter()
        .filter(|transition| transition.op.name == OpName::Read);
    let counts: BTreeSet<_> = reads.map(|transition| transition.before).collect();
    assert_eq!(counts, [1, 2, 3].map(SlotState::Shared).into());
}
