//! The commanding side.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::Answer;
use crate::engine::{EngineName, Exploration, Failure, Job, SoFar};
use crate::interrupt;
use crate::verdict::Verdict;

/// How soon an interrupt is noticed.
const TICK: Duration = Duration::from_millis(50);

/// How long an interrupted worker, or one past its time limit, has to come to
/// its end.
const PATIENCE: Duration = Duration::from_secs(5);

/// An engine in a process of its own.
#[derive(Debug)]
pub struct Worker {
    engine: EngineName,
    program: PathBuf,
    process: Option<Process>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    jobs: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Worker {
    /// The engine that it runs.
    pub fn engine(&self) -> EngineName {
        self.engine
    }

    /// A worker that runs `program`, a build of this crate with the engine.
    /// The process starts with the first job.
    pub fn new(engine: EngineName, program: &Path) -> Self {
        Worker {
            engine,
            program: program.to_owned(),
            process: None,
        }
    }

    /// Explores one job. A worker that dies says so in the verdict, and the
    /// next job starts a new one. One that does not keep the job's time limit
    /// is killed, which is a cut-off: an execution may never end.
    ///
    /// # Errors
    ///
    /// If the worker refuses the job or cannot be started.
    pub fn explore(
        &mut self,
        job: &Job,
        progress: &mut dyn FnMut(SoFar),
    ) -> Result<Exploration, String> {
        let started = Instant::now();
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.start()?,
        };
        let mut line = serde_json::to_string(job).map_err(|e| e.to_string())?;
        line.push('\n');
        // A worker that is gone shows in its answers.
        if let Some(jobs) = &mut process.jobs {
            let _ = jobs.write_all(line.as_bytes()).and_then(|()| jobs.flush());
        }

        let mut last = SoFar {
            executions: 0,
            outcomes: 0,
        };
        let mut interrupted: Option<Instant> = None;
        loop {
            if interrupted.is_none() && interrupt::requested() {
                // The end of its input asks the worker to stop.
                process.jobs = None;
                interrupted = Some(Instant::now());
            }
            match process.answers.recv_timeout(TICK) {
                Ok(line) => match serde_json::from_str(&line) {
                    Ok(Answer::Progress {
                        executions,
                        outcomes,
                    }) => {
                        last = SoFar {
                            executions,
                            outcomes,
                        };
                        progress(last);
                    }
                    Ok(Answer::Done(exploration)) => {
                        if process.jobs.is_some() {
                            self.process = Some(process);
                        }
                        return Ok(*exploration);
                    }
                    Ok(Answer::Refused(reason)) => {
                        self.process = Some(process);
                        return Err(reason);
                    }
                    Err(error) => {
                        let message = format!("the worker said `{line}`: {error}");
                        return Ok(self.gave_up(last, started, Verdict::ToolFailure, message));
                    }
                },
                Err(RecvTimeoutError::Timeout) => {
                    if interrupted.is_some_and(|since| since.elapsed() > PATIENCE) {
                        let message = "interrupted".to_owned();
                        return Ok(self.gave_up(last, started, Verdict::CutOff, message));
                    }
                    let limit = job.limits.seconds.map(|s| s + PATIENCE.as_secs_f64());
                    if limit.is_some_and(|limit| started.elapsed().as_secs_f64() > limit) {
                        let message = "an execution did not come to its end".to_owned();
                        return Ok(self.gave_up(last, started, Verdict::CutOff, message));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = process.child.wait().map_err(|e| e.to_string())?;
                    let message = format!(
                        "the {} worker died after {} executions: {status}",
                        self.engine, last.executions
                    );
                    return Ok(self.gave_up(last, started, Verdict::ToolFailure, message));
                }
            }
        }
    }

    fn start(&self) -> Result<Process, String> {
        let mut child = Command::new(&self.program)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // shuttle would take its seed from here, whatever the job says.
            .env_remove("SHUTTLE_RANDOM_SEED")
            .spawn()
            .map_err(|e| format!("cannot start {}: {e}", self.program.display()))?;
        let jobs = child.stdin.take();
        let out = child.stdout.take().ok_or("a worker without output")?;
        let (to_answers, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if to_answers.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Process {
            child,
            jobs,
            answers,
        })
    }

    /// What is known when the worker did not come to its end.
    fn gave_up(
        &self,
        last: SoFar,
        started: Instant,
        verdict: Verdict,
        message: String,
    ) -> Exploration {
        Exploration {
            executions: last.executions,
            failure: Some(Failure {
                verdict,
                message,
                steps: Vec::new(),
                schedule: None,
            }),
            seconds: started.elapsed().as_secs_f64(),
            ..Exploration::new(self.engine)
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends an idle worker; one that is busy with a
        // job nobody waits for is killed.
        self.jobs = None;
        let patience = Instant::now() + Duration::from_millis(200);
        while Instant::now() < patience {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
