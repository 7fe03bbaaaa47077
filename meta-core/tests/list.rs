//! Lists of unique frames, linked through their metadata.

#![cfg(not(model))]

mod common;

use std::mem::forget;
use std::sync::LazyLock;

use common::{Log, Region, aborts, byte, explode, explodes, frame, state, states, unused};
use meta_core::GetFrameError::Unique as IsUnique;
use meta_core::SlotState::{Busy, Unique, Unused};
use meta_core::{AnyFrameMeta, Frame, Link, LinkedList, ListIds, MetaSlot, PAGE_SIZE, Paddr};
use meta_core::{FRAME_METADATA_MAX_SIZE, MaxPaddr, Platform, UniqueFrame, VmReader, get_slot};

/// Metadata that notes its end, small enough for a link.
struct Item {
    log: Log,
    value: u64,
    on_drop: fn(&Log),
}

impl Item {
    fn new(log: &Log, value: u64) -> Self {
        Item {
            log: log.clone(),
            value,
            on_drop: |_| {},
        }
    }

    /// `hook` runs in `on_drop`.
    fn at_on_drop(self, hook: fn(&Log)) -> Self {
        let mut this = self;
        this.on_drop = hook;
        this
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.log.note(format!("destroy {}", self.value));
    }
}

// SAFETY: no test writes a page, and it is not said to be untyped.
unsafe impl AnyFrameMeta for Item {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        let mut first = [0; 16];
        page.read(&mut first);
        let own = (0..16).all(|at| first[at] == byte(self.value as usize, at));
        let page = if own { "" } else { " of another page" };
        self.log.note(format!("on_drop {}{page}", self.value));
        (self.on_drop)(&self.log);
    }
}

/// Metadata of an untyped frame.
struct Plain;

meta_core::impl_untyped_frame_meta_for!(Plain);

type List<P> = LinkedList<Item, P>;

/// A frame with its number as its value, in no list.
fn claim<P: Platform>(log: &Log, index: usize) -> UniqueFrame<Link<Item>, P> {
    let metadata = Link::new(Item::new(log, index as u64));
    UniqueFrame::from_unused(frame(index), metadata).unwrap()
}

/// A list of these frames, first to last.
fn list_of<P: Platform>(log: &Log, frames: &[usize]) -> List<P> {
    let mut list = List::new();
    for &index in frames {
        list.push_back(claim(log, index));
    }
    list
}

/// The id in a slot.
fn list_id<P: Platform>(index: usize) -> u64 {
    get_slot::<P>(frame(index)).unwrap().in_list()
}

/// Checks that the list holds these frames, first to last, by each way that
/// there is to look.
fn assert_holds<P: Platform>(list: &mut List<P>, frames: &[usize]) {
    assert_eq!((list.len(), list.is_empty()), {
        (frames.len(), frames.is_empty())
    });
    let mut cursor = list.cursor_front_mut();
    let mut forwards = Vec::new();
    while let Some(metadata) = cursor.current_meta() {
        forwards.push(metadata.value as usize);
        cursor.move_next();
    }
    assert_eq!(forwards, frames);
    let mut cursor = list.cursor_back_mut();
    let mut backwards = Vec::new();
    while let Some(paddr) = cursor.current_paddr() {
        backwards.insert(0, paddr / PAGE_SIZE);
        cursor.move_prev();
    }
    assert_eq!(backwards, frames);
    for index in 0..P::max_paddr().get() / PAGE_SIZE {
        let held = frames.contains(&index);
        assert_eq!(list.contains(frame(index)), held, "frame {index}");
        let at = list.cursor_mut_at(frame(index));
        let at = at.map(|mut at| at.current_meta().unwrap().value as usize);
        assert_eq!(at, held.then_some(index));
        if held {
            assert_eq!(state::<P>(frame(index)), Unique);
        }
    }
}

fn value<P: Platform>(frame: UniqueFrame<Link<Item>, P>) -> u64 {
    frame.meta().value
}

