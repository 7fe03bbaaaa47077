//! The e820 map in a log of Linux, old and new, or of Xen.

use meta_core::boot::MemoryRegionType;

use super::log::{Entry, between, until};
use super::{Form, parse_address, parse_range};

/// What stands before the entries of Linux's maps: the firmware's, and those
/// that the command line, the boot loader's data or Xen made of it.
const MAPS: [&str; 6] = [
    "BIOS-e820:",
    "user:",
    "modified:",
    "setup_data:",
    "Xen:",
    "e820:",
];

/// The entry in a line; nothing if the line is none.
pub(super) fn entry(line: &str) -> Option<Result<Entry<'_>, String>> {
    // A line that was cut out of a program's text may end so.
    let line = line.trim_end_matches(['"', ',', '\\', ' ']);
    new_form(line)
        .or_else(|| old_form(line))
        .or_else(|| xen_form(line))
        .or_else(|| {
            let (_, rest) = line.split_once("BIOS-e820:")?;
            let gap = rest.trim_start().starts_with("[gap ");
            (!gap).then(|| Err(format!("`{}` is no entry of an e820 map", rest.trim())))
        })
}

/// `[mem 0x0000000000000000-0x000000000009fbff] usable`, both included.
fn new_form(line: &str) -> Option<Result<Entry<'_>, String>> {
    let (before, range, _, name) = between(line, "[mem 0x", &[']'])?;
    let (before, name) = (before.trim_end(), without_size(name));
    let map = MAPS.iter().any(|map| before.ends_with(map));
    // The kernel's own changes: they only take memory away.
    let update = before.ends_with("e820: update");
    let remove = before.ends_with("e820: remove");
    let typ = if remove {
        Some(MemoryRegionType::Reserved)
    } else if let Some((from, to)) = name.split_once("==>") {
        type_of(from.trim())
            .zip(type_of(to.trim()))
            .map(|(from, to)| from.min(to))
    } else {
        type_of(name)
    };
    if !map && !update && !remove && typ.is_none() {
        return None;
    }
    if name.is_empty() && !remove {
        // Such as `e820: [mem …]` about a hole, with the words in front.
        let of_a_map = before.ends_with("BIOS-e820:");
        return of_a_map.then(|| Err("the entry has no type".to_owned()));
    }
    Some(parse_range(range).map(|range| Entry {
        form: Form::E820,
        range: Some(range),
        name,
        typ,
    }))
}

/// `0000000000000000 - 000000000009fc00 (usable)`, without the last.
fn old_form(line: &str) -> Option<Result<Entry<'_>, String>> {
    let (before, first, end, name) = line.match_indices(" - ").find_map(|(at, dash)| {
        let (before, after) = (&line[..at], &line[at + dash.len()..]);
        let first = before.rsplit([' ', ':']).next()?;
        let (end, name) = after.split_once(' ').unwrap_or((after, ""));
        let before = before.strip_suffix(first)?;
        (is_long(first) && is_long(end)).then_some((before, first, end, name))
    })?;
    let range = addresses(first, end).and_then(until);
    with_type(before, Form::E820, range, name)
}

/// `[0000000000000000, 000000000009fbff] (usable)`, both included.
fn xen_form(line: &str) -> Option<Result<Entry<'_>, String>> {
    let (before, first, last, name) = line.match_indices('[').find_map(|(at, _)| {
        let (range, name) = line[at + 1..].split_once(']')?;
        let (first, last) = range.split_once(", ")?;
        (is_long(first) && is_long(last)).then_some((&line[..at], first, last, name))
    })?;
    with_type(before, Form::Xen, addresses(first, last).map(Some), name)
}

/// The entry, if it is one: it stands in a map, or its type is known.
fn with_type<'a>(
    before: &str,
    form: Form,
    range: Result<Option<(usize, usize)>, String>,
    name: &'a str,
) -> Option<Result<Entry<'a>, String>> {
    let xen = before.trim_end().ends_with("(XEN)") || before.contains("(XEN) [");
    let form = if xen { Form::Xen } else { form };
    let map = xen || MAPS.iter().any(|map| before.trim_end().ends_with(map));
    let name = in_parentheses(name);
    let typ = name.as_ref().ok().and_then(|name| type_of(name));
    (map || typ.is_some()).then(|| {
        Ok(Entry {
            form,
            range: range?,
            name: name?,
            typ,
        })
    })
}

fn addresses(first: &str, second: &str) -> Result<(usize, usize), String> {
    Ok((parse_address(first)?, parse_address(second)?))
}

/// Whether it is an address as these maps print them.
fn is_long(word: &str) -> bool {
    word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The name of a type in parentheses, or `type 9`, which has none.
fn in_parentheses(text: &str) -> Result<&str, String> {
    let text = text.trim();
    let name = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    name.or_else(|| text.starts_with("type ").then_some(text))
        .filter(|name| !name.is_empty())
        .ok_or_else(|| "the entry has no type".to_owned())
}

/// A name without the size that some kernels put in front: `639   KB usable`.
fn without_size(text: &str) -> &str {
    let text = text.trim();
    let mut words = text.splitn(2, char::is_whitespace);
    let number = words.next().is_some_and(|word| word.parse::<f64>().is_ok());
    let rest = words.next().unwrap_or_default().trim_start();
    let unit = |unit| rest.strip_prefix(unit).map(str::trim_start);
    let units = ["KB ", "MB ", "GB ", "TB "];
    units
        .into_iter()
        .filter(|_| number)
        .find_map(unit)
        .unwrap_or(text)
}

/// The types by the names that Linux and Xen print.
fn type_of(name: &str) -> Option<MemoryRegionType> {
    Some(match name {
        "usable" | "System RAM" | "kernel usable RAM" => MemoryRegionType::Usable,
        "reserved" | "device reserved" | "soft reserved" | "protected" => {
            MemoryRegionType::Reserved
        }
        "ACPI data" => MemoryRegionType::Reclaimable,
        "ACPI NVS" => MemoryRegionType::NonVolatileSleep,
        "unusable" => MemoryRegionType::BadMemory,
        // Where devices find room; nothing is there.
        "available for PCI devices" => MemoryRegionType::Unknown,
        _ if name.starts_with("persistent") => MemoryRegionType::Reserved,
        _ => return None,
    })
}
