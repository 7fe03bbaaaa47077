//! Lists: taken from while others look, and passed on with their frames.

use super::thread::{Held, List, Owned, Thread};
use super::{FrameScenario, Initial};
use crate::scenario::Expected;
use crate::world::Host;

pub(super) fn all<H: Host>() -> Vec<FrameScenario<H>> {
    vec![
        take_meets_lookup(),
        two_take_in_turn(),
        list_is_passed_on(),
        ids_are_drawn_at_once(),
        other_list_meets_push_and_pop(),
    ]
}

/// A list of these frames.
pub(super) fn list_of<H: Host>(me: &mut Thread<'_, H>, frames: &[usize]) -> Held<List<H>> {
    let mut list = Held::new(List::<H>::new());
    for slot in frames {
        let owned = me.sure_owned(*slot);
        list.push_back(owned);
    }
    list
}

/// Thread 2 finds frame 0 owned, by the list or by thread 1; or shared, and then
/// either of them may be the last; or torn down. Its own list never has it.
pub(super) fn take_meets_lookup<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "list-take-meets-lookup",
        why: "A frame is taken out of a list by its address and shared while another thread \
              looks it up by its address, in memory and in a list of its own: it is found only \
              once it is shared, and never in the other list.",
        frames: 3,
        gives: None,
        start: start_with_two_lists,
        threads: vec![take_and_share, look_in_own_list_and_memory],
        allowed: &[
            "yes no last | no unique no - => unused unique unique",
            "yes no last | no busy no - => unused unique unique",
            "yes no last | no unused no - => unused unique unique",
            "yes no last | no start no kept => unused unique unique",
            "yes no kept | no start no last => unused unique unique",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

fn start_with_two_lists<H: Host>(start: &mut Thread<'_, H>) {
    for (thread, frames) in [&[0, 1][..], &[2]].into_iter().enumerate() {
        let list = list_of(start, frames);
        start.hand_out(thread, Initial::List(Held::into_inner(list)));
    }
}

pub(super) fn take_and_share<H: Host>(me: &mut Thread<'_, H>) {
    let mut list = me.list();
    me.say_contains(&list, 0);
    let owned = me.take_out(&mut list, 0).expect("the list has the frame");
    me.say_contains(&list, 0);
    let shared = me.share(owned);
    me.end_of(0, Some(shared));
}

fn look_in_own_list_and_memory<H: Host>(me: &mut Thread<'_, H>) {
    let list = me.list();
    me.say_contains(&list, 0);
    let found = me.look_up(0);
    me.say_contains(&list, 0);
    me.end_of(0, found);
}

/// Who has the list finds the frame in it unless the other took it, and who
/// comes meanwhile finds the mailbox empty: then the other is the one to take.
pub(super) fn two_take_in_turn<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "list-takers-in-turn",
        why: "Two threads have the list in turn and take the same frame out by its address: one \
              of them gets it, and who comes later does not find it, although the list's id in \
              the slot is read and written relaxed.",
        frames: 2,
        gives: Some(3),
        start: |start| {
            let list = list_of(start, &[0, 1]);
            start.give(list);
        },
        threads: vec![take_by_turns, take_by_turns],
        allowed: &[
            "yes 1 last | no 1 - => unused unique",
            "no 1 - | yes 1 last => unused unique",
            "yes 1 last | empty => unused unique",
            "empty | yes 1 last => unused unique",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

fn take_by_turns<H: Host>(me: &mut Thread<'_, H>) {
    let Some(mut list) = me.take() else { return };
    let mut owned = take_if_there(me, &mut list);
    me.give(list);
    if let Some(owned) = &mut owned {
        me.write(owned);
    }
    me.end_of(0, owned);
}

pub(super) fn take_if_there<H: Host>(
    me: &mut Thread<'_, H>,
    list: &mut List<H>,
) -> Option<Held<Owned<H>>> {
    me.say_contains(list, 0);
    let owned = me.take_out(list, 0);
    me.say(list.len());
    owned
}

/// Thread 2 comes before the list or after it. After it, thread 1 finds the
/// second frame owned, being torn down, or unused.
pub(super) fn list_is_passed_on<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "list-is-passed-on",
        why: "A list goes to another thread with its frames: that thread sees what was written \
              before, and what it gives up can be claimed again.",
        frames: 2,
        gives: Some(1),
        start: |_| (),
        threads: vec![fill_and_pass_on, pop_and_drop],
        allowed: &[
            "unique - | empty => unique unique",
            "unique - | 1.1 last last => unused unused",
            "busy - | 1.1 last last => unused unused",
            "1.4 last | 1.1 last last => unused unused",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

fn fill_and_pass_on<H: Host>(me: &mut Thread<'_, H>) {
    let list = list_of(me, &[0, 1]);
    me.give(list);
    claim_the_second(me);
}

fn claim_the_second<H: Host>(me: &mut Thread<'_, H>) {
    let frame = me.claim(1);
    if let Some(frame) = &frame {
        me.say_writer(frame.dyn_meta());
    }
    me.end_of(1, frame);
}

fn pop_and_drop<H: Host>(me: &mut Thread<'_, H>) {
    let Some(mut list) = me.take() else { return };
    let mut owned = me.pop(&mut list).expect("the list has two frames");
    me.say_writer(owned.dyn_meta());
    me.write(&mut owned);
    me.end_of(0, Some(owned));
    me.end_of(1, Some(list));
}

/// Each list has an id of its own, whoever draws first.
pub(super) fn ids_are_drawn_at_once<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "list-ids-are-drawn-at-once",
        why: "Two threads make a list each at the same time: the ids differ, so that neither \
              list has the other's frame.",
        frames: 2,
        gives: None,
        start: |_| (),
        threads: vec![
            |me| {
                let list = list_of(me, &[0]);
                look_in_new_list(me, &list, [0, 1]);
            },
            |me| {
                let list = list_of(me, &[1]);
                look_in_new_list(me, &list, [1, 0]);
            },
        ],
        allowed: &[
            "1 yes no | 2 yes no => unique unique",
            "2 yes no | 1 yes no => unique unique",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

pub(super) fn look_in_new_list<H: Host>(
    me: &mut Thread<'_, H>,
    list: &List<H>,
    [own, other]: [usize; 2],
) {
    me.say_in_list(own);
    me.say_contains(list, own);
    me.say_contains(list, other);
}

/// Frame 0 leaves the list with the id 1 and comes back, then frame 1 leaves it. Who
/// reads their words in the other order may still find 0 for the first after 0 for the
/// second, but only by a stale read.
pub(super) fn other_list_meets_push_and_pop<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "list-meets-push-and-pop-of-another",
        why: "Frames go out of a list and into it while another thread reads which list holds \
              them, and asks its own list for one: it reads ids that were there, in orders \
              that relaxed loads allow, and its own list never has the frame.",
        frames: 3,
        gives: None,
        start: start_with_two_lists,
        threads: vec![pop_push_and_pop, look_at_both_frames],
        allowed: &[
            " | 1 1 no => unique unique unique",
            " | 1 0 no => unique unique unique",
            " | 0 1 no => unique unique unique",
        ],
        stale: &[" | 0 0 no => unique unique unique"],
        expected: Expected::Pass,
    }
}

pub(super) fn pop_push_and_pop<H: Host>(me: &mut Thread<'_, H>) {
    let mut list = me.list();
    let first = me.pop(&mut list).expect("the list has two frames");
    me.push(&mut list, first);
    let _second = me.pop(&mut list);
}

fn look_at_both_frames<H: Host>(me: &mut Thread<'_, H>) {
    let list = me.list();
    me.say_in_list(1);
    me.say_in_list(0);
    me.say_contains(&list, 0);
}
