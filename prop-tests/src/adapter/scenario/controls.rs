//! Scenarios that are broken on purpose, each of which must be noticed.
//!
//! Some weaken an ordering; loom alone can tell. In the others a thread does
//! what a wrong implementation would do, and what no handle of a right one lets
//! it do.

use std::ptr;

use meta_core::PAGE_SIZE;

use super::thread::{Held, List, Row, Thread};
use super::{Body, FrameScenario, Initial, MetaCore, lists, pages, segments};
use crate::scenario::Expected;
use crate::world::Host;

pub(super) fn all<H: Host>() -> Vec<FrameScenario<H>> {
    let mut all = weakened();
    all.extend(broken());
    all
}

fn weakened<H: Host>() -> Vec<FrameScenario<H>> {
    let weaken = |name, scenario: FrameScenario<H>, weaken| FrameScenario {
        name,
        expected: Expected::Broken {
            loom: "data race",
            shuttle: None,
            weaken: Some(weaken),
        },
        ..scenario
    };
    vec![
        weaken(
            "control-segment-clone-meets-lookups-dec",
            segments::clone_meets_lookups(),
            "DEC=Relaxed",
        ),
        weaken(
            "control-segment-clone-meets-lookups-last-fence",
            segments::clone_meets_lookups(),
            "LAST_FENCE=none",
        ),
        weaken(
            "control-segment-clones-end-once-dec",
            segments::clones_end_once(),
            "DEC=Relaxed",
        ),
        weaken(
            "control-refused-range-meets-claim-claim",
            segments::refused_range_meets_claim(),
            "CLAIM=Relaxed",
        ),
        weaken(
            "control-refused-range-meets-claim-retire",
            segments::refused_range_meets_claim(),
            "RETIRE=Relaxed",
        ),
        weaken(
            "control-refused-range-meets-lookup-publish",
            segments::refused_range_meets_lookup(),
            "PUBLISH_SHARED=Relaxed",
        ),
        weaken(
            "control-refused-range-meets-lookup-acquire",
            segments::refused_range_meets_lookup(),
            "ACQUIRE_REF=Relaxed",
        ),
        weaken(
            "control-list-take-meets-lookup-share",
            lists::take_meets_lookup(),
            "SHARE=Relaxed",
        ),
        weaken(
            "control-list-is-passed-on-retire",
            lists::list_is_passed_on(),
            "RETIRE=Relaxed",
        ),
        weaken(
            "control-page-is-handed-on-retire",
            pages::page_is_handed_on(),
            "RETIRE=Relaxed",
        ),
    ]
}

fn broken<H: Host>() -> Vec<FrameScenario<H>> {
    let replace =
        |name, verdicts: [_; 2], thread: usize, body: Body<H>, scenario: FrameScenario<H>| {
            let mut scenario = FrameScenario {
                name,
                expected: Expected::Broken {
                    loom: verdicts[0],
                    shuttle: Some(verdicts[1]),
                    weaken: None,
                },
                ..scenario
            };
            scenario.threads[thread] = body;
            scenario
        };
    vec![
        replace(
            "control-segment-clone-meets-lookups-uncounted",
            ["use after drop", "use after drop"],
            0,
            clone_without_counting,
            segments::clone_meets_lookups(),
        ),
        replace(
            "control-segment-clone-meets-lookups-forgotten",
            ["forbidden outcome", "forbidden outcome"],
            0,
            forget_the_clone,
            segments::clone_meets_lookups(),
        ),
        replace(
            "control-segment-clones-end-once-twice",
            ["data race", "use after drop"],
            0,
            drop_twice,
            segments::clones_end_once(),
        ),
        replace(
            "control-segment-clones-end-once-beyond",
            ["panic", "panic"],
            0,
            slice_beyond_the_end,
            segments::clones_end_once(),
        ),
        replace(
            "control-refused-range-meets-claim-kept",
            ["forbidden outcome", "forbidden outcome"],
            0,
            keep_what_was_claimed,
            segments::refused_range_meets_claim(),
        ),
        replace(
            "control-refused-range-meets-lookup-twice",
            ["use after drop", "use after drop"],
            0,
            give_back_twice,
            segments::refused_range_meets_lookup(),
        ),
        FrameScenario {
            start: start_with_one_id,
            ..replace(
                "control-list-take-meets-lookup-same-id",
                ["forbidden outcome", "forbidden outcome"],
                0,
                lists::take_and_share,
                lists::take_meets_lookup(),
            )
        },
        replace(
            "control-list-takers-in-turn-out-of-turn",
            ["forbidden outcome", "forbidden outcome"],
            0,
            take_out_of_turn,
            lists::two_take_in_turn(),
        ),
        replace(
            "control-list-takers-in-turn-twice",
            ["use after drop", "use after drop"],
            0,
            drop_what_was_taken_twice,
            lists::two_take_in_turn(),
        ),
        replace(
            "control-list-is-passed-on-kept",
            ["data race", "use after drop"],
            0,
            keep_what_is_passed_on,
            lists::list_is_passed_on(),
        ),
        FrameScenario {
            start: |start| start_with_one_id_of(start, [&[0], &[1]]),
            threads: vec![
                |me| {
                    let list = me.list();
                    lists::look_in_new_list(me, &list, [0, 1]);
                },
                |me| {
                    let list = me.list();
                    lists::look_in_new_list(me, &list, [1, 0]);
                },
            ],
            ..replace(
                "control-list-ids-are-drawn-at-once-same-id",
                ["forbidden outcome", "forbidden outcome"],
                0,
                |_| (),
                lists::ids_are_drawn_at_once(),
            )
        },
        FrameScenario {
            start: start_with_one_id,
            ..replace(
                "control-list-meets-push-and-pop-of-another-same-id",
                ["forbidden outcome", "forbidden outcome"],
                0,
                lists::pop_push_and_pop,
                lists::other_list_meets_push_and_pop(),
            )
        },
        replace(
            "control-page-words-meet-reader-halves",
            ["forbidden outcome", "forbidden outcome"],
            0,
            write_halves,
            pages::words_meet_reader(),
        ),
        replace(
            "control-page-bytes-of-one-word-whole",
            ["forbidden outcome", "forbidden outcome"],
            0,
            write_the_whole_word,
            pages::bytes_of_one_word(),
        ),
    ]
}

