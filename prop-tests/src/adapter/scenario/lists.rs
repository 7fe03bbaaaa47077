//! Lists: taken from while others look, and passed on with their frames.

use super::thread::{Held, List, Owned, Thread};
use super::{FrameScenario, Initial};
use crate::scenario::Expected;
use crate::world::Host;

pub(super) fn all<H: Host>() -> Vec<FrameScenario<H>> {
    vec![take_meets_lookup(), two_take_in_turn(), list_is_passed_on()]
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
