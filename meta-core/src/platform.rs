//! What the protocol needs from the kernel around it.

use core::ptr::NonNull;

use crate::list::ListIds;
use crate::ordering;
use crate::slot::MetaSlot;
use crate::sync::unmodelled::AtomicUsize;

/// A physical address, in bytes.
pub type Paddr = usize;

/// The size of a frame and of its page, in bytes.
pub const PAGE_SIZE: usize = 4096;

/// The end of physical memory: stored once at start-up, loaded by every lookup.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// use meta_core::{MaxPaddr, PAGE_SIZE};
///
/// static MAX_PADDR: MaxPaddr = MaxPaddr::new();
/// assert_eq!(MAX_PADDR.get(), 0);
/// # static SLOTS: [meta_core::MetaSlot; 8] = [const { meta_core::MetaSlot::new_unused() }; 8];
/// # assert_eq!(SLOTS.len(), 8);
/// // SAFETY: the slots of eight frames are a static, and no other thread runs.
/// unsafe { MAX_PADDR.set(8 * PAGE_SIZE) };
/// assert_eq!(MAX_PADDR.get(), 8 * PAGE_SIZE);
/// ```
#[derive(Debug)]
pub struct MaxPaddr(AtomicUsize);

impl MaxPaddr {
    /// Not initialised: every frame is out of bound.
    pub const fn new() -> Self {
        MaxPaddr(AtomicUsize::new(0))
    }

    /// The first address past physical memory; 0 before start-up.
    #[inline]
    pub fn get(&self) -> Paddr {
        // ORDERING: MAX_PADDR, Relaxed, without partner: the one store happens
        // before other processors start.
        self.0.load(ordering::MAX_PADDR.ordering())
    }

    /// Makes all frames below `max_paddr` known.
    ///
    /// # Panics
    ///
    /// If `max_paddr` is not a multiple of [`PAGE_SIZE`]: part of a frame has
    /// no slot.
    ///
    /// # Safety
    ///
    /// - The slots of all frames below `max_paddr` are initialised, and live for
    ///   ever: [`get_slot`](crate::get_slot) gives `&'static` references.
    /// - No other thread uses this platform yet.
    /// - Where this lowers the end, as a boot that failed does, no handle to a
    ///   frame past it, nor reference to its slot, is ever used again.
    pub unsafe fn set(&self, max_paddr: Paddr) {
        assert!(
            max_paddr.is_multiple_of(PAGE_SIZE),
            "physical memory ends within a frame"
        );
        // ORDERING: MAX_PADDR_STORE, Relaxed, without partner: starting the other
        // processors orders it before their loads.
        self.0
            .store(max_paddr, ordering::MAX_PADDR_STORE.ordering());
    }
}

impl Default for MaxPaddr {
    fn default() -> Self {
        Self::new()
    }
}

