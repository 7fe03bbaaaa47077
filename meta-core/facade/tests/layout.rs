//! The look-alikes have the layout of what they look like, and are made as that is.

use std::mem::{MaybeUninit, align_of, size_of};

macro_rules! same_layout {
    ($($name:ident $(<$argument:ty>)?)*) => {$(
        assert_eq!(
            (size_of::<facade::sync::atomic::$name $(<$argument>)?>(), align_of::<facade::sync::atomic::$name $(<$argument>)?>()),
            (size_of::<core::sync::atomic::$name $(<$argument>)?>(), align_of::<core::sync::atomic::$name $(<$argument>)?>()),
            stringify!($name)
        );
    )*};
}

#[test]
fn sizes_and_alignments_are_those_of_core() {
    same_layout! {
        AtomicU8 AtomicU16 AtomicU32 AtomicU64 AtomicUsize
        AtomicI8 AtomicI16 AtomicI32 AtomicI64 AtomicIsize AtomicBool AtomicPtr<u128>
    }
    macro_rules! same_cell {
        ($($value:ty)*) => {$(
            let ours = (size_of::<facade::cell::UnsafeCell<$value>>(), align_of::<facade::cell::UnsafeCell<$value>>());
            assert_eq!(ours, (size_of::<core::cell::UnsafeCell<$value>>(), align_of::<core::cell::UnsafeCell<$value>>()));
            // Without a niche: the value may be anything meanwhile.
            assert_eq!(size_of::<Option<facade::cell::UnsafeCell<$value>>>(), size_of::<Option<core::cell::UnsafeCell<$value>>>());
        )*};
    }
    same_cell! { u8 u64 [u16; 3] &'static str bool [u8; 0] }
    let slice: &facade::cell::UnsafeCell<[u8]> = &facade::cell::UnsafeCell::new([1, 2, 3]);
    assert_eq!(size_of_val(slice), 3);
}

#[test]
fn constants_statics_and_zeroed_memory_are_atomics() {
    use facade::cell::UnsafeCell;
    use facade::sync::atomic::{AtomicBool, AtomicPtr, AtomicU16, AtomicUsize, Ordering::SeqCst};

    static ONE: AtomicU16 = AtomicU16::new(1);
    static ALL: [AtomicU16; 3] = [const { AtomicU16::new(7) }; 3];
    static NAMES: [AtomicPtr<u8>; 2] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 2];
    assert_eq!(ALL[2].swap(ONE.load(SeqCst), SeqCst), 7);
    assert_eq!(ALL[2].load(SeqCst), 1);
    assert!(NAMES[1].load(SeqCst).is_null());

    struct Zeroed {
        word: AtomicUsize,
        flag: AtomicBool,
        cell: UnsafeCell<u64>,
    }
    // SAFETY: all of it may be zero.
    let zeroed = unsafe { MaybeUninit::<Zeroed>::zeroed().assume_init() };
    assert_eq!(
        (zeroed.word.fetch_add(2, SeqCst), zeroed.word.load(SeqCst)),
        (0, 2)
    );
    assert!(!zeroed.flag.fetch_not(SeqCst) && zeroed.flag.load(SeqCst));
    assert_eq!(zeroed.cell.into_inner(), 0);
    const INNER: u16 = AtomicU16::new(3).into_inner();
    assert_eq!(INNER, 3);
}
