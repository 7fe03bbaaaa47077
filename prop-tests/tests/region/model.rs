//! The reference: what a region of frames is, told without its code.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest_state_machine::ReferenceStateMachine;

pub(crate) const PAGE: usize = 4096;

/// Enough for segments of several frames with others around them.
pub(crate) const MAX_FRAMES: usize = 8;

/// More hands than this are not asked for.
const MAX_HANDS: usize = 10;

/// What a hand is called in the steps.
pub(crate) type Name = usize;

/// A type of metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of frames whose bytes nobody may read.
    Typed,
    /// Of frames of plain bytes.
    Untyped,
    /// Of frames that a list can hold.
    Linked,
}

const KINDS: [Kind; 3] = [Kind::Typed, Kind::Untyped, Kind::Linked];

/// What a hand says of the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    As(Kind),
    Any,
    AnyUntyped,
}

/// Something that holds frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hand {
    Shared {
        frame: usize,
        view: View,
    },
    Unique {
        frame: usize,
        view: View,
    },
    Segment {
        start: usize,
        end: usize,
        view: View,
    },
    /// The frames from front to back.
    List(Vec<usize>),
    /// Forgotten, and known by its address.
    Raw(Box<Hand>),
}

/// One step of the test.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Claim {
        paddr: usize,
        kind: Kind,
        unique: bool,
        into: Name,
    },
    /// `panics_at`: where the metadata cannot be made.
    ClaimSegment {
        start: usize,
        end: usize,
        kind: Kind,
        panics_at: Option<usize>,
        into: Name,
    },
    LookUp {
        paddr: usize,
        into: Name,
    },
    Clone {
        hand: Name,
        into: Name,
    },
    Drop {
        hand: Name,
    },
    TryUnique {
        hand: Name,
    },
    Share {
        hand: Name,
    },
    Repurpose {
        hand: Name,
        kind: Kind,
    },
    Reset {
        hand: Name,
    },
    /// Changes the metadata.
    Write {
        hand: Name,
        value: u64,
    },
    /// Forgets the type of the metadata.
    Erase {
        hand: Name,
    },
    /// Asks for a type of metadata.
    Restore {
        hand: Name,
        kind: Kind,
    },
    /// Asks for untyped memory.
    ToUntyped {
        hand: Name,
    },
    IntoRaw {
        hand: Name,
    },
    FromRaw {
        hand: Name,
    },
    ToSegment {
        hand: Name,
    },
    Split {
        hand: Name,
        offset: usize,
        into: Name,
    },
    Slice {
        hand: Name,
        start: usize,
        end: usize,
        into: Name,
    },
    /// Takes a frame out of a segment.
    Next {
        hand: Name,
        back: bool,
        into: Name,
    },
    WritePage {
        hand: Name,
        at: usize,
        bytes: Vec<u8>,
    },
    ReadPage {
        hand: Name,
        at: usize,
        len: usize,
    },
    /// Copies from the beginning of one to the beginning of the other.
    CopyPage {
        from: Name,
        to: Name,
    },
    NewList {
        into: Name,
    },
    Push {
        list: Name,
        hand: Name,
        front: bool,
    },
    Pop {
        list: Name,
        front: bool,
        into: Name,
    },
    /// Through a cursor at an address: takes the frame there out,
    TakeAt {
        list: Name,
        paddr: usize,
        into: Name,
    },
    /// puts one in before it,
    InsertAt {
        list: Name,
        paddr: usize,
        hand: Name,
    },
    /// changes its metadata.
    WriteAt {
        list: Name,
        paddr: usize,
        value: u64,
    },
}

/// Why a frame could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    InUse,
    Unused,
    Unique,
    OutOfBound,
    NotAligned,
}

/// What a step gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Refused(Refusal),
    /// The hand comes back as it was.
    Back,
    /// There is no such frame.
    Nothing,
    Panicked,
    Count(usize),
    Bytes(Vec<u8>),
}

/// What becomes of metadata and frames during a step, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// `on_drop` of the metadata with this number, whose reader saw a page of
    /// this digest and left nothing.
    OnDrop {
        id: u64,
        page: u64,
    },
    Destroy {
        id: u64,
    },
    /// The allocator got the frame.
    Freed {
        frame: usize,
        unused: bool,
    },
}

