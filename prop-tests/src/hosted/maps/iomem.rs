//! `/proc/iomem`.

use meta_core::boot::MemoryRegionType;
use meta_core::boot::MemoryRegionType::{Kernel, Reserved, Usable};

use super::{Form, Map, MapError, firmware, is_aside, parse_range, region_of, unquoted};

/// Whether the line has the shape of an entry, right or wrong.
pub(super) fn is_entry(line: &str) -> bool {
    line.split_once(" : ").is_some_and(|(range, _)| {
        let mut bytes = range.trim().bytes();
        range.contains('-') && bytes.all(|b| b == b'-' || b.is_ascii_hexdigit())
    })
}

/// Reads what `/proc/iomem` has.
///
/// Whole regions, and within memory whatever is in it: the kernel's image, from
/// the first of its sections to the last, and what else the kernel set apart.
/// What devices have beneath their buses adds nothing.
///
/// # Errors
///
/// If a line is no entry, or all addresses are hidden: Linux shows zeros to
/// those who are not root.
pub(super) fn parse(text: &str) -> Result<Map, MapError> {
    let mut map = Map {
        forms: vec![Form::Iomem],
        ..Map::default()
    };
    let mut hidden = true;
    // The entries around the line, by indentation, and what they are.
    let mut around: Vec<(usize, MemoryRegionType)> = Vec::new();
    let mut image: Vec<(usize, usize)> = Vec::new();
    let mut last_line = 1;
    for (index, line) in text.lines().enumerate() {
        let line = unquoted(line.trim_end());
        if line.trim().is_empty() || is_aside(line.trim()) {
            continue;
        }
        let at = |what| MapError {
            line: index + 1,
            what,
        };
        last_line = index + 1;
        let (range, name) = line
            .split_once(" : ")
            .ok_or_else(|| at(format!("`{line}` is not FIRST-LAST : NAME")))?;
        let indent = range.len() - range.trim_start().len();
        let (first, last) = parse_range(range.trim()).map_err(at)?;
        hidden &= first == 0 && last == 0;
        around.retain(|(outer, _)| *outer < indent);
        let (typ, known) = match (around.last(), name) {
            (_, "Kernel code" | "Kernel rodata" | "Kernel data" | "Kernel bss") => (Kernel, true),
            (Some((_, Usable)), "Crash kernel") => (Reserved, true),
            // Memory within memory would be no part of it.
            (Some((_, Usable)), "System RAM") => (Reserved, true),
            (Some((_, Usable)), name) => match firmware::type_of(name) {
                Some(typ) => (typ, true),
                None => (Reserved, false),
            },
            (Some((_, outer)), _) => {
                around.push((indent, *outer));
                continue;
            }
            // Whatever is no memory is some device.
            (None, name) => (firmware::type_of(name).unwrap_or(Reserved), true),
        };
        around.push((indent, typ));
        if typ == Kernel {
            image.push((first, last));
            region_of(first, last, typ).map_err(at)?;
            continue;
        }
        map.add(
            format_args!("line {}", index + 1),
            (first, last),
            name,
            known.then_some(typ),
        )
        .map_err(at)?;
    }
    if hidden {
        return Err(MapError {
            line: last_line,
            what: "all addresses are hidden; only root sees them".to_owned(),
        });
    }
    add_images(&mut map, &image);
    Ok(map)
}

/// Adds the kernel: the sections that lie in one piece of memory, and what is
/// between them.
fn add_images(map: &mut Map, sections: &[(usize, usize)]) {
    let memory = map.regions.iter().filter(|region| region.typ == Usable);
    let memory: Vec<_> = memory.map(|r| (r.base, r.base + (r.len - 1))).collect();
    let piece = |at: usize| {
        memory
            .iter()
            .position(|(first, last)| (*first..=*last).contains(&at))
    };
    let mut images: Vec<(Option<usize>, usize, usize)> = Vec::new();
    for &(first, last) in sections {
        let of = piece(first);
        match images
            .iter_mut()
            .find(|(in_piece, ..)| of.is_some() && *in_piece == of)
        {
            Some((_, begin, end)) => (*begin, *end) = (first.min(*begin), last.max(*end)),
            None => images.push((of, first, last)),
        }
    }
    let images = images.into_iter();
    map.regions
        .extend(images.filter_map(|(_, first, last)| region_of(first, last, Kernel).ok()));
}
