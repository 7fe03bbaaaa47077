//! Memory maps as text: the shipped files' form, and Linux's.

use std::fs;

use meta_core::boot::MemoryRegionType::*;
use meta_core::boot::{MemoryRegion, MemoryRegionType};
use prop_tests::hosted::maps::own::{parse, print};
use prop_tests::hosted::maps::{self, Form};
use proptest::prelude::*;

use crate::lab::bytes;
use crate::machines::shipped;

#[test]
fn a_map_is_read_line_by_line() {
    let text = "# A machine.\n\n0x0-0x9fbff usable\n  f0000-fffff\t reserved # holes\n";
    let expected = [
        bytes(0..0x9fc00, Usable),
        bytes(0xf0000..0x100000, Reserved),
    ];
    assert_eq!(parse(text).unwrap(), expected);
    assert_eq!(parse("").unwrap(), []);
}

#[test]
fn a_bad_line_is_named() {
    for (line, what) in [
        ("0x0-0xfff", "expected FIRST-LAST TYPE"),
        ("0x0 usable", "`0x0` is not FIRST-LAST"),
        ("0x0-0xg usable", "`0xg` is no address"),
        ("0x0-+1 usable", "`+1` is no address"),
        ("0x-1 usable", "`0x` is no address"),
        (
            "0-10000000000000000 usable",
            "`10000000000000000` is no address",
        ),
        ("0x2-0x1 usable", "the region ends before it begins"),
        (
            "0x0-0xffffffffffffffff usable",
            "the region is all there is",
        ),
    ] {
        let error = parse(&format!("# ok\n0-1 bad\n{line}")).unwrap_err();
        assert_eq!(error.to_string(), format!("line 3: {what}"));
    }
    let error = parse("0-1 memory").unwrap_err().to_string();
    assert!(
        error.starts_with("line 1: `memory` is no type; the types are bad, "),
        "{error}"
    );
}

#[test]
fn shipped_maps_survive_printing() {
    for (name, _, regions) in shipped() {
        assert_eq!(parse(&print(&regions)).unwrap(), regions, "{name}");
    }
}

proptest! {
    #[test]
    fn what_is_printed_is_read_again(regions in prop::collection::vec(
        (any::<usize>(), any::<usize>(), prop::sample::select(&MemoryRegionType::ALL[..])),
        0..8,
    )) {
        let region = |(base, len, typ): (usize, usize, _)| MemoryRegion {
            base,
            len: 1 + len % (usize::MAX - base).max(1),
            typ,
        };
        let regions: Vec<_> = regions.into_iter().map(region).collect();
        prop_assert_eq!(parse(&print(&regions)).unwrap(), regions);
    }

    #[test]
    fn no_text_breaks_the_readers(text in "[-0-9a-fx:# \nusableKrdk]{0,80}") {
        let _ = parse(&text);
        let _ = maps::parse(&text);
    }
}

/// What `/proc/iomem` has, given as text.
fn iomem(text: &str) -> Result<Vec<MemoryRegion>, String> {
    let map = maps::parse(text).map_err(|error| error.to_string())?;
    assert_eq!(map.forms, [Form::Iomem]);
    Ok(map.regions)
}

#[test]
fn iomem_gives_whole_regions_and_the_kernel() {
    let text = "\
00000000-00000fff : Reserved
00001000-0009fbff : System RAM
000f0000-000fffff : System ROM
00100000-bfffffff : System RAM
  01000000-022090c7 : Kernel code
  02400000-02e08fff : Kernel rodata
c0000000-c0000fff : ACPI Non-volatile Storage
c0001000-eebfffff : PCI Bus 0000:00
  d0000000-d0ffffff : 0000:00:01.0
    d0000000-d0ffffff : framebuffer
c2000000-c2000fff : Unusable memory
c3000000-c3000fff : ACPI Tables
";
    let expected = [
        bytes(0..0x1000, Reserved),
        bytes(0x1000..0x9fc00, Usable),
        bytes(0xf0000..0x100000, Reserved),
        bytes(0x100000..0xc0000000, Usable),
        bytes(0xc0000000..0xc0001000, NonVolatileSleep),
        bytes(0xc0001000..0xeec00000, Reserved),
        bytes(0xc2000000..0xc2001000, BadMemory),
        bytes(0xc3000000..0xc3001000, Reclaimable),
        // With the gap between its sections.
        bytes(0x1000000..0x2e09000, Kernel),
    ];
    assert_eq!(iomem(text).unwrap(), expected);
}

#[test]
fn iomem_without_indentation_keeps_what_is_reserved() {
    let text = "\
100000-bfffffff : System RAM
1000000-1ffffff : Kernel code
3000000-3ffffff : Kernel data
4000000-4ffffff : Crash kernel
";
    let expected = [
        bytes(0x100000..0xc0000000, Usable),
        bytes(0x4000000..0x5000000, Reserved),
        bytes(0x1000000..0x4000000, Kernel),
    ];
    assert_eq!(iomem(text).unwrap(), expected);
}

#[test]
fn iomem_without_root_says_so() {
    let text = "00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n";
    assert!(iomem(text).unwrap_err().contains("only root"));
    let error = iomem("0-fff : System RAM\nnonsense").unwrap_err();
    assert_eq!(error, "line 2: `nonsense` is not FIRST-LAST : NAME");
}

#[test]
fn the_firmwares_map_is_read_from_its_folders() {
    let folder = std::env::temp_dir().join(format!("memmap-{}", std::process::id()));
    let regions = [
        ("0", "0x0", "0x9fbff", "System RAM"),
        ("1", "0x9fc00", "0x9ffff", "Reserved"),
        ("2", "0x100000", "0x100fff", "Soft Reserved"),
        ("3", "0x101000", "0x101fff", "ACPI Tables"),
        ("4", "0x102000", "0x102fff", "Something New"),
    ];
    for (name, start, end, typ) in regions {
        let region = folder.join(name);
        fs::create_dir_all(&region).unwrap();
        for (file, text) in [("start", start), ("end", end), ("type", typ)] {
            fs::write(region.join(file), format!("{text}\n")).unwrap();
        }
    }
    let read = maps::read(&folder).unwrap();
    fs::remove_file(folder.join("2/end")).unwrap();
    let broken = maps::read(&folder).unwrap_err();
    fs::remove_dir_all(&folder).unwrap();
    let expected = [
        bytes(0..0x9fc00, Usable),
        bytes(0x9fc00..0xa0000, Reserved),
        bytes(0x100000..0x101000, Reserved),
        bytes(0x101000..0x102000, Reclaimable),
        bytes(0x102000..0x103000, Reserved),
    ];
    assert_eq!(
        (&*read.forms, &*read.regions),
        (&[Form::Firmware][..], &expected[..])
    );
    assert!(
        read.unknown[0].ends_with("/4: `Something New`"),
        "{:?}",
        read.unknown
    );
    assert!(broken.contains("end"), "{broken}");
    assert!(maps::read(&folder).is_err());
}