/// Where slots and pages are, who gets a freed frame, and how to stop.
///
/// A kernel implements it once, on a type without values; all handles carry
/// that type, so each method is a direct call that inlines to its constant.
///
/// # Safety
///
/// The methods behave as documented; the protocol's safety depends on it.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// use core::cell::UnsafeCell;
/// use core::ptr::NonNull;
/// use meta_core::{Frame, ListIds, MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, Platform};
///
/// const FRAMES: usize = 8;
///
/// #[repr(align(4096))]
/// struct Memory(UnsafeCell<[u8; FRAMES * PAGE_SIZE]>);
/// // SAFETY: pages are reached through the handles, which determine who may access them.
/// unsafe impl Sync for Memory {}
///
/// // A kernel on a host. A real one returns constants, or what the boot stored.
/// static MEMORY: Memory = Memory(UnsafeCell::new([0; FRAMES * PAGE_SIZE]));
/// static SLOTS: [MetaSlot; FRAMES] = [const { MetaSlot::new_unused() }; FRAMES];
/// static MAX_PADDR: MaxPaddr = MaxPaddr::new();
/// static LIST_IDS: ListIds = ListIds::new();
/// # mod allocator { pub fn put(_: usize) {} }
///
/// struct Kernel;
///
/// // SAFETY: slots and pages exist for ever, initialised.
/// unsafe impl Platform for Kernel {
///     fn slots() -> NonNull<MetaSlot> { NonNull::from(&SLOTS).cast() }
///     fn max_paddr() -> &'static MaxPaddr { &MAX_PADDR }
///     fn page(paddr: Paddr) -> *mut u8 { MEMORY.0.get().cast::<u8>().wrapping_add(paddr) }
///     unsafe fn free_frame(paddr: Paddr) { allocator::put(paddr) }
///     fn list_ids() -> &'static ListIds { &LIST_IDS }
///     fn abort() -> ! { std::process::abort() }
/// }
///
/// // SAFETY: all slots are initialised, and no other thread runs yet.
/// unsafe { MAX_PADDR.set(FRAMES * PAGE_SIZE) };
///
/// struct Buffer;
/// meta_core::impl_untyped_frame_meta_for!(Buffer);
/// let frame = Frame::<_, Kernel>::from_unused(7 * PAGE_SIZE, Buffer)?;
/// assert_eq!(frame.start_paddr(), 7 * PAGE_SIZE);
/// # Ok::<(), meta_core::GetFrameError>(())
/// ```
pub unsafe trait Platform: Sized + 'static {
    /// The slot of frame 0.
    ///
    /// Safety for the implementer: always the same pointer once
    /// [`max_paddr`](Platform::max_paddr) is set; from it,
    /// `max_paddr / PAGE_SIZE` initialised slots follow one another, valid for
    /// ever and reached by nothing but this crate.
    fn slots() -> NonNull<MetaSlot>;

    /// The end of physical memory.
    fn max_paddr() -> &'static MaxPaddr;

    /// A pointer to the page at `paddr` in the linear mapping.
    ///
    /// It is asked only about claimed frames: untyped ones with a handle, and
    /// any whose metadata is torn down. (The boot asks about the pages that it
    /// makes slots of.) A frame without a page, in a hole or of a device, is
    /// never asked about if it is claimed before anyone else can, typed, and
    /// never given up: so does the boot.
    ///
    /// Safety for the implementer: valid for reads and writes of [`PAGE_SIZE`]
    /// initialised bytes, as aligned as the frame, until the frame is unused
    /// again. The pages of claimed frames in a row follow one another, and a
    /// pointer to the first is valid for all of them.
    fn page(paddr: Paddr) -> *mut u8;

    /// Offers the allocator a frame whose last handle was dropped.
    ///
    /// The frame is not the allocator's by that. Claiming an unused frame is
    /// safe, so anyone may have claimed this one since it was retired, and may
    /// have claimed and dropped a frame that the allocator never handed out.
    ///
    /// Safety for the implementer: an allocator that touches the page of a frame
    /// claims the frame first, as everyone does, and leaves a frame that it
    /// cannot claim to its owner, whose last handle offers it again. An offer of
    /// a frame that the allocator has already changes nothing.
    ///
    /// # Safety
    ///
    /// `paddr` is a frame of this platform that was in use. The caller has
    /// dropped its last handle and retired it, and offers it once for that.
    unsafe fn free_frame(paddr: Paddr);

    /// Where the ids of this platform's lists come from. By default all
    /// platforms share one counter.
    ///
    /// Safety for the implementer: always the same counter for the same slots.
    fn list_ids() -> &'static ListIds {
        static LIST_IDS: ListIds = ListIds::new();
        &LIST_IDS
    }

    /// Stops: a reference count would overflow, or there are no more list ids.
    ///
    /// Safety for the implementer: it may unwind only if the kernel keeps every
    /// handle of this thread from being dropped afterwards.
    fn abort() -> !;
}