#[test]
fn frames_come_out_at_either_end_as_they_went_in() {
    platform!(Mem = Region::new(unused(6)));
    let log = Log::default();
    let mut list = List::<Mem>::new();
    assert_holds(&mut list, &[]);
    assert!(list.pop_front().is_none() && list.pop_back().is_none());

    list.push_back(claim(&log, 3));
    assert_holds(&mut list, &[3]);
    list.push_front(claim(&log, 1));
    assert_holds(&mut list, &[1, 3]);
    list.push_back(claim(&log, 4));
    list.push_front(claim(&log, 0));
    assert_holds(&mut list, &[0, 1, 3, 4]);
    assert!(log.take().is_empty());

    assert_eq!(list.pop_back().map(value), Some(4));
    assert_holds(&mut list, &[0, 1, 3]);
    assert_eq!(list.pop_front().map(value), Some(0));
    assert_holds(&mut list, &[1, 3]);
    assert_eq!(list.pop_front().map(value), Some(1));
    assert_eq!(list.pop_back().map(value), Some(3));
    assert_holds(&mut list, &[]);
    assert!(list.pop_front().is_none() && list.pop_back().is_none());
    assert_eq!(states::<Mem>(), [Unused; 6]);
    assert_eq!(Mem::take_freed(), [frame(4), frame(0), frame(1), frame(3)]);

    // An emptied list is as good as new.
    list.push_front(claim(&log, 5));
    assert_holds(&mut list, &[5]);
    assert_eq!(list.pop_back().map(value), Some(5));
}

#[test]
fn a_frame_in_a_list_is_unique_and_knows_its_list() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let taken = claim::<Mem>(&log, 1);
    assert_eq!(list_id::<Mem>(1), 0);
    let mut list = List::new();
    list.push_back(taken);
    assert_ne!(list_id::<Mem>(1), 0);
    assert_eq!(states::<Mem>(), [Unused, Unique, Unused]);

    let found = Frame::<dyn AnyFrameMeta, Mem>::from_in_use(frame(1));
    assert_eq!(found.unwrap_err(), IsUnique);
    let claimed = Frame::<_, Mem>::from_unused(frame(1), Item::new(&log, 9));
    assert_eq!(claimed.unwrap_err(), IsUnique);
    assert_eq!(log.take(), ["destroy 9"]);
    assert_holds(&mut list, &[1]);

    // Taken out it is a frame like any other.
    let taken = list.pop_front().unwrap();
    assert_eq!(list_id::<Mem>(1), 0);
    assert_eq!(states::<Mem>(), [Unused, Unique, Unused]);
    let shared = Frame::from(taken);
    assert!(Frame::<dyn AnyFrameMeta, Mem>::from_in_use(frame(1)).is_ok());
    assert!(!list.contains(frame(1)));
    drop(shared);
    assert_eq!(log.take(), ["on_drop 1", "destroy 1"]);
    assert_eq!(Mem::take_freed(), [frame(1)]);
}

#[test]
fn each_list_has_an_id_of_its_own_from_its_first_frame_on() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let mut first = List::<Mem>::new();
    // Empty lists ask nothing and hold nothing, not even what is in no list.
    let idle = List::<Mem>::new();
    let loose = claim::<Mem>(&log, 3);
    assert!(!idle.contains(frame(3)) && !idle.contains(frame(0)));
    assert!(!first.contains(frame(3)));

    first.push_back(claim(&log, 0));
    let id = list_id::<Mem>(0);
    first.push_back(claim(&log, 1));
    assert_eq!(list_id::<Mem>(1), id);
    let mut second = list_of::<Mem>(&log, &[2]);
    assert_ne!(list_id::<Mem>(2), id);
    assert_holds(&mut first, &[0, 1]);
    assert_holds(&mut second, &[2]);

    // It keeps the id while it is empty.
    drop((first.pop_back(), first.pop_back()));
    first.push_front(claim(&log, 1));
    assert_eq!(list_id::<Mem>(1), id);

    // A frame may go from list to list.
    second.push_front(first.pop_front().unwrap());
    second.push_front(loose);
    assert_holds(&mut first, &[]);
    assert_holds(&mut second, &[3, 1, 2]);
}

#[test]
fn addresses_of_no_frame_are_in_no_list() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let mut list = list_of::<Mem>(&log, &[0, 1]);
    for paddr in [
        1,
        PAGE_SIZE / 2,
        frame(1) + 8,
        frame(2),
        frame(3),
        usize::MAX,
        usize::MAX - PAGE_SIZE + 1,
    ] {
        assert!(!list.contains(paddr), "{paddr:#x}");
        assert!(list.cursor_mut_at(paddr).is_none(), "{paddr:#x}");
    }
}

