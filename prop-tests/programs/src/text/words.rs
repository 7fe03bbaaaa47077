//! The words and signs of a text, each with its place.

use super::error::{ParseError, quoted};
use std::ops::Range;

/// Characters that are a word each, with or without space around them.
const SIGNS: &[char] = &[':', '|', '+', '@', '*', ',', '(', ')'];

/// The one sign of two characters.
const ARROW: &str = "=>";

/// A word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// What it says.
    pub(crate) text: &'a str,
    /// The bytes of the input it is at.
    pub(crate) range: Range<usize>,
}

impl Word<'_> {
    /// Whether it is a sign rather than a word.
    pub(crate) fn is_sign(&self) -> bool {
        self.text == ARROW || self.text.starts_with(SIGNS)
    }
}

/// The words of a text that are not yet parsed.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    input: &'a str,
    words: Vec<Word<'a>>,
    next: usize,
}

impl<'a> Words<'a> {
    /// All words of the input.
    pub(crate) fn new(input: &'a str) -> Self {
        let mut words = Vec::new();
        let mut at = 0;
        while let Some(c) = input[at..].chars().next() {
            let length = if c.is_whitespace() {
                at += c.len_utf8();
                continue;
            } else if SIGNS.contains(&c) {
                c.len_utf8()
            } else if input[at..].starts_with(ARROW) {
                ARROW.len()
            } else {
                word_length(&input[at..])
            };
            words.push(Word {
                text: &input[at..at + length],
                range: at..at + length,
            });
            at += length;
        }
        Self {
            input,
            words,
            next: 0,
        }
    }

    /// The text all ranges are of.
    pub(crate) fn input(&self) -> &'a str {
        self.input
    }

    /// The next word, which stays.
    pub(crate) fn peek(&self) -> Option<&Word<'a>> {
        self.words.get(self.next)
    }

    /// Takes the next word.
    pub(crate) fn take(&mut self) -> Option<Word<'a>> {
        let word = self.words.get(self.next).cloned();
        self.next += usize::from(word.is_some());
        word
    }

    /// Takes the next word if it is `text`.
    pub(crate) fn take_if(&mut self, text: &str) -> bool {
        let found = self.is_next(text);
        self.next += usize::from(found);
        found
    }

    /// Takes the next word unless it is a sign.
    pub(crate) fn take_word(&mut self) -> Option<Word<'a>> {
        match self.peek() {
            Some(word) if !word.is_sign() => self.take(),
            _ => None,
        }
    }

    /// Takes a decimal number up to `max`; `what` names it in errors.
    pub(crate) fn number(&mut self, what: &str, max: u64) -> Result<u64, ParseError> {
        let bounds = format!("{what} is a number from 0 to {max}");
        let expected = self.error(format!("expected {what}"));
        let Some(word) = self.take_word() else {
            return Err(expected.with_hint(bounds));
        };
        let error = |message| self.error_at(word.range.clone(), message);
        if !word.text.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("{} is not a number", quoted(word.text));
            return Err(error(message).with_hint(bounds));
        }
        // Only digits: parsing can fail by overflow alone.
        match word.text.parse() {
            Ok(number) if number <= max => Ok(number),
            _ => Err(error(format!("{} is too large", quoted(word.text))).with_hint(bounds)),
        }
    }

    /// Whether the next word is `text`.
    pub(crate) fn is_next(&self, text: &str) -> bool {
        self.peek().is_some_and(|word| word.text == text)
    }

    /// Whether every word was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.peek().is_none()
    }

    /// Where the next word is; after the last one, an empty range behind it.
    pub(crate) fn place(&self) -> Range<usize> {
        match (self.peek(), self.words.last()) {
            (Some(word), _) => word.range.clone(),
            (None, Some(last)) => last.range.end..last.range.end,
            (None, None) => 0..0,
        }
    }

    /// Where the last word that was taken ends.
    pub(crate) fn taken(&self) -> usize {
        let last = self.next.checked_sub(1);
        last.map_or(0, |last| self.words[last].range.end)
    }

    /// An error at the next word.
    pub(crate) fn error(&self, message: impl Into<String>) -> ParseError {
        self.error_at(self.place(), message)
    }

    /// An error elsewhere.
    pub(crate) fn error_at(&self, range: Range<usize>, message: impl Into<String>) -> ParseError {
        ParseError::new(self.input, range, message)
    }
}

/// The bytes up to a space, a sign or the end.
fn word_length(text: &str) -> usize {
    text.char_indices()
        .find(|(at, c)| c.is_whitespace() || SIGNS.contains(c) || text[*at..].starts_with(ARROW))
        .map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_need_no_space() {
        let texts = |input| {
            let words = Words::new(input).words;
            words.iter().map(|word| word.text).collect::<Vec<_>>()
        };
        assert_eq!(
            texts(" shared*2+1:a|b@3\t"),
            ["shared", "*", "2", "+", "1", ":", "a", "|", "b", "@", "3"]
        );
        assert_eq!(texts("ok=>- =x>="), ["ok", "=>", "-", "=x>="]);
        assert!(texts(" \u{3000}\n").is_empty());
    }
}
