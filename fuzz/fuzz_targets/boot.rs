//! Memory maps of any regions, compared with an independent reading: which map
//! is refused and why, the end of physical memory, the type of every page, and
//! what becomes of every frame of a machine that boots from it.

#![no_main]

mod naive;

use libfuzzer_sys::arbitrary::{Arbitrary, Error, Unstructured};
use libfuzzer_sys::fuzz_target;
use meta_core::boot::{
    BootError, KernelMeta, MemoryMap, MemoryRegion, MemoryRegionType, MetaPageMeta,
    ReservedMemoryMeta, UnusableMemoryMeta,
};
use meta_core::{AnyFrameMeta, Frame, GetFrameError, PAGE_SIZE, Paddr};
use naive::Kind;
use prop_tests::hosted::{HostError, Machine, OnHost};

prop_tests::machine!(Fuzzed);

/// The largest machine that is booted.
const SMALL: usize = 16 << 20;

#[derive(Debug)]
struct Regions(Vec<MemoryRegion>);

impl<'a> Arbitrary<'a> for Regions {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self, Error> {
        let address = |bytes: &mut Unstructured<'a>| -> Result<usize, Error> {
            Ok(match bytes.int_in_range(0..=4)? {
                // Few pages, to meet often; an odd address nearby; the end of
                // the address space; anything.
                0 | 1 => usize::from(bytes.arbitrary::<u8>()?) * PAGE_SIZE,
                2 => bytes.int_in_range(0..=SMALL)?,
                3 => usize::MAX - usize::from(bytes.arbitrary::<u16>()?),
                _ => bytes.arbitrary()?,
            })
        };
        let count = bytes.int_in_range(0..=12)?;
        let region = |_| {
            Ok(MemoryRegion {
                base: address(bytes)?,
                len: address(bytes)?,
                typ: *bytes.choose(&MemoryRegionType::ALL)?,
            })
        };
        (0..count)
            .map(region)
            .collect::<Result<_, _>>()
            .map(Regions)
    }
}

/// Compares the map with the naive reading of it; `None` if it is refused.
fn normalised(regions: &[MemoryRegion]) -> Option<MemoryMap<'_>> {
    let map = MemoryMap::new(regions);
    if let Some(region) = naive::overflow(regions) {
        assert_eq!(map.unwrap_err(), BootError::Overflow { region });
        return None;
    }
    let corners = naive::corners(regions);
    let end = naive::end(regions, &corners);
    if end == 0 {
        let error = map.unwrap_err();
        assert!(
            matches!(error, BootError::NoPhysicalMemory { .. }),
            "{error}"
        );
        return None;
    }
    let map = map.unwrap();
    assert_eq!(map.max_paddr(), end);
    let (mut at, mut last) = (0, None);
    for range in map.ranges() {
        assert!(range.base == at && range.len > 0 && range.len.is_multiple_of(PAGE_SIZE));
        assert_ne!(last, Some(range.typ), "two ranges that are one");
        at += range.len;
        last = Some(range.typ);
        for page in corners.range(range.base..at) {
            assert_eq!(range.typ, naive::type_of(*page, regions), "{page:#x}");
        }
    }
    assert_eq!(at, end);
    Some(map)
}

/// What a frame of the booted machine is.
fn kind(page: Paddr) -> Kind {
    let frame = match Frame::<dyn AnyFrameMeta, OnHost<Fuzzed>>::from_in_use(page) {
        Ok(frame) => frame,
        Err(GetFrameError::Unused) => return Kind::Unused,
        Err(error) => panic!("{page:#x}: {error}"),
    };
    fn is<M: AnyFrameMeta>(frame: &Frame<dyn AnyFrameMeta, OnHost<Fuzzed>>) -> bool {
        Frame::<M, _>::try_from(frame.clone()).is_ok()
    }
    match &frame {
        frame if is::<MetaPageMeta>(frame) => Kind::MetaPage,
        frame if is::<KernelMeta>(frame) => Kind::Kernel,
        frame if is::<ReservedMemoryMeta>(frame) => Kind::Reserved,
        frame if is::<UnusableMemoryMeta>(frame) => Kind::Unusable,
        frame => panic!("{page:#x} is {frame:?}"),
    }
}

fuzz_target!(|regions: Regions| {
    let Regions(regions) = regions;
    let Some(map) = normalised(&regions) else {
        return;
    };
    if map.max_paddr() > SMALL {
        return;
    }
    let slot_pages = (map.max_paddr() / PAGE_SIZE * 64).div_ceil(PAGE_SIZE);
    // SAFETY: one thread, and the machine is put away before the next input.
    match unsafe { Fuzzed::boot(&regions) } {
        Ok(()) => {
            let (mut unused, mut slots) = (0, 0);
            for page in (0..map.max_paddr()).step_by(PAGE_SIZE) {
                match (kind(page), naive::kind(page, &regions)) {
                    (Kind::Unused, Kind::Unused) => unused += 1,
                    (Kind::MetaPage, Kind::Unused) => slots += 1,
                    (kind, expected) => assert_eq!(kind, expected, "{page:#x}"),
                }
            }
            assert_eq!(slots, slot_pages);
            assert_eq!(unused, Fuzzed::memory().free_frames());
            // SAFETY: nothing is left that uses it.
            unsafe { Fuzzed::memory().unplug() };
        }
        Err(HostError::Boot(BootError::NoRoom { bytes, .. })) => {
            assert_eq!(bytes, slot_pages * PAGE_SIZE);
            assert!(naive::longest(&regions, map.max_paddr()) < slot_pages);
        }
        Err(error) => panic!("{error}"),
    }
});
