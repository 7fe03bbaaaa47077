//! Every stable method does what `core`'s does, outside of a model and in one.

#![allow(deprecated, reason = "stable is stable")]

use std::fmt::Debug;
use std::ptr;

use facade::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

type Seen = Vec<String>;

fn see(seen: &mut Seen, value: impl Debug) {
    seen.push(format!("{value:?}"));
}

/// What all atomics have in common.
macro_rules! common {
    ($orders:ident $seen:ident, $atomic:ty, $value:ty, $first:expr, $second:expr, $show:expr) => {
        let (first, second): ($value, $value) = ($first, $second);
        let show = $show;
        for &order in $orders {
            let failure = match order {
                Release | AcqRel => Relaxed,
                order => order,
            };
            let store = match order {
                Acquire | AcqRel => Release,
                order => order,
            };
            let mut word = <$atomic>::new(first);
            see(&mut $seen, show(word.load(failure)));
            word.store(second, store);
            see(&mut $seen, show(word.swap(first, order)));
            // One that fails writes nothing.
            see(
                &mut $seen,
                word.compare_exchange(second, second, order, failure)
                    .map(show)
                    .map_err(show),
            );
            see(
                &mut $seen,
                word.compare_exchange(second, first, order, failure)
                    .map(show)
                    .map_err(show),
            );
            see(
                &mut $seen,
                word.compare_exchange(first, second, order, failure)
                    .map(show)
                    .map_err(show),
            );
            see(
                &mut $seen,
                show(word.compare_and_swap(first, second, order)),
            );
            see(
                &mut $seen,
                show(word.compare_and_swap(second, first, order)),
            );
            // A weak one may fail; in the end it does not.
            while word
                .compare_exchange_weak(first, second, order, failure)
                .is_err()
            {
                std::hint::spin_loop();
            }
            see(
                &mut $seen,
                word.compare_exchange_weak(first, second, order, failure)
                    .map(show)
                    .map_err(show),
            );
            see(
                &mut $seen,
                word.fetch_update(order, failure, |value| (value == second).then_some(first))
                    .map(show)
                    .map_err(show),
            );
            see(
                &mut $seen,
                word.fetch_update(order, failure, |_| None)
                    .map(show)
                    .map_err(show),
            );
            *word.get_mut() = second;
            see(&mut $seen, show(word.load(failure)));
            // SAFETY: nobody else has the word.
            unsafe { word.as_ptr().write(first) };
            // SAFETY: as above.
            let same = unsafe { <$atomic>::from_ptr(word.as_ptr()) };
            see(&mut $seen, show(same.load(failure)));
            see(&mut $seen, show(<$atomic>::from(second).into_inner()));
        }
        see(&mut $seen, show(<$atomic>::default().into_inner()));
    };
}

macro_rules! fetch {
    ($orders:ident $seen:ident, $atomic:ty, $values:expr, $($method:ident)*) => {
        for &order in $orders {
            for value in $values {
                for operand in $values {
                    $(
                        let word = <$atomic>::new(value);
                        see(&mut $seen, (stringify!($method), word.$method(operand, order), word.load(Relaxed)));
                        let result = word.load(Relaxed);
                        see(&mut $seen, word.compare_exchange(result, operand, Relaxed, Relaxed));
                    )*
                }
            }
        }
    };
}

macro_rules! all_methods {
    ($name:ident, $($atomics:ident)::+) => {
        fn $name(orders: &[Ordering], only: Option<usize>) -> Seen {
            use $($atomics)::+::*;
            let mut seen = Seen::new();
            let mut types = 0..;
            let mut wanted = || {
                let index = types.next();
                only.is_none() || only == index
            };
            macro_rules! integer {
                ($atomic:ident $value:ident) => {
                    if wanted() {
                    common!(orders seen, $atomic, $value, 3, <$value>::MAX, |value: $value| value);
                    let values = [1, <$value>::MAX, <$value>::MIN / 3];
                    fetch!(
                        orders seen, $atomic, values,
                        fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min
                    );
                    see(&mut seen, $atomic::new(5));
                    }
                };
            }
            integer!(AtomicU8 u8);
            integer!(AtomicU16 u16);
            integer!(AtomicU32 u32);
            integer!(AtomicU64 u64);
            integer!(AtomicUsize usize);
            integer!(AtomicI8 i8);
            integer!(AtomicI16 i16);
            integer!(AtomicI32 i32);
            integer!(AtomicI64 i64);
            integer!(AtomicIsize isize);

            if wanted() {
            common!(orders seen, AtomicBool, bool, true, false, |value: bool| value);
            fetch!(orders seen, AtomicBool, [true, false], fetch_and fetch_nand fetch_or fetch_xor);
            see(&mut seen, AtomicBool::new(true).fetch_not(SeqCst));
            }

            if wanted() {
            let text = [1_u16, 2, 3];
            let first = ptr::from_ref(&text[0]).cast_mut();
            let address = |pointer: *mut u16| pointer.addr().wrapping_sub(first.addr()) as isize;
            common!(orders seen, AtomicPtr<u16>, *mut u16, first, first.wrapping_add(2), address);
            fence_all();
            compiler_fence(SeqCst);
            }
            seen
        }
    };
}

