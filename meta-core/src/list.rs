//! `LinkedList`: unique frames, linked through their metadata.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::frame::drop_each;
use crate::meta::AnyFrameMeta;
use crate::ordering;
use crate::platform::{Paddr, Platform};
use crate::reader::VmReader;
use crate::slot::{MetaSlot, get_slot};
use crate::sync::{Access, AtomicWord};
use crate::unique::UniqueFrame;

/// The first id that no list gets.
const END_OF_IDS: u64 = i64::MAX as u64;

/// Where the ids of lists come from: no two lists of a platform have the same.
///
/// A platform needs a counter of its own only to begin with another id:
///
/// ```
/// use meta_core::ListIds;
///
/// static LIST_IDS: ListIds = ListIds::new();
/// // In `impl Platform`:
/// fn list_ids() -> &'static ListIds { &LIST_IDS }
/// # list_ids();
/// ```
#[derive(Debug)]
pub struct ListIds(AtomicWord);

impl ListIds {
    /// No id is given out yet.
    pub const fn new() -> Self {
        Self::starting_at(1)
    }

    /// The next id is `first`, to see what happens when they run out.
    ///
    /// # Panics
    ///
    /// If `first` is 0: it stands for no list.
    ///
    /// ```
    /// use meta_core::ListIds;
    ///
    /// static LAST: ListIds = ListIds::starting_at(i64::MAX as u64 - 1);
    /// ```
    pub const fn starting_at(first: u64) -> Self {
        assert!(first != 0, "0 is the id of no list");
        ListIds(AtomicWord::new(first))
    }

    /// An id of which this is the only use. It aborts at `i64::MAX`.
    fn allocate<P: Platform>(&self) -> u64 {
        // ORDERING: LIST_ID_ALLOC, Relaxed, no partner: an addition is unique
        // in any ordering.
        let id = self.0.fetch_add(1, ordering::LIST_ID_ALLOC);
        if id >= END_OF_IDS {
            P::abort();
        }
        id
    }
}

impl Default for ListIds {
    fn default() -> Self {
        Self::new()
    }
}

/// A frame of a list, by its slot.
type Node = NonNull<MetaSlot>;

/// Metadata of type `M` in a frame that a [`LinkedList`] can hold. It leaves 24
/// of the 40 bytes to `M`.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// use meta_core::{Link, impl_frame_meta_for};
///
/// struct Slab { free: u16 }
/// impl_frame_meta_for!(Slab);
///
/// let mut slab = Link::new(Slab { free: 64 });
/// slab.free -= 1;
/// assert_eq!(slab.into_inner().free, 63);
/// ```
pub struct Link<M> {
    next: Option<Node>,
    prev: Option<Node>,
    meta: M,
}

impl<M> Link<M> {
    /// Of a frame that no list holds.
    pub const fn new(meta: M) -> Self {
        Link {
            next: None,
            prev: None,
            meta,
        }
    }

    /// The metadata without the link.
    pub fn into_inner(self) -> M {
        self.meta
    }
}

// SAFETY: a link's pointers are used only by the list that holds the frame, and
// through exclusive borrows of it.
unsafe impl<M: Send> Send for Link<M> {}

// SAFETY: as for `Send`.
unsafe impl<M: Sync> Sync for Link<M> {}

// SAFETY: `on_drop` and `is_untyped` are those of `M`, which promises the same.
unsafe impl<M: AnyFrameMeta> AnyFrameMeta for Link<M> {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        // SAFETY: the caller's promise is the same.
        unsafe { self.meta.on_drop(page) };
    }

    fn is_untyped(&self) -> bool {
        self.meta.is_untyped()
    }
}

impl<M> Deref for Link<M> {
    type Target = M;

    #[inline]
    fn deref(&self) -> &M {
        &self.meta
    }
}

impl<M> DerefMut for Link<M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut M {
        &mut self.meta
    }
}

impl<M: fmt::Debug> fmt::Debug for Link<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Link").field(&self.meta).finish()
    }
}

