//! A result file: it grows with each run, so that an interrupted campaign can
//! go on.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use super::record::{Header, Record};

/// An open result file.
#[derive(Debug)]
pub struct Results {
    file: File,
}

impl Results {
    /// Opens a result file to go on with, or makes a new one. The records it
    /// holds already are returned.
    ///
    /// # Errors
    ///
    /// If the file belongs to another campaign, commit or shard, or cannot be
    /// read or written.
    pub fn open(path: &Path, header: &Header) -> Result<(Self, Vec<Record>), String> {
        let at = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut done = Vec::new();
        let exists = path.exists() && path.metadata().map_err(at)?.len() > 0;
        if exists {
            let (found, records) = read(path)?;
            if found != *header {
                return Err(format!(
                    "{}: results of another campaign\n  it has     {}\n  this run is {}\n  hint: \
                     give another file, or remove this one",
                    path.display(),
                    describe(&found),
                    describe(header)
                ));
            }
            done = records;
            drop_torn_line(path).map_err(at)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(at)?;
        let mut results = Results { file };
        if !exists {
            results.line(&serde_json::to_string(header).map_err(|e| e.to_string())?)?;
        }
        Ok((results, done))
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn add(&mut self, record: &Record) -> Result<(), String> {
        self.line(&serde_json::to_string(record).map_err(|e| e.to_string())?)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        // One write a line: a process that is killed leaves whole lines, and
        // `read` forgives a torn last one.
        self.file
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|e| format!("cannot write the results: {e}"))
    }
}

/// Cuts off a last line without its end, so that the next one begins afresh.
fn drop_torn_line(path: &Path) -> std::io::Result<()> {
    let bytes = std::fs::read(path)?;
    let whole = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |end| end + 1);
    if whole < bytes.len() {
        OpenOptions::new()
            .write(true)
            .open(path)?
            .set_len(whole as u64)?;
    }
    Ok(())
}

/// The header and records of a result file. A last line that was cut short is
/// passed over.
pub(super) fn read(path: &Path) -> Result<(Header, Vec<Record>), String> {
    let file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let lines: Vec<String> = BufReader::new(file)
        .lines()
        .collect::<Result<_, _>>()
        .map_err(|e| format!("{}: {e}", path.display()))?;
    let bad = |line: usize, error: serde_json::Error| {
        format!(
            "{}:{}: not a campaign result: {error}",
            path.display(),
            line + 1
        )
    };
    let first = lines
        .first()
        .ok_or_else(|| format!("{}: empty", path.display()))?;
    let header: Header = serde_json::from_str(first).map_err(|e| bad(0, e))?;
    if header.format != Header::FORMAT {
        return Err(format!(
            "{}: written in format {}, and this build reads {}",
            path.display(),
            header.format,
            Header::FORMAT
        ));
    }
    let mut records = Vec::with_capacity(lines.len());
    let mut seen = HashSet::new();
    for (number, line) in lines.iter().enumerate().skip(1) {
        match serde_json::from_str::<Record>(line) {
            Ok(record) => {
                if !seen.insert(record.key()) {
                    return Err(format!(
                        "{}:{}: a second result of `{}`",
                        path.display(),
                        number + 1,
                        record.program
                    ));
                }
                records.push(record);
            }
            Err(_) if number + 1 == lines.len() => {}
            Err(error) => return Err(bad(number, error)),
        }
    }
    Ok((header, records))
}

pub(super) fn describe(header: &Header) -> String {
    let mut text = format!(
        "{} ends {} loads {} shard {} commit {}",
        header.bound,
        header.ends.join("+"),
        header.ways.join("+"),
        header.shard,
        header.commit
    );
    if header.with_count {
        text.push_str(" with count");
    }
    if !header.weaken.is_empty() {
        text.push_str(" changed ");
        text.push_str(&header.weaken.join(","));
    }
    text
}
