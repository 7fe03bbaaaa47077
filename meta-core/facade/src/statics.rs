//! The first bytes of statics, which each execution begins with.

use ::core::cell::RefCell;
use ::core::mem::MaybeUninit;
use ::core::ops::Range;
use ::core::ptr;
use ::core::slice;
use std::boxed::Box;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread_local;
use std::vec::Vec;

use rustc_hash::FxHashMap;

/// The first bytes of one atomic or cell.
type First = &'static [MaybeUninit<u8>];

/// Of all that were met in this process. They are few, and stay.
static FIRST: Mutex<Vec<(usize, First)>> = Mutex::new(Vec::new());

/// What was met in explorations on this OS thread.
#[derive(Default)]
struct Met {
    /// In the order in which they were met.
    first: Vec<(usize, First)>,
    sizes: FxHashMap<usize, usize>,
}

thread_local! {
    static MET: RefCell<Met> = RefCell::default();
}

/// Notes what lies there, if it is a static that was not met before; what an exploration
/// on another OS thread has met begins with the bytes that it had there.
///
/// # Safety
///
/// There are so many bytes, and nobody writes them meanwhile.
#[inline]
pub(crate) unsafe fn meet(address: usize, size: usize) {
    if writable().contains(&address) {
        // SAFETY: promised by the caller.
        unsafe { note(address, size) };
    }
}

#[cold]
unsafe fn note(address: usize, size: usize) {
    if !crate::model::is_running() {
        return;
    }
    MET.with_borrow_mut(|met| {
        let known = met.sizes.entry(address).or_default();
        if *known >= size {
            return;
        }
        *known = size;
        let mut all = FIRST.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all
            .iter()
            .find(|(at, bytes)| *at == address && bytes.len() == size);
        let first = if let Some(&first) = before {
            // SAFETY: promised by the caller of `meet`.
            unsafe { put_back(first) };
            first
        } else {
            let from = ptr::with_exposed_provenance::<MaybeUninit<u8>>(address);
            // SAFETY: promised by the caller of `meet`.
            let bytes: Box<[_]> = unsafe { slice::from_raw_parts(from, size) }.into();
            let first = (address, &*Box::leak(bytes));
            all.push(first);
            first
        };
        met.first.push(first);
    });
}

/// # Safety
///
/// The bytes lay there before, and nobody uses them meanwhile.
unsafe fn put_back((address, bytes): (usize, First)) {
    let to = ptr::with_exposed_provenance_mut(address);
    // SAFETY: promised by the caller; a static lives for ever.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) };
}

/// Gives all statics that were met their first bytes back.
pub(crate) fn restore() {
    MET.with_borrow(|met| {
        // Backwards: what was met later may lie around what was met, and changed, before.
        for &first in met.first.iter().rev() {
            // SAFETY: no execution is under way, so that nobody uses it.
            unsafe { put_back(first) };
        }
    });
}

/// Where the statics of the program are that can be written.
#[inline]
fn writable() -> &'static Range<usize> {
    static WRITABLE: OnceLock<Range<usize>> = OnceLock::new();
    WRITABLE.get_or_init(find)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn find() -> Range<usize> {
    use ::core::ffi::{c_int, c_void};

    /// Called for each object that is loaded, the program first.
    unsafe extern "C" fn look(
        info: *mut libc::dl_phdr_info,
        _: usize,
        found: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader gives a valid object, and `found` comes back as it was given.
        let (info, found) = unsafe { (&*info, &mut *found.cast::<Range<usize>>()) };
        // SAFETY: there are so many headers, says the object.
        let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
        for header in headers {
            if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W != 0 {
                let start = (info.dlpi_addr + header.p_vaddr) as usize;
                found.start = found.start.min(start);
                found.end = found.end.max(start + header.p_memsz as usize);
            }
        }
        1
    }

    // Nothing yet: each object makes it wider.
    let (start, end) = (usize::MAX, 0);
    let mut found = start..end;
    // SAFETY: `look` has the type that is asked for, and `found` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(look), ptr::from_mut(&mut found).cast()) };
    found
}

/// Nobody to ask: no static is known as one.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn find() -> Range<usize> {
    0..0
}