/// A doubly linked list that owns its frames. It needs no memory but theirs.
///
/// The frames stay Unique: looking one up by its address fails with
/// [`Unique`](crate::GetFrameError::Unique). Each knows the list that holds it
/// by the list's id, so that the list finds a frame by its address at once.
///
/// A list gets its id when it gets its first frame, and keeps it. When
/// `i64::MAX` is reached it aborts through the platform instead, and stays
/// empty.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{Frame, GetFrameError, Link, LinkedList, PAGE_SIZE, UniqueFrame};
/// use meta_core::impl_frame_meta_for;
///
/// struct Slab { free: u16 }
/// impl_frame_meta_for!(Slab);
///
/// let mut slabs = LinkedList::<Slab, Kernel>::new();
/// for n in 0..3 {
///     let slab = Link::new(Slab { free: 10 * n as u16 });
///     slabs.push_back(UniqueFrame::from_unused(n * PAGE_SIZE, slab)?);
/// }
/// assert_eq!(slabs.len(), 3);
///
/// // An address is enough to take a frame out of the middle.
/// let paddr = PAGE_SIZE;
/// assert_eq!(Frame::<_, Kernel>::from_in_use(paddr).unwrap_err(), GetFrameError::Unique);
/// let full = slabs.cursor_mut_at(paddr).and_then(|mut at| at.take_current());
/// assert_eq!(full.map(|frame| frame.meta().free), Some(10));
/// assert!(!slabs.contains(paddr));
///
/// // What is left is given up with the list.
/// assert_eq!(slabs.pop_front().map(|frame| frame.meta().free), Some(0));
/// drop(slabs);
/// assert_eq!(Frame::<_, Kernel>::from_in_use(2 * PAGE_SIZE).unwrap_err(), GetFrameError::Unused);
/// # Ok::<(), GetFrameError>(())
/// ```
pub struct LinkedList<M: AnyFrameMeta, P: Platform> {
    front: Option<Node>,
    back: Option<Node>,
    len: usize,
    /// 0 until the first frame comes. From then on `in_list` of a slot is this
    /// if and only if its frame is Unique with metadata `Link<M>`, without a
    /// handle, and between `front` and `back`.
    id: u64,
    _frames: PhantomData<UniqueFrame<Link<M>, P>>,
}

// SAFETY: the list owns its frames, whose handles are `Send`.
unsafe impl<M: AnyFrameMeta, P: Platform> Send for LinkedList<M, P> {}

// SAFETY: as for `Send`; a shared reference only reads.
unsafe impl<M: AnyFrameMeta, P: Platform> Sync for LinkedList<M, P> {}

impl<M: AnyFrameMeta, P: Platform> LinkedList<M, P> {
    /// An empty list.
    pub const fn new() -> Self {
        LinkedList {
            front: None,
            back: None,
            len: 0,
            id: 0,
            _frames: PhantomData,
        }
    }

    /// The number of frames.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no frame.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the frame at `paddr` is in this list, in constant time.
    #[inline]
    pub fn contains(&self, paddr: Paddr) -> bool {
        self.find(paddr).is_some()
    }

    /// Puts a frame in front of all others.
    #[inline]
    pub fn push_front(&mut self, frame: UniqueFrame<Link<M>, P>) {
        self.insert(None, frame, self.front);
    }

    /// Puts a frame behind all others.
    #[inline]
    pub fn push_back(&mut self, frame: UniqueFrame<Link<M>, P>) {
        self.insert(self.back, frame, None);
    }

    /// Takes the first frame out.
    #[inline]
    pub fn pop_front(&mut self) -> Option<UniqueFrame<Link<M>, P>> {
        self.cursor_front_mut().take_current()
    }

    /// Takes the last frame out.
    #[inline]
    pub fn pop_back(&mut self) -> Option<UniqueFrame<Link<M>, P>> {
        self.cursor_back_mut().take_current()
    }

