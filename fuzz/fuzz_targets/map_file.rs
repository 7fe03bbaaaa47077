//! Memory maps as text, in every form: nothing panics, what is accepted survives
//! printing, and an error names a line that is there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use meta_core::boot::MemoryRegion;
use prop_tests::hosted::maps::{self, own};

fn survives_printing(regions: Vec<MemoryRegion>) {
    let printed = own::print(&regions);
    assert_eq!(own::parse(&printed), Ok(regions), "{printed}");
}

fuzz_target!(|text: &str| {
    match own::parse(text) {
        Ok(regions) => survives_printing(regions),
        Err(error) => assert!((1..=text.lines().count()).contains(&error.line)),
    }
    match maps::parse(text) {
        Ok(map) => survives_printing(map.regions),
        Err(error) => assert!((1..=text.lines().count()).contains(&error.line)),
    }
});
