//! `subject`: crates of subjects.

use std::path::{Path, PathBuf};

use super::Refusal;
use crate::{out, workspace};

/// Make the crate of a subject: your own files, and scenarios that explore them.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write a new crate that compiles and explores at once
    #[command(after_help = "\
Examples:
  framecheck subject new ../my-kernel/checks
  framecheck explore --subject ../my-kernel/checks spin-lock

Exit codes: 0 written, 2 bad input, 4 tool failure")]
    New {
        /// The crate's folder, which must not exist or be empty
        #[arg(value_name = "PATH")]
        path: PathBuf,
    },
}

/// The files of a new crate, by path, with the text they begin with.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("subject/Cargo.toml.in")),
    ("README.md", include_str!("subject/README.md")),
    ("src/main.rs", include_str!("subject/main.rs")),
    ("src/scenarios.rs", include_str!("subject/scenarios.rs")),
    ("src/files/mod.rs", include_str!("subject/files.rs")),
    (
        "src/files/spin_lock.rs",
        include_str!("subject/spin_lock.rs"),
    ),
];

pub(super) fn run(command: &Command) -> Result<u8, Refusal> {
    let Command::New { path } = command;
    let name = name(path)?;
    if std::fs::read_dir(path).is_ok_and(|mut inside| inside.next().is_some()) || path.is_file() {
        return Err(Refusal::input(format!(
            "{}: there is something already\n  hint: give a folder that does not exist",
            path.display()
        )));
    }
    let root = workspace::root();
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let checkout = root.display().to_string();
    for (file, text) in FILES {
        let text = text
            .replace("{name}", &name)
            .replace("{checkout}", &checkout);
        write(&path.join(file), &text)?;
    }
    // The versions that this checkout is tested with.
    let lock = std::fs::read_to_string(root.join("Cargo.lock"));
    write(&path.join("Cargo.lock"), &lock.map_err(Refusal::tool)?)?;
    let shown = path.display();
    out!(
        "written: {shown}\n\nexplore it:\n  \
         cargo run --release -- explore --subject {shown} spin-lock --engine rc11\n\n\
         {shown}/README.md explains its files, and what to put into CI"
    );
    Ok(0)
}

fn write(path: &Path, text: &str) -> Result<(), Refusal> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| Refusal::tool(format!("{}: {error}", path.display())))
}

/// The crate's name: that of its folder.
fn name(path: &Path) -> Result<String, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.replace(['_', ' ', '.'], "-").to_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    // The library's own name would be its dependency.
    let taken = ["worker", "facade", "core", "std", "test"].contains(&&*name);
    if begins && name.chars().all(fits) && !taken {
        return Ok(name);
    }
    Err(Refusal::input(format!(
        "{}: `{name}` is no name for a crate\n  hint: letters, digits and `-`, such as frame-checks",
        path.display()
    )))
}
