//! The real code: the hands, and each step on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use meta_core::{
    Access, AnyFrameMeta, AnyUFrameMeta, Frame, GetFrameError, Link, LinkedList, PAGE_SIZE, Paddr,
    Segment, SlotState, UniqueFrame, UntypedMem, VmReader, VmWriter, frame_to_index, frame_to_meta,
    get_slot, meta_to_frame,
};
use proptest::test_runner::{TestCaseError, TestCaseResult};

use super::memory::{self, Here, Linked, Noted, Typed, Untyped, memory};
use super::model::{Hand, Kind, Name, Outcome, Refusal, Region, State, Step, View};

/// Declares handles of one sort by what they say of the metadata.
macro_rules! viewed {
    ($name:ident = $handle:ident) => {
        enum $name {
            Typed($handle<Typed, Here>),
            Untyped($handle<Untyped, Here>),
            Linked($handle<Linked, Here>),
            Any($handle<dyn AnyFrameMeta, Here>),
            AnyUntyped($handle<dyn AnyUFrameMeta, Here>),
        }

        impl $name {
            fn view(&self) -> View {
                match self {
                    Self::Typed(_) => View::As(Kind::Typed),
                    Self::Untyped(_) => View::As(Kind::Untyped),
                    Self::Linked(_) => View::As(Kind::Linked),
                    Self::Any(_) => View::Any,
                    Self::AnyUntyped(_) => View::AnyUntyped,
                }
            }
        }
    };
}

viewed!(Shared = Frame);
viewed!(Unique = UniqueFrame);
viewed!(Row = Segment);

/// The same expression whatever the view of a hand.
macro_rules! each {
    ($sort:ident: $hand:expr, $inner:ident => $result:expr) => {
        match $hand {
            $sort::Typed($inner) => $result,
            $sort::Untyped($inner) => $result,
            $sort::Linked($inner) => $result,
            $sort::Any($inner) => $result,
            $sort::AnyUntyped($inner) => $result,
        }
    };
}

/// The same expression whatever the view, which the result keeps.
macro_rules! map {
    ($sort:ident -> $to:ident: $hand:expr, $inner:ident => $result:expr) => {
        match $hand {
            $sort::Typed($inner) => $to::Typed($result),
            $sort::Untyped($inner) => $to::Untyped($result),
            $sort::Linked($inner) => $to::Linked($result),
            $sort::Any($inner) => $to::Any($result),
            $sort::AnyUntyped($inner) => $to::AnyUntyped($result),
        }
    };
}

/// As [`map`], where some views give their hand back.
macro_rules! try_map {
    ($sort:ident -> $to:ident: $hand:expr, $inner:ident => $result:expr) => {
        match $hand {
            $sort::Typed($inner) => $result.map($to::Typed).map_err($sort::Typed),
            $sort::Untyped($inner) => $result.map($to::Untyped).map_err($sort::Untyped),
            $sort::Linked($inner) => $result.map($to::Linked).map_err($sort::Linked),
            $sort::Any($inner) => $result.map($to::Any).map_err($sort::Any),
            $sort::AnyUntyped($inner) => $result.map($to::AnyUntyped).map_err($sort::AnyUntyped),
        }
    };
}

/// A handle of this view made by the same expression.
macro_rules! of_view {
    ($to:ident: $view:expr, $result:expr) => {
        match $view {
            View::As(Kind::Typed) => $to::Typed($result),
            View::As(Kind::Untyped) => $to::Untyped($result),
            View::As(Kind::Linked) => $to::Linked($result),
            View::Any => $to::Any($result),
            View::AnyUntyped => $to::AnyUntyped($result),
        }
    };
}

/// A handle of this kind made by an expression of a constructor of metadata.
macro_rules! of_kind {
    ($to:ident: $kind:expr, $make:ident => $result:expr) => {
        match $kind {
            Kind::Typed => {
                let $make = Typed::new;
                $result.map($to::Typed)
            }
            Kind::Untyped => {
                let $make = Untyped::new;
                $result.map($to::Untyped)
            }
            Kind::Linked => {
                let $make = |id| Link::new(Noted::new(id));
                $result.map($to::Linked)
            }
        }
    };
}

