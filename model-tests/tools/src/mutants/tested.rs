//! The judge that runs the tests of a normal build.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::judge::{JudgeName, Kill};
use model_tests::cargo::Built;
use model_tests::interrupt;

/// How long the tests of one file may run: the original's take a few seconds at most.
const LIMIT: Duration = Duration::from_secs(60);

/// How soon an end is noticed.
const TICK: Duration = Duration::from_millis(5);

/// Runs the tests until some fail.
///
/// # Errors
///
/// If they cannot be built or run, or an interrupt is requested.
pub(super) fn judge(
    binaries: impl IntoIterator<Item = Result<Built, String>>,
    scratch: &Path,
) -> Result<Option<Kill>, String> {
    for (position, binary) in binaries.into_iter().enumerate() {
        if let Some((by, verdict)) = failure(&binary?, scratch)? {
            return Ok(Some(Kill {
                judge: JudgeName::Tests,
                by,
                program: None,
                verdict,
                message: None,
                after: position + 1,
                executions: 0,
            }));
        }
    }
    Ok(None)
}

/// The first test of a binary that fails, and how.
fn failure(binary: &Built, scratch: &Path) -> Result<Option<(String, String)>, String> {
    let cannot = |e: std::io::Error| format!("cannot run the tests {}: {e}", binary);
    let log = scratch.join("tests.log");
    let mut child = Command::new(&binary.program)
        .current_dir(&binary.folder)
        .env("CARGO_MANIFEST_DIR", &binary.folder)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(File::create(&log).map_err(cannot)?)
        .stderr(Stdio::null())
        .spawn()
        .map_err(cannot)?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(cannot)? {
            break Some(status);
        }
        if interrupt::requested() || started.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(TICK);
    };
    if interrupt::requested() {
        return Err("interrupted".to_owned());
    }
    let log = fs::read_to_string(&log).map_err(cannot)?;
    let verdict = match status {
        Some(status) if status.success() => return Ok(None),
        Some(status) if status.code().is_some() => "failed",
        // A signal: no test said so.
        Some(_) => "died",
        None => "hangs",
    };
    let test = first_failed(&log).map(|test| format!("{} {test}", binary));
    Ok(Some((
        test.unwrap_or_else(|| binary.to_string()),
        verdict.to_owned(),
    )))
}

/// The first test that a log calls failed, in alphabetical order: tests run at
/// once and end in any order.
fn first_failed(log: &str) -> Option<&str> {
    log.lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(|test| test.trim_end_matches(" - should panic"))
        .min()
}

#[cfg(test)]
mod tests {
    use super::first_failed;

    #[test]
    fn the_first_failed_test_is_named() {
        let log = "running 3 tests\ntest b ... ok\ntest c - should panic ... FAILED\n\
            test d ... FAILED\n\nfailures:\n";
        assert_eq!(first_failed(log), Some("c"));
        assert_eq!(first_failed("test a ... ok\n"), None);
    }
}
