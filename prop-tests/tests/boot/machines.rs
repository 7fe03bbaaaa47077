//! Shipped maps, and the hosted machine.

use std::fs;
use std::path::Path;
use std::time::Instant;

use meta_core::boot::MemoryRegionType::{Kernel, Reserved, Usable};
use meta_core::boot::{BootError, BootPlatform, MapError, MemoryMap, MemoryRegion, PageProperty};
use meta_core::{AnyFrameMeta, Frame, GetFrameError, PAGE_SIZE, UniqueFrame, impl_frame_meta_for};
use prop_tests::hosted::maps::own;
use prop_tests::hosted::{Computer, HostError, OnHost};
use prop_tests::machine;

use crate::lab::{Kind, bytes, frames, kind};

/// The shipped maps, by name.
pub(crate) fn shipped() -> Vec<(String, String, Vec<MemoryRegion>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("maps");
    let mut maps: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "memmap"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let regions = own::parse(&text);
            let regions = regions.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (name, text, regions)
        })
        .collect();
    maps.sort_by(|a, b| a.0.cmp(&b.0));
    maps
}

/// Boots a machine, and gives the time it took in milliseconds.
fn timed<T: Computer>(regions: &[MemoryRegion]) -> u128 {
    let started = Instant::now();
    // SAFETY: the machine belongs to the test.
    unsafe { T::boot(regions) }.unwrap();
    started.elapsed().as_millis()
}

#[test]
fn every_shipped_map_boots_and_its_frames_are_as_the_map_says() {
    machine!(Shipped);
    let maps = shipped();
    assert_eq!(maps.len(), 4);
    for (name, text, regions) in maps {
        let first = text.lines().take_while(|line| line.starts_with('#'));
        let said = first.collect::<Vec<_>>().join(" ");
        assert!(
            said.contains("Synthetic") || said.contains("http"),
            "{name}: source?"
        );

        let took = timed::<Shipped>(&regions);
        let map = MemoryMap::new(&regions).unwrap();
        let gib = map.max_paddr() as f64 / (1_u64 << 30) as f64;
        println!("{name}: {gib:.1} GiB booted in {took} ms");

        let mut free = 0;
        for range in map.ranges() {
            // Both ends, and a sample in between.
            let end = range.base + range.len;
            let step = (range.len / 97 / PAGE_SIZE).max(1) * PAGE_SIZE;
            let sample = (range.base..end).step_by(step);
            for paddr in sample.chain([end - PAGE_SIZE]) {
                let kind = kind::<OnHost<Shipped>>(paddr).unwrap();
                let usable = matches!(kind, Kind::Unused | Kind::MetaPage);
                assert_eq!(
                    usable,
                    range.typ == Usable,
                    "{name}: {paddr:#x} is {kind:?}"
                );
            }
            if range.typ == Usable {
                free += range.len / PAGE_SIZE;
            }
        }
        let slot_pages = (map.max_paddr() / PAGE_SIZE * 64).div_ceil(PAGE_SIZE);
        assert_eq!(Shipped::memory().free_frames(), free - slot_pages, "{name}");
        // SAFETY: the test is done with it.
        unsafe { Shipped::memory().unplug() };
    }
}

#[test]
fn sixteen_gigabytes_boot() {
    machine!(Large);
    let regions = [bytes(0..16 << 30, Usable)];
    println!("16 GiB booted in {} ms", timed::<Large>(&regions));
    assert_eq!(Large::memory().max_paddr().get(), 16 << 30);
    // SAFETY: the test is done with it.
    unsafe { Large::memory().unplug() };
}

struct Owner(usize);
impl_frame_meta_for!(Owner);

#[test]
fn the_allocator_hands_out_what_the_boot_left_and_takes_back_what_is_dropped() {
    machine!(Mem);
    type Plat = OnHost<Mem>;
    let regions = [frames(0..64, Usable), frames(10..13, Reserved)];
    // SAFETY: the machine belongs to the test.
    unsafe { Mem::boot(&regions) }.unwrap();
    let memory = Mem::memory();
    let left = memory.free_frames();
    assert_eq!(left, 64 - 3 - 1);

    let mut held = Vec::new();
    while let Some(paddr) = memory.alloc() {
        assert_eq!(kind::<Plat>(paddr), Some(Kind::Unused));
        held.push(Frame::<_, Plat>::from_unused(paddr, Owner(paddr)).unwrap());
    }
    assert_eq!((held.len(), memory.free_frames()), (left, 0));
    assert!(
        held.iter()
            .all(|frame| frame.meta().0 == frame.start_paddr())
    );

    // One handle of two gives nothing back; the last does.
    let first = held[0].clone();
    held.remove(0);
    assert_eq!(memory.free_frames(), 0);
    let paddr = first.start_paddr();
    drop(first);
    assert_eq!(memory.alloc(), Some(paddr));
    let owned = UniqueFrame::<_, Plat>::from_unused(paddr, Owner(1)).unwrap();
    drop((owned, held));
    assert_eq!(memory.free_frames(), left);

    // In a row, and one by one.
    let start = memory.alloc_many(5).unwrap();
    assert_eq!(memory.free_frames(), left - 5);
    for n in 0..5 {
        assert!(memory.free(start + n * PAGE_SIZE));
    }
    assert_eq!(memory.free_frames(), left);
    assert_eq!(memory.alloc_many(64), None);
    assert_eq!(memory.alloc_many(0), None);
}

