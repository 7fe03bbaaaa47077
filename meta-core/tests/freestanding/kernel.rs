//! A kernel in miniature: no std, no libc, its own entry, panic handler and
//! memory. It claims, looks up, clones, shares and drops frames, and exits with
//! status 0; a panic exits with 101 and says where on standard error.

#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::cell::UnsafeCell;
use core::fmt::{self, Write};
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};

use meta_core::{
    AnyFrameMeta, Frame, GetFrameError, MaxPaddr, MetaSlot, PAGE_SIZE, Paddr, Platform,
    UniqueFrame, VmReader, impl_frame_meta_for,
};

const FRAMES: usize = 4;

/// The memory of the machine, and the slots that describe it.
#[repr(C, align(4096))]
struct Boot {
    memory: UnsafeCell<[u8; FRAMES * PAGE_SIZE]>,
    slots: UnsafeCell<MaybeUninit<[MetaSlot; FRAMES]>>,
}

// SAFETY: there is one processor.
unsafe impl Sync for Boot {}

static BOOT: Boot = Boot {
    memory: UnsafeCell::new([0; FRAMES * PAGE_SIZE]),
    slots: UnsafeCell::new(MaybeUninit::uninit()),
};
static MAX_PADDR: MaxPaddr = MaxPaddr::new();
static FREED: AtomicUsize = AtomicUsize::new(0);

struct Kernel;

// SAFETY: `boot` initialises a slot for each frame before it sets the end of
// memory; the static lives for ever, and no reference to it is ever made.
unsafe impl Platform for Kernel {
    fn slots() -> NonNull<MetaSlot> {
        // SAFETY: the address of a static.
        unsafe { NonNull::new_unchecked(BOOT.slots.get().cast()) }
    }
    fn max_paddr() -> &'static MaxPaddr {
        &MAX_PADDR
    }
    fn page(paddr: Paddr) -> *mut u8 {
        BOOT.memory.get().cast::<u8>().wrapping_add(paddr)
    }
    unsafe fn free_frame(_: Paddr) {
        FREED.fetch_add(1, Ordering::Relaxed);
    }
    fn abort() -> ! {
        exit(102)
    }
}

struct PageTable {
    level: u8,
}
impl_frame_meta_for!(PageTable);

static LAST_BYTE: AtomicUsize = AtomicUsize::new(0);

struct Buffer;

// SAFETY: the page is read only here, when no handle is left, and it is not
// said to be untyped.
unsafe impl AnyFrameMeta for Buffer {
    unsafe fn on_drop(&mut self, page: &mut VmReader<'_>) {
        page.skip(PAGE_SIZE - 1);
        let mut byte = [0];
        page.read(&mut byte);
        LAST_BYTE.store(byte[0].into(), Ordering::Relaxed);
    }
}

fn boot() {
    for index in 0..FRAMES {
        // SAFETY: inside the static, which nobody else touches yet.
        unsafe { Kernel::slots().add(index).write(MetaSlot::new_unused()) };
    }
    // SAFETY: all slots are initialised, and there is one processor.
    unsafe { MAX_PADDR.set(FRAMES * PAGE_SIZE) };
}

fn run() {
    const HERE: Paddr = 2 * PAGE_SIZE;
    type Any = Frame<dyn AnyFrameMeta, Kernel>;

    assert_eq!(
        Any::from_in_use(HERE).unwrap_err(),
        GetFrameError::OutOfBound
    );
    boot();
    assert_eq!(Any::from_in_use(HERE).unwrap_err(), GetFrameError::Unused);

    // Claim, look up, clone, drop.
    let table = Frame::<_, Kernel>::from_unused(HERE, PageTable { level: 3 }).unwrap();
    let found = Any::from_in_use(HERE).unwrap();
    let found = Frame::<PageTable, Kernel>::try_from(found).unwrap();
    let clone = found.clone();
    assert_eq!(clone.meta().level, 3);
    assert_eq!(clone.start_paddr(), HERE);
    assert_eq!(clone.reference_count(), 3);
    drop((table, found));

    // Own, change, repurpose, share.
    let mut owned = UniqueFrame::try_from(clone).unwrap();
    owned.meta_mut().level = 4;
    assert_eq!(owned.meta().level, 4);
    assert_eq!(Any::from_in_use(HERE).unwrap_err(), GetFrameError::Unique);
    let owned = owned.repurpose(Buffer);
    assert_eq!(FREED.load(Ordering::Relaxed), 0);

    // SAFETY: the byte is inside the page, which nobody else touches.
    unsafe { Kernel::page(HERE).add(PAGE_SIZE - 1).write(77) };
    drop(Frame::from(owned));
    assert_eq!(LAST_BYTE.load(Ordering::Relaxed), 77);
    assert_eq!(FREED.load(Ordering::Relaxed), 1);
    assert_eq!(Any::from_in_use(HERE).unwrap_err(), GetFrameError::Unused);
}

#[unsafe(no_mangle)]
extern "C" fn kernel_main() -> ! {
    run();
    say(format_args!("freestanding: all is well\n"));
    exit(0)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    say(format_args!("{info}\n"));
    exit(101)
}

// The first instructions: an aligned stack, and the end of all frames.
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "and rsp, -16",
    "call kernel_main",
    "ud2",
);

const SYS_WRITE: usize = 1;
const SYS_EXIT: usize = 60;

fn exit(status: usize) -> ! {
    // SAFETY: the system call ends the process.
    unsafe { asm!("syscall", in("rax") SYS_EXIT, in("rdi") status, options(noreturn)) }
}

fn say(message: fmt::Arguments<'_>) {
    struct StandardError;
    impl Write for StandardError {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            // SAFETY: the system call reads the text and changes no memory.
            unsafe {
                asm!(
                    "syscall",
                    inout("rax") SYS_WRITE => _,
                    in("rdi") 2,
                    in("rsi") text.as_ptr(),
                    in("rdx") text.len(),
                    out("rcx") _,
                    out("r11") _,
                    options(readonly),
                );
            }
            Ok(())
        }
    }
    let _ = StandardError.write_fmt(message);
}

/// Named by the tables of the prebuilt `core`, which can unwind; never called
/// here, where a panic exits.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

// What the compiler may call in any program; elsewhere libc has them. Written
// with string instructions: a loop might be compiled into a call of itself.

/// # Safety
///
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller gives `len` bytes on both sides.
    unsafe {
        asm!("rep movsb", inout("rcx") len => _, inout("rdi") to => _, inout("rsi") from => _,
            options(nostack, preserves_flags));
    }
    to
}

/// # Safety
///
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
    // SAFETY: the caller gives `len` bytes.
    unsafe {
        asm!("rep stosb", inout("rcx") len => _, inout("rdi") to => _, in("al") byte as u8,
            options(nostack, preserves_flags));
    }
    to
}

/// # Safety
///
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, len: usize) -> i32 {
    for index in 0..len {
        // SAFETY: the caller gives `len` bytes on both sides.
        let (left, right) = unsafe {
            (
                ptr::read_volatile(left.add(index)),
                ptr::read_volatile(right.add(index)),
            )
        };
        if left != right {
            return i32::from(left) - i32::from(right);
        }
    }
    0
}
