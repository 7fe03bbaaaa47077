//! Logs: entries of memory maps among whatever else there is.

use meta_core::boot::MemoryRegionType;

use super::{Form, Map, MapError, e820, efi, unquoted};

/// An entry: its form, its addresses, both included, unless it is empty; the
/// name of its type, and the type if somebody knows it.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) form: Form,
    pub(super) range: Option<(usize, usize)>,
    pub(super) name: &'a str,
    pub(super) typ: Option<MemoryRegionType>,
}

/// Reads the entries of a log; nothing if it has none.
///
/// # Errors
///
/// The first line that begins like an entry and does not go on like one, or that
/// is an address range of which nothing else is known.
pub(super) fn parse(text: &str) -> Result<Option<Map>, MapError> {
    let mut map = Map::default();
    let mut found = false;
    let mut stray = None;
    for (index, line) in text.lines().enumerate() {
        let line = unquoted(line).trim();
        let at = |what| MapError {
            line: index + 1,
            what,
        };
        let entry = e820::entry(line).or_else(|| efi::entry(line));
        let Some(entry) = entry else {
            if stray.is_none() && is_bare_range(line) {
                stray = Some(at(format!("`{line}` is neither an entry nor a log's line")));
            }
            continue;
        };
        found = true;
        let entry = entry.map_err(at)?;
        if !map.forms.contains(&entry.form) {
            map.forms.push(entry.form);
        }
        if let Some(range) = entry.range {
            map.add(
                format_args!("line {}", index + 1),
                range,
                entry.name,
                entry.typ,
            )
            .map_err(at)?;
        }
    }
    match stray {
        Some(stray) if found => Err(stray),
        _ => Ok(found.then_some(map)),
    }
}

/// Whether the line begins with an address range, or the rest of one, and so with
/// no word that would make it a message of a log.
fn is_bare_range(line: &str) -> bool {
    let line = line.trim_start_matches(['[', '(', ' ']);
    let line = line.strip_prefix("mem ").unwrap_or(line);
    let end = line.find([' ', '-', ',', ']', ')']).unwrap_or(line.len());
    let (address, rest) = line.split_at(end);
    let digits = address.strip_prefix("0x").unwrap_or(address);
    digits.len() >= 8
        && digits.bytes().all(|b| b.is_ascii_hexdigit())
        && rest.trim_start().starts_with(['-', ',', ']', ')'])
}

/// The part of the line before `open`, what is between it and the next of
/// `close`, and what follows.
pub(super) fn between<'a>(
    line: &'a str,
    open: &str,
    close: &[char],
) -> Option<(&'a str, &'a str, char, &'a str)> {
    let (before, rest) = line.split_once(open)?;
    let end = rest.find(close)?;
    let closed = rest[end..].chars().next()?;
    Some((
        before,
        &rest[..end],
        closed,
        &rest[end + closed.len_utf8()..],
    ))
}

/// The addresses of `first` up to, and without, `end`; none if it is empty.
pub(super) fn until((first, end): (usize, usize)) -> Result<Option<(usize, usize)>, String> {
    match end.checked_sub(1) {
        _ if first == end => Ok(None),
        Some(last) if last >= first => Ok(Some((first, last))),
        _ => Err("the region ends before it begins".to_owned()),
    }
}
