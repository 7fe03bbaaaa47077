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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_what_it_comes_back_from() {
        for (file, short) in [
            ("a/b.rs", "a/b.rs"),
            ("a/../b.rs", "b.rs"),
            ("a/b/../../c.rs", "c.rs"),
            ("../a/../b.rs", "../b.rs"),
            ("../../b.rs", "../../b.rs"),
            ("/../b.rs", "/../b.rs"),
        ] {
            assert_eq!(path(file), short);
        }
        assert!(matches!(path("a/b.rs"), Cow::Borrowed(_)));
    }
}