#[test]
fn a_cursor_goes_round_through_the_end() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let mut list = list_of::<Mem>(&log, &[2, 0, 1]);
    let mut cursor = list.cursor_front_mut();
    let mut walk = |step: fn(&mut meta_core::CursorMut<'_, Item, Mem>)| {
        step(&mut cursor);
        let here = cursor.current_paddr().map(|paddr| paddr / PAGE_SIZE);
        assert_eq!(cursor.current_meta().map(|m| m.value as usize), here);
        here
    };
    let forwards = [(); 5].map(|()| walk(|cursor| cursor.move_next()));
    assert_eq!(forwards, [Some(0), Some(1), None, Some(2), Some(0)]);
    let backwards = [(); 5].map(|()| walk(|cursor| cursor.move_prev()));
    assert_eq!(backwards, [Some(2), None, Some(1), Some(0), Some(2)]);
    assert_eq!(cursor.as_list().len(), 3);
}

#[test]
fn a_cursor_of_an_empty_list_stays_past_the_end() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let mut list = List::<Mem>::new();
    assert!(list.cursor_front_mut().current_paddr().is_none());
    let mut cursor = list.cursor_back_mut();
    cursor.move_next();
    assert!(cursor.current_meta().is_none());
    cursor.move_prev();
    assert!(cursor.current_meta().is_none() && cursor.take_current().is_none());
    cursor.insert_before(claim(&log, 1));
    assert!(cursor.current_meta().is_none());
    cursor.move_next();
    assert_eq!(cursor.current_paddr(), Some(frame(1)));
    assert_holds(&mut list, &[1]);
}

#[test]
fn a_frame_goes_in_before_any_position_and_the_cursor_stays() {
    for at in 0..=3 {
        platform!(Mem = Region::new(unused(5)));
        let log = Log::default();
        let mut list = list_of::<Mem>(&log, &[0, 1, 2]);
        let mut cursor = list.cursor_front_mut();
        (0..at).for_each(|_| cursor.move_next());
        let here = cursor.current_paddr();
        cursor.insert_before(claim(&log, 3));
        assert_eq!(cursor.current_paddr(), here);
        cursor.insert_before(claim(&log, 4));
        assert_eq!(cursor.current_paddr(), here);
        assert_eq!(cursor.as_list().len(), 5);
        let mut expected = vec![0, 1, 2];
        expected.splice(at..at, [3, 4]);
        assert_holds(&mut list, &expected);
        drop(list);
        assert_eq!(Mem::take_freed().len(), 5);
    }
}

#[test]
fn a_frame_comes_out_of_any_position_and_the_cursor_moves_on() {
    for at in 0..4 {
        platform!(Mem = Region::new(unused(4)));
        let log = Log::default();
        let mut list = list_of::<Mem>(&log, &[3, 1, 0, 2]);
        let mut order = vec![3, 1, 0, 2];
        // By address, without a walk.
        let mut cursor = list.cursor_mut_at(frame(order[at])).unwrap();
        let taken = cursor.take_current().unwrap();
        assert_eq!(taken.start_paddr(), frame(order[at]));
        let next = order.get(at + 1).map(|&index| frame(index));
        assert_eq!(cursor.current_paddr(), next);
        assert_eq!(list_id::<Mem>(order[at]), 0);
        order.remove(at);
        assert_holds(&mut list, &order);
        assert!(log.take().is_empty());
        drop((taken, list));
        Mem::take_freed();
    }
}

#[test]
fn everything_can_be_taken_out_through_one_cursor() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let mut list = list_of::<Mem>(&log, &[0, 1, 2, 3]);
    let mut cursor = list.cursor_front_mut();
    cursor.move_next();
    assert_eq!(cursor.take_current().map(value), Some(1));
    assert_eq!(cursor.take_current().map(value), Some(2));
    assert_eq!(cursor.take_current().map(value), Some(3));
    assert!(cursor.take_current().is_none());
    cursor.move_next();
    assert_eq!(cursor.take_current().map(value), Some(0));
    assert!(cursor.take_current().is_none());
    assert_holds(&mut list, &[]);
    assert_eq!(states::<Mem>(), [Unused; 4]);
}