type List = LinkedList<Noted<2>, Here>;

enum Real {
    Shared(Shared),
    Unique(Unique),
    Row(Row),
    List(List),
    RawShared(View, Paddr),
    RawUnique(View, Paddr),
    RawRow(View, Range<Paddr>),
}

/// What a closure of a test unwinds with.
struct Thrown;

/// The region as the real code has it.
pub(crate) struct Subject {
    hands: BTreeMap<Name, Real>,
    next_id: u64,
}

impl Subject {
    pub(crate) fn new(region: &Region) -> Self {
        memory::start(region.frames.len());
        Subject {
            hands: BTreeMap::new(),
            next_id: 0,
        }
    }

    fn remove(&mut self, name: Name) -> Real {
        self.hands.remove(&name).expect("the step applies")
    }

    fn list(&mut self, name: Name) -> &mut List {
        match self.hands.get_mut(&name) {
            Some(Real::List(list)) => list,
            _ => unreachable!("the step applies"),
        }
    }

    /// A frame for a list.
    fn remove_loose(&mut self, name: Name) -> UniqueFrame<Linked, Here> {
        match self.remove(name) {
            Real::Unique(Unique::Linked(frame)) => frame,
            _ => unreachable!("the step applies"),
        }
    }

    /// Takes a step that applies.
    pub(crate) fn perform(&mut self, step: &Step) -> Outcome {
        let unwound = catch_unwind(AssertUnwindSafe(|| self.take(step)));
        unwound.unwrap_or(Outcome::Panicked)
    }

