//! The worker of this subject: `framecheck explore --subject` builds and runs it.

// From here on `core` is the look-alike, in every file of this crate. In a normal
// build it is `core` itself.
extern crate facade as core;

mod files;
mod scenarios;

fn main() -> std::io::Result<()> {
    let subject = worker::Subject::new().scenarios(scenarios::all());
    files::cells(subject).serve()
}