fn fence_all() {
    for order in [Acquire, Release, AcqRel, SeqCst] {
        facade::sync::atomic::fence(order);
    }
    facade::hint::black_box(0);
}

all_methods!(of_core, core::sync::atomic);
all_methods!(of_facade, facade::sync::atomic);

fn assert_same(ours: &Seen, theirs: &Seen) {
    assert!(theirs.len() > 10);
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        // The default of a pointer is null, wherever the text lies.
        if !theirs.starts_with('-') {
            assert_eq!(ours, theirs, "{index}");
        }
    }
    assert_eq!(ours.len(), theirs.len());
}

#[test]
fn methods_do_what_those_of_core_do() {
    let orders = [Relaxed, Acquire, Release, AcqRel, SeqCst];
    assert_same(&of_facade(&orders, None), &of_core(&orders, None));
}

#[cfg(any(loom, shuttle, rc11))]
#[test]
fn in_a_model_too() {
    for only in (0..12).map(Some) {
        facade::model::check(move || {
            assert_same(&of_facade(&[AcqRel], only), &of_core(&[AcqRel], only));
        });
    }
}

/// These are younger than the oldest compiler that builds this.
#[cfg(any(loom, shuttle, rc11))]
#[test]
fn the_youngest_methods_are_there() {
    use facade::sync::atomic::{AtomicPtr, AtomicU8};

    facade::model::check(|| {
        let word = AtomicU8::new(1);
        assert_eq!(word.update(SeqCst, Relaxed, |value| value + 1), 1);
        assert_eq!(
            word.try_update(SeqCst, Relaxed, |value| value.checked_sub(3)),
            Err(2)
        );
        let start = ptr::without_provenance_mut::<u32>(64);
        let pointer = AtomicPtr::new(start);
        pointer.fetch_ptr_add(2, Relaxed);
        pointer.fetch_ptr_sub(1, Relaxed);
        pointer.fetch_byte_add(3, Relaxed);
        pointer.fetch_byte_sub(1, Relaxed);
        assert_eq!(pointer.fetch_or(1, Relaxed).addr(), 64 + 4 + 2);
        assert_eq!(pointer.fetch_and(!3, Relaxed).addr(), 64 + 4 + 3);
        assert_eq!(pointer.fetch_xor(4, Relaxed).addr(), 64 + 4);
        assert_eq!(pointer.load(Relaxed), start);
    });
}

#[test]
fn orderings_that_make_no_sense_panic() {
    use facade::sync::atomic::AtomicU8;

    let panics = |run: fn(&AtomicU8)| {
        let word = AtomicU8::new(0);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&word))).is_err()
    };
    #[allow(invalid_atomic_ordering, reason = "that is what is tried")]
    let wrong: [fn(&AtomicU8); 5] = [
        |word| _ = word.load(hidden(Release)),
        |word| word.store(1, hidden(Acquire)),
        |word| _ = word.compare_exchange(0, 1, SeqCst, hidden(Release)),
        |word| _ = word.compare_exchange_weak(0, 1, SeqCst, hidden(AcqRel)),
        |_| facade::sync::atomic::fence(hidden(Relaxed)),
    ];
    for (index, wrong) in wrong.into_iter().enumerate() {
        assert!(panics(wrong), "{index}");
    }
}

fn hidden(order: Ordering) -> Ordering {
    std::hint::black_box(order)
}

#[test]
fn a_cell_has_the_methods_of_a_cell() {
    use facade::cell::UnsafeCell;

    let mut cell = UnsafeCell::new(3);
    *cell.get_mut() += 1;
    // SAFETY: nobody else has the cell.
    unsafe { *cell.get() += 1 };
    // SAFETY: as above.
    unsafe { *UnsafeCell::raw_get(&raw const cell) += 1 };
    assert_eq!(cell.into_inner(), 6);
    assert_eq!(
        UnsafeCell::<u8>::default().into_inner() + UnsafeCell::from(2).into_inner(),
        2
    );
    let mut plain = 1;
    *UnsafeCell::from_mut(&mut plain).get_mut() = 4;
    assert_eq!(plain, 4);
    assert_eq!(
        format!("{:?}", UnsafeCell::new(1)),
        format!("{:?}", core::cell::UnsafeCell::new(1))
    );
}
