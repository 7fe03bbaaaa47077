//! What the figures say, as tables for a terminal or a document.

use super::compare::Compared;
use super::{Figure, Part, Results, Unit};
use crate::report::{count, seconds};
use crate::scale::Row;

/// A table: its columns after the first `words` ones are numbers.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it is about.
    pub title: &'static str,
    /// What a reader has to know, if anything.
    pub note: &'static str,
    /// Names of the columns.
    pub header: Vec<&'static str>,
    /// Columns of words, at the left.
    pub words: usize,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

/// The member that is compared with all others of its group: the first.
fn ours<'a>(results: &'a Results, part: Part, group: &str) -> Option<&'a Figure> {
    results.of(part).find(|figure| figure.group == group)
}

/// The member that stands for the bare instructions.
const BARE: &str = "bare";

/// A thread-local container is shown, and is no peer of what threads share.
const NO_PEER: &str = "slab, of one thread";

/// How much more than the bare instructions an operation may take.
const GOAL: f64 = 1.05;

/// All tables of a run; of parts that were not measured there is none.
pub fn tables(results: &Results) -> Vec<Table> {
    [
        goals(results),
        operations(results),
        engines(results),
        waste(results),
        commands(results),
        controls(results),
        scale(&results.scale, results.machine.cores),
    ]
    .into_iter()
    .filter(|table| !table.rows.is_empty())
    .collect()
}

/// Every operation beside its peers.
fn operations(results: &Results) -> Table {
    let mut groups = results.groups(Part::Protocol);
    if groups.is_empty() {
        groups = results.groups(Part::Instructions);
        // Those of the engines have a table of their own.
        groups.retain(|group| engine_of(group).is_none());
    }
    groups.retain(|group| *group != "nothing");
    let mut rows = Vec::new();
    for group in groups {
        let members = results
            .of(Part::Protocol)
            .chain(results.of(Part::Instructions));
        let mut names: Vec<&str> = Vec::new();
        for figure in members.filter(|figure| figure.group == group) {
            if !names.contains(&figure.member.as_str()) {
                names.push(&figure.member);
            }
        }
        for (position, name) in names.into_iter().enumerate() {
            let cells = |part, ours: Option<&Figure>| {
                let figure = results.find(part, group, name);
                let value = figure.map_or_else(dash, value);
                let ratio = figure.zip(ours).map(|(this, ours)| this.ratio(ours));
                let ratio = ratio.filter(|_| position > 0).map_or_else(dash, times);
                (value, figure.map_or_else(dash, spread), ratio)
            };
            let (time, spread, ratio) = cells(Part::Protocol, ours(results, Part::Protocol, group));
            let (instructions, _, counted) =
                cells(Part::Instructions, ours(results, Part::Instructions, group));
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
        note: "times: of the first row of the group, so that above ×1 that one is faster; on two \
               threads the other one is busy with the same object",
        header: vec![
            "operation",
            "by",
            "time",
            "±",
            "times",
            "instructions",
            "times",
        ],
        words: 2,
        rows,
    }
}

/// The goals: as fast as the fastest peer, and within five percent of the bare
/// instructions.
fn goals(results: &Results) -> Table {
    let mut rows = Vec::new();
    for group in results.groups(Part::Protocol) {
        if group == "nothing" {
            continue;
        }
        let Some(ours) = ours(results, Part::Protocol, group) else {
            continue;
        };
        let peers = results.of(Part::Protocol).filter(|figure| {
            figure.group == group
                && ![BARE, NO_PEER, ours.member.as_str()].contains(&figure.member.as_str())
        });
        let best = peers.min_by(|a, b| a.median().total_cmp(&b.median()));
        let of_peer = best.map(|best| ours.ratio(best));
        let bare = results.find(Part::Protocol, group, BARE);
        let of_bare = bare.map(|bare| ours.ratio(bare));
        let counted = [&ours.member, BARE].map(|m| results.find(Part::Instructions, group, m));
        let extra = match counted {
            [Some(ours), Some(bare)] => Some(ours.median() - bare.median()),
            _ => None,
        };
        // Two threads that collide are slow by chance: the goal is for one.
        let alone = results
            .find(Part::Instructions, group, &ours.member)
            .is_some();
        let met = of_peer.is_none_or(|ratio| ratio <= GOAL)
            && of_bare.is_none_or(|ratio| !alone || ratio <= GOAL);
        rows.push(vec![
            group.to_owned(),
            best.map_or_else(dash, |best| best.member.clone()),
            of_peer.map_or_else(dash, times),
            of_bare.map_or_else(dash, times),
            extra.map_or_else(dash, |extra| format!("{extra:+.0}")),
            if met { "yes" } else { "no" }.to_owned(),
        ]);
    }
    Table {
        title: "Goals",
        note: "Not slower than the fastest peer, and alone not slower than the bare atomic \
               instructions, within 5 %, which is what these clocks tell apart at best.",
        header: vec![
            "operation",
            "fastest peer",
            "of its time",
            "of the bare time",
            "instructions more than bare",
            "met",
        ],
        words: 2,
        rows,
    }
}

/// The engine and the program of a group that is one.
fn engine_of(group: &str) -> Option<(&str, &str)> {
    group.split_once(": ")
}

/// What the harness costs.
fn engines(results: &Results) -> Table {
    let mut rows = Vec::new();
    let mut groups = results.groups(Part::Engines);
    if groups.is_empty() {
        groups = results.groups(Part::Instructions);
    }
    for group in groups {
        let Some((engine, program)) = engine_of(group) else {
            continue;
        };
        let find = |part, member| results.find(part, group, member);
        let more = |part, member| {
            let both = find(part, member).zip(find(part, BARE));
            both.map_or_else(dash, |(figure, bare)| {
                format!("{:+.0} %", (figure.ratio(bare) - 1.0) * 100.0)
            })
        };
        let rate = |member| {
            let figure = find(Part::Engines, member);
            let rate = figure.and_then(|f| Some(f.executions? as f64 / f.median()));
            rate.map_or_else(dash, |rate| count(rate.round() as u64))
        };
        let (harness, traced) = ("harness", "harness, traced");
        let bare = find(Part::Engines, BARE);
        let known = bare.or(find(Part::Instructions, BARE));
        rows.push(vec![
            engine.to_owned(),
            program.to_owned(),
            known.and_then(|f| f.executions).map_or_else(dash, count),
            rate(BARE),
            rate(harness),
            bare.map_or_else(dash, spread),
            more(Part::Engines, harness),
            more(Part::Engines, traced),
            more(Part::Instructions, harness),
            more(Part::Instructions, traced),
        ]);
    }
    Table {
        title: "Engines",
        note: "The same program, written by hand for the bare engine and as the harness explores \
               it, with the same executions.",
        header: vec![
            "engine",
            "program",
            "executions",
            "bare, a second",
            "harness, a second",
            "±",
            "time",
            "traced",
            "instructions",
            "traced",
        ],
        words: 2,
        rows,
    }
}

/// What the harness does without: names of the member, and of what it is
/// compared with.
const WASTEFUL: [(&str, &str); 2] = [
    ("harness, fresh stacks", "harness"),
    ("bare, all threads joined", BARE),
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
            rows.push(vec![
                engine_of(group)
                    .map_or(group, |(_, program)| program)
                    .to_owned(),
                name.to_owned(),
                beside.member.clone(),
                figure.executions.map_or_else(dash, count),
                beside.executions.map_or_else(dash, count),
                value(figure),
                value(beside),
                times(figure.ratio(beside)),
            ]);
        }
    }
    Table {
        title: "What loom models can do without",
        note: "A stack from the system for every thread of every execution; a thread for each \
               instead of one on the model's own, joined, with loom's `Arc` between them.",
        header: vec![
            "program",
            "with it",
            "without it",
            "executions",
            "without",
            "time",
            "without",
            "times",
        ],
        words: 3,
        rows,
    }
}

