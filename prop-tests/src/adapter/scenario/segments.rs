//! Segments: claimed, cloned and given up while others look at their frames.

use super::thread::Thread;
use super::{FrameScenario, Initial};
use crate::scenario::Expected;
use crate::world::Host;

pub(super) fn all<H: Host>() -> Vec<FrameScenario<H>> {
    vec![
        clone_meets_lookups(),
        clones_end_once(),
        refused_range_meets_claim(),
        refused_range_meets_lookup(),
    ]
}

/// Thread 1 gives frame 0 up before frame 1, and thread 2 looks them up in that
/// order and drops them at last. So when it misses a frame, the handle of frame
/// 0 that it may have is the last one; and a frame it found may be given up by
/// either first, whatever became of the other.
pub(super) fn clone_meets_lookups<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "segment-clone-meets-lookups",
        why: "A segment is cloned and both are dropped while its frames are looked up: each \
              frame has as many handles as are held, and one of them is the last.",
        frames: 2,
        gives: None,
        start: start_with_row,
        threads: vec![clone_and_drop, look_both_up],
        allowed: &[
            "last last | start start kept kept => unused unused",
            "last kept | start start kept last => unused unused",
            "kept last | start start last kept => unused unused",
            "kept kept | start start last last => unused unused",
            "kept last | start busy last - => unused unused",
            "kept last | start unused last - => unused unused",
            "last last | busy start - kept => unused unused",
            "last kept | busy start - last => unused unused",
            "last last | busy busy - - => unused unused",
            "last last | busy unused - - => unused unused",
            "last last | unused start - kept => unused unused",
            "last kept | unused start - last => unused unused",
            "last last | unused busy - - => unused unused",
            "last last | unused unused - - => unused unused",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

fn start_with_row<H: Host>(start: &mut Thread<'_, H>) {
    let row = start.sure_row(0..2);
    start.hand_out(0, Initial::Row(row));
}

fn clone_and_drop<H: Host>(me: &mut Thread<'_, H>) {
    let row = me.row();
    let copy = me.clone_row(&row);
    let first = me.give_up(0..2, row);
    let second = me.give_up(0..2, copy);
    let last: Vec<_> = first.iter().zip(second).map(|(a, b)| a | b).collect();
    me.say_last(&last);
}

fn look_both_up<H: Host>(me: &mut Thread<'_, H>) {
    let found = [0, 1].map(|slot| me.look_up(slot));
    for (slot, frame) in found.into_iter().enumerate() {
        me.end_of(slot, frame);
    }
}

/// Of each frame either thread may be the last.
pub(super) fn clones_end_once<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "segment-clones-end-once",
        why: "Two clones of a segment are read and dropped at once: each frame ends once, after \
              both have read it.",
        frames: 2,
        gives: None,
        start: |start| {
            let row = start.sure_row(0..2);
            let copy = row.clone();
            start.hand_out(0, Initial::Row(row));
            start.hand_out(1, Initial::Row(copy));
        },
        threads: vec![read_and_drop, read_and_drop],
        allowed: &[
            "start start last last | start start kept kept => unused unused",
            "start start last kept | start start kept last => unused unused",
            "start start kept last | start start last kept => unused unused",
            "start start kept kept | start start last last => unused unused",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

fn read_and_drop<H: Host>(me: &mut Thread<'_, H>) {
    let row = me.row();
    for frame in row.frames() {
        me.say_writer(frame.dyn_meta());
    }
    let last = me.give_up(0..2, row);
    me.say_last(&last);
}

/// Thread 2 claims frame 1 before thread 1 comes to it, and then thread 1 finds
/// it busy, in use or unused again; or while thread 1 has it, and then it is
/// busy or in use; or after that. Frame 2 is in use all the time.
pub(super) fn refused_range_meets_claim<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "refused-range-meets-claim",
        why: "A range is refused for a frame at its end while another thread claims one of the \
              frames that it claims first and gives back: all of it comes back, and a frame is \
              had by one of them.",
        frames: 3,
        gives: None,
        start: start_with_the_last_taken,
        threads: vec![claim_range_in_vain, claim_the_middle],
        allowed: &[
            "in_use@2 last last unused - | 2.1 last => unused unused shared(1)",
            "in_use@1 last unused - | 2.1 last => unused unused shared(1)",
            "busy@1 last unused - | 2.1 last => unused unused shared(1)",
            "in_use@2 last last unused - | busy - => unused unused shared(1)",
            "in_use@2 last last unused - | in_use - => unused unused shared(1)",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

/// The handle stays where it is.
fn start_with_the_last_taken<H: Host>(start: &mut Thread<'_, H>) {
    let _forgotten = start.claim(2);
}

fn claim_range_in_vain<H: Host>(me: &mut Thread<'_, H>) {
    assert!(me.claim_row(0..3).is_none(), "frame 2 is in use");
    let found = me.look_up(0);
    me.end_of(0, found);
}

fn claim_the_middle<H: Host>(me: &mut Thread<'_, H>) {
    let frame = me.claim(1);
    if let Some(frame) = &frame {
        me.say_writer(frame.dyn_meta());
    }
    me.end_of(1, frame);
}

/// Thread 2 misses frame 0 before it is claimed, while it is built or torn down,
/// and after that; or it finds it, and then either of them may be the last.
pub(super) fn refused_range_meets_lookup<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "refused-range-meets-lookup",
        why: "A range is refused for a frame at its end while another thread looks up a frame \
              that it gives back: who found it keeps it, with its metadata, as long as needed.",
        frames: 3,
        gives: None,
        start: start_with_the_last_taken,
        threads: vec![
            |me| assert!(me.claim_row(0..3).is_none(), "frame 2 is in use"),
            look_the_first_up,
        ],
        allowed: &[
            "in_use@2 last last | unused - => unused unused shared(1)",
            "in_use@2 last last | busy - => unused unused shared(1)",
            "in_use@2 last last | 1.1 kept => unused unused shared(1)",
            "in_use@2 kept last | 1.1 last => unused unused shared(1)",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

fn look_the_first_up<H: Host>(me: &mut Thread<'_, H>) {
    let found = me.look_up(0);
    me.end_of(0, found);
}