#[test]
fn metadata_is_changed_in_place() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let mut list = list_of::<Mem>(&log, &[0, 1, 2]);
    let mut cursor = list.cursor_mut_at(frame(1)).unwrap();
    // As a whole: the links are not part of it.
    let old = std::mem::replace(cursor.current_meta().unwrap(), Item::new(&log, 1));
    drop(old);
    assert_eq!(log.take(), ["destroy 1"]);
    cursor.current_meta().unwrap().value = 10;
    list.cursor_back_mut().current_meta().unwrap().value = 20;
    let values: Vec<_> = std::iter::from_fn(|| list.pop_front().map(value)).collect();
    assert_eq!(values, [0, 10, 20]);
    let mut ends = log.take();
    ends.retain(|event| event.starts_with("destroy"));
    assert_eq!(ends, ["destroy 0", "destroy 10", "destroy 20"]);
}

#[test]
fn a_link_is_metadata_like_what_it_holds() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    let mut owned = claim::<Mem>(&log, 0);
    owned.meta_mut().value = 5;
    // Two links of loose frames may change places.
    let mut other = claim::<Mem>(&log, 1);
    std::mem::swap(owned.meta_mut(), other.meta_mut());
    let mut list = List::new();
    list.push_back(owned);
    list.push_back(other);
    assert_eq!(list.pop_front().map(value), Some(1));
    assert_eq!(list.pop_front().map(value), Some(5));
    assert_eq!(Link::new(Item::new(&log, 3)).into_inner().value, 3);
    assert!(!Link::new(Item::new(&log, 3)).is_untyped());
    assert!(Link::new(Plain).is_untyped());
    assert_eq!(size_of::<Link<[u8; 24]>>(), FRAME_METADATA_MAX_SIZE);
}

#[test]
fn a_dropped_list_gives_its_frames_up() {
    platform!(Mem = Region::new(unused(5)));
    let log = Log::default();
    let list = list_of::<Mem>(&log, &[3, 1]);
    drop(list);
    let expected = ["on_drop 3", "destroy 3", "on_drop 1", "destroy 1"];
    assert_eq!(log.take(), expected);
    assert_eq!(states::<Mem>(), [Unused; 5]);
    assert_eq!(Mem::take_freed(), [frame(3), frame(1)]);
    assert_eq!((list_id::<Mem>(1), list_id::<Mem>(3)), (0, 0));
}

#[test]
fn while_metadata_ends_its_frame_is_in_no_list() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let mut list = List::<Mem>::new();
    for index in 0..3 {
        let watched = Item::new(&log, index as u64).at_on_drop(|log| {
            let held = (0..3).filter(|&index| list_id::<Mem>(index) != 0).count();
            log.note(format!("{held} held"));
        });
        list.push_back(UniqueFrame::from_unused(frame(index), Link::new(watched)).unwrap());
    }
    drop(list);
    let mut held = log.take();
    held.retain(|event| event.ends_with("held"));
    assert_eq!(held, ["2 held", "1 held", "0 held"]);
}

#[test]
fn a_frame_that_panics_on_its_way_out_leaks_alone() {
    platform!(Mem = Region::new(unused(3)));
    let log = Log::default();
    let mut list = list_of::<Mem>(&log, &[0]);
    let explosive = Item::new(&log, 1).at_on_drop(|_| explode());
    list.push_back(UniqueFrame::from_unused(frame(1), Link::new(explosive)).unwrap());
    list.push_back(claim(&log, 2));
    assert!(explodes(|| drop(list)));
    let expected = [
        "on_drop 0",
        "destroy 0",
        "on_drop 1",
        "on_drop 2",
        "destroy 2",
    ];
    assert_eq!(log.take(), expected);
    assert_eq!(states::<Mem>(), [Unused, Busy, Unused]);
    assert_eq!(Mem::take_freed(), [frame(0), frame(2)]);
}