/// The metadata in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) kind: Kind,
    /// No other metadata ever had it.
    pub(crate) id: u64,
    pub(crate) value: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Unused,
    Shared(u64),
    Unique,
}

#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) state: State,
    pub(crate) meta: Option<Meta>,
    /// Bytes that are not what they were at first.
    written: BTreeMap<usize, u8>,
}

/// A page at first.
pub(crate) fn first_byte(frame: usize, at: usize) -> u8 {
    (frame * 101 + at * 7 + at / 256) as u8
}

/// Tells pages apart.
pub(crate) fn digest(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// The region, and who holds what.
#[derive(Clone)]
pub(crate) struct Region {
    pub(crate) frames: Vec<Frame>,
    pub(crate) hands: BTreeMap<Name, Hand>,
    next_id: u64,
    /// No hand had this name or a greater one: when a step is left out, the
    /// others still mean the same hands.
    next_name: Name,
    /// What the last step gave,
    pub(crate) outcome: Outcome,
    /// and what became of metadata and frames.
    pub(crate) events: Vec<Event>,
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} frames", self.frames.len())?;
        for (name, hand) in &self.hands {
            write!(f, "\n  {name}: {hand:?}")?;
        }
        Ok(())
    }
}

impl Region {
    pub(crate) fn new(frames: usize) -> Self {
        let unused = Frame {
            state: State::Unused,
            meta: None,
            written: BTreeMap::new(),
        };
        Region {
            frames: vec![unused; frames],
            hands: BTreeMap::new(),
            next_id: 0,
            next_name: 0,
            outcome: Outcome::Ok,
            events: Vec::new(),
        }
    }

    /// The frame at an address.
    pub(crate) fn frame_at(&self, paddr: usize) -> Result<usize, Refusal> {
        if !paddr.is_multiple_of(PAGE) {
            Err(Refusal::NotAligned)
        } else if paddr / PAGE >= self.frames.len() {
            Err(Refusal::OutOfBound)
        } else {
            Ok(paddr / PAGE)
        }
    }

    fn byte(&self, frame: usize, at: usize) -> u8 {
        let written = self.frames[frame].written.get(&at);
        written.copied().unwrap_or_else(|| first_byte(frame, at))
    }

    /// The next metadata.
    fn make(&mut self, kind: Kind) -> Meta {
        let id = self.next_id;
        self.next_id += 1;
        Meta {
            kind,
            id,
            value: id,
        }
    }

    fn destroy(&mut self, meta: Meta) {
        self.events.push(Event::Destroy { id: meta.id });
    }

    /// The frame's metadata ends.
    fn end_meta(&mut self, frame: usize) {
        let page = digest((0..PAGE).map(|at| self.byte(frame, at)));
        let meta = self.frames[frame].meta.take().expect("in use");
        self.events.push(Event::OnDrop { id: meta.id, page });
        self.destroy(meta);
    }

    fn free(&mut self, frame: usize) {
        self.end_meta(frame);
        self.frames[frame].state = State::Unused;
        let unused = true;
        self.events.push(Event::Freed { frame, unused });
    }

    /// Gives metadata to an unused frame.
    fn claim(&mut self, frame: usize, meta: Meta, unique: bool) -> Result<(), Refusal> {
        let refusal = match self.frames[frame].state {
            State::Unused => {
                self.frames[frame].meta = Some(meta);
                self.frames[frame].state = if unique {
                    State::Unique
                } else {
                    State::Shared(1)
                };
                return Ok(());
            }
            State::Shared(_) => Refusal::InUse,
            State::Unique => Refusal::Unique,
        };
        self.destroy(meta);
        Err(refusal)
    }

    fn count(&mut self, frame: usize) {
        match &mut self.frames[frame].state {
            State::Shared(count) => *count += 1,
            state => unreachable!("{state:?} is not shared"),
        }
    }

    fn release(&mut self, frame: usize) {
        match &mut self.frames[frame].state {
            State::Shared(1) => self.free(frame),
            State::Shared(count) => *count -= 1,
            state => unreachable!("{state:?} is not shared"),
        }
    }

    fn release_all(&mut self, frames: impl IntoIterator<Item = usize>) {
        for frame in frames {
            self.release(frame);
        }
    }