    fn take(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Claim {
                paddr,
                kind,
                unique,
                into,
            } => {
                let id = self.make();
                let claimed = if unique {
                    let claimed =
                        of_kind!(Unique: kind, make => UniqueFrame::from_unused(paddr, make(id)));
                    claimed.map(Real::Unique)
                } else {
                    let claimed =
                        of_kind!(Shared: kind, make => Frame::from_unused(paddr, make(id)));
                    claimed.map(Real::Shared)
                };
                self.keep(into, claimed)
            }
            Step::ClaimSegment {
                start,
                end,
                kind,
                panics_at,
                into,
            } => {
                let next_id = &mut self.next_id;
                let mut id = |paddr: Paddr| {
                    if panics_at == Some(frame_to_index(paddr)) {
                        resume_unwind(Box::new(Thrown));
                    }
                    *next_id += 1;
                    *next_id - 1
                };
                let claimed = of_kind!(Row: kind, make => {
                    Segment::from_unused(start..end, |paddr| make(id(paddr)))
                });
                self.keep(into, claimed.map(Real::Row))
            }
            Step::LookUp { paddr, into } => {
                let found = Frame::from_in_use(paddr);
                self.keep(into, found.map(|frame| Real::Shared(Shared::Any(frame))))
            }
            Step::Clone { hand, into } => {
                let copy = match &self.hands[&hand] {
                    Real::Shared(hand) => {
                        Real::Shared(map!(Shared -> Shared: hand, h => h.clone()))
                    }
                    Real::Row(hand) => Real::Row(map!(Row -> Row: hand, h => h.clone())),
                    _ => unreachable!("the step applies"),
                };
                self.put(into, copy)
            }
            Step::Drop { hand } => {
                drop(self.remove(hand));
                Outcome::Ok
            }
            Step::TryUnique { hand } => {
                let Real::Shared(shared) = self.remove(hand) else {
                    unreachable!("the step applies")
                };
                match try_map!(Shared -> Unique: shared, h => UniqueFrame::try_from(h)) {
                    Ok(unique) => self.put(hand, Real::Unique(unique)),
                    Err(shared) => self.put_back(hand, Real::Shared(shared)),
                }
            }
            Step::Share { hand } => {
                let Real::Unique(unique) = self.remove(hand) else {
                    unreachable!("the step applies")
                };
                let shared = map!(Unique -> Shared: unique, h => Frame::from(h));
                self.put(hand, Real::Shared(shared))
            }
            Step::Repurpose { hand, kind } => {
                let id = self.make();
                let Real::Unique(unique) = self.remove(hand) else {
                    unreachable!("the step applies")
                };
                let unique = each!(Unique: unique, h => match kind {
                    Kind::Typed => Unique::Typed(h.repurpose(Typed::new(id))),
                    Kind::Untyped => Unique::Untyped(h.repurpose(Untyped::new(id))),
                    Kind::Linked => Unique::Linked(h.repurpose(Link::new(Noted::new(id)))),
                });
                self.put(hand, Real::Unique(unique))
            }
            Step::Reset { hand } => {
                let Real::Unique(unique) = self.remove(hand) else {
                    unreachable!("the step applies")
                };
                each!(Unique: unique, h => h.reset_as_unused());
                Outcome::Ok
            }
            Step::Write { hand, value } => {
                match self.hands.get_mut(&hand) {
                    Some(Real::Unique(Unique::Typed(unique))) => unique.meta_mut().value = value,
                    Some(Real::Unique(Unique::Untyped(unique))) => unique.meta_mut().value = value,
                    Some(Real::Unique(Unique::Linked(unique))) => unique.meta_mut().value = value,
                    Some(Real::Unique(Unique::Any(unique))) => {
                        memory::change(unique.dyn_meta_mut(), value);
                    }
                    Some(Real::Unique(Unique::AnyUntyped(unique))) => {
                        memory::change(unique.dyn_meta_mut(), value);
                    }
                    _ => unreachable!("the step applies"),
                }
                Outcome::Ok
            }
            Step::Erase { hand } => {
                let erased = match self.remove(hand) {
                    Real::Shared(Shared::Typed(h)) => Real::Shared(Shared::Any(h.into())),
                    Real::Shared(Shared::Untyped(h)) => Real::Shared(Shared::Any(h.into())),
                    Real::Shared(Shared::Linked(h)) => Real::Shared(Shared::Any(h.into())),
                    Real::Shared(Shared::AnyUntyped(h)) => Real::Shared(Shared::Any(h.into())),
                    Real::Unique(Unique::Typed(h)) => Real::Unique(Unique::Any(h.into())),
                    Real::Unique(Unique::Untyped(h)) => Real::Unique(Unique::Any(h.into())),
                    Real::Unique(Unique::Linked(h)) => Real::Unique(Unique::Any(h.into())),
                    Real::Row(Row::Typed(h)) => Real::Row(Row::Any(h.into())),
                    Real::Row(Row::Untyped(h)) => Real::Row(Row::Any(h.into())),
                    Real::Row(Row::Linked(h)) => Real::Row(Row::Any(h.into())),
                    Real::Row(Row::AnyUntyped(h)) => Real::Row(Row::Any(h.into())),
                    _ => unreachable!("the step applies"),
                };
                self.put(hand, erased)
            }
            Step::Restore { hand, kind } => {
                macro_rules! restore {
                    ($sort:ident: $any:ident) => {
                        match kind {
                            Kind::Typed => $any.try_into().map($sort::Typed),
                            Kind::Untyped => $any.try_into().map($sort::Untyped),
                            Kind::Linked => $any.try_into().map($sort::Linked),
                        }
                        .map(Real::$sort)
                        .map_err(|any| Real::$sort($sort::Any(any)))
                    };
                }
                let restored = match self.remove(hand) {
                    Real::Shared(Shared::Any(any)) => restore!(Shared: any),
                    Real::Unique(Unique::Any(any)) => restore!(Unique: any),
                    Real::Row(Row::Any(any)) => restore!(Row: any),
                    _ => unreachable!("the step applies"),
                };
                match restored {
                    Ok(typed) => self.put(hand, typed),
                    Err(any) => self.put_back(hand, any),
                }
            }
            Step::ToUntyped { hand } => {
                let untyped = match self.remove(hand) {
                    Real::Shared(Shared::Untyped(h)) => {
                        Ok(Real::Shared(Shared::AnyUntyped(h.into())))
                    }
                    Real::Row(Row::Untyped(h)) => Ok(Real::Row(Row::AnyUntyped(h.into()))),
                    Real::Shared(Shared::Any(h)) => h
                        .try_into()
                        .map(|h| Real::Shared(Shared::AnyUntyped(h)))
                        .map_err(|h| Real::Shared(Shared::Any(h))),
                    Real::Row(Row::Any(h)) => h
                        .try_into()
                        .map(|h| Real::Row(Row::AnyUntyped(h)))
                        .map_err(|h| Real::Row(Row::Any(h))),
                    _ => unreachable!("the step applies"),
                };
                match untyped {
                    Ok(untyped) => self.put(hand, untyped),
                    Err(any) => self.put_back(hand, any),
                }
            }
            Step::IntoRaw { hand } => {
                let raw = match self.remove(hand) {
                    Real::Shared(h) => {
                        Real::RawShared(h.view(), each!(Shared: h, h => h.into_raw()))
                    }
                    Real::Unique(h) => {
                        Real::RawUnique(h.view(), each!(Unique: h, h => h.into_raw()))
                    }
                    Real::Row(h) => Real::RawRow(h.view(), each!(Row: h, h => h.into_raw())),
                    _ => unreachable!("the step applies"),
                };
                self.put(hand, raw)
            }
            Step::FromRaw { hand } => {
                // SAFETY: each was forgotten as a handle of this view, and comes
                // back once.
                let back = unsafe {
                    match self.remove(hand) {
                        Real::RawShared(view, paddr) => {
                            Real::Shared(of_view!(Shared: view, Frame::from_raw(paddr)))
                        }
                        Real::RawUnique(view, paddr) => {
                            Real::Unique(of_view!(Unique: view, UniqueFrame::from_raw(paddr)))
                        }
                        Real::RawRow(view, range) => {
                            Real::Row(of_view!(Row: view, Segment::from_raw(range)))
                        }
                        _ => unreachable!("the step applies"),
                    }
                };
                self.put(hand, back)
            }
            Step::ToSegment { hand } => {
                let Real::Shared(shared) = self.remove(hand) else {
                    unreachable!("the step applies")
                };
                let row = map!(Shared -> Row: shared, h => Segment::from(h));
                self.put(hand, Real::Row(row))
            }
            Step::Split { hand, offset, into } => {
                let Real::Row(row) = self.remove(hand) else {
                    unreachable!("the step applies")
                };
                let (first, rest) = each!(Row: row, h => {
                    let view = View::of(&h);
                    let (first, rest) = h.split(offset);
                    (view(first), view(rest))
                });
                self.put(into, Real::Row(rest));
                self.put(hand, Real::Row(first))
            }
            Step::Slice {
                hand,
                start,
                end,
                into,
            } => {
                let Real::Row(row) = &self.hands[&hand] else {
                    unreachable!("the step applies")
                };
                let slice = map!(Row -> Row: row, h => h.slice(start..end));
                self.put(into, Real::Row(slice))
            }
            Step::Next { hand, back, into } => {
                let Some(Real::Row(row)) = self.hands.get_mut(&hand) else {
                    unreachable!("the step applies")
                };
                macro_rules! next {
                    ($($view:ident)*) => {
                        match row {
                            $(Row::$view(row) => {
                                let next = if back { row.next_back() } else { row.next() };
                                next.map(Shared::$view)
                            })*
                        }
                    };
                }
                let next = next!(Typed Untyped Linked Any AnyUntyped);
                self.keep_some(into, next.map(Real::Shared))
            }
            Step::WritePage {
                hand,
                at,
                ref bytes,
            } => {
                let mut writer = self.writer(hand);
                writer.skip(at);
                Outcome::Count(writer.write(bytes))
            }
            Step::ReadPage { hand, at, len } => {
                let mut reader = self.reader(hand);
                reader.skip(at);
                let mut bytes = vec![0; len];
                let len = reader.read(&mut bytes);
                bytes.truncate(len);
                Outcome::Bytes(bytes)
            }
            Step::CopyPage { from, to } => {
                let copied = self.reader(from).read_to(&mut self.writer(to));
                Outcome::Count(copied)
            }
            Step::NewList { into } => self.put(into, Real::List(List::new())),
            Step::Push { list, hand, front } => {
                let frame = self.remove_loose(hand);
                if front {
                    self.list(list).push_front(frame);
                } else {
                    self.list(list).push_back(frame);
                }
                Outcome::Ok
            }
            Step::Pop { list, front, into } => {
                let list = self.list(list);
                let frame = if front {
                    list.pop_front()
                } else {
                    list.pop_back()
                };
                self.keep_some(into, frame.map(|frame| Real::Unique(Unique::Linked(frame))))
            }
            Step::TakeAt { list, paddr, into } => {
                let cursor = self.list(list).cursor_mut_at(paddr);
                let frame = cursor.and_then(|mut cursor| cursor.take_current());
                self.keep_some(into, frame.map(|frame| Real::Unique(Unique::Linked(frame))))
            }
            Step::InsertAt { list, paddr, hand } => {
                if !self.list(list).contains(paddr) {
                    return Outcome::Nothing;
                }
                let frame = self.remove_loose(hand);
                let cursor = self.list(list).cursor_mut_at(paddr);
                cursor.expect("contained").insert_before(frame);
                Outcome::Ok
            }
            Step::WriteAt { list, paddr, value } => {
                let Some(mut cursor) = self.list(list).cursor_mut_at(paddr) else {
                    return Outcome::Nothing;
                };
                cursor.current_meta().expect("at a frame").value = value;
                Outcome::Ok
            }
        }
    }

    /// The number of the next metadata.
    fn make(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    fn put(&mut self, name: Name, hand: Real) -> Outcome {
        self.hands.insert(name, hand);
        Outcome::Ok
    }

    fn put_back(&mut self, name: Name, hand: Real) -> Outcome {
        self.hands.insert(name, hand);
        Outcome::Back
    }

    fn keep(&mut self, name: Name, hand: Result<Real, GetFrameError>) -> Outcome {
        match hand {
            Ok(hand) => self.put(name, hand),
            Err(error) => Outcome::Refused(refusal(error)),
        }
    }

    fn keep_some(&mut self, name: Name, hand: Option<Real>) -> Outcome {
        match hand {
            Some(hand) => self.put(name, hand),
            None => Outcome::Nothing,
        }
    }

    fn reader(&self, name: Name) -> VmReader<'_> {
        self.untyped(name).reader()
    }

    fn writer(&self, name: Name) -> VmWriter<'_> {
        self.untyped(name).writer()
    }

    fn untyped(&self, name: Name) -> &dyn UntypedMem {
        match &self.hands[&name] {
            Real::Shared(Shared::Untyped(h)) => h,
            Real::Shared(Shared::AnyUntyped(h)) => h,
            Real::Unique(Unique::Untyped(h)) => h,
            Real::Unique(Unique::AnyUntyped(h)) => h,
            Real::Row(Row::Untyped(h)) => h,
            Real::Row(Row::AnyUntyped(h)) => h,
            _ => unreachable!("the step applies"),
        }
    }

    /// Compares everything with the reference.
    pub(crate) fn compare(&mut self, region: &Region) -> TestCaseResult {
        let events = memory().take_events();
        expect(
            &"what became of metadata and frames",
            events,
            region.events.clone(),
        )?;
        compare_slots(region)?;

        let names: Vec<_> = self.hands.keys().copied().collect();
        let expected: Vec<_> = region.hands.keys().copied().collect();
        expect(&"the hands", names, expected)?;
        let mut list_ids = BTreeSet::new();
        let mut listed = vec![None; region.frames.len()];
        for (name, real) in &mut self.hands {
            let hand = &region.hands[name];
            if let Hand::List(frames) = hand {
                for &frame in frames {
                    listed[frame] = Some(*name);
                }
                if let Some(&first) = frames.first() {
                    let id = memory().slots[first].in_list();
                    let of_one = frames.iter().all(|&f| memory().slots[f].in_list() == id);
                    expect(
                        &"the ids in a list are its own",
                        (of_one, id != 0),
                        (true, true),
                    )?;
                    expect(&"the id is no other list's", list_ids.insert(id), true)?;
                }
            }
            compare_hand(*name, real, hand, region)?;
        }
        for (frame, list) in listed.into_iter().enumerate() {
            let in_list = memory().slots[frame].in_list() != 0;
            expect(
                &format_args!("frame {frame} is in a list"),
                in_list,
                list.is_some(),
            )?;
        }
        Ok(())
    }
}

