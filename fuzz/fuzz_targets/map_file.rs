//! Memory maps as text, in the form of the shipped files and of `/proc/iomem`:
//! nothing panics, and what is accepted survives printing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use meta_core::boot::MemoryRegion;
use prop_tests::hosted::{linux, map_file};

fn survives_printing(regions: Vec<MemoryRegion>) {
    let printed = map_file::print(&regions);
    assert_eq!(map_file::parse(&printed), Ok(regions), "{printed}");
}

fuzz_target!(|text: &str| {
    match map_file::parse(text) {
        Ok(regions) => survives_printing(regions),
        Err(error) => assert!((1..=text.lines().count()).contains(&error.line)),
    }
    match linux::iomem(text) {
        Ok(regions) => survives_printing(regions),
        Err(error) => assert!(!error.is_empty()),
    }
});