    fn drop_hand(&mut self, hand: Hand) {
        match hand {
            Hand::Shared { frame, .. } => self.release(frame),
            Hand::Unique { frame, .. } => self.free(frame),
            Hand::Segment { start, end, .. } => self.release_all(start..end),
            Hand::List(frames) => frames.into_iter().for_each(|frame| self.free(frame)),
            Hand::Raw(_) => unreachable!("forgotten"),
        }
    }

    fn meta(&self, frame: usize) -> Meta {
        self.frames[frame].meta.expect("in use")
    }

    /// The frames of a hand, one after the other.
    pub(crate) fn frames_of(hand: &Hand) -> Vec<usize> {
        match hand {
            Hand::Shared { frame, .. } | Hand::Unique { frame, .. } => vec![*frame],
            Hand::Segment { start, end, .. } => (*start..*end).collect(),
            Hand::List(frames) => frames.clone(),
            Hand::Raw(hand) => Region::frames_of(hand),
        }
    }

    fn set_view(&mut self, name: Name, to: View) {
        match self.hands.get_mut(&name) {
            Some(
                Hand::Shared { view, .. } | Hand::Unique { view, .. } | Hand::Segment { view, .. },
            ) => *view = to,
            hand => unreachable!("{hand:?} has no view"),
        }
    }

    /// Whether the memory of a segment can be cut at these offsets.
    fn cuts(size: usize, start: usize, end: usize) -> bool {
        start.is_multiple_of(PAGE) && end.is_multiple_of(PAGE) && start <= end && end <= size
    }

    fn claim_segment(
        &mut self,
        (start, end): (usize, usize),
        kind: Kind,
        panics_at: Option<usize>,
    ) -> Result<(usize, usize), Outcome> {
        if !start.is_multiple_of(PAGE) || !end.is_multiple_of(PAGE) {
            return Err(Outcome::Refused(Refusal::NotAligned));
        }
        let (start, end) = (start / PAGE, end / PAGE);
        if start.max(end) > self.frames.len() {
            return Err(Outcome::Refused(Refusal::OutOfBound));
        }
        if start > end {
            return Err(Outcome::Panicked);
        }
        for frame in start..end {
            let refused = if panics_at == Some(frame) {
                Some(Outcome::Panicked)
            } else {
                let meta = self.make(kind);
                self.claim(frame, meta, false).err().map(Outcome::Refused)
            };
            if let Some(outcome) = refused {
                self.release_all(start..frame);
                return Err(outcome);
            }
        }
        Ok((start, end))
    }

    /// Whether a step can be taken.
    pub(crate) fn applies(&self, step: &Step) -> bool {
        let free = |name: &Name| !self.hands.contains_key(name);
        let view = |name: &Name| match self.hands.get(name)? {
            Hand::Shared { view, .. } | Hand::Unique { view, .. } | Hand::Segment { view, .. } => {
                Some(*view)
            }
            Hand::List(_) | Hand::Raw(_) => None,
        };
        let is_untyped =
            |name| matches!(view(name), Some(View::As(Kind::Untyped) | View::AnyUntyped));
        let is_shared = |name| matches!(self.hands.get(name), Some(Hand::Shared { .. }));
        let is_unique = |name| matches!(self.hands.get(name), Some(Hand::Unique { .. }));
        let is_segment = |name| matches!(self.hands.get(name), Some(Hand::Segment { .. }));
        let is_list = |name| matches!(self.hands.get(name), Some(Hand::List(_)));
        let is_loose = |name| is_unique(name) && view(name) == Some(View::As(Kind::Linked));
        match step {
            Step::Claim { into, .. }
            | Step::ClaimSegment { into, .. }
            | Step::LookUp { into, .. }
            | Step::NewList { into } => free(into),
            Step::Clone { hand, into } => free(into) && (is_shared(hand) || is_segment(hand)),
            Step::Drop { hand } => view(hand).is_some() || is_list(hand),
            Step::TryUnique { hand } | Step::ToSegment { hand } => is_shared(hand),
            Step::Share { hand } | Step::Repurpose { hand, .. } | Step::Reset { hand } => {
                is_unique(hand)
            }
            Step::Write { hand, .. } => is_unique(hand),
            Step::Erase { hand } => match view(hand) {
                Some(View::As(_)) => true,
                Some(View::AnyUntyped) => !is_unique(hand),
                _ => false,
            },
            Step::Restore { hand, .. } => view(hand) == Some(View::Any),
            Step::ToUntyped { hand } => {
                !is_unique(hand) && matches!(view(hand), Some(View::Any | View::As(Kind::Untyped)))
            }
            Step::IntoRaw { hand } => view(hand).is_some(),
            Step::FromRaw { hand } => matches!(self.hands.get(hand), Some(Hand::Raw(_))),
            Step::Split { hand, into, .. }
            | Step::Slice { hand, into, .. }
            | Step::Next { hand, into, .. } => free(into) && is_segment(hand),
            Step::WritePage { hand, .. } | Step::ReadPage { hand, .. } => is_untyped(hand),
            Step::CopyPage { from, to } => {
                let overlaps = || {
                    let frames = |name| -> BTreeSet<_> {
                        Region::frames_of(&self.hands[name]).into_iter().collect()
                    };
                    !frames(from).is_disjoint(&frames(to))
                };
                is_untyped(from) && is_untyped(to) && !overlaps()
            }
            Step::Push { list, hand, .. } | Step::InsertAt { list, hand, .. } => {
                is_list(list) && is_loose(hand)
            }
            Step::Pop { list, into, .. } | Step::TakeAt { list, into, .. } => {
                is_list(list) && free(into)
            }
            Step::WriteAt { list, .. } => is_list(list),
        }
    }

