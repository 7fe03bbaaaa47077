//! Which map is booted, and what it says.

use std::io::{self, Write};
use std::path::Path;

use meta_core::PAGE_SIZE;
use meta_core::boot::{MemoryMap, MemoryRegion, MemoryRegionType};
use prop_tests::hosted::maps::{self, Map, own};

/// The map in the file or folder, or else this machine's; and where it comes
/// from.
pub(crate) fn find(given: Option<&Path>) -> Result<(String, Map), String> {
    if let Some(path) = given {
        return Ok((path.display().to_string(), maps::read(path)?));
    }
    for (whose, path) in [("firmware", maps::FIRMWARE_MEMMAP), ("kernel", maps::IOMEM)] {
        match maps::read(Path::new(path)) {
            Ok(map) => return Ok((path.to_owned(), map)),
            Err(why) => eprintln!("cannot use the {whose}'s map: {why}"),
        }
    }
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("maps/desktop.memmap");
    eprintln!("falling back to a shipped map, which is NOT this machine's; try again as root\n");
    let map = maps::read(&shipped)?;
    Ok(("maps/desktop.memmap (shipped)".to_owned(), map))
}

/// What the map was taken for, and what of it is not known.
pub(crate) fn print_origin(out: &mut impl Write, source: &str, map: &Map) -> io::Result<()> {
    let forms: Vec<_> = map.forms.iter().map(ToString::to_string).collect();
    let regions = map.regions.len();
    writeln!(
        out,
        "memory map: {source}, read as {}, {regions} regions",
        forms.join(" and ")
    )?;
    for place in &map.unknown {
        writeln!(out, "unknown type, so reserved: {place}")?;
    }
    for place in &map.unplaced {
        writeln!(
            out,
            "reserved, but without an address, so not shown: {place}"
        )?;
    }
    writeln!(out)
}

/// The ranges, and the sums by type.
pub(crate) fn print_ranges(out: &mut impl Write, map: &MemoryMap<'_>) -> io::Result<()> {
    // In less than 60 columns, for narrow terminals.
    writeln!(
        out,
        "{:>15}   {:>15} {:<11} {:>10}",
        "from", "to", "type", "size"
    )?;
    for MemoryRegion { base, len, typ } in map.ranges() {
        let (end, typ, size) = (base + len - 1, own::type_name(typ), size(len));
        writeln!(out, "{base:#15x} - {end:#15x} {typ:<11} {size:>10}")?;
    }
    writeln!(out)?;
    for typ in MemoryRegionType::ALL.into_iter().rev() {
        let bytes: usize = map.ranges().filter(|r| r.typ == typ).map(|r| r.len).sum();
        if bytes > 0 {
            let (name, frames) = (own::type_name(typ), bytes / PAGE_SIZE);
            writeln!(out, "{frames:>26} frames {name:<11} {:>10}", size(bytes))?;
        }
    }
    Ok(())
}

pub(crate) fn size(bytes: usize) -> String {
    let mut size = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter().peekable();
    let mut unit = units.next().unwrap_or_default();
    while size >= 1024.0 && units.peek().is_some() {
        size /= 1024.0;
        unit = units.next().unwrap_or_default();
    }
    format!("{size:.1} {unit}")
}
