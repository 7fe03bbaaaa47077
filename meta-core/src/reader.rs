//! Reading and writing the bytes of pages.
//!
//! The bytes of an untyped page belong to nobody: any number of handles, and
//! programs that have the page mapped, may change them while they are read. So
//! they are never borrowed, and reached in one way only: as whole aligned words,
//! each by one relaxed atomic access. A racing reader may get old bytes or new
//! ones, a mixture from different words, but nothing undefined happens.

use core::marker::PhantomData;
use core::mem::{MaybeUninit, size_of};
use core::ops::Range;
use core::slice;

use crate::ordering as site;
use crate::sync::AtomicWord;

/// The unit of access, and its alignment.
const WORD: usize = size_of::<u64>();

/// Values without a type to protect: any bytes of the right number are one, and
/// it has no other bytes.
///
/// ```
/// use meta_core::Pod;
///
/// #[derive(Clone, Copy)]
/// #[repr(C)]
/// struct Entry { inode: u32, len: u16, kind: [u8; 2] }
///
/// // SAFETY: 8 bytes without padding; any of them are an entry.
/// unsafe impl Pod for Entry {}
/// ```
///
/// # Safety
///
/// No padding, no invalid bit pattern, no pointer that is followed, no interior
/// mutability.
pub unsafe trait Pod: Copy + 'static {}

macro_rules! impl_pod_for {
    ($($pod:ty),+) => {$(
        // SAFETY: a number, whose every bit counts.
        unsafe impl Pod for $pod {}
    )+};
}

impl_pod_for!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64
);

// SAFETY: its items follow one another without padding.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {}

/// What reader and writer have in common: the bytes still ahead.
#[derive(Debug)]
struct Ahead<'a> {
    cursor: *mut u8,
    len: usize,
    _memory: PhantomData<&'a [AtomicWord]>,
}

impl Ahead<'_> {
    /// # Safety
    ///
    /// `len` bytes from `start` are initialised and valid for reads and writes,
    /// for as long as this lives, and accessed only as relaxed atomic words
    /// meanwhile, or only read. Both numbers are multiples of the size of a word.
    unsafe fn new(start: *mut u8, len: usize) -> Self {
        debug_assert!(start.addr().is_multiple_of(WORD) && len.is_multiple_of(WORD));
        Ahead {
            cursor: start,
            len,
            _memory: PhantomData,
        }
    }

    fn skip(&mut self, len: usize) -> usize {
        let len = len.min(self.len);
        // SAFETY: within the bytes, or one past their end.
        self.cursor = unsafe { self.cursor.add(len) };
        self.len -= len;
        len
    }

    /// Passes over up to `len` bytes and returns how many. `visit` gets each
    /// word, the bytes meant of it, and which of the `len` bytes they are.
    #[inline]
    fn visit(
        &mut self,
        len: usize,
        mut visit: impl FnMut(&AtomicWord, Range<usize>, Range<usize>),
    ) -> usize {
        let len = len.min(self.len);
        let mut done = 0;
        while done < len {
            let at = self.cursor.addr() % WORD;
            let count = (WORD - at).min(len - done);
            // SAFETY: bytes ahead lie in whole words of the memory, which are
            // accessed only like this. No reference is left behind.
            let word = unsafe { AtomicWord::from_ptr(self.cursor.wrapping_sub(at).cast()) };
            visit(word, at..at + count, done..done + count);
            done += self.skip(count);
        }
        len
    }
}

/// A cursor that reads the bytes of a page, or of pages in a row.
///
/// It copies and never borrows: the bytes may change at any time.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// use meta_core::{Frame, PAGE_SIZE, UntypedMem, impl_untyped_frame_meta_for};
///
/// struct Anonymous;
/// impl_untyped_frame_meta_for!(Anonymous);
///
/// let page = Frame::<_, Kernel>::from_unused(0, Anonymous)?;
/// let mut writer = page.writer();
/// assert_eq!(writer.write(b"frames"), 6);
/// writer.write_val(&0xcafe_u16).expect("there is room");
///
/// let mut reader = page.reader();
/// assert_eq!(reader.skip(6), 6);
/// assert_eq!(reader.read_val(), Some(0xcafe_u16));
/// assert_eq!(reader.remain(), PAGE_SIZE - 8);
/// # Ok::<(), meta_core::GetFrameError>(())
/// ```
#[derive(Debug)]
pub struct VmReader<'a>(Ahead<'a>);