    fn remove(&mut self, name: Name) -> Hand {
        self.hands.remove(&name).expect("the step applies")
    }

    fn list(&mut self, name: Name) -> &mut Vec<usize> {
        match self.hands.get_mut(&name) {
            Some(Hand::List(frames)) => frames,
            hand => unreachable!("{hand:?} is no list"),
        }
    }

    /// The position of the frame at an address.
    fn position(&mut self, list: Name, paddr: usize) -> Option<usize> {
        let frame = self.frame_at(paddr).ok()?;
        self.list(list).iter().position(|&held| held == frame)
    }

    /// Takes a step that applies.
    pub(crate) fn perform(&mut self, step: &Step) {
        self.events.clear();
        self.outcome = self.take(step);
        let last = self.hands.last_key_value();
        self.next_name = self.next_name.max(last.map_or(0, |(name, _)| name + 1));
    }

    fn take(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Claim {
                paddr,
                kind,
                unique,
                into,
            } => {
                let meta = self.make(kind);
                let frame = match self.frame_at(paddr) {
                    Ok(frame) => frame,
                    Err(refusal) => {
                        self.destroy(meta);
                        return Outcome::Refused(refusal);
                    }
                };
                if let Err(refusal) = self.claim(frame, meta, unique) {
                    return Outcome::Refused(refusal);
                }
                let view = View::As(kind);
                let hand = if unique {
                    Hand::Unique { frame, view }
                } else {
                    Hand::Shared { frame, view }
                };
                self.hands.insert(into, hand);
            }
            Step::ClaimSegment {
                start,
                end,
                kind,
                panics_at,
                into,
            } => {
                let (start, end) = match self.claim_segment((start, end), kind, panics_at) {
                    Ok(range) => range,
                    Err(outcome) => return outcome,
                };
                let view = View::As(kind);
                self.hands.insert(into, Hand::Segment { start, end, view });
            }
            Step::LookUp { paddr, into } => {
                let frame = match self.frame_at(paddr) {
                    Ok(frame) => frame,
                    Err(refusal) => return Outcome::Refused(refusal),
                };
                match self.frames[frame].state {
                    State::Unused => return Outcome::Refused(Refusal::Unused),
                    State::Unique => return Outcome::Refused(Refusal::Unique),
                    State::Shared(_) => self.count(frame),
                }
                let view = View::Any;
                self.hands.insert(into, Hand::Shared { frame, view });
            }
            Step::Clone { hand, into } => {
                let copy = self.hands[&hand].clone();
                for frame in Region::frames_of(&copy) {
                    self.count(frame);
                }
                self.hands.insert(into, copy);
            }
            Step::Drop { hand } => {
                let hand = self.remove(hand);
                self.drop_hand(hand);
            }
            Step::TryUnique { hand } => {
                let Hand::Shared { frame, view } = self.hands[&hand] else {
                    unreachable!()
                };
                if self.frames[frame].state != State::Shared(1) {
                    return Outcome::Back;
                }
                self.frames[frame].state = State::Unique;
                self.hands.insert(hand, Hand::Unique { frame, view });
            }
            Step::Share { hand } => {
                let Hand::Unique { frame, view } = self.hands[&hand] else {
                    unreachable!()
                };
                self.frames[frame].state = State::Shared(1);
                self.hands.insert(hand, Hand::Shared { frame, view });
            }
            Step::Repurpose { hand, kind } => {
                let frame = Region::frames_of(&self.hands[&hand])[0];
                let meta = self.make(kind);
                self.end_meta(frame);
                self.frames[frame].meta = Some(meta);
                self.set_view(hand, View::As(kind));
            }
            Step::Reset { hand } => {
                let hand = self.remove(hand);
                let frame = Region::frames_of(&hand)[0];
                self.end_meta(frame);
                self.frames[frame].state = State::Unused;
            }
            Step::Write { hand, value } => {
                let frame = Region::frames_of(&self.hands[&hand])[0];
                self.frames[frame].meta.as_mut().expect("in use").value = value;
            }
            Step::Erase { hand } => self.set_view(hand, View::Any),
            Step::Restore { hand, kind } => {
                let frames = Region::frames_of(&self.hands[&hand]);
                if !frames.iter().all(|&frame| self.meta(frame).kind == kind) {
                    return Outcome::Back;
                }
                self.set_view(hand, View::As(kind));
            }
            Step::ToUntyped { hand } => {
                let frames = Region::frames_of(&self.hands[&hand]);
                let is_untyped = |&frame: &usize| self.meta(frame).kind == Kind::Untyped;
                if !frames.iter().all(is_untyped) {
                    return Outcome::Back;
                }
                self.set_view(hand, View::AnyUntyped);
            }
            Step::IntoRaw { hand } => {
                let raw = Hand::Raw(Box::new(self.remove(hand)));
                self.hands.insert(hand, raw);
            }
            Step::FromRaw { hand } => {
                let Hand::Raw(forgotten) = self.remove(hand) else {
                    unreachable!()
                };
                self.hands.insert(hand, *forgotten);
            }
            Step::ToSegment { hand } => {
                let Hand::Shared { frame, view } = self.hands[&hand] else {
                    unreachable!()
                };
                let (start, end) = (frame, frame + 1);
                self.hands.insert(hand, Hand::Segment { start, end, view });
            }
            Step::Split { hand, offset, into } => {
                let Hand::Segment { start, end, view } = self.remove(hand) else {
                    unreachable!()
                };
                if !Region::cuts((end - start) * PAGE, offset, (end - start) * PAGE) {
                    self.release_all(start..end);
                    return Outcome::Panicked;
                }
                let middle = start + offset / PAGE;
                let (first, last) = (start, end);
                let (start, end) = (first, middle);
                self.hands.insert(hand, Hand::Segment { start, end, view });
                let (start, end) = (middle, last);
                self.hands.insert(into, Hand::Segment { start, end, view });
            }
            Step::Slice {
                hand,
                start: from,
                end: to,
                into,
            } => {
                let Hand::Segment { start, end, view } = self.hands[&hand] else {
                    unreachable!()
                };
                if !Region::cuts((end - start) * PAGE, from, to) {
                    return Outcome::Panicked;
                }
                let (start, end) = (start + from / PAGE, start + to / PAGE);
                for frame in start..end {
                    self.count(frame);
                }
                self.hands.insert(into, Hand::Segment { start, end, view });
            }
            Step::Next { hand, back, into } => {
                let Some(Hand::Segment { start, end, view }) = self.hands.get_mut(&hand) else {
                    unreachable!()
                };
                if start == end {
                    return Outcome::Nothing;
                }
                let view = *view;
                let frame = if back {
                    *end -= 1;
                    *end
                } else {
                    *start += 1;
                    *start - 1
                };
                self.hands.insert(into, Hand::Shared { frame, view });
            }
            Step::WritePage {
                hand,
                at,
                ref bytes,
            } => {
                let frames = Region::frames_of(&self.hands[&hand]);
                let room = (frames.len() * PAGE).saturating_sub(at);
                for (n, &byte) in bytes.iter().take(room).enumerate() {
                    let frame = frames[(at + n) / PAGE];
                    self.frames[frame].written.insert((at + n) % PAGE, byte);
                }
                return Outcome::Count(bytes.len().min(room));
            }
            Step::ReadPage { hand, at, len } => {
                let frames = Region::frames_of(&self.hands[&hand]);
                let end = (frames.len() * PAGE).min(at + len);
                let byte = |at| self.byte(frames[at / PAGE], at % PAGE);
                return Outcome::Bytes((at..end).map(byte).collect());
            }
            Step::CopyPage { from, to } => {
                let from = Region::frames_of(&self.hands[&from]);
                let to = Region::frames_of(&self.hands[&to]);
                let len = from.len().min(to.len()) * PAGE;
                for at in 0..len {
                    let byte = self.byte(from[at / PAGE], at % PAGE);
                    self.frames[to[at / PAGE]].written.insert(at % PAGE, byte);
                }
                return Outcome::Count(len);
            }
            Step::NewList { into } => {
                self.hands.insert(into, Hand::List(Vec::new()));
            }
            Step::Push { list, hand, front } => {
                let frame = Region::frames_of(&self.remove(hand))[0];
                let frames = self.list(list);
                frames.insert(if front { 0 } else { frames.len() }, frame);
            }
            Step::Pop { list, front, into } => {
                let frames = self.list(list);
                let taken = if front && !frames.is_empty() {
                    Some(frames.remove(0))
                } else {
                    frames.pop()
                };
                let Some(frame) = taken else {
                    return Outcome::Nothing;
                };
                let view = View::As(Kind::Linked);
                self.hands.insert(into, Hand::Unique { frame, view });
            }
            Step::TakeAt { list, paddr, into } => {
                let Some(at) = self.position(list, paddr) else {
                    return Outcome::Nothing;
                };
                let frame = self.list(list).remove(at);
                let view = View::As(Kind::Linked);
                self.hands.insert(into, Hand::Unique { frame, view });
            }
            Step::InsertAt { list, paddr, hand } => {
                let Some(at) = self.position(list, paddr) else {
                    return Outcome::Nothing;
                };
                let frame = Region::frames_of(&self.remove(hand))[0];
                self.list(list).insert(at, frame);
            }
            Step::WriteAt { list, paddr, value } => {
                let Some(at) = self.position(list, paddr) else {
                    return Outcome::Nothing;
                };
                let frame = self.list(list)[at];
                self.frames[frame].meta.as_mut().expect("in use").value = value;
            }
        }
        Outcome::Ok
    }

    /// The next step that gives everything back, if there is anything left.
    pub(crate) fn last_step(&self) -> Option<Step> {
        let (&hand, held) = self.hands.first_key_value()?;
        Some(match held {
            Hand::Raw(_) => Step::FromRaw { hand },
            _ => Step::Drop { hand },
        })
    }

    /// How many metadata values were ever made.
    pub(crate) fn made(&self) -> u64 {
        self.next_id
    }
}

