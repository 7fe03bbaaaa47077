//! The command line.

mod audit;
mod bench;
mod campaign;
mod coverage;
mod docs;
mod explore;
mod input;
mod json;
mod mutants;
mod nightly;
mod planted;
mod pool;
mod replay;
mod report;
mod scale;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::verdict::Verdict;

/// Explores programs over reference-counted frame metadata, and judges what it
/// sees against the protocol's specification.
#[derive(Debug, Parser)]
#[command(name = "framecheck", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    color: colorchoice_clap::Color,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Explore(explore::Args),
    Campaign(campaign::Args),
    Merge(campaign::MergeArgs),
    Audit(audit::Args),
    Coverage(coverage::Args),
    Nightly(nightly::Args),
    Planted(planted::Args),
    Replay(replay::Args),
    Report(report::Args),
    Scale(scale::Args),
    Bench(bench::Args),
    Docs(docs::Args),
    Mutants(mutants::Args),
    /// Print a completion script: framecheck completions bash > FILE
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
    /// Explores jobs from standard input; the other commands start it.
    #[command(hide = true)]
    Worker,
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    cli.color.write_global();
    let result = match cli.command {
        Command::Explore(args) => explore::run(&args),
        Command::Campaign(args) => campaign::run(&args),
        Command::Merge(args) => campaign::merge(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Nightly(args) => nightly::run(&args),
        Command::Planted(args) => planted::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Scale(args) => scale::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::Mutants(args) => mutants::run(&args),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            clap_complete::generate(shell, &mut command, "framecheck", &mut std::io::stdout());
            Ok(Verdict::Pass.exit_code())
        }
        Command::Worker => crate::worker::serve()
            .map(|()| Verdict::Pass.exit_code())
            .map_err(|e| Refusal::tool(e.to_string())),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(refusal) => {
            anstream::eprintln!("{}", refusal.message);
            ExitCode::from(refusal.code)
        }
    }
}

/// Why a command did not get to a verdict.
#[derive(Debug)]
struct Refusal {
    code: u8,
    message: String,
}

impl Refusal {
    /// The input makes no sense.
    fn input(message: impl std::fmt::Display) -> Self {
        Refusal {
            code: 2,
            message: format!("{}: {message}", red("error")),
        }
    }

    /// A tool failed.
    fn tool(message: impl std::fmt::Display) -> Self {
        Refusal {
            code: Verdict::ToolFailure.exit_code(),
            message: format!("{}: {message}", red("tool failure")),
        }
    }
}

fn red(word: &str) -> String {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    format!("{style}{word}{style:#}")
}
