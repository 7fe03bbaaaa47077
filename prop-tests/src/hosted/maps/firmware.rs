//! The firmware's map, as Linux shows it: one folder a region, with the files
//! `start`, `end` and `type`.

use std::fs;
use std::io;
use std::path::Path;

use meta_core::boot::MemoryRegionType;

use super::{Form, Map, parse_address};

/// Reads a folder like [`FIRMWARE_MEMMAP`](super::FIRMWARE_MEMMAP).
///
/// # Errors
///
/// If it may not be read, or is no such folder.
pub(super) fn read(folder: &Path) -> Result<Map, String> {
    let why = |path: &Path, e: io::Error| format!("{}: {e}", path.display());
    let entries = fs::read_dir(folder).map_err(|e| why(folder, e))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|e| why(folder, e))?.path());
    }
    paths.sort();
    let mut map = Map {
        forms: vec![Form::Firmware],
        ..Map::default()
    };
    for path in paths {
        let read = |file| {
            let file = path.join(file);
            let text = fs::read_to_string(&file).map_err(|e| why(&file, e))?;
            Ok::<_, String>(text.trim().to_owned())
        };
        let (first, last, name) = (read("start")?, read("end")?, read("type")?);
        let place = path.display();
        let range = parse_address(&first).and_then(|first| Ok((first, parse_address(&last)?)));
        range
            .and_then(|range| map.add(&place, range, &name, type_of(&name)))
            .map_err(|what| format!("{place}: {what}"))?;
    }
    if map.regions.is_empty() {
        return Err(format!("{}: no regions", folder.display()));
    }
    Ok(map)
}

/// The types by the names that Linux gives them.
pub(super) fn type_of(name: &str) -> Option<MemoryRegionType> {
    Some(match name {
        "System RAM" => MemoryRegionType::Usable,
        "ACPI Tables" => MemoryRegionType::Reclaimable,
        "ACPI Non-volatile Storage" => MemoryRegionType::NonVolatileSleep,
        "Unusable memory" => MemoryRegionType::BadMemory,
        "Unknown E820 type" => MemoryRegionType::Unknown,
        // Persistent and soft-reserved memory is not the kernel's to hand out.
        "Reserved"
        | "reserved"
        | "Soft Reserved"
        | "Persistent Memory"
        | "Persistent Memory (legacy)" => MemoryRegionType::Reserved,
        _ => return None,
    })
}
