//! Why a litmus file, or a folder of them, is none.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use programs::text::ParseError;

/// A litmus file that cannot be used, or a folder without any.
#[derive(Debug)]
pub enum LitmusError {
    /// The text is not a litmus file. Shown as `file:line:column: message`,
    /// with the line, a caret and a hint.
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: Box<ParseError>,
    },
    /// The file or folder cannot be read.
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The folder has no litmus file: whoever runs them all would run nothing.
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// Two files have the same name.
    SameName {
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

impl fmt::Display for LitmusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse { path, error } => {
                let (line, column) = error.line_column();
                write!(f, "{}:{line}:{column}: {error}", path.display())
            }
            Self::Read { path, error } => {
                write!(f, "{}: cannot be read: {error}", path.display())
            }
            Self::Empty { folder } => write!(
                f,
                "{}: no litmus file\nhint: they are called `*.litmus`",
                folder.display()
            ),
            Self::SameName { first, second } => write!(
                f,
                "{}: has the name of {}\nhint: a name must say which file is meant",
                second.display(),
                first.display()
            ),
        }
    }
}

impl Error for LitmusError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read { error, .. } => Some(error),
            // Shown in full already.
            Self::Parse { .. } | Self::Empty { .. } | Self::SameName { .. } => None,
        }
    }
}
