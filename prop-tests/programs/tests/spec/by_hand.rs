//! Outcome sets derived by hand from the protocol.

use programs::{
    outcome::Ends::{Dropped, Left},
    spec::{self, Params, SpecError},
};

use crate::text::{allowed, assert_allowed, program, show};

#[test]
fn a_claim_meets_every_state() {
    assert_allowed("unused: alloc", Left, &["ok ; 1"]);
    assert_allowed("unused: alloc_unique", Left, &["ok ; unique"]);
    // Two claims: the later one finds the slot busy or published.
    assert_allowed(
        "unused: alloc | alloc",
        Left,
        &[
            "ok | busy ; 1",
            "ok | in_use ; 1",
            "busy | ok ; 1",
            "in_use | ok ; 1",
        ],
    );
    assert_allowed(
        "unused: alloc_unique | alloc",
        Left,
        &[
            "ok | busy ; unique",
            "ok | unique ; unique",
            "busy | ok ; 1",
            "in_use | ok ; 1",
        ],
    );
}

#[test]
fn a_lookup_meets_every_state() {
    assert_allowed(
        "unused: alloc | get read",
        Left,
        &["ok | unused - ; 1", "ok | busy - ; 1", "ok | ok 1.1 ; 2"],
    );
    assert_allowed(
        "unused: alloc | get read",
        Dropped,
        &[
            // Before the claim, or after the retirement.
            "ok | unused - ; last | ; unused",
            // Building, or tearing down.
            "ok | busy - ; last | ; unused",
            "ok | ok 1.1 ; last | kept ; unused",
            "ok | ok 1.1 ; kept | last ; unused",
        ],
    );
    assert_allowed(
        "unique: share | get",
        Left,
        &["ok | unique ; 1", "ok | ok ; 2"],
    );
}

#[test]
fn a_unique_owner_can_leave_in_three_ways() {
    assert_allowed(
        "unique: drop | get",
        Left,
        &[
            "last | unique ; unused",
            "last | busy ; unused",
            "last | unused ; unused",
        ],
    );
    assert_allowed(
        "unique: reset | alloc",
        Left,
        &["ok | unique ; unused", "ok | busy ; unused", "ok | ok ; 1"],
    );
    assert_allowed("unique: share drop", Left, &["ok last ; unused"]);
}

#[test]
fn two_drops_have_one_last() {
    assert_allowed(
        "shared*2: drop | drop",
        Left,
        &["kept | last ; unused", "last | kept ; unused"],
    );
    // A handle that was forgotten keeps the frame.
    assert_allowed("shared*2+1: drop | drop", Left, &["kept | kept ; 1"]);
}

#[test]
fn only_the_sole_holder_becomes_unique() {
    assert_allowed(
        "shared*2: read drop | try_unique write drop",
        Left,
        &[
            "start last | no - kept ; unused",
            "start kept | no - last ; unused",
            "start kept | yes ok last ; unused",
        ],
    );
    // Two handles of one thread are two handles.
    assert_allowed(
        "shared: clone try_unique drop try_unique read",
        Left,
        &["ok no kept yes start ; unique"],
    );
    assert_allowed("shared+1: try_unique", Left, &["no ; 2"]);
    assert_allowed(
        "shared: try_unique | get",
        Left,
        &["yes | unique ; unique", "no | ok ; 2"],
    );
}

#[test]
fn readers_see_who_wrote() {
    assert_allowed(
        "unused: alloc_unique read write read repurpose read share read",
        Left,
        &["ok 1.1 ok 1.3 ok 1.5 ok 1.5 ; 1"],
    );
    assert_allowed(
        "unique: repurpose share | get read",
        Left,
        &["ok ok | unique - ; 1", "ok ok | ok 1.1 ; 2"],
    );
}

#[test]
fn an_address_is_reused_across_generations() {
    assert_allowed(
        "shared: drop alloc | get read",
        Left,
        &[
            // Looked up first: the drop is not the last one, and the claim
            // finds the frame in use.
            "kept in_use | ok start ; 1",
            // While the old metadata dies, or the new is written.
            "last ok | busy - ; 1",
            "last ok | unused - ; 1",
            "last ok | ok 1.2 ; 2",
        ],
    );
}

