//! The command line.

mod audit;
mod campaign;
mod coverage;
mod explore;
mod input;
mod nightly;
pub mod number;
pub mod pool;
mod replay;
mod report;
mod subject;

use crate::{interrupt, note, out, output, package};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use pipe::Verdict;

/// Explores every execution that the RC11 memory model allows a small concurrent Rust
/// program, and prints the one that goes wrong.
#[derive(Debug, Parser)]
#[command(name = "framecheck", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    color: colorchoice_clap::Color,

    /// Run the subject in this crate instead of meta-core: your own files
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
    let cli = match parse::<Cli>() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    cli.color.write_global();
    output::fit_terminal();
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
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "framecheck", &mut script);
            output::raw(&script);
            Ok(Verdict::Pass.exit_code())
        }
    };
    conclude(result)
}

/// The command line of this process; or, if it is none or asks for help, which is
/// printed, the exit code.
///
/// # Errors
///
/// The exit code.
pub fn parse<T: Parser>() -> Result<T, ExitCode> {
    T::try_parse().map_err(|said| {
        let text = said.render();
        match said.use_stderr() {
            true => note!("{}", text.ansi().to_string().trim_end()),
            false => out!("{}", text.ansi().to_string().trim_end()),
        }
        output::flush();
        ExitCode::from(u8::from(said.use_stderr()) * BAD_INPUT)
    })
}

/// The exit code when the input makes no sense.
const BAD_INPUT: u8 = 2;

/// The command line, described.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Says why a command did not get to a verdict, if so; its exit code.
pub fn conclude(result: Result<u8, Refusal>) -> ExitCode {
    output::flush();
    match result {
        Ok(code) => ExitCode::from(code),
        Err(refusal) => {
            note!("{}", refusal.message);
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
            code: BAD_INPUT,
            message: format!("{}: {message}", red("error")),
        }
    }

    /// A tool failed; but if somebody interrupted, that is why.
    pub fn tool(message: impl std::fmt::Display) -> Self {
        if interrupt::requested() {
            return Refusal {
                code: Verdict::CutOff.exit_code(),
                message: "interrupted".to_owned(),
            };
        }
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
