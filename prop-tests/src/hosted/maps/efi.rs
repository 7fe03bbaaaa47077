//! The EFI memory map in a log of Linux, which `efi=debug` has printed.

use meta_core::boot::MemoryRegionType;

use super::log::{Entry, between, until};
use super::{Form, parse_range};

/// The entry in a line; nothing if the line is none.
pub(super) fn entry(line: &str) -> Option<Result<Entry<'_>, String>> {
    numbered(line).or_else(|| of_arm(line))
}

/// `efi: mem00: [Boot Code|   |…|UC] range=[0x0-0xfff] (0MB)`; older kernels have
/// `range=[0x0-0x1000)`, and `type=3, attr=0xf,` for the brackets.
fn numbered(line: &str) -> Option<Result<Entry<'_>, String>> {
    let at = line.match_indices("mem").map(|(at, _)| at).find(|at| {
        let before = line[..*at].trim_end();
        let efi = before.is_empty() || before.ends_with("efi:") || before.ends_with("EFI:");
        efi || before.ends_with("efi: Remove") || before.ends_with("efi: Not removing")
    })?;
    let (digits, rest) = line[at + 3..].split_once(':')?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let removed = line[..at].contains("emov");
    Some(ranged(rest, removed))
}

fn ranged(rest: &str, removed: bool) -> Result<Entry<'_>, String> {
    let (what, range, close, _) =
        between(rest, "range=[", &[']', ')']).ok_or("the entry has no range")?;
    let range = parse_range(range)?;
    let range = match close {
        ']' => Some(range),
        _ => until(range)?,
    };
    let what = what.trim().trim_end_matches(',');
    let (name, typ) = if removed {
        // Devices' memory, which the kernel takes out of its map.
        (what, Some(MemoryRegionType::Reserved))
    } else if let Some((_, inside, ..)) = between(what, "[", &[']']) {
        described(inside)
    } else {
        let (number, attributes) = what.split_once(',').unwrap_or((what, ""));
        let bits = attributes.trim().strip_prefix("attr=0x");
        let bits = bits.and_then(|bits| u64::from_str_radix(bits, 16).ok());
        let name = number.trim();
        let typ = name.strip_prefix("type=").ok_or("the entry has no type")?;
        let typ = typ.parse().ok().and_then(|typ: usize| NAMES.get(typ));
        let typ = typ.and_then(|name| type_of(name));
        (name, typ.map(|typ| unless(typ, bits.unwrap_or(0))))
    };
    Ok(Entry {
        form: Form::Efi,
        range,
        name,
        typ,
    })
}

/// `efi:   0x000080000000-0x00008007ffff [Boot Data|   |…|UC]`, as on Arm.
fn of_arm(line: &str) -> Option<Result<Entry<'_>, String>> {
    let (_, rest) = line.split_once("efi:")?;
    let rest = rest.trim_start();
    let (range, rest) = rest.strip_prefix("0x")?.split_once(' ')?;
    let (_, inside, ..) = between(rest, "[", &[']'])?;
    let (name, typ) = described(inside);
    Some(parse_range(range).map(|range| Entry {
        form: Form::Efi,
        range: Some(range),
        name,
        typ,
    }))
}

/// The name of a type, and the type that it and the attributes after it make.
fn described(inside: &str) -> (&str, Option<MemoryRegionType>) {
    let (name, attributes) = inside.split_once('|').unwrap_or((inside, ""));
    let has = |flag: &str| attributes.split('|').any(|word| word.trim() == flag);
    let bits = attributes.trim().strip_prefix("attr=0x");
    let bits = match bits.map(|bits| u64::from_str_radix(bits, 16)) {
        Some(bits) => bits.unwrap_or(SPECIFIC_PURPOSE),
        None => [("WB", WRITE_BACK), ("SP", SPECIFIC_PURPOSE)]
            .into_iter()
            .filter(|(flag, _)| has(flag))
            .fold(0, |bits, (_, bit)| bits | bit),
    };
    let name = name.trim();
    (name, type_of(name).map(|typ| unless(typ, bits)))
}

/// EFI_MEMORY_WB: memory that can be cached, so that it is memory.
const WRITE_BACK: u64 = 0x8;

/// EFI_MEMORY_SP: memory for a purpose, and not the kernel's to hand out.
const SPECIFIC_PURPOSE: u64 = 0x4_0000;

/// The type, unless the attributes rule memory out, as Linux sees it.
fn unless(typ: MemoryRegionType, attributes: u64) -> MemoryRegionType {
    let memory = attributes & (WRITE_BACK | SPECIFIC_PURPOSE) == WRITE_BACK;
    match typ {
        MemoryRegionType::Usable | MemoryRegionType::Reclaimable if !memory => {
            MemoryRegionType::Reserved
        }
        typ => typ,
    }
}

/// The types by number, as newer kernels shorten their names.
const NAMES: [&str; 16] = [
    "Reserved",
    "Loader Code",
    "Loader Data",
    "Boot Code",
    "Boot Data",
    "Runtime Code",
    "Runtime Data",
    "Conventional",
    "Unusable",
    "ACPI Reclaim",
    "ACPI Mem NVS",
    "MMIO",
    "MMIO Port",
    "PAL Code",
    "Persistent",
    "Unaccepted",
];

/// The types by name. What the boot loader and the firmware's boot services have
/// is free once the kernel runs, but it has to be there until then.
fn type_of(name: &str) -> Option<MemoryRegionType> {
    Some(match name {
        "Conventional" | "Conventional Memory" => MemoryRegionType::Usable,
        "Loader Code"
        | "Loader Data"
        | "Boot Code"
        | "Boot Data"
        | "ACPI Reclaim"
        | "ACPI Reclaim Memory" => MemoryRegionType::Reclaimable,
        "ACPI Mem NVS" | "ACPI Memory NVS" => MemoryRegionType::NonVolatileSleep,
        "Unusable" | "Unusable Memory" => MemoryRegionType::BadMemory,
        "Reserved" | "Runtime Code" | "Runtime Data" | "MMIO" | "Memory Mapped I/O"
        | "MMIO Port" | "MMIO Port Space" | "PAL Code" | "Persistent" | "Persistent Memory"
        | "Unaccepted" | "Unaccepted Memory" => MemoryRegionType::Reserved,
        _ => return None,
    })
}
