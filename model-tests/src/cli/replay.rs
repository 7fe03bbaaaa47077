//! `replay`: a saved failing execution, once more.

use std::path::{Path, PathBuf};

use super::Refusal;
use super::pool::{built, subject};
use crate::campaign::commit;
use crate::counterexample::{Counterexample, same_but_for_addresses};
use crate::json;
use crate::package;
use crate::print;
use crate::print::line::Smallest;
use crate::print::story::Detail;
use crate::story;
use crate::worker::Worker;
use crate::{note, out};
use pipe::Verdict;

/// Run the failing execution of a saved counterexample again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file that `nightly` or `explore` saved
    file: PathBuf,

    /// Show every step
    #[arg(short, long)]
    verbose: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    /// Print only the verdict line
    #[arg(short, long, conflicts_with_all = ["verbose", "json"])]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> Result<u8, Refusal> {
    let saved = Counterexample::load(&args.file).map_err(Refusal::input)?;
    match (&saved.subject, package::chosen()) {
        (Some(of), None) => package::choose_late(Path::new(of)).map_err(Refusal::input)?,
        (None, Some(_)) => {
            return Err(Refusal::input(
                "it was saved of meta-core\n  hint: leave --subject out",
            ));
        }
        _ => {}
    }
    saved.check_files().map_err(Refusal::input)?;
    let here = commit();
    let elsewhere = saved.commit != here;
    if elsewhere {
        note!(
            "note: saved on commit {}, and this is {here}: the execution may be another one",
            saved.commit
        );
    }
    let worker = built(saved.engine).map_err(Refusal::tool)?;
    let mut worker = Worker::new(saved.engine, &worker);
    let subject = subject(saved.engine);
    subject.learn(&mut worker).map_err(Refusal::tool)?;
    let subject = subject.description().map_err(Refusal::tool)?;
    let job = saved.job();
    let run = worker.explore(&job, &mut |_| ()).map_err(Refusal::input)?;
    let verdict = run.verdict();
    if args.json {
        let smallest = story::of_failure(&job, &run, subject).map(|story| Smallest {
            program: saved.job.case.to_string(),
            saved: Some(args.file.display().to_string()),
            story,
        });
        let line = print::line::RunLine::new(&job, &run).with(smallest);
        json::line(&line).map_err(Refusal::tool)?;
    } else {
        if !args.quiet {
            out!("program: {}", saved.job.case);
            if let Some(original) = &saved.original {
                out!("smallest of: {original}");
            }
        }
        out!("{}", print::line::text(&job, &run));
        if !args.quiet {
            let detail = if args.verbose {
                Detail::Verbose
            } else {
                Detail::Story
            };
            out!("\n{}", print::failure::text(&job, &run, subject, detail));
        }
    }
    if verdict != saved.verdict {
        return Err(Refusal::tool(format!(
            "it was saved as {}, and ends in {verdict}{}",
            saved.verdict,
            if elsewhere {
                format!("; check out {} to see it", saved.commit)
            } else {
                String::new()
            }
        )));
    }
    let steps = run.failure.as_ref().map_or(&[][..], |f| &f.steps);
    if !saved.steps.is_empty() && !same_but_for_addresses(&saved.steps, steps) {
        let message = "it fails in the same way, but in another execution than the one saved";
        if !elsewhere {
            return Err(Refusal::tool(message));
        }
        note!("note: {message}");
    }
    if !args.json && !args.quiet {
        out!("verdict: {}", print::verdict(verdict));
    }
    Ok(verdict.exit_code().max(u8::from(verdict != Verdict::Pass)))
}
