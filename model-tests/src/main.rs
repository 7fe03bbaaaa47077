//! The command line; see [`model_tests::cli`].

fn main() -> std::process::ExitCode {
    model_tests::cli::run()
}
