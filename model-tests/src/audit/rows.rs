//! The rows of the audit: each site, each ordering it could have instead.

use pipe::EngineName;
use pipe::Site;
use serde::{Deserialize, Serialize};

use super::oracle::{Answer, Oracle};
use super::table::Table;
use super::variants;
use crate::package;
use pipe::Verdict;

/// How the audit judges one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum RowVerdict {
    /// A weaker ordering fails, as it should.
    #[serde(rename = "needed")]
    Needed,
    /// A weaker ordering passes: the site is stronger than needed.
    #[serde(rename = "stronger than needed")]
    StrongerThanNeeded,
    /// A weaker ordering passes too, of a subject whose scenarios need not be all that
    /// its code is used for.
    #[serde(rename = "not needed by what was explored")]
    NotNeededHere,
    /// The site is at its weakest already.
    #[serde(rename = "weakest already")]
    Weakest,
    /// A stronger ordering changes nothing, as it should.
    #[serde(rename = "changes nothing")]
    ChangesNothing,
    /// A stronger ordering passes, and forbids an outcome on several slots.
    #[serde(rename = "forbids outcomes")]
    ForbidsOutcomes,
    /// The table fails with this ordering, and not with the one tried.
    #[serde(rename = "too weak")]
    TooWeak,
    /// A stronger ordering fails: something is wrong.
    #[serde(rename = "fails when stronger")]
    FailsWhenStronger,
}

impl RowVerdict {
    /// The words.
    pub const fn as_str(self) -> &'static str {
        match self {
            RowVerdict::Needed => "needed",
            RowVerdict::StrongerThanNeeded => "stronger than needed",
            RowVerdict::NotNeededHere => "not needed by what was explored",
            RowVerdict::Weakest => "weakest already",
            RowVerdict::ChangesNothing => "changes nothing",
            RowVerdict::ForbidsOutcomes => "forbids outcomes",
            RowVerdict::TooWeak => "too weak",
            RowVerdict::FailsWhenStronger => "fails when stronger",
        }
    }

    /// Whether the audit fails for it.
    pub const fn fails(self) -> bool {
        matches!(
            self,
            RowVerdict::StrongerThanNeeded | RowVerdict::TooWeak | RowVerdict::FailsWhenStronger
        )
    }
}

/// One row.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditRow {
    /// The code under test, if it is not `meta-core`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The site.
    pub site: String,
    /// The ordering in the table under audit.
    pub from: &'static str,
    /// The ordering tried.
    pub to: Option<&'static str>,
    /// How the audit judges it.
    pub judged: RowVerdict,
    /// How the program failed, or `pass`.
    pub verdict: Verdict,
    /// The smallest program that fails.
    pub program: Option<String>,
    /// What happened to handles at its end.
    pub ends: Option<&'static str>,
    /// The engine.
    pub engine: &'static str,
    /// Executions until it failed, or of everything that passed.
    pub executions: u64,
    /// Runs it took to find the program, or all of them.
    pub runs: u64,
    /// The time it took to find it.
    pub seconds: f64,
    /// Whether everything that was to be explored was.
    pub complete: bool,
}