/// Generates steps that fit the region.
pub(crate) struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Region;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Region> {
        (1..=MAX_FRAMES).prop_map(Region::new).boxed()
    }

    fn transitions(region: &Region) -> BoxedStrategy<Step> {
        let named = |applies: &dyn Fn(Name) -> Step| -> Vec<Name> {
            let names = region.hands.keys().copied();
            names
                .filter(|&name| region.applies(&applies(name)))
                .collect()
        };
        let into = region.next_name;
        let frames = region.frames.len();
        let mut steps: Vec<(u32, BoxedStrategy<Step>)> = Vec::new();

        if region.hands.len() < MAX_HANDS {
            let claim = (any_paddr(frames), select(&KINDS[..]), any::<bool>());
            let claim = claim.prop_map(move |(paddr, kind, unique)| Step::Claim {
                paddr,
                kind,
                unique,
                into,
            });
            // Frames to put into lists.
            let linked = any_paddr(frames).prop_map(move |paddr| Step::Claim {
                paddr,
                kind: Kind::Linked,
                unique: true,
                into,
            });
            let panics_at = proptest::option::weighted(0.1, 0..frames);
            let segment = (any_range(frames), select(&KINDS[..]), panics_at);
            let segment =
                segment.prop_map(move |((start, end), kind, panics_at)| Step::ClaimSegment {
                    start,
                    end,
                    kind,
                    panics_at,
                    into,
                });
            let look_up = any_paddr(frames).prop_map(move |paddr| Step::LookUp { paddr, into });
            steps.push((4, claim.boxed()));
            steps.push((4, segment.boxed()));
            steps.push((4, look_up.boxed()));
            steps.push((4, linked.boxed()));
            let has_list = region
                .hands
                .values()
                .any(|hand| matches!(hand, Hand::List(_)));
            let weight = if has_list { 1 } else { 4 };
            steps.push((weight, Just(Step::NewList { into }).boxed()));

            let hands = named(&|hand| Step::Clone { hand, into });
            if !hands.is_empty() {
                let clone = select(hands).prop_map(move |hand| Step::Clone { hand, into });
                steps.push((3, clone.boxed()));
            }
            let hands = named(&|hand| Step::Next {
                hand,
                back: true,
                into,
            });
            if !hands.is_empty() {
                let split = (select(hands.clone()), any_offset(frames));
                let split =
                    split.prop_map(move |(hand, offset)| Step::Split { hand, offset, into });
                let slice = (select(hands.clone()), any_offsets(frames));
                let slice = slice.prop_map(move |(hand, (start, end))| Step::Slice {
                    hand,
                    start,
                    end,
                    into,
                });
                let next = (select(hands), any::<bool>());
                let next = next.prop_map(move |(hand, back)| Step::Next { hand, back, into });
                steps.extend([(3, split.boxed()), (3, slice.boxed()), (2, next.boxed())]);
            }
            let lists = named(&|list| Step::Pop {
                list,
                front: true,
                into,
            });
            if !lists.is_empty() {
                let pop = (select(lists.clone()), any::<bool>());
                let pop = pop.prop_map(move |(list, front)| Step::Pop { list, front, into });
                let take = (select(lists), listed_paddr(region));
                let take = take.prop_map(move |(list, paddr)| Step::TakeAt { list, paddr, into });
                steps.extend([(1, pop.boxed()), (2, take.boxed())]);
            }
        }

        // One hand and nothing else.
        for (weight, step) in [
            (6, (|hand| Step::Drop { hand }) as fn(Name) -> Step),
            (2, |hand| Step::TryUnique { hand }),
            (1, |hand| Step::Share { hand }),
            (1, |hand| Step::Reset { hand }),
            (2, |hand| Step::Erase { hand }),
            (2, |hand| Step::ToUntyped { hand }),
            (2, |hand| Step::IntoRaw { hand }),
            (3, |hand| Step::FromRaw { hand }),
            (1, |hand| Step::ToSegment { hand }),
        ] {
            let hands = named(&step);
            if !hands.is_empty() {
                steps.push((weight, select(hands).prop_map(step).boxed()));
            }
        }
        // One hand and a kind.
        for step in [
            (|(hand, kind)| Step::Repurpose { hand, kind }) as fn((Name, Kind)) -> Step,
            |(hand, kind)| Step::Restore { hand, kind },
        ] {
            let hands = named(&|hand| step((hand, Kind::Typed)));
            if !hands.is_empty() {
                let step = (select(hands), select(&KINDS[..])).prop_map(step);
                steps.push((2, step.boxed()));
            }
        }
        let hands = named(&|hand| Step::Write { hand, value: 0 });
        if !hands.is_empty() {
            let write = (select(hands), any::<u64>());
            let write = write.prop_map(|(hand, value)| Step::Write { hand, value });
            steps.push((1, write.boxed()));
        }
        let hands = named(&|hand| Step::ReadPage {
            hand,
            at: 0,
            len: 0,
        });
        if !hands.is_empty() {
            let at = || prop_oneof![0..64_usize, 0..2 * PAGE, PAGE - 20..PAGE + 20];
            let bytes = proptest::collection::vec(any::<u8>(), 0..40);
            let write = (select(hands.clone()), at(), bytes);
            let write = write.prop_map(|(hand, at, bytes)| Step::WritePage { hand, at, bytes });
            let read = (select(hands.clone()), at(), 0..2 * PAGE);
            let read = read.prop_map(|(hand, at, len)| Step::ReadPage { hand, at, len });
            steps.extend([(2, write.boxed()), (1, read.boxed())]);
            let pairs: Vec<_> = hands
                .iter()
                .flat_map(|&from| hands.iter().map(move |&to| Step::CopyPage { from, to }))
                .filter(|copy| region.applies(copy))
                .collect();
            if !pairs.is_empty() {
                steps.push((1, select(pairs).boxed()));
            }
        }
        let lists = named(&|list| Step::WriteAt {
            list,
            paddr: 0,
            value: 0,
        });
        if let Some(&list) = lists.first() {
            let write = (select(lists.clone()), listed_paddr(region), any::<u64>());
            let write = write.prop_map(|(list, paddr, value)| Step::WriteAt { list, paddr, value });
            steps.push((1, write.boxed()));
            let hands = named(&|hand| Step::Push {
                list,
                hand,
                front: true,
            });
            if !hands.is_empty() {
                let push = (select(lists.clone()), select(hands.clone()), any::<bool>());
                let push = push.prop_map(|(list, hand, front)| Step::Push { list, hand, front });
                let insert = (select(lists), listed_paddr(region), select(hands));
                let insert =
                    insert.prop_map(|(list, paddr, hand)| Step::InsertAt { list, paddr, hand });
                steps.extend([(6, push.boxed()), (6, insert.boxed())]);
            }
        }
        Union::new_weighted(steps).boxed()
    }

    fn apply(mut region: Region, step: &Step) -> Region {
        // While a failure shrinks, a step may lose what it needs: it is passed
        // over then, and left out later.
        if region.applies(step) {
            region.perform(step);
        }
        region
    }
}

