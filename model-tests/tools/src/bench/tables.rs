//! What the figures say, as tables for a terminal or a document.

use super::compare::Compared;
use super::goals;
use super::{Figure, Part, Results, Unit};
use crate::print::{count, seconds};
use crate::scale::ScaleRow;

/// A table: its columns after the first `words` ones are numbers.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it is about.
    pub title: &'static str,
    /// What a reader has to know.
    pub note: String,
    /// Names of the columns.
    pub header: Vec<&'static str>,
    /// Columns of words, at the left.
    pub words: usize,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

/// All tables of a run; of parts that were not measured there is none.
pub fn tables(results: &Results) -> Vec<Table> {
    [
        goals(results),
        operations(results),
        engines(results),
        waste(results),
        commands(results),
        controls(results),
        scale(&results.scale, results.plan.workers),
    ]
    .into_iter()
    .filter(|table| !table.rows.is_empty())
    .collect()
}

/// The goals, and whether they are met.
fn goals(results: &Results) -> Table {
    let rows = goals::all(results).into_iter().map(|goal| {
        vec![
            goal.operation.to_owned(),
            goal.peer
                .as_ref()
                .map_or_else(dash, |(peer, _)| peer.member.clone()),
            goal.peer
                .as_ref()
                .map_or_else(dash, |(_, ratio)| times(ratio)),
            goal.bare.as_ref().map_or_else(dash, times),
            goal.extra.map_or_else(dash, |extra| format!("{extra:+.0}")),
            goal.met()
                .map_or_else(dash, |met| if met { "yes" } else { "no" }.to_owned()),
        ]
    });
    Table {
        title: "Goals",
        note:
            "Not slower than the fastest peer, and not slower than the bare atomic instructions, \
               within 5 %. On two threads the times are shown and not judged: how threads collide \
               is chance."
                .to_owned(),
        header: vec![
            "operation",
            "fastest peer",
            "of its time",
            "of the bare time",
            "instructions more than bare",
            "met",
        ],
        words: 2,
        rows: rows.collect(),
    }
}

/// Every operation beside its peers.
fn operations(results: &Results) -> Table {
    let mut rows = Vec::new();
    for group in goals::operations(results) {
        let figures = results
            .of(Part::Protocol)
            .chain(results.of(Part::Instructions));
        let mut names: Vec<&str> = Vec::new();
        for figure in figures.filter(|figure| figure.group == group) {
            if !names.contains(&figure.member.as_str()) {
                names.push(&figure.member);
            }
        }
        for (position, name) in names.into_iter().enumerate() {
            let cells = |part| {
                let figure = results.find(part, group, name);
                let ours = results.first(part, group);
                let ratio = figure.zip(ours).map(|(this, ours)| this.ratio(ours));
                let ratio = ratio.filter(|_| position > 0);
                [
                    figure.map_or_else(dash, value),
                    figure.map_or_else(dash, spread),
                    ratio.as_ref().map_or_else(dash, times),
                ]
            };
            let [time, spread, ratio] = cells(Part::Protocol);
            let [instructions, _, counted] = cells(Part::Instructions);
            rows.push(vec![
                if position == 0 {
                    group.to_owned()
                } else {
                    String::new()
                },
                name.to_owned(),
                time,
                spread,
                ratio,
                instructions,
                counted,
            ]);
        }
    }
    Table {
        title: "Operations",
        note:
            "×: of the first row of the group; above ×1 the first row takes less. On two threads \
               the other one is busy with the same object, or asks the same allocator. A frame is \
               claimed by its address; the peers of that group find a free place too."
                .to_owned(),
        header: vec![
            "operation",
            "by",
            "time",
            "±",
            "×",
            "instructions",
            "× instructions",
        ],
        words: 2,
        rows,
    }
}

