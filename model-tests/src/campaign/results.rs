//! A result file: it grows with each run, so that an interrupted campaign can
//! go on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use super::record::{Header, Record};
use crate::json;
use pipe::Verdict;

/// An open result file, which no other campaign can open meanwhile.
#[derive(Debug)]
pub struct Results {
    file: File,
}

impl Results {
    /// Opens a result file to go on with, or makes a new one. The records of runs
    /// that need not be made again are returned: a tool failure says nothing, and
    /// a run that a limit cut may come to its end under this `limit` on
    /// executions.
    ///
    /// # Errors
    ///
    /// If the file belongs to another campaign, commit or shard, is in use by
    /// another one, or cannot be read or written.
    pub fn open(
        path: &Path,
        header: &Header,
        limit: Option<u64>,
    ) -> Result<(Self, Vec<Record>), String> {
        let at = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .map_err(at)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "{}: another campaign is writing its results there\n  hint: wait for it, or \
                     give another file",
                    path.display()
                ));
            }
            // Not every file system has locks.
            Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
                return Err(at(error));
            }
            _ => {}
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(at)?;
        let mut results = Results { file };
        let own = json::text(header)?;
        if own.as_bytes().starts_with(&bytes) {
            // New, or cut short within the header.
            results.file.set_len(0).map_err(at)?;
            results.line(&own)?;
            return Ok((results, Vec::new()));
        }
        let (found, mut records) = parse(path, &bytes)?;
        if found != *header {
            return Err(format!(
                "{}: results of another campaign\n  it has     {}\n  this run is {}\n  hint: \
                 give another file, or remove this one",
                path.display(),
                describe(&found),
                describe(header)
            ));
        }
        let whole = whole(&bytes).len() as u64;
        results.file.set_len(whole).map_err(at)?;
        records.retain(|record| match record.verdict {
            Verdict::CutOff => limit.is_some_and(|limit| record.executions >= limit),
            Verdict::ToolFailure => false,
            _ => true,
        });
        Ok((results, records))
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn add(&mut self, record: &Record) -> Result<(), String> {
        self.line(&json::text(record)?)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        // One write a line: a process that is killed leaves whole lines, and a
        // torn last one is passed over.
        self.file
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|e| format!("cannot write the results: {e}"))
    }
}

/// The lines that have their end.
fn whole(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|b| *b == b'\n');
    &bytes[..end.map_or(0, |end| end + 1)]
}