/// An address: mostly a frame's.
fn any_paddr(frames: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        12 => (0..frames).prop_map(|frame| frame * PAGE),
        1 => odd_number(frames),
    ]
}

/// An address to look for in a list: mostly that of a frame in one.
fn listed_paddr(region: &Region) -> BoxedStrategy<usize> {
    let lists = region
        .hands
        .values()
        .filter(|hand| matches!(hand, Hand::List(_)));
    let listed: Vec<_> = lists.flat_map(Region::frames_of).collect();
    let any = any_paddr(region.frames.len());
    if listed.is_empty() {
        return any.boxed();
    }
    let listed = select(listed).prop_map(|frame| frame * PAGE);
    prop_oneof![3 => listed, 1 => any].boxed()
}

/// A number of bytes that is no frame's address, or not for sure.
fn odd_number(frames: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        (0..frames, 1..PAGE).prop_map(|(frame, byte)| frame * PAGE + byte),
        (0..3_usize).prop_map(move |frame| (frames + frame) * PAGE),
        select(vec![
            usize::MAX,
            usize::MAX - PAGE + 1,
            1 << (usize::BITS - 1),
            u32::MAX as usize + 1,
        ]),
        any::<usize>(),
        any::<usize>().prop_map(|paddr| paddr & !(PAGE - 1)),
    ]
}

/// The ends of a range of addresses: mostly in order, and within the memory.
fn any_range(frames: usize) -> impl Strategy<Value = (usize, usize)> {
    let number = move || {
        prop_oneof![
            6 => (0..=frames).prop_map(|frame| frame * PAGE),
            1 => odd_number(frames),
        ]
    };
    prop_oneof![
        8 => (0..=frames, 0..=frames)
            .prop_map(|(a, b)| (a.min(b) * PAGE, a.max(b) * PAGE)),
        1 => (number(), number()),
    ]
}

/// An offset into a segment: mostly a good one.
fn any_offset(frames: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        6 => (0..=frames.min(2)).prop_map(|frame| frame * PAGE),
        1 => odd_number(frames),
    ]
}

fn any_offsets(frames: usize) -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![
        6 => (0..=frames.min(3), 0..=frames.min(3))
            .prop_map(|(a, b)| (a.min(b) * PAGE, a.max(b) * PAGE)),
        1 => (any_offset(frames), any_offset(frames)),
    ]
}
