//! Instructions of the protocol's operations, counted by Valgrind: they do not
//! wobble, whatever else the machine does.

use std::path::Path;
use std::process::{Command, Stdio};

use super::criterion::said;
use super::{Figure, Part, Unit};
use crate::interrupt;

/// How often each operation is done: what comes before and after weighs nothing.
const TIMES: u64 = 1_000;

/// The member of the benchmark that does nothing: the loop itself.
const NOTHING: &str = "nothing/nothing";

/// Whether it can be done here; if not, why.
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
        _ => Err("Valgrind is not here; install with: apt-get install valgrind".to_owned()),
    }
}

/// Counts the instructions of all operations of the program, one after the
/// other, as long as nobody interrupts.
///
/// # Errors
///
/// If Valgrind fails, or says something else than a number.
pub(super) fn count(program: &Path, mut take: impl FnMut(Figure)) -> Result<(), String> {
    let names = said(Command::new(program).arg("--list-counted"))?;
    let of_loop = instructions(program, NOTHING)?;
    for name in names.lines().filter(|name| *name != NOTHING) {
        if interrupt::requested() {
            return Ok(());
        }
        let (group, member) = name
            .split_once('/')
            .ok_or_else(|| format!("`{name}` is no GROUP/MEMBER"))?;
        let of_work = instructions(program, name)?.saturating_sub(of_loop);
        take(Figure {
            part: Part::Instructions,
            group: group.to_owned(),
            member: member.to_owned(),
            unit: Unit::Instructions,
            values: vec![of_work as f64 / TIMES as f64],
            executions: None,
        });
    }
    Ok(())
}

fn instructions(program: &Path, name: &str) -> Result<u64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // From where `counted` is called to where it returns.
        .arg("--toggle-collect=*counted*")
        .arg(program)
        .args(["--count", name])
        .arg(TIMES.to_string())
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
