//! The result of an audit that is kept with the code: what can be compared with
//! the next audit, and what documents are generated from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::table::Table;
use super::variants::{self, Halves};
use super::{AuditRow, RowVerdict};
use pipe::{Description, EngineName, Ordering, Verdict};

use crate::{json, package, workspace};

/// What is kept of an audit: nothing that differs from machine to machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recorded {
    /// The engine.
    #[serde(default)]
    pub engine: String,
    /// The bounds whose programs were run beside the litmus files.
    pub bounds: Vec<String>,
    /// The rows, in the order of the table of orderings.
    pub rows: Vec<RecordedRow>,
    /// The minimal sets of orderings under which everything passes: the sites
    /// that are not at their weakest, each with its ordering.
    pub minimal: Vec<BTreeMap<String, String>>,
}

/// What is kept of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecordedRow {
    /// The site.
    pub site: String,
    /// The ordering in the code.
    pub from: String,
    /// The ordering tried.
    pub to: Option<String>,
    /// How the audit judges it.
    pub judged: RowVerdict,
    /// How the program failed, or `pass`.
    pub verdict: Verdict,
    /// The smallest program that fails.
    pub program: Option<String>,
    /// What happened to handles at its end.
    pub ends: Option<String>,
}

impl RecordedRow {
    fn new(row: &AuditRow) -> Self {
        RecordedRow {
            site: row.site.clone(),
            from: row.from.to_owned(),
            to: row.to.map(str::to_owned),
            judged: row.judged,
            verdict: row.verdict,
            program: row.program.clone(),
            ends: row.ends.map(str::to_owned),
        }
    }

    fn question(&self) -> (&str, &str, Option<&str>) {
        (&self.site, &self.from, self.to.as_deref())
    }

    fn text(&self) -> String {
        let mut text = self.judged.as_str().to_owned();
        if let (Some(program), Some(ends)) = (&self.program, &self.ends) {
            text.push_str(&format!(
                ", {} in `{program}` ({ends})",
                self.verdict.as_str()
            ));
        }
        text
    }
}

impl Recorded {
    /// What is to be kept of these rows and minimal tables.
    pub fn new(
        engine: EngineName,
        bounds: Vec<String>,
        rows: &[AuditRow],
        minimal: &[Table],
    ) -> Self {
        let minimal = MinimalSet::all(engine, minimal);
        Recorded {
            engine: engine.to_string(),
            bounds,
            rows: rows.iter().map(RecordedRow::new).collect(),
            minimal: minimal.into_iter().map(|set| set.orderings).collect(),
        }
    }

    /// The file.
    pub fn path() -> PathBuf {
        workspace::package().join("audit.json")
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no record of an audit.
    pub fn load() -> Result<Self, String> {
        let path = Self::path();
        std::fs::read(&path)
            .map_err(|e| e.to_string())
            .and_then(|text| json::read(&text))
            .map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self) -> Result<(), String> {
        let path = Self::path();
        std::fs::write(&path, json::pretty(self)?).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// The rows of a site.
    pub fn rows_of<'a>(&'a self, site: &'a str) -> impl Iterator<Item = &'a RecordedRow> {
        self.rows.iter().filter(move |row| row.site == site)
    }

    /// Whether the rows are those that an audit of the code's orderings has.
    pub fn is_of_code(&self, subject: &'static Description) -> bool {
        let mut expected = Vec::new();
        for site in subject.modelled_sites() {
            let from = Halves::of(site.ordering);
            let name = |halves| variants::name(site, halves);
            let row = |to| (site.info().name.as_str(), name(from), to);
            let mut weaker = variants::lacking(site, from).map(name).peekable();
            if weaker.peek().is_none() {
                expected.push(row(None));
            }
            let stronger = variants::stronger(site, from).map(name);
            expected.extend(weaker.chain(stronger).map(|to| row(Some(to))));
        }
        self.rows.iter().map(RecordedRow::question).eq(expected)
    }

    /// In what `now` differs, a line each. Minimal sets are compared if `now`
    /// has some, and SeqCst if both engines know it.
    pub fn differences(&self, now: &Recorded) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &now.rows {
            let (site, from, to) = row.question();
            let to = to.unwrap_or("-");
            match self.rows.iter().find(|r| r.question() == row.question()) {
                None => lines.push(format!("{site} {from} -> {to}: not in the record")),
                Some(recorded) if recorded != row => lines.push(format!(
                    "{site} {from} -> {to}: recorded: {}; now: {}",
                    recorded.text(),
                    row.text()
                )),
                Some(_) => {}
            }
        }
        let seq_cst = Ordering::SeqCst.as_str();
        for row in &self.rows {
            let (site, from, to) = row.question();
            if self.engine != now.engine && to == Some(seq_cst) {
                continue;
            }
            if !now.rows.iter().any(|r| r.question() == row.question()) {
                let to = to.unwrap_or("-");
                lines.push(format!("{site} {from} -> {to}: in the record only"));
            }
        }
        if !now.minimal.is_empty() && self.minimal != now.minimal {
            lines.push("the minimal sets of orderings differ".to_owned());
        }
        lines
    }
}

/// What `--json` prints of the joint view: a minimal set of orderings under which everything
/// passes.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MinimalSet {
    /// The code under test, if it is not `meta-core`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The engine.
    pub engine: EngineName,
    /// The sites that are not at their weakest, each with its ordering.
    pub orderings: BTreeMap<String, String>,
    /// Whether these are the orderings of the code.
    pub as_in_the_code: bool,
}