impl VmReader<'_> {
    /// A reader over `len` bytes from `start`.
    ///
    /// # Safety
    ///
    /// The bytes are initialised and valid for reads and writes for as long as
    /// the reader lives: it writes none, but its atomic accesses ask for memory
    /// that may be written. Nobody writes them meanwhile but [`VmWriter`]s.
    /// `start` and `len` are multiples of 8.
    ///
    /// ```
    /// use meta_core::VmReader;
    ///
    /// let mut words = [u64::from_ne_bytes(*b"read me!"); 2];
    /// // SAFETY: 16 bytes at a multiple of 8, borrowed as long as the reader lives.
    /// let mut reader = unsafe { VmReader::from_raw(words.as_mut_ptr().cast(), 16) };
    /// let mut bytes = [0; 4];
    /// reader.read(&mut bytes);
    /// assert_eq!(&bytes, b"read");
    /// ```
    pub unsafe fn from_raw(start: *mut u8, len: usize) -> Self {
        // SAFETY: as promised; a writer writes relaxed atomic words.
        VmReader(unsafe { Ahead::new(start, len) })
    }

    /// The number of bytes not yet read.
    pub fn remain(&self) -> usize {
        self.0.len
    }

    /// Leaves at most `len` bytes to be read.
    ///
    #[cfg_attr(not(model), doc = "```")]
    #[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
    /// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
    /// # use kernel::Kernel;
    /// # use meta_core::{Frame, UntypedMem};
    /// # struct Anonymous;
    /// # meta_core::impl_untyped_frame_meta_for!(Anonymous);
    /// # let page = Frame::<_, Kernel>::from_unused(0, Anonymous)?;
    /// let mut header = page.reader();
    /// header.limit(16);
    /// assert_eq!(header.read(&mut [0; 64]), 16);
    /// # Ok::<(), meta_core::GetFrameError>(())
    /// ```
    pub fn limit(&mut self, len: usize) {
        self.0.len = self.0.len.min(len);
    }

    /// Passes over up to `len` bytes and returns how many.
    pub fn skip(&mut self, len: usize) -> usize {
        self.0.skip(len)
    }

    /// Copies bytes into `into` until it is full or none remain, and returns
    /// their number.
    pub fn read(&mut self, into: &mut [u8]) -> usize {
        self.0.visit(into.len(), |word, from, to| {
            // ORDERING: PAGE_READ, Relaxed, no partner: untyped bytes carry no order.
            let word = word.load(site::PAGE_READ).to_ne_bytes();
            let into = &mut into[to];
            match into.first_chunk_mut() {
                Some(whole) => *whole = word,
                None => into.copy_from_slice(&word[from]),
            }
        })
    }

    /// Reads a value. If fewer bytes remain than it has, none is read.
    ///
    /// A value within one aligned word of 8 bytes is read as a whole.
    pub fn read_val<T: Pod>(&mut self) -> Option<T> {
        if self.remain() < size_of::<T>() {
            return None;
        }
        let mut value = MaybeUninit::<T>::zeroed();
        // SAFETY: the bytes of `value`, all of them initialised: to zero.
        let bytes = unsafe { slice::from_raw_parts_mut(value.as_mut_ptr().cast(), size_of::<T>()) };
        self.read(bytes);
        // SAFETY: any bytes are a value.
        Some(unsafe { value.assume_init() })
    }

    /// Copies bytes into `writer` until it has no room or none remain, and
    /// returns their number. Where the two overlap, bytes just written may be
    /// read again.
    pub fn read_to(&mut self, writer: &mut VmWriter<'_>) -> usize {
        let total = self.remain().min(writer.avail());
        let mut chunk = [0; 8 * WORD];
        let mut left = total;
        while left > 0 {
            let chunk = &mut chunk[..left.min(8 * WORD)];
            self.read(chunk);
            left -= writer.write(chunk);
        }
        total
    }
}

