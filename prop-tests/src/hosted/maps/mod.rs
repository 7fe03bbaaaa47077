//! Memory maps as people have them: the form of the shipped files, and what is
//! pasted from a bug report.
//!
//! | form | looks like |
//! |---|---|
//! | [own] | `0x00100000-0x3fffffff usable` |
//! | e820 | `BIOS-e820: [mem 0x0000000000100000-0x000000003fffffff] usable`, in a log |
//! | e820, old | `BIOS-e820: 0000000000100000 - 0000000040000000 (usable)`, in a log |
//! | EFI | `efi: mem07: [Conventional Memory\|…\|WB\|WT\|WC\|UC] range=[0x…-0x…] (1023MB)`, in a log |
//! | Xen | `(XEN)  [0000000000100000, 000000003fffffff] (usable)`, in a log |
//! | iomem | `00100000-3fffffff : System RAM`: `/proc/iomem` |
//! | device tree | `memory@80000000 { device_type = "memory"; reg = <…>; };` as source |
//! | firmware | a folder like `/sys/firmware/memmap` |
//!
//! The lines of a log are taken wherever they are: behind time stamps, a
//! journal's prefix, or a mail's `>`. What else a log has is passed over; but a
//! line that begins like an entry and does not end like one is an error.
//!
//! No form makes usable what any of its entries reserves: where entries overlap,
//! [`MemoryMap`](meta_core::boot::MemoryMap) takes the least usable. Types that
//! nobody knows are reserved, and named.

mod device_tree;
mod e820;
mod efi;
mod firmware;
mod iomem;
mod log;
pub mod own;

use std::error::Error;
use std::fmt;
use std::fs;
use std::path::Path;

use meta_core::boot::{MemoryRegion, MemoryRegionType};

/// Where Linux keeps the firmware's own map, one folder a region.
pub const FIRMWARE_MEMMAP: &str = "/sys/firmware/memmap";

/// Where Linux shows who uses which addresses.
pub const IOMEM: &str = "/proc/iomem";

/// The form that a memory map was read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// That of the shipped files.
    Own,
    /// e820 lines of a Linux log.
    E820,
    /// EFI lines of a Linux log.
    Efi,
    /// The e820 map in a log of Xen.
    Xen,
    /// `/proc/iomem`.
    Iomem,
    /// A folder like `/sys/firmware/memmap`.
    Firmware,
    /// The source of a device tree.
    DeviceTree,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Form::Own => "FIRST-LAST TYPE lines",
            Form::E820 => "e820 lines of a Linux log",
            Form::Efi => "EFI lines of a Linux log",
            Form::Xen => "the e820 map in a log of Xen",
            Form::Iomem => "/proc/iomem",
            Form::Firmware => "a folder like /sys/firmware/memmap",
            Form::DeviceTree => "the source of a device tree",
        })
    }
}

/// A memory map that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// The forms it has; a log may have several.
    pub forms: Vec<Form>,
    /// Its regions.
    pub regions: Vec<MemoryRegion>,
    /// The types that nobody knows, each with its place.
    pub unknown: Vec<String>,
    /// What is reserved without an address, with its place.
    pub unplaced: Vec<String>,
}

impl Map {
    fn add(
        &mut self,
        place: impl fmt::Display,
        (first, last): (usize, usize),
        name: &str,
        typ: Option<MemoryRegionType>,
    ) -> Result<(), String> {
        if typ.is_none() {
            self.unknown.push(format!("{place}: `{name}`"));
        }
        let typ = typ.unwrap_or(MemoryRegionType::Reserved);
        self.regions.push(region_of(first, last, typ)?);
        Ok(())
    }
}

/// Reads a memory map from a file in any of the forms, or from a folder.
///
/// # Errors
///
/// If it cannot be read, or the first place that is not as it should be.
pub fn read(path: &Path) -> Result<Map, String> {
    let shown = path.display();
    if path.is_dir() {
        return firmware::read(path);
    }
    let bytes = fs::read(path).map_err(|e| format!("{shown}: {e}"))?;
    // A log may hold anything; what is not UTF-8 is no part of an entry.
    parse(&String::from_utf8_lossy(&bytes)).map_err(|e| format!("{shown}: {e}"))
}

/// Reads a memory map from text in any of the forms.
///
/// # Errors
///
/// The first line that is not as it should be.
pub fn parse(text: &str) -> Result<Map, MapError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().map(unquoted).map(str::trim);
    let first = first
        .enumerate()
        .find(|(_, line)| !line.is_empty() && !is_aside(line));
    let Some((index, first)) = first else {
        return own_map(text);
    };
    if own::is_entry(first) {
        own_map(text)
    } else if iomem::is_entry(first) {
        iomem::parse(text)
    } else if device_tree::is_source(text) {
        device_tree::parse(text)
    } else if let Some(map) = log::parse(text)? {
        Ok(map)
    } else {
        Err(MapError {
            line: index + 1,
            what: "no memory map: there are FIRST-LAST TYPE lines, a log with e820 lines or EFI's \
                   `mem00:` lines, Xen's log, /proc/iomem, and the source of a device tree"
                .to_owned(),
        })
    }
}

fn own_map(text: &str) -> Result<Map, MapError> {
    Ok(Map {
        forms: vec![Form::Own],
        regions: own::parse(text)?,
        ..Map::default()
    })
}

/// A line without a mail's marks in front.
fn unquoted(line: &str) -> &str {
    line.trim_start_matches("> ").trim_start_matches('>')
}

/// Whether the line is a comment, or the command whose output was pasted.
fn is_aside(line: &str) -> bool {
    line.starts_with('#') || line.starts_with("$ ")
}

/// The region between two addresses, both included.
fn region_of(first: usize, last: usize, typ: MemoryRegionType) -> Result<MemoryRegion, String> {
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
fn parse_range(range: &str) -> Result<(usize, usize), String> {
    let (first, last) = range
        .split_once('-')
        .ok_or_else(|| format!("`{range}` is not FIRST-LAST"))?;
    Ok((parse_address(first)?, parse_address(last)?))
}

/// A hexadecimal address, with or without `0x`.
fn parse_address(text: &str) -> Result<usize, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let only_digits = digits.bytes().all(|b| b.is_ascii_hexdigit());
    usize::from_str_radix(digits, 16)
        .ok()
        .filter(|_| only_digits)
        .ok_or_else(|| format!("`{text}` is no address"))
}

/// A line of a memory map that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl Error for MapError {}