impl MinimalSet {
    /// Those of these tables: the code's own first, then the smallest.
    pub fn all(engine: EngineName, tables: &[Table]) -> Vec<Self> {
        let of_code = tables.first().map(Table::as_in_the_code);
        let of_code = of_code.as_ref().map(not_weakest);
        let set = |table: &Table| {
            let orderings = not_weakest(table);
            MinimalSet {
                subject: package::name(),
                engine,
                as_in_the_code: Some(&orderings) == of_code.as_ref(),
                orderings,
            }
        };
        let mut sets: Vec<_> = tables.iter().map(set).collect();
        let key = |s: &MinimalSet| (!s.as_in_the_code, s.orderings.len(), s.orderings.clone());
        sets.sort_by_key(key);
        sets
    }
}

fn not_weakest(table: &Table) -> BTreeMap<String, String> {
    let strong = |site| variants::lacking(site, table.get(site)).next().is_some();
    table
        .sites()
        .filter(|site| strong(*site))
        .map(|site| {
            let ordering = variants::name(site, table.get(site));
            (site.name.clone(), ordering.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::tests::described;

    fn recorded(judged: RowVerdict) -> Recorded {
        let row = RecordedRow {
            site: "DEC".to_owned(),
            from: "Release".to_owned(),
            to: Some("Relaxed".to_owned()),
            judged,
            verdict: Verdict::Pass,
            program: None,
            ends: None,
        };
        Recorded {
            rows: vec![row],
            ..Recorded::default()
        }
    }

    #[test]
    fn another_judgement_is_a_difference() {
        let kept = recorded(RowVerdict::Needed);
        assert!(kept.differences(&kept).is_empty());
        let now = recorded(RowVerdict::StrongerThanNeeded);
        assert_eq!(
            kept.differences(&now),
            ["DEC Release -> Relaxed: recorded: needed; now: stronger than needed"]
        );
    }

    #[test]
    fn a_row_on_one_side_only_is_a_difference() {
        let kept = recorded(RowVerdict::Needed);
        let none = Recorded::default();
        assert_eq!(kept.differences(&none).len(), 1);
        assert_eq!(none.differences(&kept).len(), 1);
    }

    #[test]
    fn rows_of_other_orderings_are_not_the_codes() {
        assert!(!recorded(RowVerdict::Needed).is_of_code(described()));
    }

    #[test]
    fn the_codes_own_set_comes_first() {
        let code = Table::of_code(described());
        let dec = described().site("DEC").unwrap();
        let both = variants::admitted(dec).last().unwrap();
        let sets = [code.with(dec, both), code.clone()];
        let recorded = Recorded::new(EngineName::Rc11, Vec::new(), &[], &sets);
        assert_eq!(recorded.minimal[0], not_weakest(&code));
        assert_ne!(recorded.minimal[1], not_weakest(&code));
    }
}
