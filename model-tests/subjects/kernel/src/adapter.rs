//! The kernel's handles, as programs use them.

use std::any::Any;
use std::marker::PhantomData;
use std::mem;

use worker::protocol::{Protocol, Refused, SlotState, Start};
use worker::world::{self, Host, KindA, KindB, Tracked};

use crate::arch::{self, paddr_of};
use crate::frame::{Frame, FrameError, FrameMeta, PAGE_SIZE, Paddr, PageReader, UniqueFrame};

/// The kernel, on a host.
pub struct Kernel<H>(PhantomData<H>);

type Claimed<T> = Result<T, Refused>;

// SAFETY: the handles are the kernel's own, and `reset` makes their slots anew.
unsafe impl<H: Host> Protocol for Kernel<H> {
    type Host = H;
    type Shared = Frame;
    type Unique = UniqueFrame;

    const REF_COUNT_MAX: u64 = i64::MAX as u64;

    unsafe fn reset(slots: usize, first: Start<Self>) {
        // SAFETY: promised by the caller.
        unsafe { arch::reset(slots, world::freed::<Self>) };
        match first {
            Start::Unused => {}
            Start::Shared(metadata, handles) => {
                let frame = Frame::from_unused(0, metadata).expect("nobody uses it yet");
                (1..handles).for_each(|_| mem::forget(frame.clone()));
                mem::forget(frame);
            }
            Start::Unique(metadata) => {
                mem::forget(UniqueFrame::from_unused(0, metadata).expect("nobody uses it yet"));
            }
        }
    }

    fn claim_shared<const K: u8>(slot: usize, meta: Tracked<Self, K>) -> Claimed<Frame> {
        let claimed = Frame::from_unused(paddr_of(slot), meta);
        claimed.map(Frame::into).map_err(refused)
    }

    fn claim_unique<const K: u8>(slot: usize, meta: Tracked<Self, K>) -> Claimed<UniqueFrame> {
        let claimed = UniqueFrame::from_unused(paddr_of(slot), meta);
        claimed.map(UniqueFrame::into).map_err(refused)
    }

    fn look_up(slot: usize) -> Claimed<Frame> {
        Frame::from_in_use(paddr_of(slot)).map_err(refused)
    }

    fn clone(frame: &Frame) -> Frame {
        frame.clone()
    }

    fn try_unique(frame: Frame) -> Result<UniqueFrame, Frame> {
        frame.try_into()
    }

    fn share(frame: UniqueFrame) -> Frame {
        frame.into()
    }

    fn repurpose<const K: u8>(frame: UniqueFrame, meta: Tracked<Self, K>) -> UniqueFrame {
        frame.repurpose(meta).into()
    }

    fn reset_as_unused(frame: UniqueFrame) {
        frame.reset_as_unused();
    }

    fn count(frame: &Frame) -> u64 {
        frame.reference_count()
    }

    fn shared_meta(frame: &Frame) -> &dyn Any {
        either::<H>(frame.meta_as(), frame.meta_as())
    }

    fn unique_meta(frame: &UniqueFrame) -> &dyn Any {
        either::<H>(frame.meta_as(), frame.meta_as())
    }

    fn unique_meta_mut(frame: &mut UniqueFrame) -> &mut dyn Any {
        if frame.meta_as::<KindA<Self>>().is_some() {
            return frame.meta_mut_as::<KindA<Self>>().expect("just looked");
        }
        frame
            .meta_mut_as::<KindB<Self>>()
            .expect("metadata of either kind")
    }

    unsafe fn shared_again(slot: usize) -> Frame {
        // SAFETY: promised by the caller.
        unsafe { Frame::from_raw(paddr_of(slot)) }
    }

    unsafe fn unique_again(slot: usize) -> UniqueFrame {
        // SAFETY: promised by the caller.
        unsafe { UniqueFrame::from_raw(paddr_of(slot)) }
    }

    fn peek(slot: usize) -> SlotState {
        match arch::count(slot) {
            u64::MAX => SlotState::Unused,
            0 => SlotState::Busy,
            count if count == u64::MAX - 1 => SlotState::Unique,
            count => SlotState::Shared(count),
        }
    }

    fn slot_at(address: usize) -> Option<usize> {
        arch::frame_at(address)
    }
}

fn either<'a, H: Host>(
    a: Option<&'a KindA<Kernel<H>>>,
    b: Option<&'a KindB<Kernel<H>>>,
) -> &'a dyn Any {
    match (a, b) {
        (Some(metadata), _) => metadata,
        (_, Some(metadata)) => metadata,
        _ => &(),
    }
}

fn refused(error: FrameError) -> Refused {
    match error {
        FrameError::InUse => Refused::InUse,
        FrameError::Unused => Refused::Unused,
        FrameError::Busy => Refused::Busy,
        FrameError::Unique => Refused::Unique,
        FrameError::NotAligned | FrameError::OutOfBound => unreachable!("programs name frames"),
    }
}

// SAFETY: nobody writes pages.
unsafe impl<H: Host, const KIND: u8> FrameMeta for Tracked<Kernel<H>, KIND> {
    unsafe fn on_drop(&mut self, page: &mut PageReader<'_>) {
        let whole = page.remaining() == PAGE_SIZE;
        let mut address = [0; size_of::<Paddr>()];
        page.read(&mut address);
        self.on_drop(|slot| whole && Paddr::from_ne_bytes(address) == paddr_of(slot));
    }
}