/// A cursor that writes the bytes of a page, or of pages in a row.
///
/// Others may read and write the same bytes at the same time.
///
#[cfg_attr(not(model), doc = "```")]
#[cfg_attr(model, doc = "```ignore (needs the real atomics)")]
/// # mod kernel { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/kernel.rs")); }
/// # use kernel::Kernel;
/// # use meta_core::{PAGE_SIZE, Segment, UntypedMem, impl_untyped_frame_meta_for};
/// # struct Anonymous;
/// # impl_untyped_frame_meta_for!(Anonymous);
/// let pages = Segment::<_, Kernel>::from_unused(0..3 * PAGE_SIZE, |_| Anonymous)?;
/// let (first, rest) = pages.split(PAGE_SIZE);
/// first.writer().write(b"copy on write");
///
/// // One page into the middle of two.
/// let mut writer = rest.writer();
/// writer.skip(PAGE_SIZE / 2);
/// assert_eq!(first.reader().read_to(&mut writer), PAGE_SIZE);
/// assert_eq!(writer.avail(), PAGE_SIZE / 2);
///
/// let mut copy = [0; 13];
/// let mut reader = rest.reader();
/// reader.skip(PAGE_SIZE / 2);
/// reader.read(&mut copy);
/// assert_eq!(&copy, b"copy on write");
/// # Ok::<(), meta_core::GetFrameError>(())
/// ```
#[derive(Debug)]
pub struct VmWriter<'a>(Ahead<'a>);

impl VmWriter<'_> {
    /// A writer over `len` bytes from `start`.
    ///
    /// # Safety
    ///
    /// The bytes are initialised and valid for reads and writes for as long as
    /// the writer lives, and nobody accesses them meanwhile but [`VmReader`]s
    /// and [`VmWriter`]s. `start` and `len` are multiples of 8.
    ///
    /// ```
    /// use meta_core::VmWriter;
    ///
    /// let mut words = [0_u64; 2];
    /// // SAFETY: 16 bytes at a multiple of 8, borrowed as long as the writer lives.
    /// let mut writer = unsafe { VmWriter::from_raw(words.as_mut_ptr().cast(), 16) };
    /// writer.write_val(&7_u64).expect("there is room");
    /// assert_eq!((writer.avail(), words), (8, [7, 0]));
    /// ```
    pub unsafe fn from_raw(start: *mut u8, len: usize) -> Self {
        // SAFETY: as promised; readers and writers make relaxed atomic accesses
        // to words.
        VmWriter(unsafe { Ahead::new(start, len) })
    }

    /// The number of bytes not yet written.
    pub fn avail(&self) -> usize {
        self.0.len
    }

    /// Leaves at most `len` bytes to be written.
    pub fn limit(&mut self, len: usize) {
        self.0.len = self.0.len.min(len);
    }

    /// Passes over up to `len` bytes and returns how many.
    pub fn skip(&mut self, len: usize) -> usize {
        self.0.skip(len)
    }

    /// Copies the bytes of `from` until there are no more or no room, and
    /// returns their number.
    pub fn write(&mut self, from: &[u8]) -> usize {
        self.0
            .visit(from.len(), |word, to, at| put(word, to, &from[at]))
    }

    /// Writes a value. If there is not enough room, none of it is written.
    ///
    /// A value within one aligned word of 8 bytes is written as a whole.
    #[must_use = "there may have been no room"]
    pub fn write_val<T: Pod>(&mut self, value: &T) -> Option<()> {
        if self.avail() < size_of::<T>() {
            return None;
        }
        // SAFETY: the bytes of `value`, all of them initialised: it has no
        // padding.
        let bytes =
            unsafe { slice::from_raw_parts(core::ptr::from_ref(value).cast(), size_of::<T>()) };
        self.write(bytes);
        Some(())
    }

    /// Writes up to `len` bytes of zeros and returns how many.
    pub fn fill_zeros(&mut self, len: usize) -> usize {
        self.0
            .visit(len, |word, to, _| put(word, to.clone(), &[0; WORD][to]))
    }
}

/// Writes some bytes of a word, and leaves the others to whoever writes them.
#[inline]
fn put(word: &AtomicWord, to: Range<usize>, from: &[u8]) {
    if let Ok(whole) = from.try_into() {
        // ORDERING: PAGE_WRITE, Relaxed, no partner: untyped bytes carry no order.
        word.store(u64::from_ne_bytes(whole), site::PAGE_WRITE);
        return;
    }
    let replace = |old: u64| {
        let mut bytes = old.to_ne_bytes();
        bytes[to.clone()].copy_from_slice(from);
        u64::from_ne_bytes(bytes)
    };
    // ORDERING: PAGE_PROBE, PAGE_PATCH and PAGE_PATCH_FAIL, Relaxed, no partner: as
    // above.
    let sites = [site::PAGE_PROBE, site::PAGE_PATCH, site::PAGE_PATCH_FAIL];
    word.update(replace, sites);
}
