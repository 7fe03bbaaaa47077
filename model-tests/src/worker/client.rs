//! The commanding side.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use pipe::{Description, EngineName, Exploration, Job, Limits, Reason, Reply, Request, SoFar};

use crate::interrupt;

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
    requests: Option<ChildStdin>,
    replies: Receiver<String>,
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
        let mut last = SoFar::default();
        let request = Request::Explore(Box::new(job.clone()));
        let mut report = |so_far| {
            last = so_far;
            progress(so_far);
        };
        let reason = match self.ask(&request, &job.limits, &mut report)? {
            Ok(Reply::Done(exploration)) => return Ok(*exploration),
            Ok(other) => Reason::tool(format_args!("the worker replied {other:?}")),
            Err(reason) => reason,
        };
        Ok(Exploration {
            executions: last.executions,
            failure: Some(reason.into()),
            seconds: started.elapsed().as_secs_f64(),
            ..Exploration::new(self.engine)
        })
    }

    /// Describes the code under test.
    ///
    /// # Errors
    ///
    /// If the worker cannot be started, or does not come to its end.
    pub fn describe(&mut self) -> Result<Description, String> {
        let limits = Limits {
            executions: None,
            seconds: Some(PATIENCE.as_secs_f64()),
        };
        match self.ask(&Request::Describe, &limits, &mut |_| ())? {
            Ok(Reply::Described(description)) => Ok(*description),
            Ok(other) => Err(format!("the {} worker replied {other:?}", self.engine)),
            Err(reason) => Err(reason.to_string()),
        }
    }

    /// The reply to a request, or why there is none.
    fn ask(
        &mut self,
        request: &Request,
        limits: &Limits,
        progress: &mut dyn FnMut(SoFar),
    ) -> Result<Result<Reply, Reason>, String> {
        let started = Instant::now();
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.start()?,
        };
        let mut line = request.to_line().map_err(|e| e.to_string())?;
        line.push('\n');
        // A worker that is gone shows in its replies.
        if let Some(requests) = &mut process.requests {
            let _ = requests
                .write_all(line.as_bytes())
                .and_then(|()| requests.flush());
        }
        let mut executions = 0;
        let mut interrupted: Option<Instant> = None;
        loop {
            if interrupted.is_none() && interrupt::requested() {
                // The end of its input asks the worker to stop.
                process.requests = None;
                interrupted = Some(Instant::now());
            }
            match process.replies.recv_timeout(TICK) {
                Ok(line) => match Reply::from_line(&line) {
                    Ok(Reply::Progress(so_far)) => {
                        executions = so_far.executions;
                        progress(so_far);
                    }
                    Ok(Reply::Refused(reason)) => {
                        self.process = Some(process);
                        return Err(reason);
                    }
                    Ok(reply) => {
                        if process.requests.is_some() {
                            self.process = Some(process);
                        }
                        return Ok(Ok(reply));
                    }
                    Err(error) => {
                        let message =
                            format_args!("the {} worker replied `{line}`: {error}", self.engine);
                        return Ok(Err(Reason::tool(message)));
                    }
                },
                Err(RecvTimeoutError::Timeout) => {
                    if interrupted.is_some_and(|since| since.elapsed() > PATIENCE) {
                        return Ok(Err(Reason::Interrupted));
                    }
                    let limit = limits.seconds.map(|s| s + PATIENCE.as_secs_f64());
                    if limit.is_some_and(|limit| started.elapsed().as_secs_f64() > limit) {
                        return Ok(Err(Reason::NoEnd));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = process.child.wait().map_err(|e| e.to_string())?;
                    return Ok(Err(Reason::tool(format_args!(
                        "the {} worker died after {executions} executions: {status}",
                        self.engine
                    ))));
                }
            }
        }
    }

    fn start(&self) -> Result<Process, String> {
        let mut command = Command::new(&self.program);
        // An interrupt from the terminal is for the command, which ends the
        // worker's input.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // shuttle would take its seed from here, whatever the job says.
            .env_remove("SHUTTLE_RANDOM_SEED")
            .spawn()
            .map_err(|e| format!("cannot start {}: {e}", self.program.display()))?;
        let requests = child.stdin.take();
        let out = child.stdout.take().ok_or("a worker without output")?;
        let (to_replies, replies) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if to_replies.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Process {
            child,
            requests,
            replies,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends an idle worker; one that is busy with a
        // job nobody waits for is killed.
        self.requests = None;
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
