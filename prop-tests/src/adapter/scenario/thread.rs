//! One thread of a scenario: what it can do, and the words for what came of it.

use std::any::Any;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Range;

use meta_core::{
    AnyFrameMeta, Frame, Link, LinkedList, PAGE_SIZE, Segment, UniqueFrame, UntypedMem,
};

use super::MetaCore;
use super::shared::{Initial, SharedState};
use crate::adapter::{Untyped, paddr_of, refused};
use crate::outcome::{OpResult, Writer};
use crate::scenario::Record;
use crate::world::{Gift, Host, KindA, Tracked, tag_of};

pub(super) type Meta<H> = KindA<MetaCore<H>>;
pub(super) type Shared<H> = Frame<dyn AnyFrameMeta, MetaCore<H>>;
pub(super) type Row<H> = Segment<Meta<H>, MetaCore<H>>;
pub(super) type Owned<H> = UniqueFrame<Link<Meta<H>>, MetaCore<H>>;
pub(super) type List<H> = LinkedList<Meta<H>, MetaCore<H>>;
pub(super) type Page<H> = Frame<Untyped<MetaCore<H>>, MetaCore<H>>;
type Claimed<H, const KIND: u8> = Held<Frame<Tracked<MetaCore<H>, KIND>, MetaCore<H>>>;

/// A handle that is never dropped by itself: when an engine ends an execution
/// the thread's handles are forgotten.
pub(super) type Held<T> = ManuallyDrop<T>;

/// The slot of the one mailbox.
const MAILBOX: usize = 0;

/// A thread of a scenario.
pub(super) struct Thread<'a, H: Host> {
    shared: &'a SharedState<H>,
    thread: usize,
    /// Operations so far; none counts at the start.
    op: Option<usize>,
    record: &'a mut Record,
}

impl<'a, H: Host> Thread<'a, H> {
    pub(super) fn new(
        shared: &'a SharedState<H>,
        thread: usize,
        record: &'a mut Record,
        frames: usize,
    ) -> Self {
        record.clear();
        record.last.resize(frames, 0);
        Thread {
            shared,
            thread,
            op: Some(0),
            record,
        }
    }

    /// The one that makes the start state.
    pub(super) fn of_start(
        shared: &'a SharedState<H>,
        record: &'a mut Record,
        frames: usize,
    ) -> Self {
        Thread {
            op: None,
            ..Thread::new(shared, 0, record, frames)
        }
    }

    /// Says a word of the outcome.
    pub(super) fn say(&mut self, word: impl fmt::Display) {
        self.record.say(word);
    }

    /// Says `-` so many times, in place of what could not be done.
    pub(super) fn skip(&mut self, words: usize) {
        (0..words).for_each(|_| self.say("-"));
    }

    /// Gives a thread what it begins with.
    pub(super) fn hand_out(&mut self, thread: usize, initial: Initial<H>) {
        self.shared.set_initial(thread, initial);
    }

    /// The segment that this thread has from the start.
    pub(super) fn row(&mut self) -> Held<Row<H>> {
        match self.shared.take_initial(self.thread).map(Held::into_inner) {
            Some(Initial::Row(row)) => Held::new(row),
            other => unreachable!("a segment was to be handed out, not {other:?}"),
        }
    }

    /// The list that this thread has from the start.
    pub(super) fn list(&mut self) -> Held<List<H>> {
        match self.shared.take_initial(self.thread).map(Held::into_inner) {
            Some(Initial::List(list)) => Held::new(list),
            other => unreachable!("a list was to be handed out, not {other:?}"),
        }
    }

    /// The untyped frame that this thread has from the start.
    pub(super) fn page(&mut self) -> Held<Page<H>> {
        match self.shared.take_initial(self.thread).map(Held::into_inner) {
            Some(Initial::Page(page)) => Held::new(page),
            other => unreachable!("a page was to be handed out, not {other:?}"),
        }
    }

    /// An operation begins that may give up handles to these frames.
    fn begin(&mut self, row: Range<usize>) {
        if let Some(op) = &mut self.op {
            H::begin_operation(*op);
            *op += 1;
        }
        H::world().begin_row(self.thread, row);
    }

    /// It is over: which of these frames did it tear down?
    fn end(&mut self, row: Range<usize>) -> Vec<bool> {
        let world = H::world();
        let last: Vec<_> = row
            .clone()
            .map(|slot| world.tore_down(self.thread, slot))
            .collect();
        for (slot, last) in row.zip(&last) {
            self.record.last[slot] += u32::from(*last);
        }
        world.begin_operation(self.thread, None);
        last
    }

