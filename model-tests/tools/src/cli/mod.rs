//! The command line.

pub(crate) mod bench;
mod docs;
mod mutants;
mod planted;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use model_tests::cli::{conclude, parse};

/// Tools of the project's maintainers.
#[derive(Debug, Parser)]
#[command(name = "tools", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    color: colorchoice_clap::Color,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Docs(docs::Args),
    Mutants(mutants::Args),
    Bench(bench::Args),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let cli = match parse::<Cli>() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    cli.color.write_global();
    conclude(match cli.command {
        Command::Docs(args) => docs::run(&args),
        Command::Mutants(args) => mutants::run(&args),
        Command::Bench(args) => bench::run(&args),
    })
}