impl View {
    /// The constructor of a segment's view.
    fn of<S: InRow>(_: &S) -> fn(S) -> Row {
        S::ROW
    }
}

/// A segment of one of the views.
trait InRow: Sized {
    const ROW: fn(Self) -> Row;
}

macro_rules! in_row {
    ($($view:ident: $meta:ty),*) => {$(
        impl InRow for Segment<$meta, Here> {
            const ROW: fn(Self) -> Row = Row::$view;
        }
    )*};
}

in_row!(Typed: Typed, Untyped: Untyped, Linked: Linked, Any: dyn AnyFrameMeta, AnyUntyped: dyn AnyUFrameMeta);

fn refusal(error: GetFrameError) -> Refusal {
    match error {
        GetFrameError::InUse => Refusal::InUse,
        GetFrameError::Unused => Refusal::Unused,
        GetFrameError::Unique => Refusal::Unique,
        GetFrameError::OutOfBound => Refusal::OutOfBound,
        GetFrameError::NotAligned => Refusal::NotAligned,
        GetFrameError::Busy => unreachable!("nothing is Busy between two steps"),
    }
}

fn compare_slots(region: &Region) -> TestCaseResult {
    for (index, slot) in memory().slots.iter().enumerate() {
        let named = |what| format!("{what} of frame {index}");
        let Some(frame) = region.frames.get(index) else {
            // Past the end of memory.
            expect(&named("the state"), slot.snapshot(), SlotState::Unused)?;
            continue;
        };
        let state = match frame.state {
            State::Unused => SlotState::Unused,
            State::Shared(count) => SlotState::Shared(count),
            State::Unique => SlotState::Unique,
        };
        expect(&named("the state"), slot.snapshot(), state)?;
        if frame.meta.is_some() {
            // SAFETY: in use, as was just compared, and nobody changes it now.
            let metadata = unsafe { &*slot.dyn_meta_ptr(Access::Read) };
            expect(&named("the metadata"), memory::seen(metadata), frame.meta)?;
        }
        let paddr = index * PAGE_SIZE;
        let found = get_slot::<Here>(paddr).map(std::ptr::from_ref);
        expect(&named("the slot"), found, Ok(std::ptr::from_ref(slot)))?;
        let there = frame_to_meta::<Here>(paddr);
        expect(&named("the way back"), meta_to_frame::<Here>(there), paddr)?;
    }
    Ok(())
}

