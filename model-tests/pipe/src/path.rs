use std::borrow::Cow;

/// The path of a source file without `..`, which `#[path]` leaves in it.
pub fn path(file: &str) -> Cow<'_, str> {
    if !file.contains("..") {
        return Cow::Borrowed(file);
    }
    let mut parts = Vec::new();
    for part in file.split('/') {
        match (part, parts.last()) {
            ("..", Some(&last)) if !matches!(last, "" | "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    Cow::Owned(parts.join("/"))
}