/// What the harness costs.
fn engines(results: &Results) -> Table {
    let mut rows = Vec::new();
    let mut groups = results.groups(Part::Engines);
    if groups.is_empty() {
        groups = results.groups(Part::Instructions);
    }
    for group in groups {
        let Some((engine, program)) = goals::engine_of(group) else {
            continue;
        };
        let find = |part, member| results.find(part, group, member);
        let ratio = |part, member| {
            let both = find(part, member).zip(find(part, goals::BARE));
            both.map(|(figure, bare)| figure.ratio(bare))
        };
        let more = |part, member| {
            ratio(part, member).map_or_else(dash, |ratio| {
                format!("{:+.0} %", (ratio.median() - 1.0) * 100.0)
            })
        };
        let rate = |member| {
            let figure = find(Part::Engines, member);
            let rate = figure.and_then(|f| Some(f.executions? as f64 / f.median()));
            rate.map_or_else(dash, |rate| count(rate.round() as u64))
        };
        let (harness, traced) = ("harness", "harness, traced");
        let bare = find(Part::Engines, goals::BARE);
        let known = bare.or(find(Part::Instructions, goals::BARE));
        rows.push(vec![
            engine.to_owned(),
            program.to_owned(),
            known.and_then(|f| f.executions).map_or_else(dash, count),
            rate(goals::BARE),
            rate(harness),
            more(Part::Engines, harness),
            ratio(Part::Engines, harness)
                .as_ref()
                .map_or_else(dash, spread),
            more(Part::Engines, traced),
            more(Part::Instructions, harness),
            more(Part::Instructions, traced),
        ]);
    }
    Table {
        title: "Engines",
        note: "The same program, written by hand for the bare engine and as the harness explores \
               it, with the same executions. Both have the harness's stacks for loom."
            .to_owned(),
        header: vec![
            "engine",
            "program",
            "executions",
            "bare, a second",
            "harness, a second",
            "harness, time",
            "±",
            "traced, time",
            "harness, instructions",
            "traced, instructions",
        ],
        words: 2,
        rows,
    }
}

/// What the harness does without: names of the member, and of what it is
/// compared with.
const WASTEFUL: [(&str, &str); 2] = [
    ("harness, fresh stacks", "harness"),
    ("bare, all threads joined", goals::BARE),
];

/// What the harness does without.
fn waste(results: &Results) -> Table {
    let mut rows = Vec::new();
    for group in results.groups(Part::Engines) {
        for (name, beside) in WASTEFUL {
            let find = |member| results.find(Part::Engines, group, member);
            let (Some(figure), Some(beside)) = (find(name), find(beside)) else {
                continue;
            };
            let ratio = figure.ratio(beside);
            let (engine, program) = goals::engine_of(group).unwrap_or(("", group));
            rows.push(vec![
                engine.to_owned(),
                program.to_owned(),
                name.to_owned(),
                beside.member.clone(),
                figure.executions.map_or_else(dash, count),
                beside.executions.map_or_else(dash, count),
                value(figure),
                value(beside),
                times(&ratio),
                spread(&ratio),
            ]);
        }
    }
    Table {
        title: "What models can do without",
        note: "Under loom: a stack from the system for every thread of every execution; a thread \
               for each instead of one on the model's own, joined, with loom's `Arc` between them. \
               Under shuttle: a join for each thread instead of one wait for all, of three threads \
               or more. The time is that of all executions."
            .to_owned(),
        header: vec![
            "engine",
            "program",
            "with it",
            "without it",
            "executions",
            "without",
            "time",
            "without",
            "×",
            "±",
        ],
        words: 4,
        rows,
    }
}

/// Whole commands.
fn commands(results: &Results) -> Table {
    let rows = results.of(Part::Commands).map(|figure| {
        let rate = figure.executions.map(|n| n as f64 / figure.median());
        vec![
            figure.group.clone(),
            figure.member.clone(),
            figure.executions.map_or_else(dash, count),
            value(figure),
            spread(figure),
            rate.map_or_else(dash, |rate| count(rate.round() as u64)),
            figure.peak_memory.map_or_else(dash, mebibytes),
        ]
    });
    Table {
        title: "Commands",
        note: format!(
            "Once everything is built, on {} by default. Memory is the most that a worker has at once.",
            workers(results.plan.workers)
        ),
        header: vec![
            "command",
            "engine",
            "executions",
            "time",
            "±",
            "executions a second",
            "memory",
        ],
        words: 2,
        rows: rows.collect(),
    }
}