/// Compares what can be seen through a hand.
fn compare_hand(name: Name, real: &mut Real, hand: &Hand, region: &Region) -> TestCaseResult {
    let named = |what| format!("{what} of hand {name}");
    let frames = Region::frames_of(hand);
    let metas: Vec<_> = frames
        .iter()
        .map(|&frame| region.frames[frame].meta)
        .collect();
    let first = frames.first().map(|frame| frame * PAGE_SIZE);
    match (real, hand) {
        (Real::Shared(shared), Hand::Shared { frame, view }) => {
            expect(&named("the view"), shared.view(), *view)?;
            let (paddr, count, meta) = each!(Shared: &*shared, h => {
                (h.start_paddr(), h.reference_count(), memory::seen(h.dyn_meta()))
            });
            expect(&named("the address"), Some(paddr), first)?;
            let counted = State::Shared(count);
            expect(&named("the count"), counted, region.frames[*frame].state)?;
            expect(&named("the metadata"), meta, metas[0])
        }
        (Real::Unique(unique), Hand::Unique { view, .. }) => {
            expect(&named("the view"), unique.view(), *view)?;
            let (paddr, meta) = each!(Unique: &*unique, h => {
                (h.start_paddr(), memory::seen(h.dyn_meta()))
            });
            expect(&named("the address"), Some(paddr), first)?;
            expect(&named("the metadata"), meta, metas[0])
        }
        (Real::Row(row), Hand::Segment { start, end, view }) => {
            expect(&named("the view"), row.view(), *view)?;
            let (range, len, seen) = each!(Row: &*row, h => {
                let seen: Vec<_> = h.frames().map(|f| memory::seen(f.dyn_meta())).collect();
                (h.start_paddr()..h.end_paddr(), (h.len(), h.size(), h.is_empty()), seen)
            });
            expect(
                &named("the range"),
                range,
                start * PAGE_SIZE..end * PAGE_SIZE,
            )?;
            let expected = (frames.len(), frames.len() * PAGE_SIZE, frames.is_empty());
            expect(&named("the length"), len, expected)?;
            expect(&named("the metadata"), seen, metas)
        }
        (Real::List(list), Hand::List(_)) => {
            let expected = (frames.len(), frames.is_empty());
            expect(
                &named("the length"),
                (list.len(), list.is_empty()),
                expected,
            )?;
            for frame in 0..region.frames.len() {
                let what = format!("hand {name} contains frame {frame}");
                let contains = list.contains(frame * PAGE_SIZE);
                expect(&what, contains, frames.contains(&frame))?;
            }
            let mut cursor = list.cursor_front_mut();
            let mut forwards = Vec::new();
            while let Some(paddr) = cursor.current_paddr() {
                let value = cursor.current_meta().map(|metadata| metadata.value);
                forwards.push((paddr / PAGE_SIZE, value));
                cursor.move_next();
            }
            let values = metas.iter().map(|meta| meta.map(|meta| meta.value));
            let expected: Vec<_> = iter::zip(frames.iter().copied(), values).collect();
            expect(&named("the walk"), &forwards, &expected)?;
            // Past the end, and so before the front.
            let mut backwards = Vec::new();
            cursor.move_prev();
            while let Some(paddr) = cursor.current_paddr() {
                backwards.push(paddr / PAGE_SIZE);
                cursor.move_prev();
            }
            backwards.reverse();
            expect(&named("the walk back"), backwards, frames)
        }
        (Real::RawShared(_, paddr) | Real::RawUnique(_, paddr), Hand::Raw(_)) => {
            expect(&named("the raw address"), Some(*paddr), first)
        }
        (Real::RawRow(_, range), Hand::Raw(_)) => {
            expect(
                &named("the raw range"),
                range.len(),
                frames.len() * PAGE_SIZE,
            )?;
            let start = (range.start < range.end).then_some(range.start);
            expect(&named("the raw start"), start, first)
        }
        _ => Err(TestCaseError::fail(named("the sort"))),
    }
}

/// The failure of a test whose code and reference do not agree.
pub(crate) fn expect<T: PartialEq + fmt::Debug>(
    what: &dyn fmt::Display,
    seen: T,
    expected: T,
) -> TestCaseResult {
    if seen == expected {
        return Ok(());
    }
    Err(TestCaseError::fail(format!(
        "{what}: {seen:?}, where the reference says {expected:?}"
    )))
}