    /// A cursor at the first frame, or past the end of an empty list.
    #[inline]
    pub fn cursor_front_mut(&mut self) -> CursorMut<'_, M, P> {
        let current = self.front;
        CursorMut {
            list: self,
            current,
        }
    }

    /// A cursor at the last frame, or past the end of an empty list.
    #[inline]
    pub fn cursor_back_mut(&mut self) -> CursorMut<'_, M, P> {
        let current = self.back;
        CursorMut {
            list: self,
            current,
        }
    }

    /// A cursor at the frame at `paddr` if it is in this list, in constant
    /// time.
    #[inline]
    pub fn cursor_mut_at(&mut self, paddr: Paddr) -> Option<CursorMut<'_, M, P>> {
        let current = Some(self.find(paddr)?);
        Some(CursorMut {
            list: self,
            current,
        })
    }

    /// The frame at `paddr`, if this list holds it.
    fn find(&self, paddr: Paddr) -> Option<Node> {
        let slot = get_slot::<P>(paddr).ok()?;
        (self.id != 0 && slot.in_list() == self.id).then_some(slot.into())
    }

    /// The slot of a frame in this list.
    fn slot(&self, node: Node) -> &MetaSlot {
        // SAFETY: slots live for ever, as the platform promises.
        unsafe { node.as_ref() }
    }

    /// The link of a frame in this list, to be used right away.
    #[track_caller]
    fn link(&mut self, node: Node) -> *mut Link<M> {
        self.slot(node).as_meta_ptr(Access::Write)
    }

    /// Links a frame between two neighbours of this list, or its ends.
    fn insert(&mut self, prev: Option<Node>, frame: UniqueFrame<Link<M>, P>, next: Option<Node>) {
        let node = frame.into_slot();
        // Before anything changes, for it may abort; where that unwinds, the
        // frame is no handle any more that would be dropped.
        if self.id == 0 {
            self.id = P::list_ids().allocate::<P>();
        }

        let link = self.link(node);
        // SAFETY: the metadata of a unique frame without a handle is the
        // list's.
        unsafe {
            (*link).prev = prev;
            (*link).next = next;
        }
        self.join(prev, Some(node));
        self.join(Some(node), next);
        self.len += 1;
        // SAFETY: the list holds the frame.
        unsafe { self.slot(node).set_in_list(self.id) };
    }

    /// Takes a frame out of this list.
    fn remove(&mut self, node: Node) -> UniqueFrame<Link<M>, P> {
        let link = self.link(node);
        // SAFETY: the metadata of the frames in the list is the list's.
        let (prev, next) = unsafe { ((*link).prev.take(), (*link).next.take()) };
        self.join(prev, next);
        self.len -= 1;
        // SAFETY: the list holds the frame no longer; it is unique, and this is
        // its handle.
        unsafe {
            self.slot(node).set_in_list(0);
            UniqueFrame::from_slot(node)
        }
    }

    /// Makes two frames, or one frame and an end, neighbours.
    fn join(&mut self, prev: Option<Node>, next: Option<Node>) {
        match prev {
            // SAFETY: the metadata of the frames in the list is the list's.
            Some(node) => unsafe { (*self.link(node)).next = next },
            None => self.front = next,
        }
        match next {
            // SAFETY: as above.
            Some(node) => unsafe { (*self.link(node)).prev = prev },
            None => self.back = prev,
        }
    }
}

impl<M: AnyFrameMeta, P: Platform> Default for LinkedList<M, P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: AnyFrameMeta, P: Platform> Drop for LinkedList<M, P> {
    /// Gives each frame up, from front to back. If metadata panics on its way
    /// out, its frame leaks, and the others are still given up.
    fn drop(&mut self) {
        drop_each(core::iter::from_fn(|| self.pop_front()));
    }
}

