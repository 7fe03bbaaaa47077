//! Standard output and standard error, of every command.
//!
//! A reader that went away, such as `head`, ends the printing quietly. Anything
//! else that keeps a line from standard output ends the process: what nobody can
//! read is not worth the time, and must not look like a pass.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

/// Prints a line on standard output; see [`output`](crate::output).
#[macro_export]
macro_rules! out {
    () => { $crate::output::line(format_args!("")) };
    ($($text:tt)*) => { $crate::output::line(format_args!($($text)*)) };
}

/// Prints a line on standard error, if it can be written.
#[macro_export]
macro_rules! note {
    ($($text:tt)*) => { $crate::output::note_line(format_args!($($text)*)) };
}

/// Prints a line on standard output.
pub fn line(text: Arguments<'_>) {
    check(writeln!(anstream::stdout().lock(), "{text}"));
}

/// Prints text on standard output as it is.
pub fn raw(text: &[u8]) {
    check(io::stdout().lock().write_all(text));
}

/// Makes sure that everything is written.
pub fn flush() {
    check(io::stdout().flush());
}

/// Prints a line on standard error; if that is full, nobody hears of it.
pub fn note_line(text: Arguments<'_>) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

static WIDTH: OnceLock<usize> = OnceLock::new();

/// From here on, tables fit the terminal, if standard output is one.
pub fn fit_terminal() {
    if io::stdout().is_terminal()
        && let Some((terminal_size::Width(width), _)) = terminal_size::terminal_size()
    {
        WIDTH.get_or_init(|| usize::from(width));
    }
}

/// The most columns that a table may take, where something limits them.
pub fn width() -> Option<usize> {
    WIDTH.get().copied()
}

/// The table, in the terminal's width where there is a terminal.
pub fn fitted(mut table: comfy_table::Table) -> String {
    if let Some(width) = width() {
        table
            .set_content_arrangement(comfy_table::ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX));
    }
    table.to_string()
}

fn check(written: io::Result<()>) {
    let Err(error) = written else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        return;
    }
    note_line(format_args!("tool failure: standard output: {error}"));
    std::process::exit(i32::from(pipe::Verdict::ToolFailure.exit_code()));
}