/// The same handles once more.
fn copy_of_row<H: Host>(row: &Row<H>) -> Held<Row<H>> {
    // SAFETY: none. The copy is dropped too, and an explorer notices that.
    Held::new(unsafe { Row::<H>::from_raw(row.start_paddr()..row.end_paddr()) })
}

fn clone_without_counting<H: Host>(me: &mut Thread<'_, H>) {
    let row = me.row();
    let copy = copy_of_row(&row);
    me.give_up(0..2, row);
    let last = me.give_up(0..2, copy);
    me.say_last(&last);
}

fn forget_the_clone<H: Host>(me: &mut Thread<'_, H>) {
    let row = me.row();
    let _forgotten = me.clone_row(&row);
    let last = me.give_up(0..2, row);
    me.say_last(&last);
}

fn drop_twice<H: Host>(me: &mut Thread<'_, H>) {
    let row = me.row();
    let copy = copy_of_row(&row);
    me.give_up(0..2, row);
    me.give_up(0..2, copy);
}

/// No memory is touched: the segment refuses, by a panic.
fn slice_beyond_the_end<H: Host>(me: &mut Thread<'_, H>) {
    let row = me.row();
    let _never = Held::new(row.slice(0..3 * PAGE_SIZE));
}

fn keep_what_was_claimed<H: Host>(me: &mut Thread<'_, H>) {
    let _forgotten = [0, 1, 2].map(|slot| me.claim(slot));
    let found = me.look_up(0);
    me.end_of(0, found);
}

fn give_back_twice<H: Host>(me: &mut Thread<'_, H>) {
    let row = Held::new(me.sure_row(0..2));
    let copy = copy_of_row(&row);
    me.give_up(0..2, row);
    me.give_up(0..2, copy);
}

/// The second list gets the id of the first.
fn start_with_one_id<H: Host>(start: &mut Thread<'_, H>) {
    start_with_one_id_of(start, [&[0, 1], &[2]]);
}

fn start_with_one_id_of<H: Host>(start: &mut Thread<'_, H>, lists: [&[usize]; 2]) {
    for (thread, frames) in lists.into_iter().enumerate() {
        // SAFETY: none: there is a list already.
        unsafe { MetaCore::<H>::memory().restart_list_ids() };
        let list = lists::list_of(start, frames);
        start.hand_out(thread, Initial::List(Held::into_inner(list)));
    }
}

/// The same list once more.
fn copy_of_list<H: Host>(list: &List<H>) -> Held<List<H>> {
    // SAFETY: none. Both are used, and an explorer notices that.
    Held::new(unsafe { ptr::read(list) })
}

fn take_out_of_turn<H: Host>(me: &mut Thread<'_, H>) {
    let Some(mut list) = me.peek(copy_of_list) else {
        return;
    };
    let mut owned = lists::take_if_there(me, &mut list);
    if let Some(owned) = &mut owned {
        me.write(owned);
    }
    me.end_of(0, owned);
}

fn drop_what_was_taken_twice<H: Host>(me: &mut Thread<'_, H>) {
    let Some(mut list) = me.take() else { return };
    let owned = lists::take_if_there(me, &mut list);
    me.give(list);
    // SAFETY: none. Both are dropped, and an explorer notices that.
    let copy = owned.as_ref().map(|owned| unsafe { ptr::read(owned) });
    me.end_of(0, owned);
    me.end_of(0, copy);
}

fn keep_what_is_passed_on<H: Host>(me: &mut Thread<'_, H>) {
    let list = lists::list_of(me, &[0, 1]);
    let mut copy = copy_of_list(&list);
    me.give(list);
    let owned = me.pop(&mut copy);
    me.end_of(0, owned);
}

fn write_halves<H: Host>(me: &mut Thread<'_, H>) {
    let page = me.page();
    for half in [0..4, 4..8] {
        me.write_bytes(&page, half.start, &pages::NEW[half]);
    }
}

/// The other's bytes are written back as they were read.
fn write_the_whole_word<H: Host>(me: &mut Thread<'_, H>) {
    let page = me.page();
    let mut word = me.read_word(&page, 0);
    word[..2].copy_from_slice(&pages::NEW[..2]);
    me.write_bytes(&page, 0, &word);
    pages::read_back(me, &page, 0);
}
