//! A subject that is wrong in all that it does, each time in another way: what the
//! commands make of it is tested in `model-tests/tests/verdicts.rs`.

mod faulty;
mod race;

use worker::Subject;

fn main() -> std::io::Result<()> {
    Subject::new()
        .protocol::<faulty::Faulty>()
        .scenario(race::scenario())
        .serve()
}
