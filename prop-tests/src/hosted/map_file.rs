//! Memory maps as text.
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

use std::error::Error;
use std::fmt;

use meta_core::boot::{MemoryRegion, MemoryRegionType};

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
pub fn parse(text: &str) -> Result<Vec<MemoryRegion>, MapFileError> {
    let mut regions = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let content = line.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        let region = parse_region(content).map_err(|what| MapFileError {
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

/// The region between two addresses, both included.
pub(super) fn region_of(
    first: usize,
    last: usize,
    typ: MemoryRegionType,
) -> Result<MemoryRegion, String> {
    let len = last
        .checked_sub(first)
        .ok_or("the region ends before it begins")?;
    let len = len.checked_add(1).ok_or("the region is all there is")?;
    Ok(MemoryRegion {
        base: first,
        len,
        typ,
    })
}

/// Two hexadecimal addresses with a dash between them.
pub(super) fn parse_range(range: &str) -> Result<(usize, usize), String> {
    let (first, last) = range
        .split_once('-')
        .ok_or_else(|| format!("`{range}` is not FIRST-LAST"))?;
    Ok((parse_address(first)?, parse_address(last)?))
}

/// A hexadecimal address, with or without `0x`.
pub(super) fn parse_address(text: &str) -> Result<usize, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let only_digits = digits.bytes().all(|b| b.is_ascii_hexdigit());
    usize::from_str_radix(digits, 16)
        .ok()
        .filter(|_| only_digits)
        .ok_or_else(|| format!("`{text}` is no address"))
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

/// A line of a memory map that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for MapFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl Error for MapFileError {}
