//! The command line.

mod audit;
mod campaign;
mod coverage;
mod explore;
mod input;
pub mod json;
mod nightly;
pub mod pool;
mod replay;
mod report;
mod subject;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::package;
use pipe::Verdict;

/// Explores programs over reference-counted frame metadata, and judges what it
/// sees against the protocol's specification.
#[derive(Debug, Parser)]
#[command(name = "framecheck", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    color: colorchoice_clap::Color,

    /// The crate of another subject than meta-core, for all commands but
    /// completions
    #[arg(long, value_name = "PATH", global = true)]
    subject: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Explore(explore::Args),
    Campaign(campaign::Args),
    Audit(audit::Args),
    Coverage(coverage::Args),
    Nightly(nightly::Args),
    Replay(replay::Args),
    Report(report::Args),
    #[command(subcommand)]
    Subject(subject::Command),
    /// Print a completion script: framecheck completions bash > FILE
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    cli.color.write_global();
    if let Err(error) = package::choose(cli.subject.as_deref()) {
        return conclude(Err(Refusal::input(error)));
    }
    let result = match cli.command {
        Command::Explore(args) => explore::run(&args),
        Command::Campaign(args) => campaign::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Coverage(args) => coverage::run(&args),
        Command::Nightly(args) => nightly::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Subject(command) => subject::run(&command),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            clap_complete::generate(shell, &mut command, "framecheck", &mut std::io::stdout());
            Ok(Verdict::Pass.exit_code())
        }
    };
    conclude(result)
}

/// The command line, described.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Says why a command did not get to a verdict, if so; its exit code.
pub fn conclude(result: Result<u8, Refusal>) -> ExitCode {
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
pub struct Refusal {
    /// The exit code.
    pub code: u8,
    /// Why.
    pub message: String,
}

impl Refusal {
    /// The input makes no sense.
    pub fn input(message: impl std::fmt::Display) -> Self {
        Refusal {
            code: 2,
            message: format!("{}: {message}", red("error")),
        }
    }

    /// A tool failed.
    pub fn tool(message: impl std::fmt::Display) -> Self {
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
