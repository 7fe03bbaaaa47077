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
    /// Requests that have no last reply yet.
    under_way: usize,
}

/// What became of a request.
enum Answer {
    Reply(Reply),
    /// The worker came to its end, with this request alone under way or with others.
    Died {
        alone: bool,
        reason: Reason,
    },
    None(Reason),
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
        self.explore_first(std::iter::once(job), progress)
    }

    /// Explores the first of several jobs, of which the worker gets all, so that it
    /// need not wait for the next. The next calls must go on with the others, in
    /// this order.
    ///
    /// # Errors
    ///
    /// As [`explore`](Self::explore).
    ///
    /// # Panics
    ///
    /// Without a job.
    pub fn explore_first<'a>(
        &mut self,
        jobs: impl Iterator<Item = &'a Job>,
        progress: &mut dyn FnMut(SoFar),
    ) -> Result<Exploration, String> {
        let mut jobs = jobs.peekable();
        let job = *jobs.peek().expect("there is a job");
        let started = Instant::now();
        let mut last = SoFar::default();
        let mut report = |so_far| {
            last = so_far;
            progress(so_far);
        };
        let requests = jobs.map(|job| Request::Explore(Box::new(job.clone())));
        let mut answer = self.ask(requests, &job.limits, &mut report)?;
        if let Answer::Died { alone: false, .. } = answer {
            // It may have been another one's fault: that of a reply which was not sent.
            let request = std::iter::once(Request::Explore(Box::new(job.clone())));
            answer = self.ask(request, &job.limits, &mut report)?;
        }
        let reason = match answer {
            Answer::Reply(Reply::Done(exploration)) => return Ok(*exploration),
            Answer::Reply(other) => Reason::tool(format_args!("the worker replied {other:?}")),
            Answer::Died { reason, .. } | Answer::None(reason) => reason,
        };
        Ok(Exploration {
            executions: last.executions,
            failure: Some(reason.into()),
            seconds: started.elapsed().as_secs_f64(),
            ..Exploration::new(self.engine)
        })
    }

    /// The most memory that its process has had at once, in bytes, where the system says
    /// so (Linux does) and the process has started.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = format!("/proc/{}/status", self.process.as_ref()?.child.id());
        let status = std::fs::read_to_string(status).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = peak.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes << 10)
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
        let request = std::iter::once(Request::Describe);
        match self.ask(request, &limits, &mut |_| ())? {
            Answer::Reply(Reply::Described(description)) => Ok(*description),
            Answer::Reply(other) => Err(format!("the {} worker replied {other:?}", self.engine)),
            Answer::Died { reason, .. } | Answer::None(reason) => Err(reason.to_string()),
        }
    }

    /// The answer to the first of some requests; those that are not under way yet
    /// are sent.
    fn ask(
        &mut self,
        requests: impl Iterator<Item = Request>,
        limits: &Limits,
        progress: &mut dyn FnMut(SoFar),
    ) -> Result<Answer, String> {
        let started = Instant::now();
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.start()?,
        };
        let mut lines = String::new();
        for request in requests.skip(process.under_way) {
            lines += &request.to_line().map_err(|e| e.to_string())?;
            lines.push('\n');
            process.under_way += 1;
        }
        // A worker that is gone shows in its replies.
        if let Some(requests) = &mut process.requests {
            let _ = requests
                .write_all(lines.as_bytes())
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
                    Ok(reply) => {
                        process.under_way -= 1;
                        if process.requests.is_some() {
                            self.process = Some(process);
                        }
                        return match reply {
                            Reply::Refused(reason) => Err(reason),
                            reply => Ok(Answer::Reply(reply)),
                        };
                    }
                    Err(error) => {
                        let message =
                            format_args!("the {} worker replied `{line}`: {error}", self.engine);
                        return Ok(Answer::None(Reason::tool(message)));
                    }
                },
                Err(RecvTimeoutError::Timeout) => {
                    if interrupted.is_some_and(|since| since.elapsed() > PATIENCE) {
                        return Ok(Answer::None(Reason::Interrupted));
                    }
                    let limit = limits.seconds.map(|s| s + PATIENCE.as_secs_f64());
                    if limit.is_some_and(|limit| started.elapsed().as_secs_f64() > limit) {
                        return Ok(Answer::None(Reason::NoEnd));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = process.child.wait().map_err(|e| e.to_string())?;
                    return Ok(Answer::Died {
                        alone: process.under_way == 1,
                        reason: Reason::tool(format_args!(
                            "the {} worker died after {executions} executions: {status}",
                            self.engine
                        )),
                    });
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
            under_way: 0,
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

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use pipe::Verdict;
    use programs::outcome::Ends;
    use programs::program::Program;

    use super::*;

    /// A worker that sends its replies late: when it is asked for nothing more for a tenth
    /// of a second. At a `drop` it dies.
    fn late(directory: &Path) -> PathBuf {
        let done = Exploration {
            complete: true,
            threads_run: 2,
            ..Exploration::new(EngineName::Rc11)
        };
        let done = Reply::Done(Box::new(done)).to_line().unwrap();
        let script = format!(
            "#!/bin/bash\nreplies=\nwhile true; do\n\
             read -r -t 0.1 line; status=$?\n\
             [ $status = 1 ] && exit\n\
             [ $status != 0 ] && {{ printf %s \"$replies\"; replies=; continue; }}\n\
             case $line in *drop*) exit 3;; esac\n\
             replies+='{done}'$'\\n'\ndone\n"
        );
        let program = directory.join("late");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    #[test]
    fn a_worker_that_dies_is_the_fault_of_the_job_at_which_it_does() {
        let directory = tempfile::tempdir().unwrap();
        let mut worker = Worker::new(EngineName::Rc11, &late(directory.path()));
        let job = |program: &str| Job::rc11(program.parse::<Program>().unwrap(), Ends::Left);
        let texts = [
            "unused: get | get",
            "shared: get | get",
            "shared: drop | get",
        ];
        let jobs = [texts[0], texts[1], texts[2], texts[1], texts[0]].map(job);
        let verdicts: Vec<_> = (0..jobs.len())
            .map(|n| worker.explore_first(jobs[n..].iter(), &mut |_| ()))
            .map(|run| run.unwrap().verdict())
            .collect();
        use Verdict::{Pass, ToolFailure};
        assert_eq!(verdicts, [Pass, Pass, ToolFailure, Pass, Pass]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_worker_that_runs_has_memory() {
        let directory = tempfile::tempdir().unwrap();
        let mut worker = Worker::new(EngineName::Rc11, &late(directory.path()));
        assert_eq!(worker.peak_memory(), None);
        let program: Program = "unused: get | get".parse().unwrap();
        let job = Job::rc11(program, Ends::Left);
        worker.explore(&job, &mut |_| ()).unwrap();
        assert!(worker.peak_memory().is_some_and(|bytes| bytes > 1 << 10));
    }
}
