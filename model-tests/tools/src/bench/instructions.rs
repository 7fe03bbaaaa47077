//! Instructions of the protocol's operations and of the explorers, counted by
//! Valgrind: they do not wobble, whatever else the machine does.

use std::path::Path;
use std::process::{Command, Stdio};

use super::criterion::said;
use super::{Figure, Part, Unit};
use model_tests::interrupt;

/// How often each operation is done: what comes before and after weighs nothing.
const TIMES: u64 = 1_000;

/// How often each program is explored, less the times that are subtracted.
const EXPLORED: u64 = 2;

/// The member of the benchmark that does nothing: the loop itself.
const NOTHING: &str = "nothing/nothing";

/// Whether it can be done here.
///
/// # Errors
///
/// That there is no Valgrind, and what to do.
pub(super) fn possible() -> Result<(), String> {
    let valgrind = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    match valgrind {
        Ok(status) if status.success() => Ok(()),
        _ => Err("Valgrind is not here; systems have a package `valgrind`".to_owned()),
    }
}

/// Counts the instructions of all operations of the protocol, one after the
/// other, as long as nobody interrupts.
///
/// # Errors
///
/// If Valgrind fails, or says something else than a number.
pub(super) fn of_protocol(
    program: &Path,
    mut take: impl FnMut(Figure) -> Result<(), String>,
) -> Result<(), String> {
    let names = said(Command::new(program).arg("--list-counted"))?;
    // From where `counted` is called to where it returns.
    let count = |name| {
        instructions(
            program,
            Some("--toggle-collect=*measure::counted*"),
            name,
            TIMES,
        )
    };
    let of_loop = count(NOTHING)?;
    for name in names.lines().filter(|name| *name != NOTHING) {
        if interrupt::requested() {
            return Ok(());
        }
        let of_work = more(count(name)?, of_loop, name)?;
        take(figure(name, of_work as f64 / TIMES as f64, None)?)?;
    }
    Ok(())
}

/// Counts the instructions of an execution, for all programs of an engine: those
/// of some explorations more, since coroutines leave no function to count in.
///
/// # Errors
///
/// As [`of_protocol`].
pub(super) fn of_engine(
    program: &Path,
    mut take: impl FnMut(Figure) -> Result<(), String>,
) -> Result<(), String> {
    let names = said(Command::new(program).arg("--list-counted"))?;
    for line in names.lines() {
        if interrupt::requested() {
            return Ok(());
        }
        let (name, executions) = line
            .split_once('\t')
            .and_then(|(name, number)| Some((name, number.parse::<u64>().ok()?)))
            .ok_or_else(|| format!("`{line}` is no name with executions"))?;
        let count = |times| instructions(program, None, name, times);
        let of_work = more(count(1 + EXPLORED)?, count(1)?, name)?;
        let each = of_work as f64 / (EXPLORED * executions) as f64;
        take(figure(name, each, Some(executions))?)?;
    }
    Ok(())
}

fn more(count: u64, less: u64, name: &str) -> Result<u64, String> {
    count
        .checked_sub(less)
        .filter(|difference| *difference > 0)
        .ok_or_else(|| format!("{name}: {count} instructions are not more than {less}"))
}

fn figure(name: &str, instructions: f64, executions: Option<u64>) -> Result<Figure, String> {
    let (group, member) = name
        .rsplit_once('/')
        .ok_or_else(|| format!("`{name}` is no GROUP/MEMBER"))?;
    Ok(Figure {
        part: Part::Instructions,
        group: group.to_owned(),
        member: member.to_owned(),
        unit: Unit::Instructions,
        values: vec![instructions],
        executions,
        peak_memory: None,
    })
}

fn instructions(
    program: &Path,
    within: Option<&str>,
    name: &str,
    times: u64,
) -> Result<u64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(within)
        .arg(program)
        .args(["--count", name])
        .arg(times.to_string())
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot run valgrind: {e}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = collected(&said).filter(|_| output.status.success());
    collected.ok_or_else(|| format!("valgrind counted nothing of {name}:\n{said}"))
}

/// The number in Callgrind's last words.
fn collected(said: &str) -> Option<u64> {
    let (_, number) = said.rsplit_once("Collected : ")?;
    number.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_number_is_found_among_callgrinds_words() {
        let said = "==7== \n==7== Events    : Ir\n==7== Collected : 9003\n==7== \n==7== I   refs:      9,003\n";
        assert_eq!(super::collected(said), Some(9003));
        assert_eq!(super::collected("==7== Killed"), None);
    }
}
