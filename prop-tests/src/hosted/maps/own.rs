//! The form of the shipped files.
//!
//! One region a line, in any order: first and last address in hexadecimal,
//! both included, and the type. `#` begins a comment. The first comment of a
//! shipped file says what machine it is and where the map comes from.
//!
//! ```text
//! # A machine. Synthetic.
//! 0x00000000-0x0009fbff usable
//! 0x000f0000-0x000fffff reserved
//! 0x00100000-0x3fffffff usable   # low memory
//! ```
//!
//! The types are `usable`, `reclaimable`, `framebuffer`, `module`, `kernel`,
//! `reserved`, `nvs` (kept across sleep), `unknown` and `bad`.

use meta_core::boot::{MemoryRegion, MemoryRegionType};

use super::{MapError, parse_range, region_of};

/// The word for a type.
pub const fn type_name(typ: MemoryRegionType) -> &'static str {
    match typ {
        MemoryRegionType::Usable => "usable",
        MemoryRegionType::Reclaimable => "reclaimable",
        MemoryRegionType::Framebuffer => "framebuffer",
        MemoryRegionType::Module => "module",
        MemoryRegionType::Kernel => "kernel",
        MemoryRegionType::Reserved => "reserved",
        MemoryRegionType::NonVolatileSleep => "nvs",
        MemoryRegionType::Unknown => "unknown",
        MemoryRegionType::BadMemory => "bad",
    }
}

/// Reads a memory map.
///
/// # Errors
///
/// The first line that is not as it should be.
pub fn parse(text: &str) -> Result<Vec<MemoryRegion>, MapError> {
    let mut regions = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        let region = parse_region(content).map_err(|what| MapError {
            line: index + 1,
            what,
        })?;
        regions.push(region);
    }
    Ok(regions)
}

fn parse_region(line: &str) -> Result<MemoryRegion, String> {
    let (range, word) = line
        .split_once(char::is_whitespace)
        .ok_or("expected FIRST-LAST TYPE")?;
    let (first, last) = parse_range(range)?;
    let word = word.trim();
    let mut types = MemoryRegionType::ALL.into_iter();
    let typ = types.find(|typ| type_name(*typ) == word).ok_or_else(|| {
        let words = MemoryRegionType::ALL.map(type_name).join(", ");
        format!("`{word}` is no type; the types are {words}")
    })?;
    region_of(first, last, typ)
}

/// Whether the line has the shape of an entry, right or wrong.
pub(super) fn is_entry(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (range, word) = (words.next().unwrap_or_default(), words.next());
    let hexadecimal = |part: &str| {
        let digits = part.strip_prefix("0x").unwrap_or(part);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let (first, last) = range.split_once('-').unwrap_or((range, "0"));
    hexadecimal(first)
        && hexadecimal(last)
        && word.is_some_and(|word| !word.starts_with([':', '-']))
}

/// Writes a memory map, as [`parse`] reads it; empty regions are left out.
pub fn print(regions: &[MemoryRegion]) -> String {
    let mut text = String::new();
    for region in regions.iter().filter(|region| region.len > 0) {
        let last = region.base.saturating_add(region.len - 1);
        let typ = type_name(region.typ);
        text.push_str(&format!("{:#018x}-{last:#018x} {typ}\n", region.base));
    }
    text
}