#[test]
fn a_frame_claimed_without_asking_the_allocator_stays_with_the_allocator() {
    machine!(Mem);
    type Plat = OnHost<Mem>;
    // SAFETY: the machine belongs to the test.
    unsafe { Mem::boot(&[frames(0..8, Usable)]) }.unwrap();
    let memory = Mem::memory();
    let paddr = frames(5..6, Usable).base;

    // Claimed and dropped, before it is handed out and after.
    drop(Frame::<_, Plat>::from_unused(paddr, Owner(0)).unwrap());
    drop(UniqueFrame::<_, Plat>::from_unused(paddr, Owner(0)).unwrap());
    assert_eq!(memory.free_frames(), 7);
    assert!(!memory.free(paddr) && !memory.free(100 * PAGE_SIZE));
    let all: Vec<_> = std::iter::from_fn(|| memory.alloc()).collect();
    assert_eq!(all.len(), 7);
    drop(Frame::<_, Plat>::from_unused(paddr, Owner(0)).unwrap());
    assert_eq!(memory.free_frames(), 1, "offered by the last handle");
    drop(Frame::<_, Plat>::from_unused(paddr, Owner(0)).unwrap());
    assert_eq!(memory.free_frames(), 1, "offered twice");

    // Handed out while it is in use: the claim says so, and it comes back with
    // its last handle.
    let stray = Frame::<_, Plat>::from_unused(paddr, Owner(1)).unwrap();
    assert_eq!(memory.alloc(), Some(paddr));
    let refused = Frame::<_, Plat>::from_unused(paddr, Owner(2));
    assert_eq!(refused.unwrap_err(), GetFrameError::InUse);
    assert_eq!(memory.free_frames(), 0);
    drop(stray);
    assert_eq!(memory.free_frames(), 1);
    assert_eq!(memory.alloc(), Some(paddr));

    assert!(all.into_iter().all(|paddr| memory.free(paddr)));
    assert_eq!(memory.free_frames(), 7);
}

#[test]
fn a_second_boot_is_refused_and_a_failed_one_is_no_boot() {
    machine!(Mem);
    let good = [frames(0..64, Usable)];
    // SAFETY: the machine belongs to the test, here and below.
    let error = unsafe { Mem::boot(&[]) }.unwrap_err();
    assert!(matches!(
        error,
        HostError::Boot(BootError::NoPhysicalMemory { .. })
    ));
    // SAFETY: as above.
    let error = unsafe { Mem::boot(&[frames(0..9, Kernel)]) }.unwrap_err();
    assert!(matches!(error, HostError::Boot(BootError::NoRoom { .. })));
    // SAFETY: as above.
    unsafe { Mem::boot(&good) }.unwrap();
    // SAFETY: as above.
    let error = unsafe { Mem::boot(&good) }.unwrap_err();
    let expected = "the machine does not boot: the memory up to 0x40000 has been booted before";
    assert_eq!(error.to_string(), expected);
    assert_eq!(Mem::memory().free_frames(), 63);
}

#[test]
fn a_platform_that_does_not_say_how_maps_nothing_linearly() {
    machine!(Mem);
    let range = 0..16 * PAGE_SIZE;
    // SAFETY: the machine belongs to the test, and nothing is mapped.
    let mapped = unsafe { OnHost::<Mem>::map_linear(range, PageProperty::KERNEL_DATA) };
    assert_eq!(mapped, Err(MapError));
    assert_eq!(MapError.to_string(), "no memory for page tables");
}

#[test]
fn machines_do_not_meddle() {
    machine!(One);
    machine!(Two);
    // SAFETY: the machines belong to the test.
    unsafe {
        One::boot(&[frames(0..8, Usable)]).unwrap();
        Two::boot(&[frames(0..80, Usable)]).unwrap();
    }
    let paddr = frames(5..6, Usable).base;
    let one = Frame::<dyn AnyFrameMeta, OnHost<One>>::from_in_use(paddr);
    assert!(one.is_err());
    assert_eq!(One::memory().max_paddr().get(), 8 * PAGE_SIZE);
    assert_eq!(Two::memory().max_paddr().get(), 80 * PAGE_SIZE);
    let pages = (One::memory().page(0).addr(), Two::memory().page(0).addr());
    assert_ne!(pages.0, pages.1);
}

#[test]
fn a_pages_bytes_are_its_own() {
    machine!(Mem);
    // SAFETY: the machine belongs to the test.
    unsafe { Mem::boot(&[frames(0..16, Usable)]) }.unwrap();
    let pages: Vec<_> = (0..3).map(|_| Mem::memory().alloc().unwrap()).collect();
    for (n, &paddr) in pages.iter().enumerate() {
        // SAFETY: the machine is the test's, and nobody claims the frame.
        unsafe {
            Mem::memory()
                .page(paddr)
                .write_bytes(n as u8 + 1, PAGE_SIZE)
        };
    }
    for (n, &paddr) in pages.iter().enumerate() {
        let page = Mem::memory().page(paddr);
        // SAFETY: as above.
        let bytes = unsafe { std::slice::from_raw_parts(page, PAGE_SIZE) };
        assert!(bytes.iter().all(|byte| *byte == n as u8 + 1));
    }
}
