//! The worker's side.

use std::io::{self, BufRead, Write};
use std::sync::{Arc, mpsc};

use super::Answer;
use crate::engine::{self, Job, SoFar};
use crate::interrupt;

/// Explores the jobs on standard input, until it ends.
///
/// # Errors
///
/// If standard output is gone.
pub fn serve() -> io::Result<()> {
    // Failures are answers here; nothing is to be printed about them.
    std::panic::set_hook(Box::new(|_| ()));
    // An interrupt reaches the whole process group. The commanding process
    // decides; it ends our input.
    let _ = ctrlc::set_handler(|| ());

    let (to_jobs, jobs) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if to_jobs.send(line).is_err() {
                return;
            }
        }
        interrupt::request();
    });
    for line in jobs {
        let answer = match serde_json::from_str::<Job>(&line) {
            Err(error) => Answer::Refused(format!("not a job: {error}")),
            Ok(job) => match engine::explore(&job, Arc::new(tell)) {
                Err(error) => Answer::Refused(error),
                Ok(exploration) => Answer::Done(Box::new(exploration)),
            },
        };
        say(&answer)?;
    }
    Ok(())
}

fn tell(so_far: SoFar) {
    // If nobody listens any more, the end of the input will say so.
    let _ = say(&Answer::Progress {
        executions: so_far.executions,
        outcomes: so_far.outcomes,
    });
}

fn say(answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_string(answer)?;
    line.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}