/// Judges every change of one site in `table`, which passes as it is.
///
/// # Errors
///
/// If the oracle fails.
pub fn rows(
    oracle: &mut Oracle<'_>,
    table: &Table,
    mut take: impl FnMut(&AuditRow),
) -> Result<Vec<AuditRow>, String> {
    let engine = oracle.engine();
    let mut rows = Vec::new();
    for site in table.sites() {
        let from = table.get(site);
        let mut weaker = variants::lacking(site, from).peekable();
        if weaker.peek().is_none() {
            let row = AuditRow {
                to: None,
                judged: RowVerdict::Weakest,
                verdict: Verdict::Pass,
                program: None,
                ends: None,
                executions: 0,
                runs: 0,
                seconds: 0.0,
                ..new(engine, site, table)
            };
            take(&row);
            rows.push(row);
        }
        for to in weaker {
            let answer = oracle.judge(&table.with(site, to))?;
            let row = of_answer(engine, site, table, to, &answer, RowVerdict::Needed);
            take(&row);
            rows.push(row);
        }
        let asked = |to: &variants::Halves| !to.seq_cst || oracle.knows_seq_cst();
        let stronger: Vec<_> = variants::stronger(site, from).filter(asked).collect();
        for to in stronger {
            let answer = oracle.judge(&table.with(site, to))?;
            let row = of_answer(engine, site, table, to, &answer, RowVerdict::ChangesNothing);
            take(&row);
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Which sites of a table that fails are too weak: the fewest that make everything
/// pass when they are as in the code or, if the code fails too, stronger. Returns
/// the table mended so.
///
/// # Errors
///
/// If the oracle fails, or even the strongest orderings do not pass.
pub fn mend(
    oracle: &mut Oracle<'_>,
    table: &Table,
    mut take: impl FnMut(&AuditRow),
) -> Result<(Table, Vec<AuditRow>), String> {
    let mut mended = table.or(&table.as_in_the_code());
    let code_passes = oracle.passes(&mended)?;
    if !code_passes {
        for site in table.sites() {
            let strongest = mended.get(site).or(variants::strongest(site));
            mended = mended.with(site, strongest);
        }
        if let Some(kill) = oracle.judge(&mended)?.kill {
            return Err(format!(
                "`{}` ends in {} whatever the orderings: {}",
                kill.case, kill.verdict, kill.message
            ));
        }
    }
    for site in table.sites() {
        let reverted = mended.with(site, table.get(site));
        if reverted != mended && oracle.passes(&reverted)? {
            mended = reverted;
        }
    }
    for site in table.sites().filter(|_| !code_passes) {
        if mended.get(site) == table.get(site) {
            continue;
        }
        for weaker in variants::admitted(site) {
            let tried = mended.with(site, weaker);
            if oracle.passes(&tried)? {
                mended = tried;
                break;
            }
        }
    }
    let engine = oracle.engine();
    let mut rows = Vec::new();
    for site in table
        .sites()
        .filter(|site| table.get(*site) != mended.get(*site))
    {
        let answer = oracle.judge(&mended.with(site, table.get(site)))?;
        let to = mended.get(site);
        let row = AuditRow {
            judged: RowVerdict::TooWeak,
            ..of_answer(engine, site, table, to, &answer, RowVerdict::Needed)
        };
        take(&row);
        rows.push(row);
    }
    Ok((mended, rows))
}

fn new(engine: EngineName, site: Site, table: &Table) -> AuditRow {
    AuditRow {
        subject: package::name(),
        site: site.name.clone(),
        from: variants::name(site, table.get(site)),
        to: None,
        judged: RowVerdict::Weakest,
        verdict: Verdict::Pass,
        program: None,
        ends: None,
        engine: engine.as_str(),
        executions: 0,
        runs: 0,
        seconds: 0.0,
        complete: true,
    }
}

fn of_answer(
    engine: EngineName,
    site: Site,
    table: &Table,
    to: variants::Halves,
    answer: &Answer,
    expected: RowVerdict,
) -> AuditRow {
    let (judged, kill) = match (expected, &answer.kill, &answer.ruled_out) {
        (RowVerdict::Needed, None, _) if package::chosen().is_some() => {
            (RowVerdict::NotNeededHere, None)
        }
        (RowVerdict::Needed, None, _) => (RowVerdict::StrongerThanNeeded, None),
        (RowVerdict::ChangesNothing, Some(kill), _) => (RowVerdict::FailsWhenStronger, Some(kill)),
        (RowVerdict::ChangesNothing, None, Some(missing)) => {
            (RowVerdict::ForbidsOutcomes, Some(missing))
        }
        (expected, kill, _) => (expected, kill.as_ref()),
    };
    AuditRow {
        to: Some(variants::name(site, to)),
        judged,
        verdict: kill.map_or(Verdict::Pass, |kill| kill.verdict),
        program: kill.map(|kill| kill.case.to_string()),
        ends: kill.map(|kill| kill.ends.as_str()),
        executions: (answer.kill.as_ref()).map_or(answer.executions, |kill| kill.executions),
        runs: answer.runs,
        seconds: answer.seconds,
        complete: answer.kill.is_none(),
        ..new(engine, site, table)
    }
}

#[cfg(test)]
mod tests {
    use programs::outcome::Ends;
    use programs::program::Program;

    use super::*;
    use crate::audit::oracle::Kill;
    use crate::subject::tests::described;

    #[test]
    fn a_row_says_what_its_answer_means() {
        let table = Table::of_code(described());
        let site = described().site("DEC").unwrap();
        let program: Program = "shared*2: drop | drop".parse().unwrap();
        let kill = Kill {
            case: program.into(),
            ends: Ends::Left,
            verdict: Verdict::DataRace,
            message: String::new(),
            executions: 3,
        };
        let row = |kills: bool, rules_out: bool, expected| {
            let answer = Answer {
                kill: kills.then(|| kill.clone()),
                ruled_out: rules_out.then(|| kill.clone()),
                runs: 7,
                executions: 9,
                seconds: 0.0,
            };
            let to = table.get(site);
            of_answer(EngineName::Rc11, site, &table, to, &answer, expected)
        };
        for (kills, rules_out, expected, judged, fails) in [
            (true, false, RowVerdict::Needed, RowVerdict::Needed, false),
            (
                false,
                false,
                RowVerdict::Needed,
                RowVerdict::StrongerThanNeeded,
                true,
            ),
            (
                false,
                true,
                RowVerdict::Needed,
                RowVerdict::StrongerThanNeeded,
                true,
            ),
            (
                false,
                false,
                RowVerdict::ChangesNothing,
                RowVerdict::ChangesNothing,
                false,
            ),
            (
                false,
                true,
                RowVerdict::ChangesNothing,
                RowVerdict::ForbidsOutcomes,
                false,
            ),
            (
                true,
                false,
                RowVerdict::ChangesNothing,
                RowVerdict::FailsWhenStronger,
                true,
            ),
        ] {
            let row = row(kills, rules_out, expected);
            assert_eq!((row.judged, row.judged.fails()), (judged, fails), "{row:?}");
            assert_eq!(row.complete, !kills, "{row:?}");
            assert_eq!(row.executions, if kills { 3 } else { 9 }, "{row:?}");
            let shown = kills || judged == RowVerdict::ForbidsOutcomes;
            let verdict = if shown {
                Verdict::DataRace
            } else {
                Verdict::Pass
            };
            assert_eq!(row.verdict, verdict, "{row:?}");
            let named = (row.program.as_deref(), row.ends);
            let expected = ("shared*2: drop | drop", "left");
            assert_eq!(
                named,
                if shown {
                    (Some(expected.0), Some(expected.1))
                } else {
                    (None, None)
                }
            );
        }
    }
}
