//! Smaller programs that fail the same way.

use programs::program::Program;

/// Removes operations and threads for as long as the program `fails` the same
/// way; the result cannot be made smaller by one removal.
///
/// # Errors
///
/// The first of `fails`.
pub fn minimise<E>(
    program: &Program,
    mut fails: impl FnMut(&Program) -> Result<bool, E>,
) -> Result<Program, E> {
    let mut smallest = program.clone();
    'again: loop {
        for smaller in one_removed(&smallest) {
            if fails(&smaller)? {
                smallest = smaller;
                continue 'again;
            }
        }
        return Ok(smallest);
    }
}

/// The programs with one thread or one operation less, or no forgotten handles.
fn one_removed(program: &Program) -> Vec<Program> {
    let mut smaller = Vec::new();
    let holders = match program.start.kind {
        programs::program::StartKind::SharedTwice => 2,
        programs::program::StartKind::Unused => 0,
        _ => 1,
    };
    if program.threads.len() > 2 {
        // Taking a holder's thread away would change the start state.
        for thread in holders..program.threads.len() {
            let mut without = program.clone();
            without.threads.remove(thread);
            smaller.push(without);
        }
    }
    for (thread, ops) in program.threads.iter().enumerate() {
        if ops.len() > 1 {
            for op in 0..ops.len() {
                let mut without = program.clone();
                without.threads[thread].remove(op);
                smaller.push(without);
            }
        }
    }
    if program.start.forgotten > 0 {
        let mut without = program.clone();
        without.start.forgotten = 0;
        smaller.push(without);
    }
    smaller
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn nothing_that_is_not_needed_stays() {
        let program: Program = "unused: get read | alloc share drop | read get"
            .parse()
            .unwrap();
        let smallest = minimise(&program, |p| {
            let text = p.to_string();
            Ok::<_, Infallible>(text.contains("alloc") && text.contains("get"))
        })
        .unwrap();
        assert_eq!(smallest.to_string(), "unused: alloc | get");
    }

    #[test]
    fn a_program_that_needs_everything_stays() {
        let program: Program = "shared*2: drop | try_unique write".parse().unwrap();
        let same = minimise(&program, |_| Ok::<_, Infallible>(false)).unwrap();
        assert_eq!(same, program);
    }
}
