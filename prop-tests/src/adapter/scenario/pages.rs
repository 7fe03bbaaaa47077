//! Untyped pages: read and written at once, and handed on.

use super::thread::{Held, Page, Thread};
use super::{FrameScenario, Initial};
use crate::scenario::Expected;
use crate::world::Host;

pub(super) fn all<H: Host>() -> Vec<FrameScenario<H>> {
    vec![
        words_meet_reader(),
        bytes_of_one_word(),
        page_is_handed_on(),
    ]
}

/// What is written into a word: no byte is what it was.
pub(super) const NEW: [u8; 8] = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7];

/// Two words are written in their order and read in the other. The second may be read
/// old and the first new, or by a stale read the other way.
pub(super) fn words_meet_reader<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "page-words-meet-reader",
        why: "Two words of a page are read while they are written: each is as before or as \
              after, and never a mixture, but the words may be of different times.",
        frames: 1,
        gives: None,
        start: start_with_two_handles,
        threads: vec![write_two_words, read_two_words],
        allowed: &[
            " | old old => shared(2)",
            " | old new => shared(2)",
            " | new new => shared(2)",
        ],
        stale: &[" | new old => shared(2)"],
        expected: Expected::Pass,
    }
}

fn start_with_two_handles<H: Host>(start: &mut Thread<'_, H>) {
    let page = start.claim_page(0).expect("the frame is unused");
    for thread in 0..2 {
        start.hand_out(thread, Initial::Page(Page::clone(&page)));
    }
    start.give_up(0..1, page);
}

fn write_two_words<H: Host>(me: &mut Thread<'_, H>) {
    let page = me.page();
    me.write_bytes(&page, 0, [NEW; 2].as_flattened());
}

fn read_two_words<H: Host>(me: &mut Thread<'_, H>) {
    let page = me.page();
    for at in [1, 0] {
        let word = me.read_word(&page, at);
        say_bytes(me, &word, 0);
    }
}

/// Says whether bytes at this place of the first word are those of the start, all new,
/// or torn.
fn say_bytes<H: Host>(me: &mut Thread<'_, H>, bytes: &[u8], at: usize) {
    me.say(if *bytes == NEW[at..at + bytes.len()] {
        "new"
    } else if bytes.iter().all(|byte| *byte == 0) {
        "old"
    } else {
        "torn"
    });
}

/// Who writes later sees what the other wrote: not both miss it.
pub(super) fn bytes_of_one_word<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "page-bytes-of-one-word",
        why: "Two threads write different bytes of one word at once, and read it back: neither \
              puts the other's bytes back as they were.",
        frames: 1,
        gives: None,
        start: start_with_two_handles,
        threads: vec![|me| write_and_read(me, 0), |me| write_and_read(me, 2)],
        allowed: &[
            "new old | new new => shared(2)",
            "new new | new old => shared(2)",
            "new new | new new => shared(2)",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

/// Says what became of its own two bytes, and of the other's.
fn write_and_read<H: Host>(me: &mut Thread<'_, H>, own: usize) {
    let page = me.page();
    me.write_bytes(&page, own, &NEW[own..own + 2]);
    read_back(me, &page, own);
}

pub(super) fn read_back<H: Host>(me: &mut Thread<'_, H>, page: &Page<H>, own: usize) {
    let word = me.read_word(page, 0);
    for at in [own, 2 - own] {
        say_bytes(me, &word[at..at + 2], at);
    }
}

/// The frame is in use, being torn down, or to be had; then its page has what was
/// written last.
pub(super) fn page_is_handed_on<H: Host>() -> FrameScenario<H> {
    FrameScenario {
        name: "page-is-handed-on",
        why: "A page is written and given up while another thread claims it: who gets it reads \
              what was written, although its words are read and written relaxed.",
        frames: 1,
        gives: None,
        start: |start| {
            let page = start.claim_page(0).expect("the frame is unused");
            start.hand_out(0, Initial::Page(Held::into_inner(page)));
        },
        threads: vec![write_and_give_up, claim_and_read],
        allowed: &[
            "last | in_use - => unused",
            "last | busy - => unused",
            "last | new last => unused",
        ],
        stale: &[],
        expected: Expected::Pass,
    }
}

fn write_and_give_up<H: Host>(me: &mut Thread<'_, H>) {
    let page = me.page();
    me.write_bytes(&page, 0, &NEW);
    me.end_of(0, Some(page));
}

fn claim_and_read<H: Host>(me: &mut Thread<'_, H>) {
    let page = me.claim_page(0);
    if let Some(page) = &page {
        let word = me.read_word(page, 0);
        say_bytes(me, &word, 0);
    }
    me.end_of(0, page);
}