/// Whole commands.
fn commands(results: &Results) -> Table {
    let rows = results.of(Part::Commands).map(|figure| {
        let rate = figure.executions.map(|n| n as f64 / figure.median());
        vec![
            figure.group.clone(),
            figure.executions.map_or_else(dash, count),
            value(figure),
            spread(figure),
            rate.map_or_else(dash, |rate| count(rate.round() as u64)),
        ]
    });
    Table {
        title: "Commands",
        note: "Once everything is built, on as many workers as there are cores.",
        header: vec![
            "under loom",
            "executions",
            "time",
            "±",
            "executions a second",
        ],
        words: 1,
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
        ]
    });
    Table {
        title: "Controls",
        note: "Until the first failure under loom. Executions are the same on every machine.",
        header: vec!["control", "verdict", "executions", "time"],
        words: 2,
        rows: rows.collect(),
    }
}

/// What the campaigns of each bound would cost.
pub fn scale(rows: &[Row], workers: usize) -> Table {
    let cells = |row: &Row| {
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
        note: "loom, loads as cas, one slot; `~` is an estimate from a sample, `>` a lower bound. \
               Time here: on all cores, if nothing else runs.",
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
            times(both.ratio()),
            change.to_owned(),
        ]
    });
    Table {
        title: "Comparison",
        note: "`more` and `less`: all rounds of one run lie beyond all rounds of the other",
        header: vec!["part", "what", "by", "old", "new", "times", "beyond noise"],
        words: 3,
        rows: rows.collect(),
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn times(ratio: f64) -> String {
    format!("×{ratio:.2}")
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
    use super::super::figure::tests::figure;
    use super::*;

    fn operation(member: &str, time: f64, instructions: f64) -> [Figure; 2] {
        let counted = Figure {
            part: Part::Instructions,
            unit: Unit::Instructions,
            ..figure("clone", member, &[instructions])
        };
        [figure("clone", member, &[time, time, time]), counted]
    }

    fn goal(frame: f64, arc: f64, bare: f64) -> Vec<String> {
        let mut results = Results::here();
        results.figures = [
            operation("frame", frame, 12.0),
            operation("Arc", arc, 14.0),
            operation(NO_PEER, 1e-10, 3.0),
            operation(BARE, bare, 10.0),
        ]
        .concat();
        goals(&results).rows.remove(0)
    }

    #[test]
    fn a_goal_is_met_only_against_the_fastest_peer_and_the_bare_instructions() {
        let row = goal(10e-9, 11e-9, 9.9e-9);
        assert_eq!(row, ["clone", "Arc", "×0.91", "×1.01", "+2", "yes"]);
        assert_eq!(goal(10e-9, 8e-9, 9.9e-9)[5], "no");
        assert_eq!(goal(10e-9, 11e-9, 9e-9)[5], "no");
    }

    #[test]
    fn a_table_has_as_many_cells_as_columns_in_every_row() {
        let mut results = Results::here();
        results.figures = operation("frame", 1e-9, 2.0).to_vec();
        for part in [Part::Engines, Part::Commands, Part::Controls] {
            results.figures.push(Figure {
                part,
                ..figure("loom: program", BARE, &[1.0])
            });
        }
        let tables = tables(&results);
        assert_eq!(tables.len(), 5);
        for table in tables {
            for row in &table.rows {
                assert_eq!(row.len(), table.header.len(), "{}", table.title);
            }
        }
    }
}
