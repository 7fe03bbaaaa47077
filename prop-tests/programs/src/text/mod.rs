//! What the parsers of the text form share: an error that points at a word,
//! and the words themselves.

mod error;
mod serde;
mod words;

pub use error::{ParseError, quoted, suggest};
pub(crate) use words::{Word, Words};
