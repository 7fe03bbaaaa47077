//! An error that shows the line, the word, and what to write instead.

use std::fmt;
use std::ops::Range;

/// A longer word is not compared with the known ones: it is no typing error,
/// and the comparison is quadratic.
const LONGEST_MISSPELLING: usize = 32;

/// Text that does not parse: where, why, and what could be meant.
///
/// [`Display`](fmt::Display) shows the line with a caret under the offending
/// word:
///
/// ```
/// let error = "unused: alocc | get".parse::<programs::program::Program>();
/// assert_eq!(
///     error.unwrap_err().to_string(),
///     "\
/// unknown operation `alocc`
///   unused: alocc | get
///           ^^^^^
/// hint: did you mean `alloc`?"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    input: String,
    range: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl ParseError {
    /// An error at the bytes `range` of `input`.
    ///
    /// A range that is not within the input, or that cuts a character, is
    /// moved to the nearest place that is and does not.
    pub fn new(input: &str, range: Range<usize>, message: impl Into<String>) -> Self {
        let boundary = |at: &usize| input.is_char_boundary(*at);
        let start = (0..=range.start.min(input.len())).rev().find(boundary);
        let start = start.unwrap_or_default();
        let end = (range.end.clamp(start, input.len())..input.len()).find(boundary);
        Self {
            input: input.to_owned(),
            range: start..end.unwrap_or(input.len()),
            message: message.into(),
            hint: None,
        }
    }

    /// Says what to write instead.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error as seen from a larger text that has this error's input
    /// at byte `offset`: a line of a file.
    #[must_use]
    pub fn within(self, text: &str, offset: usize) -> Self {
        let range = self.range.start.saturating_add(offset)..self.range.end.saturating_add(offset);
        Self {
            hint: self.hint,
            ..Self::new(text, range, self.message)
        }
    }

    /// The whole text that was parsed.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// The bytes of the offending word; empty, at the end of what was read,
    /// when something is missing there.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The line and the column of the offending word, both counted from 1;
    /// columns count characters.
    pub fn line_column(&self) -> (usize, usize) {
        let before = &self.input[..self.range.start];
        let line = before.matches('\n').count() + 1;
        let column = before[self.line_start()..].chars().count() + 1;
        (line, column)
    }

    fn line_start(&self) -> usize {
        let before = &self.input[..self.range.start];
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.line_start();
        let line = self.input[start..].split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let end = start + line.len();
        let before = &self.input[start..self.range.start.min(end)];
        let word = &self.input[self.range.start.min(end)..self.range.end.min(end)];

        writeln!(f, "{}", self.message)?;
        writeln!(f, "  {}", line.chars().map(visible).collect::<String>())?;
        // A tab stays a tab, so that the caret is under the word whatever a
        // tab's width is.
        let indent: String = before
            .chars()
            .map(|c| if c == '\t' { c } else { ' ' })
            .collect();
        write!(f, "  {indent}{}", "^".repeat(word.chars().count().max(1)))?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}

/// The character, or a stand-in of the same width for one that would move a
/// terminal's cursor.
fn visible(c: char) -> char {
    if c.is_control() && c != '\t' {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

/// A word of the input as a message shows it: in backticks, not longer than a
/// line.
pub fn quoted(word: &str) -> String {
    let mut shown: String = word.chars().take(40).map(visible).collect();
    if word.chars().nth(40).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The hint for an unknown word: the nearest known one when there is one, or
/// else all of them, which are `what`.
pub fn suggest(word: &str, what: &str, known: &[&str]) -> String {
    nearest(word, known).map_or_else(
        || format!("{what}: {}", known.join(", ")),
        |name| format!("did you mean `{name}`?"),
    )
}

/// The known word that `word` is most likely a misspelling of.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let length = word.chars().count();
    if length > LONGEST_MISSPELLING {
        return None;
    }
    let word = word.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&word, name), *name))
        // One edit in three letters: more is another word.
        .filter(|(distance, name)| *distance <= length.max(name.len()).div_ceil(3).min(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_counts_characters_not_bytes() {
        let input = "é→: ü";
        let at = input.find('ü').unwrap();
        let error = ParseError::new(input, at..at + 2, "bad");
        assert_eq!(error.to_string(), "bad\n  é→: ü\n      ^");
        assert_eq!(error.line_column(), (1, 5));
    }

    #[test]
    fn only_the_line_of_the_word_is_shown() {
        let error = ParseError::new("one\r\n\ttwo three\r\nfour", 10..15, "bad");
        assert_eq!(error.to_string(), "bad\n  \ttwo three\n  \t    ^^^^^");
        assert_eq!(error.line_column(), (2, 6));
    }

    #[test]
    fn something_missing_at_the_end_has_a_caret_too() {
        let error = ParseError::new("one", 3..3, "bad").with_hint("add two");
        assert_eq!(error.to_string(), "bad\n  one\n     ^\nhint: add two");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let error = ParseError::new("a\u{1b}b", 2..3, "bad");
        assert_eq!(error.to_string(), "bad\n  a\u{fffd}b\n    ^");
        assert_eq!(quoted("\u{7}"), "`\u{fffd}`");
    }

    #[test]
    fn a_range_outside_the_input_is_moved_into_it() {
        assert_eq!(ParseError::new("é", 1..1, "").range(), 0..2);
        assert_eq!(ParseError::new("é", 7..9, "").range(), 2..2);
    }

    #[test]
    fn an_error_moves_into_the_file_around_it() {
        let error = ParseError::new("two", 1..2, "bad").with_hint("x");
        let moved = error.within("one\ntwo\n", 4);
        assert_eq!(moved.to_string(), "bad\n  two\n   ^\nhint: x");
        assert_eq!(moved.line_column(), (2, 2));
    }

    #[test]
    fn only_near_words_are_suggested() {
        let known = ["get", "drop", "alloc_unique"];
        assert_eq!(nearest("gte", &known), Some("get"));
        assert_eq!(nearest("Drop", &known), Some("drop"));
        assert_eq!(nearest("alloc-uniqe", &known), Some("alloc_unique"));
        assert_eq!(nearest("elephant", &known), None);
        assert_eq!(nearest(&"g".repeat(100_000), &known), None);
    }
}
