//! `coverage`: did the harness look everywhere?

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use comfy_table::{ContentArrangement, Table, presets};
use programs::outcome::Ends;
use programs::program::{Bound, Program, enumerate};
use programs::spec::Params;

use super::campaign::{fits_loom, way};
use super::pool::{pool, refuse_many, subject};
use super::{Refusal, number};
use crate::archive::{Findings, Kept};
use crate::campaign::Way;
use crate::coverage::{self, Coverage, CoverageLine, SiteLine};
use crate::json;
use crate::subject::fitting;
use crate::{interrupt, litmus, package, print};
use crate::{note, out, output};
use pipe::CLASSES;
use pipe::Verdict;
use pipe::{EngineName, Record, Target};

/// Compare the transitions that an engine reaches with those that the specification
/// allows, and the sites that it performs with the table of orderings.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A transition is (state before, operation) -> (result, state after). One that is allowed and not
reached fails, and so does one that is reached and not allowed, and a site of the table of orderings
that no code performs. The scenarios are run for the sites that programs do not come to.

Exit codes: 0 both are the same, 1 they differ, 2 bad input, 3 interrupted, 4 tool failure")]
pub(super) struct Args {
    /// Bounds whose programs are run beside the litmus files
    #[arg(long, value_name = "THREADSxOPS", default_values = ["2x2"], value_delimiter = ',')]
    bounds: Vec<Bound>,

    /// The explorer: rc11 or loom
    #[arg(long, value_name = "ENGINE", default_value = "rc11")]
    engine: EngineName,

    /// Worker processes; as many as cores by default
    #[arg(long, value_name = "N", value_parser = number::workers)]
    workers: Option<usize>,

    /// Print one JSON object for each transition and each site
    #[arg(long)]
    json: bool,
}

/// The exit code when something was not reached, or should not have been.
const NOT_EXACT: u8 = 1;

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let way = way(args.engine)?;
    refuse_many(&args.bounds, 1, true)?;
    if let Way::Loom(_) = way {
        for bound in &args.bounds {
            fits_loom(*bound).map_err(Refusal::input)?;
        }
    }
    let subject = subject(args.engine);
    let corpus = litmus::corpus(&subject).map_err(Refusal::input)?;
    let mut programs: Vec<(Program, Ends)> = corpus
        .iter()
        .filter(|file| file.expect == Verdict::Pass && file.orderings.is_empty())
        .flat_map(|file| file.ends.iter().map(|ends| (file.program.clone(), *ends)))
        .chain(args.bounds.iter().flat_map(|bound| {
            enumerate(*bound, true)
                .flat_map(|program| [(program.clone(), Ends::Dropped), (program, Ends::Left)])
        }))
        .collect();
    let mut params = Params::MODEL;
    if package::chosen().is_some() {
        let described = subject.description().map_err(Refusal::tool)?;
        if described.programs.is_some() && described.ref_counts.is_none() {
            return Err(Refusal::input(
                "the subject does not give the values of a slot's word, and so no transition is \
                 known\n  hint: `Subject::ref_counts`",
            ));
        }
        let all = programs.iter().map(|(program, _)| program.clone());
        let (_, left_out) = fitting(all, described).map_err(Refusal::input)?;
        let own = described.programs.as_ref();
        params.ref_count_max = own.map_or(params.ref_count_max, |own| own.ref_count_max);
        programs.retain(|(program, _)| own.is_some_and(|own| own.refuses(program).is_none()));
        left_out.iter().for_each(|line| note!("{line}"));
    }
    let mut pool = pool(args.engine, args.workers)?;
    let described = subject.description().map_err(Refusal::tool)?;
    let mut coverage = Coverage {
        allowed: coverage::allowed(&programs, &params).map_err(Refusal::input)?,
        sites: coverage::sites(described),
        ..Coverage::default()
    };
    let mut verdict = Verdict::Pass;
    let record = Record {
        coverage: true,
        sites: true,
        ..Record::default()
    };
    let scenarios = described.scenarios.iter();
    let scenarios = scenarios
        .filter(|own| own.broken.is_none())
        .map(|own| (Target::Scenario(own.name.clone()), Ends::Dropped));
    let programs = programs.into_iter();
    let cases: Vec<(Target, Ends)> = programs
        .map(|(program, ends)| (program.into(), ends))
        .chain(scenarios)
        .collect();
    let jobs = cases.iter().map(|(case, ends)| {
        let job = way.job(case.clone(), *ends).recording(record);
        ((), job)
    });
    let (mut executions, mut seconds) = (0, 0.0);
    pool.run(jobs, |(), _, run| {
        verdict = verdict.and(run.verdict());
        executions += run.executions;
        seconds += run.seconds;
        coverage.reached.extend(run.transitions);
        let performed = run.sites.into_iter().map(|site| site.name);
        coverage.performed.extend(performed);
        ControlFlow::Continue(())
    })
    .map_err(Refusal::tool)?;
    if interrupt::requested() {
        note!("interrupted");
        return Ok(Verdict::CutOff.exit_code());
    }
    keep(args, &coverage, executions, seconds, verdict);
    if args.json {
        print_json(&coverage)?;
    } else {
        print(&coverage, cases.len(), executions);
    }
    if verdict != Verdict::Pass {
        note!(
            "a program or scenario ends in {verdict}: run `campaign{} 2x2 --engine {}` for it",
            package::option(),
            args.engine
        );
        return Ok(verdict.exit_code());
    }
    Ok(if coverage.holds() { 0 } else { NOT_EXACT })
}