#[test]
fn operations_that_do_not_apply_are_skipped() {
    assert_allowed(
        "shared: alloc alloc_unique get write share repurpose reset clone clone read",
        Left,
        &["- - - - - - - ok - start ; 2"],
    );
    assert_allowed(
        "unused: read drop clone try_unique count get count",
        Left,
        &["- - - - - unused - ; unused"],
    );
    assert_allowed(
        "unique: try_unique count clone share try_unique",
        Left,
        &["- - - ok yes ; unique"],
    );
}

#[test]
fn a_count_is_read_at_one_moment() {
    assert_allowed("shared: count | get", Left, &["1 | ok ; 2", "2 | ok ; 2"]);
    assert_allowed(
        "shared: count | get",
        Dropped,
        &[
            "1 | ok ; last | kept ; unused",
            "1 | ok ; kept | last ; unused",
            "2 | ok ; last | kept ; unused",
            "2 | ok ; kept | last ; unused",
            // Looked up after, or while, thread 1 gave up the last handle.
            "1 | busy ; last | ; unused",
            "1 | unused ; last | ; unused",
        ],
    );
}

#[test]
fn an_increment_at_the_maximum_aborts() {
    // Thread 2 holds nothing and clones nothing: 15 + 1 fits.
    assert_allowed("shared+14: clone | clone", Left, &["ok | - ; 16"]);
    // Both increments fit, one, none.
    assert_allowed("shared*2+12: clone | clone", Left, &["ok | ok ; 16"]);
    assert_allowed(
        "shared*2+13: clone | clone",
        Left,
        &["ok | abort ; aborted", "abort | ok ; aborted"],
    );
    assert_allowed(
        "shared*2+14: clone | clone",
        Left,
        &["abort | abort ; aborted"],
    );
    // An abort leaves its increment, so that the drop leaves 16 again; and
    // what comes after an abort is not done.
    assert_allowed(
        "shared*2+14: clone read | drop get",
        Left,
        &[
            "abort - | kept abort ; aborted",
            "ok start | kept abort ; aborted",
            "abort - | kept ok ; aborted",
        ],
    );
}

#[test]
fn a_lookup_at_the_maximum_aborts() {
    assert_allowed("shared+15: | get", Left, &["| abort ; aborted"]);
    assert_allowed(
        "shared+15: drop | get",
        Left,
        &["kept | ok ; 16", "kept | abort ; aborted"],
    );
    // In the window between an increment and its abort, others see the count
    // above the maximum.
    assert_allowed(
        "shared*2+14: clone | count get",
        Left,
        &["abort | 16 - ; aborted", "abort | 17 - ; aborted"],
    );
}

#[test]
fn a_thread_that_aborted_drops_nothing() {
    assert_allowed(
        "shared*2+13: clone | clone",
        Dropped,
        &[
            "ok | abort ; kept kept | ; aborted",
            "abort | ok ; | kept kept ; aborted",
            // The first dropped a handle before the second cloned.
            "ok | ok ; kept kept | kept kept ; 13",
        ],
    );
}

#[test]
fn final_drops_are_in_order_of_slots() {
    assert_allowed(
        "shared: alloc_unique@1 clone",
        Dropped,
        &["ok ok ; kept last last ; unused, unused"],
    );
    assert_allowed(
        "shared: alloc_unique@2 clone",
        Left,
        &["ok ok ; 2, unused, unique"],
    );
}

#[test]
fn a_mailbox_passes_one_handle_on() {
    assert_allowed(
        "shared: clone give drop | take read drop",
        Left,
        &[
            "ok ok kept | ok start last ; unused",
            "ok ok last | ok start kept ; unused",
            // Taken too early: the handle stays in the mailbox.
            "ok ok kept | empty - - ; 1",
        ],
    );
    assert_allowed(
        "unique: write give | take read",
        Left,
        &["ok ok | ok 1.1 ; unique", "ok ok | empty - ; unique"],
    );
    // Whoever comes second finds it full, and keeps the handle.
    assert_allowed(
        "shared*2: give get | give get",
        Left,
        &["ok ok | full - ; 3", "full - | ok ok ; 3"],
    );
    // What was given is no longer there to be read, and can be taken back.
    assert_allowed(
        "shared: give read take read clone give give",
        Left,
        &["ok - ok start ok ok full ; 2"],
    );
    assert_allowed("unused: give take", Left, &["- empty ; unused"]);
}

