//! Tables in Markdown.

/// A table with a header; every row has as many cells.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<_> = cells.collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&mut header.iter().map(|cell| (*cell).to_owned()));
    text.push_str(&"|---".repeat(header.len()));
    text.push_str("|\n");
    for row in rows {
        text.push_str(&line(&mut row.iter().map(|cell| escape(cell))));
    }
    text
}

/// A name or a program, as code.
pub(super) fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Names as code; `-` if there is none.
pub(super) fn codes(names: &[String]) -> String {
    if names.is_empty() {
        return "-".to_owned();
    }
    let codes: Vec<_> = names.iter().map(|name| code(name)).collect();
    codes.join(", ")
}

/// A bar would end the cell, even within code.
fn escape(cell: &str) -> String {
    cell.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_within_cells_are_escaped() {
        let rows = [vec!["DEC".to_owned(), code("unused: get | alloc")]];
        assert_eq!(
            table(&["site", "program"], &rows),
            "| site | program |\n|---|---|\n| DEC | `unused: get \\| alloc` |\n"
        );
    }

    #[test]
    fn each_name_is_code_of_its_own() {
        assert_eq!(
            codes(&["DEC".to_owned(), "SHARE".to_owned()]),
            "`DEC`, `SHARE`"
        );
        assert_eq!(codes(&[]), "-");
    }
}