/// Keeps the cells for the report.
fn keep(args: &Args, coverage: &Coverage, executions: u64, seconds: f64, verdict: Verdict) {
    let verdict = match verdict {
        Verdict::Pass if coverage.forbidden().count() > 0 => Verdict::ForbiddenOutcome,
        Verdict::Pass if !coverage.holds() => Verdict::MissingOutcome,
        verdict => verdict,
    };
    let found = Findings::Coverage {
        allowed: coverage.allowed.clone(),
        reached: coverage.reached.clone(),
    };
    Kept {
        executions,
        seconds,
        ..Kept::now(
            format!("coverage{} {}", package::option(), args.engine),
            verdict,
            found,
        )
    }
    .keep();
}

fn print_json(coverage: &Coverage) -> Result<(), Refusal> {
    for transition in coverage.allowed.union(&coverage.reached) {
        let line = CoverageLine {
            subject: package::name(),
            transition,
            allowed: coverage.allowed.contains(transition),
            reached: coverage.reached.contains(transition),
        };
        json::line(&line).map_err(Refusal::tool)?;
    }
    for site in &coverage.sites {
        let performed = coverage.performed.contains(site);
        let line = SiteLine {
            subject: package::name(),
            site,
            performed,
        };
        json::line(&line).map_err(Refusal::tool)?;
    }
    Ok(())
}

/// A row for each operation, a column for each state it was found in.
fn print(coverage: &Coverage, runs: usize, executions: u64) {
    let mut rows: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for transition in coverage.allowed.union(&coverage.reached) {
        let mark = match (
            coverage.allowed.contains(transition),
            coverage.reached.contains(transition),
        ) {
            (true, true) => "",
            (true, false) => " NOT REACHED",
            (false, _) => " FORBIDDEN",
        };
        let text = if transition.before == transition.after {
            format!("{}{mark}", transition.result)
        } else {
            format!("{} → {}{mark}", transition.result, transition.after)
        };
        rows.entry(&transition.op)
            .or_default()
            .entry(&transition.before)
            .or_default()
            .push(text);
    }
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(std::iter::once("operation").chain(CLASSES));
    for (op, cells) in &rows {
        let cell = |class| {
            cells
                .get(class)
                .map_or_else(|| "·".to_owned(), |c| c.join("\n"))
        };
        table.add_row(std::iter::once((*op).to_owned()).chain(CLASSES.map(cell)));
    }
    out!("{}", output::fitted(table));
    out!(
        "{} transitions allowed, {} reached, {} not reached, {} forbidden; {} runs, {} executions\n\
         · is a pair that the specification rules out",
        coverage.allowed.len(),
        coverage.reached.len(),
        coverage.missing().count(),
        coverage.forbidden().count(),
        print::count(runs as u64),
        print::count(executions)
    );
    for site in coverage.idle() {
        out!("NOT PERFORMED: no code performs the site {site}");
    }
}