    fn metadata<const KIND: u8>(&self, slot: usize) -> Tracked<MetaCore<H>, KIND> {
        let writer = match self.op {
            None => Writer::START,
            Some(op) => Writer::op(self.thread + 1, op),
        };
        Tracked::new(slot, writer)
    }

    /// Claims all frames of a row or none. If none, it says the error and which
    /// frame was not to be had, and for each frame before that whether giving it
    /// back was the end of it.
    pub(super) fn claim_row(&mut self, row: Range<usize>) -> Option<Held<Row<H>>> {
        self.begin(row.clone());
        let mut asked = Vec::new();
        let claimed = Row::<H>::from_unused(paddr_of(row.start)..paddr_of(row.end), |paddr| {
            let metadata = self.metadata(paddr / PAGE_SIZE);
            asked.push(metadata.generation());
            metadata
        });
        // The metadata of the frame that refuses is not stored.
        let stored = asked.len() - usize::from(claimed.is_err());
        for generation in &asked[..stored] {
            H::register().stored(*generation);
        }
        let last = self.end(row.clone());
        match claimed {
            Ok(row) => Some(Held::new(row)),
            Err(error) => {
                self.say(format_args!(
                    "{}@{}",
                    OpResult::from(refused(error)),
                    row.start + stored
                ));
                self.say_last(&last[..stored]);
                None
            }
        }
    }

    /// A row that nobody else wants yet.
    pub(super) fn sure_row(&mut self, row: Range<usize>) -> Row<H> {
        let row = self.claim_row(row).expect("the frames are unused");
        Held::into_inner(row)
    }

    /// One handle more to each frame of a segment.
    pub(super) fn clone_row(&mut self, row: &Row<H>) -> Held<Row<H>> {
        self.begin(0..0);
        Held::new(row.clone())
    }

    /// Claims a frame to share it, or says why not.
    pub(super) fn claim(&mut self, slot: usize) -> Option<Held<Shared<H>>> {
        let frame = self.claim_as::<b'A'>(slot)?;
        Some(Held::new(Held::into_inner(frame).into()))
    }

    /// Claims an untyped frame, or says why not.
    pub(super) fn claim_page(&mut self, slot: usize) -> Option<Held<Page<H>>> {
        self.claim_as(slot)
    }

    fn claim_as<const KIND: u8>(&mut self, slot: usize) -> Option<Claimed<H, KIND>> {
        self.begin(0..0);
        let metadata = self.metadata(slot);
        let generation = metadata.generation();
        match Frame::from_unused(paddr_of(slot), metadata) {
            Ok(frame) => {
                H::register().stored(generation);
                Some(Held::new(frame))
            }
            Err(error) => {
                self.say(OpResult::from(refused(error)));
                None
            }
        }
    }

    /// Claims a frame, which nobody else wants yet, for a list.
    pub(super) fn sure_owned(&mut self, slot: usize) -> Owned<H> {
        self.begin(0..0);
        let metadata = self.metadata(slot);
        let generation = metadata.generation();
        let owned = Owned::from_unused(paddr_of(slot), Link::new(metadata));
        H::register().stored(generation);
        owned.expect("the frame is unused")
    }

    /// Shares a frame that it owns.
    pub(super) fn share(
        &mut self,
        owned: Held<Owned<H>>,
    ) -> Held<Frame<Link<Meta<H>>, MetaCore<H>>> {
        self.begin(0..0);
        Held::new(Held::into_inner(owned).into())
    }

    /// Looks a frame up by its address, and says who wrote its metadata, or why
    /// there is none.
    pub(super) fn look_up(&mut self, slot: usize) -> Option<Held<Shared<H>>> {
        self.begin(0..0);
        match Shared::<H>::from_in_use(paddr_of(slot)) {
            Ok(frame) => {
                let frame = Held::new(frame);
                self.say_writer(frame.dyn_meta());
                Some(frame)
            }
            Err(error) => {
                self.say(OpResult::from(refused(error)));
                None
            }
        }
    }