/// The header and records of a result file. A last line that was cut short is
/// passed over.
pub(super) fn read(path: &Path) -> Result<(Header, Vec<Record>), String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<(Header, Vec<Record>), String> {
    let bad =
        |line: usize, error: &dyn std::fmt::Display| format!("{}:{line}: {error}", path.display());
    let mut lines = (1..).zip(whole(bytes).split_inclusive(|b| *b == b'\n'));
    let (number, first) = lines
        .next()
        .ok_or_else(|| bad(1, &"not a campaign: its first line has no end"))?;
    let header: Header = json::read(first).map_err(|e| bad(number, &e))?;
    let mut records: BTreeMap<_, Record> = BTreeMap::new();
    for (number, line) in lines {
        let record: Record = json::read(line).map_err(|e| bad(number, &e))?;
        if !header.has(&record) {
            let what = format!("a run of `{}` is not in the campaign", record.program);
            return Err(bad(number, &what));
        }
        if let Some(earlier) = records.insert(record.key(), record)
            && !matches!(earlier.verdict, Verdict::CutOff | Verdict::ToolFailure)
        {
            return Err(format!(
                "{}:{number}: a second result of `{}`",
                path.display(),
                earlier.program
            ));
        }
    }
    Ok((header, records.into_values().collect()))
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
    if let Some(subject) = &header.subject {
        text.push_str(" subject ");
        text.push_str(subject);
    }
    if header.with_count {
        text.push_str(" with count");
    }
    if !header.weaken.is_empty() {
        text.push_str(" changed ");
        text.push_str(&header.weaken.join(","));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Shard;
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn header() -> Header {
        Header {
            commit: "c".to_owned(),
            subject: None,
            bound: "2x1".to_owned(),
            ends: vec!["dropped".to_owned()],
            ways: vec!["rc11".to_owned()],
            with_count: false,
            weaken: Vec::new(),
            shard: Shard { index: 1, of: 2 },
            programs: 5,
            left_out: Vec::new(),
        }
    }

    fn record(position: usize, verdict: Verdict) -> Record {
        Record {
            subject: None,
            position,
            program: format!("p{position}"),
            engine: "rc11".to_owned(),
            ends: "dropped".to_owned(),
            probe: "exact".to_owned(),
            executions: 7,
            cut_branches: 0,
            outcomes: 1,
            allowed: 1,
            allowed_by: pipe::AllowedBy::Specification,
            complete: true,
            reduced: false,
            verdict,
            seconds: 0.0,
            message: None,
            seen: None,
        }
    }

    /// A file of its own, which goes away with it.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let name = format!("results-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = fs::remove_file(&path);
            Scratch(path)
        }

        fn open(&self, limit: Option<u64>) -> Result<(Results, Vec<Record>), String> {
            Results::open(&self.0, &header(), limit)
        }

        fn append(&self, text: &str) {
            let mut file = OpenOptions::new().append(true).open(&self.0).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn what_says_nothing_is_run_again_and_may_be_recorded_again() {
        let scratch = Scratch::new("again");
        let (mut results, _) = scratch.open(None).unwrap();
        for record in [
            record(0, Verdict::ToolFailure),
            record(2, Verdict::CutOff),
            record(4, Verdict::Pass),
        ] {
            results.add(&record).unwrap();
        }
        drop(results);
        let positions = |limit| {
            let (_, done) = scratch.open(limit).unwrap();
            done.iter().map(|r| r.position).collect::<Vec<_>>()
        };
        assert_eq!(positions(None), [4]);
        assert_eq!(positions(Some(8)), [4]);
        // It was cut after as many executions already.
        assert_eq!(positions(Some(7)), [2, 4]);
        let (mut results, _) = scratch.open(None).unwrap();
        results.add(&record(0, Verdict::DataRace)).unwrap();
        results.add(&record(2, Verdict::Pass)).unwrap();
        drop(results);
        assert_eq!(positions(None), [0, 2, 4]);
        let (mut results, _) = scratch.open(None).unwrap();
        results.add(&record(0, Verdict::Pass)).unwrap();
        drop(results);
        let twice = scratch.open(None).unwrap_err();
        assert!(twice.ends_with(":7: a second result of `p0`"), "{twice}");
    }

    #[test]
    fn a_second_campaign_is_refused() {
        let scratch = Scratch::new("lock");
        let (first, _) = scratch.open(None).unwrap();
        let refused = scratch.open(None).unwrap_err();
        assert!(refused.contains("another campaign is writing"), "{refused}");
        drop(first);
        assert!(scratch.open(None).is_ok());
    }

    #[test]
    fn what_was_cut_short_is_passed_over_and_what_is_wrong_is_not() {
        let scratch = Scratch::new("torn");
        let (mut results, _) = scratch.open(None).unwrap();
        results.add(&record(0, Verdict::Pass)).unwrap();
        drop(results);
        let whole = fs::read_to_string(&scratch.0).unwrap();
        // A whole record without its end was not acknowledged: it is run again.
        for torn in [
            "{\"position\":2",
            "\u{e4}",
            &whole[whole.find('\n').unwrap() + 1..],
        ] {
            scratch.append(torn.trim_end());
            let (_, done) = scratch.open(None).unwrap();
            assert_eq!(done.len(), 1, "{torn}");
            assert_eq!(fs::read_to_string(&scratch.0).unwrap(), whole);
        }
        for (wrong, what) in [
            ("{\"position\":2}\n".to_owned(), "missing field"),
            ("nonsense\n".to_owned(), "expected"),
            (
                line(&record(1, Verdict::Pass)),
                "`p1` is not in the campaign",
            ),
            (
                line(&record(6, Verdict::Pass)),
                "`p6` is not in the campaign",
            ),
        ] {
            fs::write(&scratch.0, format!("{whole}{wrong}")).unwrap();
            for _ in 0..2 {
                let error = scratch.open(None).unwrap_err();
                assert!(error.contains(":3: ") && error.contains(what), "{error}");
            }
        }
    }

    fn line(record: &Record) -> String {
        json::text(record).unwrap() + "\n"
    }

    #[test]
    fn a_header_that_was_cut_short_is_written_anew_but_no_other_text() {
        let scratch = Scratch::new("header");
        drop(scratch.open(None).unwrap());
        let whole = fs::read_to_string(&scratch.0).unwrap();
        for len in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(&scratch.0, &whole[..len]).unwrap();
            drop(scratch.open(None).unwrap());
            assert_eq!(fs::read_to_string(&scratch.0).unwrap(), whole);
        }
        for other in ["notes of mine", "{\"format\":1,\"commit\":\"d", "\n"] {
            fs::write(&scratch.0, other).unwrap();
            assert!(scratch.open(None).is_err(), "{other}");
            assert_eq!(fs::read_to_string(&scratch.0).unwrap(), other);
        }
    }

    #[test]
    fn no_header_names_a_shard_that_there_is_not() {
        let header = serde_json::to_string(&header()).unwrap();
        for shard in ["\"index\":0,\"of\":0", "\"index\":3,\"of\":2"] {
            let header = header.replace("\"index\":1,\"of\":2", shard);
            assert!(serde_json::from_str::<Header>(&header).is_err(), "{header}");
        }
    }
}