/// A platform on another one's region, with ids of its own for lists.
macro_rules! platform_with_ids {
    ($name:ident = $base:ident, $ids:expr) => {
        enum $name {}
        // SAFETY: that of `$base`, with one counter of its own.
        unsafe impl Platform for $name {
            fn slots() -> std::ptr::NonNull<MetaSlot> {
                $base::slots()
            }
            fn max_paddr() -> &'static MaxPaddr {
                $base::max_paddr()
            }
            fn page(paddr: Paddr) -> *mut u8 {
                $base::page(paddr)
            }
            unsafe fn free_frame(paddr: Paddr) {
                // SAFETY: the caller's promise is the same.
                unsafe { $base::free_frame(paddr) }
            }
            fn list_ids() -> &'static ListIds {
                static IDS: LazyLock<ListIds> = LazyLock::new(|| $ids);
                &IDS
            }
            fn abort() -> ! {
                $base::abort()
            }
        }
    };
}

fn ids_left(left: u64) -> ListIds {
    ListIds::starting_at(i64::MAX as u64 - left)
}

#[test]
fn a_list_made_by_default_is_empty_and_ids_made_by_default_begin_with_1() {
    platform!(Base = Region::new(unused(2)));
    platform_with_ids!(Mem = Base, ListIds::default());
    let log = Log::default();
    let mut list = List::<Mem>::default();
    assert_holds(&mut list, &[]);
    list.push_back(claim(&log, 1));
    assert_holds(&mut list, &[1]);
    assert_eq!(list_id::<Mem>(1), 1);
}

#[test]
fn the_last_id_is_given_out_and_the_next_aborts() {
    platform!(Base = Region::new(unused(4)));
    platform_with_ids!(Mem = Base, ids_left(1));
    let log = Log::default();
    let mut last = list_of::<Mem>(&log, &[0]);
    assert_eq!(list_id::<Mem>(0), i64::MAX as u64 - 1);

    let mut late = List::<Mem>::new();
    let owned = claim::<Mem>(&log, 1);
    assert!(aborts(|| late.push_back(owned)));
    // The list is as before; nothing can be put in.
    assert!(late.is_empty() && !late.contains(frame(1)));
    let owned = claim::<Mem>(&log, 2);
    assert!(aborts(|| late.cursor_front_mut().insert_before(owned)));
    assert_holds(&mut late, &[]);
    // This abort unwinds; the frames have no handle that it could drop.
    assert!(log.take().is_empty());

    // Who has an id keeps it.
    last.push_front(claim(&log, 3));
    assert_holds(&mut last, &[3, 0]);
}

#[test]
fn an_empty_list_needs_no_id() {
    platform!(Base = Region::new(unused(2)));
    platform_with_ids!(Mem = Base, ids_left(0));
    let mut list = List::<Mem>::new();
    assert!(!aborts(|| {
        assert!(!list.contains(frame(0)) && list.cursor_mut_at(frame(0)).is_none());
        assert!(list.pop_front().is_none() && list.pop_back().is_none());
    }));
    drop(list);
}

#[test]
#[should_panic = "0 is the id of no list"]
fn ids_do_not_begin_with_that_of_no_list() {
    let _ = ListIds::starting_at(0);
}

#[test]
fn a_list_goes_to_another_thread_with_its_frames() {
    platform!(Mem = Region::new(unused(4)));
    let log = Log::default();
    let mut list = list_of::<Mem>(&log, &[0, 1, 2]);
    let mut list = std::thread::scope(|scope| {
        let log = &log;
        let work = move || {
            assert_holds(&mut list, &[0, 1, 2]);
            drop(list.cursor_mut_at(frame(1)).unwrap().take_current());
            list.push_front(claim(log, 3));
            list
        };
        scope.spawn(work).join().unwrap()
    });
    assert_holds(&mut list, &[3, 0, 2]);
}

#[test]
fn a_forgotten_list_keeps_its_frames_for_ever() {
    platform!(Mem = Region::new(unused(2)));
    let log = Log::default();
    forget(list_of::<Mem>(&log, &[1]));
    assert_eq!(states::<Mem>(), [Unused, Unique]);
    assert!(log.take().is_empty() && Mem::take_freed().is_empty());
    // Another list does not take it for its own.
    let mut list = list_of::<Mem>(&log, &[0]);
    assert!(!list.contains(frame(1)) && list.cursor_mut_at(frame(1)).is_none());
}
