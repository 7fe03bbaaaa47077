//! The memory map of a running Linux machine.

use std::fs;
use std::io;
use std::path::Path;

use meta_core::boot::{MemoryRegion, MemoryRegionType};

use super::map_file::{parse_address, parse_range, region_of};

/// Where Linux keeps the firmware's own map, one folder a region.
pub const FIRMWARE_MEMMAP: &str = "/sys/firmware/memmap";

/// Where Linux shows who uses which addresses.
pub const IOMEM: &str = "/proc/iomem";

/// Reads the firmware's map from [`FIRMWARE_MEMMAP`], or a folder like it.
///
/// # Errors
///
/// If there is none, it may not be read, or it is not in the expected form.
pub fn firmware_memmap(folder: &Path) -> Result<Vec<MemoryRegion>, String> {
    let why = |path: &Path, e: io::Error| format!("{}: {e}", path.display());
    let entries = fs::read_dir(folder).map_err(|e| why(folder, e))?;
    let mut regions = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| why(folder, e))?.path();
        let read = |file| {
            let file = path.join(file);
            let text = fs::read_to_string(&file).map_err(|e| why(&file, e))?;
            Ok::<_, String>(text.trim().to_owned())
        };
        let (first, last) = (read("start")?, read("end")?);
        let typ = type_of_firmware(&read("type")?);
        let region = parse_address(&first)
            .and_then(|first| region_of(first, parse_address(&last)?, typ))
            .map_err(|what| format!("{}: {what}", path.display()))?;
        regions.push(region);
    }
    if regions.is_empty() {
        return Err(format!("{}: no regions", folder.display()));
    }
    Ok(regions)
}

/// The types by the names that Linux gives them.
fn type_of_firmware(name: &str) -> MemoryRegionType {
    match name {
        "System RAM" => MemoryRegionType::Usable,
        "ACPI Tables" => MemoryRegionType::Reclaimable,
        "ACPI Non-volatile Storage" => MemoryRegionType::NonVolatileSleep,
        "Unusable memory" => MemoryRegionType::BadMemory,
        "Unknown E820 type" => MemoryRegionType::Unknown,
        // Persistent and soft-reserved memory is not the kernel's to hand out.
        _ => MemoryRegionType::Reserved,
    }
}

/// Reads the text of [`IOMEM`].
///
/// Whole regions, and within memory the kernel's image; what devices have
/// beneath their buses adds nothing.
///
/// # Errors
///
/// If a line is not in the expected form, or all addresses are hidden: Linux
/// shows zeros to those who are not root.
pub fn iomem(text: &str) -> Result<Vec<MemoryRegion>, String> {
    let mut regions = Vec::new();
    let mut hidden = true;
    for line in text.lines() {
        let (range, name) = line
            .split_once(" : ")
            .ok_or_else(|| format!("`{line}` is not FIRST-LAST : NAME"))?;
        let outermost = !range.starts_with(' ');
        let (first, last) = parse_range(range.trim())?;
        hidden &= first == 0 && last == 0;
        let typ = match name {
            "Kernel code" | "Kernel rodata" | "Kernel data" | "Kernel bss" => {
                MemoryRegionType::Kernel
            }
            _ if !outermost => continue,
            name => type_of_firmware(name),
        };
        regions.push(region_of(first, last, typ)?);
    }
    if regions.is_empty() {
        return Err("no regions".to_owned());
    }
    if hidden {
        return Err("all addresses are hidden; only root sees them".to_owned());
    }
    Ok(regions)
}