impl<M: AnyFrameMeta, P: Platform> fmt::Debug for LinkedList<M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkedList")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// A position in a [`LinkedList`]: at a frame, or past the end, which is also
/// before the front.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// # use meta_core::{GetFrameError, Link, LinkedList, PAGE_SIZE, UniqueFrame};
/// # struct Slab { free: u16 }
/// # meta_core::impl_frame_meta_for!(Slab);
/// # let mut slabs = LinkedList::<Slab, Kernel>::new();
/// # for n in 0..3 {
/// #     let slab = Link::new(Slab { free: 10 * n as u16 });
/// #     slabs.push_back(UniqueFrame::from_unused(n * PAGE_SIZE, slab)?);
/// # }
/// // Slabs with 0, 10 and 20 free places: take those out that are full.
/// let mut cursor = slabs.cursor_front_mut();
/// while let Some(slab) = cursor.current_meta() {
///     if slab.free == 0 {
///         drop(cursor.take_current()); // moves on
///     } else {
///         slab.free -= 1;
///         cursor.move_next();
///     }
/// }
/// assert_eq!(cursor.as_list().len(), 2);
/// assert_eq!(slabs.pop_back().map(|frame| frame.meta().free), Some(19));
///
/// // Put one back in its place: past the end, before the last one, at the front.
/// let mut slab = |n| UniqueFrame::from_unused(n * PAGE_SIZE, Link::new(Slab { free: n as u16 }));
/// slabs.push_front(slab(3)?);
/// let mut cursor = slabs.cursor_back_mut();
/// cursor.insert_before(slab(4)?);
/// cursor.move_prev();
/// assert_eq!(cursor.current_paddr(), Some(4 * PAGE_SIZE));
/// while !slabs.is_empty() {
///     drop(slabs.pop_front());
/// }
/// # Ok::<(), GetFrameError>(())
/// ```
pub struct CursorMut<'a, M: AnyFrameMeta, P: Platform> {
    list: &'a mut LinkedList<M, P>,
    /// In the list, or none past its end.
    current: Option<Node>,
}

impl<M: AnyFrameMeta, P: Platform> CursorMut<'_, M, P> {
    /// Moves to the next frame: from the last one past the end, from there to
    /// the first one.
    #[inline]
    pub fn move_next(&mut self) {
        self.current = match self.current {
            // SAFETY: the metadata of the frames in the list is the list's.
            Some(node) => unsafe { (*self.list.link(node)).next },
            None => self.list.front,
        };
    }

    /// Moves to the previous frame: from the first one past the end, from there
    /// to the last one.
    #[inline]
    pub fn move_prev(&mut self) {
        self.current = match self.current {
            // SAFETY: the metadata of the frames in the list is the list's.
            Some(node) => unsafe { (*self.list.link(node)).prev },
            None => self.list.back,
        };
    }

    /// The address of the frame here, or none past the end.
    #[inline]
    pub fn current_paddr(&self) -> Option<Paddr> {
        let slot = self.list.slot(self.current?);
        Some(slot.frame_paddr::<P>())
    }

    /// The metadata of the frame here, to be changed, or none past the end.
    #[inline]
    #[track_caller]
    pub fn current_meta(&mut self) -> Option<&mut M> {
        let link = self.list.link(self.current?);
        // SAFETY: the metadata of the frames in the list is the list's, which
        // is exclusively borrowed. The link beside it stays out of reach.
        Some(unsafe { &mut (*link).meta })
    }

    /// Takes the frame here out of the list, and moves to the next one. Past
    /// the end there is none.
    #[inline]
    pub fn take_current(&mut self) -> Option<UniqueFrame<Link<M>, P>> {
        let node = self.current?;
        self.move_next();
        Some(self.list.remove(node))
    }

    /// Puts a frame before this one, or behind all others past the end. The
    /// cursor stays where it is.
    #[inline]
    pub fn insert_before(&mut self, frame: UniqueFrame<Link<M>, P>) {
        let prev = match self.current {
            // SAFETY: the metadata of the frames in the list is the list's.
            Some(node) => unsafe { (*self.list.link(node)).prev },
            None => self.list.back,
        };
        self.list.insert(prev, frame, self.current);
    }

    /// The list, to look at.
    #[inline]
    pub fn as_list(&self) -> &LinkedList<M, P> {
        self.list
    }
}

impl<M: AnyFrameMeta, P: Platform> fmt::Debug for CursorMut<'_, M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CursorMut");
        match self.current_paddr() {
            Some(paddr) => shown.field("paddr", &format_args!("{paddr:#x}")),
            None => shown.field("paddr", &None::<Paddr>),
        };
        shown.field("list", &self.list).finish()
    }
}