/// How soon controls fail.
fn controls(results: &Results) -> Table {
    let rows = results.of(Part::Controls).map(|figure| {
        vec![
            figure.group.clone(),
            figure.member.clone(),
            figure.executions.map_or_else(dash, count),
            value(figure),
            spread(figure),
        ]
    });
    Table {
        title: "Controls",
        note: "Until the first failure under loom. Executions are the same on every machine."
            .to_owned(),
        header: vec!["control", "verdict", "executions", "time", "±"],
        words: 2,
        rows: rows.collect(),
    }
}

/// What the campaigns of each bound would cost on so many workers.
pub fn scale(rows: &[ScaleRow], workers: usize) -> Table {
    let cells = |row: &ScaleRow| {
        let sign = row.sign();
        let programs = u64::try_from(row.programs).unwrap_or(u64::MAX);
        let total = count(row.total_executions().round() as u64);
        let here = row.total_seconds() / workers as f64;
        vec![
            row.bound.clone(),
            row.ends.clone(),
            count(programs),
            count(row.sampled),
            count(row.cut_off),
            count(row.mean().round() as u64),
            count(row.most),
            format!("{sign}{total}"),
            match row.error {
                0.0 => String::new(),
                error => format!("{:.0} %", error * 100.0),
            },
            format!("{sign}{}", seconds(row.total_seconds())),
            format!("{sign}{}", seconds(here)),
        ]
    };
    Table {
        title: "Bounds",
        note: format!(
            "loom, loads as cas, one slot; `~` is an estimate from a sample, `>` a lower bound. \
             Time here: on {}, if nothing else runs.",
            self::workers(workers)
        ),
        header: vec![
            "bound",
            "ends",
            "programs",
            "run",
            "cut off",
            "mean",
            "most",
            "executions of all",
            "±",
            "engine time",
            "time here",
        ],
        words: 2,
        rows: rows.iter().map(cells).collect(),
    }
}

/// Two runs, figure by figure.
pub fn compared(compared: &[Compared<'_>]) -> Table {
    let rows = compared.iter().map(|both| {
        let change = match (both.differs(), both.ratio()) {
            _ if both.old.executions != both.new.executions => "other executions",
            (false, _) => "",
            (true, ratio) if ratio > 1.0 => "more",
            (true, _) => "less",
        };
        vec![
            both.new.part.to_string(),
            both.new.group.clone(),
            both.new.member.clone(),
            value(both.old),
            value(both.new),
            format!("×{:.2}", both.ratio()),
            change.to_owned(),
        ]
    });
    Table {
        title: "Comparison",
        note: "`more` and `less`: all rounds of one run lie beyond all rounds of the other."
            .to_owned(),
        header: vec!["part", "what", "by", "old", "new", "×", "beyond noise"],
        words: 3,
        rows: rows.collect(),
    }
}

fn workers(number: usize) -> String {
    match number {
        1 => "one worker".to_owned(),
        number => format!("{number} workers"),
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn times(ratio: &Figure) -> String {
    format!("×{:.2}", ratio.median())
}

fn spread(figure: &Figure) -> String {
    match figure.values.len() {
        0 | 1 => dash(),
        _ => format!("{:.0} %", figure.spread() * 50.0),
    }
}

fn value(figure: &Figure) -> String {
    let median = figure.median();
    match figure.unit {
        Unit::Instructions => format!("{median:.0}"),
        Unit::Seconds if median < 1e-6 => format!("{:.1} ns", median * 1e9),
        Unit::Seconds if median < 1e-3 => format!("{:.1} µs", median * 1e6),
        Unit::Seconds if median < 1.0 => format!("{:.1} ms", median * 1e3),
        Unit::Seconds => seconds(median),
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::{figure, plan};
    use super::*;

    #[test]
    fn a_table_has_as_many_cells_as_columns_in_every_row() {
        let mut results = Results::here(plan());
        results.figures.push(figure("clone", "frame", &[1e-9]));
        for part in [Part::Engines, Part::Commands, Part::Controls] {
            for member in [goals::BARE, "harness", "harness, fresh stacks"] {
                results.figures.push(Figure {
                    part,
                    ..figure("loom: program", member, &[1.0, 2.0])
                });
            }
        }
        let tables = tables(&results);
        assert_eq!(tables.len(), 6);
        for table in tables {
            for row in &table.rows {
                assert_eq!(row.len(), table.header.len(), "{}", table.title);
            }
        }
    }
}