#[test]
fn a_mailbox_is_emptied_by_nobody_at_the_end() {
    assert_allowed("shared: give | get", Dropped, &["ok | ok ; | kept ; 1"]);
    assert_allowed("unique: give | get", Dropped, &["ok | unique ; | ; unique"]);
    assert_allowed(
        "shared: give | take",
        Dropped,
        &["ok | ok ; | last ; unused", "ok | empty ; | ; 1"],
    );
    // A thread that aborts forgets what it holds, not what it gave.
    assert_allowed(
        "shared*2+14: give | clone | take",
        Left,
        &["ok | abort | ok ; aborted", "ok | abort | empty ; aborted"],
    );
}

#[test]
fn each_slot_has_a_mailbox() {
    assert_allowed(
        "shared: alloc_unique@1 give@1 give | take take@1 write@1",
        Left,
        &[
            "ok ok ok | ok ok ok ; 1, unique",
            "ok ok ok | empty ok ok ; 1, unique",
            "ok ok ok | empty empty - ; 1, unique",
        ],
    );
}

#[test]
fn slots_interleave_sequentially_consistently() {
    // Who finds slot 1 published finds slot 0 published.
    assert_allowed(
        "unused: alloc alloc@1 | get@1 get",
        Left,
        &[
            "ok ok | unused unused ; 1, 1",
            "ok ok | unused busy ; 1, 1",
            "ok ok | unused ok ; 2, 1",
            "ok ok | busy ok ; 2, 1",
            "ok ok | ok ok ; 2, 2",
        ],
    );
}

#[test]
fn a_start_that_cannot_be_is_an_error() {
    let error = |line, ref_count_max| {
        spec::allowed(&program(line), Left, &Params { ref_count_max }).expect_err("no such start")
    };
    assert_eq!(
        error("shared*2+15: drop | drop", 16),
        SpecError::StartAboveMax {
            count: 17,
            ref_count_max: 16
        }
    );
    assert_eq!(error("unique+1: drop", 16), SpecError::ForgottenNotShared);
    assert_eq!(
        error("shared*2: drop", 16),
        SpecError::HolderMissing {
            holders: 2,
            threads: 1
        }
    );
    assert_eq!(error("unused: get", 0), SpecError::RefCountMax(0));
    let message = error("unused: get", 0).to_string();
    assert_eq!(
        message,
        "ref_count_max is 0, but must be from 1 to i64::MAX"
    );
    assert_eq!(
        error("unused: get@32", 16),
        SpecError::TooManySlots {
            slots: 33,
            most: 32
        }
    );
    let most = Params {
        ref_count_max: i64::MAX as u64,
    };
    assert!(spec::allowed(&program("unused: get@31"), Left, &most).is_ok());
}

#[test]
fn many_threads_are_searched_whole() {
    for threads in [3, 5, 9, 17] {
        let line = format!("unused: {}", vec!["get"; threads].join(" | "));
        let outcomes = allowed(&line, Left);
        let shown: Vec<_> = outcomes.iter().map(show).collect();
        assert_eq!(
            shown,
            [format!("{} ; unused", vec!["unused"; threads].join(" | "))]
        );
    }
    // One claim of three succeeds; each other finds it busy or published.
    assert_eq!(
        allowed("unused: alloc | alloc | alloc", Left).len(),
        3 * 2 * 2
    );
}

#[test]
fn an_operation_leaves_what_its_result_allows() {
    use programs::{outcome::OpResult, program::OpName, spec::Holding};
    let after = |holding: Holding, op, result| holding.after_result(op, result, Holding::Empty);
    let nothing = Some(Holding::Empty);
    assert_eq!(after(Holding::Empty, OpName::Get, OpResult::Abort), nothing);
    assert_eq!(after(Holding::One, OpName::Clone, OpResult::Abort), nothing);
    assert_eq!(after(Holding::One, OpName::Clone, OpResult::Last), None);
    // A unique handle is the last, and one of two is not unique.
    assert_eq!(after(Holding::Unique, OpName::Drop, OpResult::Kept), None);
    assert_eq!(after(Holding::Two, OpName::TryUnique, OpResult::Yes), None);
}