    /// Says who wrote metadata.
    pub(super) fn say_writer(&mut self, metadata: &dyn AnyFrameMeta) {
        let any: &dyn Any = metadata;
        let tag = match any.downcast_ref::<Link<Meta<H>>>() {
            Some(link) => tag_of::<MetaCore<H>>(&**link),
            None => tag_of::<MetaCore<H>>(any),
        };
        match tag {
            Some(tag) => self.say(OpResult::Read(tag.writer)),
            None => self.say(OpResult::Mismatch),
        }
    }

    /// Writes the metadata of a frame that it owns.
    pub(super) fn write(&mut self, owned: &mut Owned<H>) {
        self.begin(0..0);
        let writer = Writer::op(self.thread + 1, self.op.unwrap_or(0));
        owned.meta_mut().set_writer(writer);
    }

    /// Gives handles to frames of this row up: which of them were the last?
    pub(super) fn give_up<T>(&mut self, row: Range<usize>, handles: Held<T>) -> Vec<bool> {
        self.begin(row.clone());
        drop(Held::into_inner(handles));
        self.end(row)
    }

    /// Says for each handle whether it was the last.
    pub(super) fn say_last(&mut self, last: &[bool]) {
        for last in last {
            self.say(if *last {
                OpResult::Last
            } else {
                OpResult::Kept
            });
        }
    }

    /// Gives a handle up and says whether it was the last; `-` if there is none.
    pub(super) fn end_of<T>(&mut self, slot: usize, handle: Option<Held<T>>) {
        match handle {
            None => self.skip(1),
            Some(handle) => {
                let last = self.give_up(slot..slot + 1, handle);
                self.say_last(&last);
            }
        }
    }

    /// Puts a list into the mailbox.
    pub(super) fn give(&mut self, list: Held<List<H>>) {
        self.begin(0..0);
        let old = self.shared.parcel().replace(list);
        assert!(old.is_none(), "there is one list");
        assert!(H::give(MAILBOX, Gift::Unique), "the mailbox is full");
    }

    /// Takes the list out of the mailbox, or says that it is empty.
    pub(super) fn take(&mut self) -> Option<Held<List<H>>> {
        self.begin(0..0);
        if H::take(MAILBOX).is_none() {
            self.say(OpResult::Empty);
            return None;
        }
        let list = self.shared.parcel().take();
        Some(list.expect("what was given can be taken"))
    }

    /// Looks at the list in the mailbox without taking it, as no thread may.
    pub(super) fn peek<R>(&mut self, look: impl FnOnce(&List<H>) -> R) -> Option<R> {
        self.begin(0..0);
        self.shared.parcel().as_deref().map(look)
    }

    /// Says whether a list contains a frame.
    pub(super) fn say_contains(&mut self, list: &List<H>, slot: usize) {
        self.begin(0..0);
        let contains = list.contains(paddr_of(slot));
        self.say(if contains {
            OpResult::Yes
        } else {
            OpResult::No
        });
    }

    /// Says which list holds a frame, by its id.
    pub(super) fn say_in_list(&mut self, slot: usize) {
        self.begin(0..0);
        let id = MetaCore::<H>::memory().slots()[slot].in_list();
        self.say(id);
    }

    /// Puts a frame at the end of the list.
    pub(super) fn push(&mut self, list: &mut List<H>, owned: Held<Owned<H>>) {
        self.begin(0..0);
        list.push_back(Held::into_inner(owned));
    }

    /// Writes bytes into a page, `skip` bytes from its beginning.
    pub(super) fn write_bytes(&mut self, page: &Page<H>, skip: usize, bytes: &[u8]) {
        self.begin(0..0);
        let mut writer = page.writer();
        writer.skip(skip);
        writer.write(bytes);
    }

    /// Reads a word of a page.
    pub(super) fn read_word(&mut self, page: &Page<H>, at: usize) -> [u8; 8] {
        self.begin(0..0);
        let mut reader = page.reader();
        reader.skip(8 * at);
        reader.read_val().expect("a page has more words")
    }

    /// Takes the first frame out of the list.
    pub(super) fn pop(&mut self, list: &mut List<H>) -> Option<Held<Owned<H>>> {
        self.begin(0..0);
        list.pop_front().map(Held::new)
    }

    /// Takes a frame out of the list by its address.
    pub(super) fn take_out(&mut self, list: &mut List<H>, slot: usize) -> Option<Held<Owned<H>>> {
        self.begin(0..0);
        let mut cursor = list.cursor_mut_at(paddr_of(slot))?;
        cursor.take_current().map(Held::new)
    }
}

impl<H: Host> fmt::Debug for Thread<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("thread", &self.thread)
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
