//! The command line; see [`tools::cli`].

fn main() -> std::process::ExitCode {
    tools::cli::run()
}
