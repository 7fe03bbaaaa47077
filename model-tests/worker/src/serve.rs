//! The worker's side of the pipe.

use std::io::{self, BufRead, Write};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use pipe::{Reply, Request, SoFar};

use crate::{Subject, interrupt};

/// How long replies wait for others while there is more to do.
const GATHER: Duration = Duration::from_millis(10);

/// Answers the requests on standard input, until it ends.
pub(crate) fn serve(subject: &Subject) -> io::Result<()> {
    // Failures are answers here; nothing is to be printed about them.
    std::panic::set_hook(Box::new(|_| ()));

    let (to_requests, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if to_requests.send(line).is_err() {
                return;
            }
        }
        interrupt::request();
    });
    let mut gathering = Instant::now();
    loop {
        let line = match requests.try_recv() {
            Ok(line) => line,
            Err(_) => {
                send()?;
                let Ok(line) = requests.recv() else {
                    return Ok(());
                };
                gathering = Instant::now();
                line
            }
        };
        let reply = match Request::from_line(&line) {
            Err(error) => Reply::Refused(format!("not a request: {error}")),
            Ok(Request::Describe) => Reply::Described(Box::new(subject.describe())),
            Ok(Request::Explore(job)) => match subject.explore(&job, Arc::new(report)) {
                Err(error) => Reply::Refused(error),
                Ok(exploration) => Reply::Done(Box::new(exploration)),
            },
        };
        add(&reply)?;
        if gathering.elapsed() > GATHER {
            send()?;
            gathering = Instant::now();
        }
    }
}

fn report(so_far: SoFar) {
    // If nobody listens any more, the end of the input will say so.
    let _ = add(&Reply::Progress(so_far)).and_then(|()| send());
}

/// Replies that were not sent yet.
static REPLIES: Mutex<String> = Mutex::new(String::new());

fn add(reply: &Reply) -> io::Result<()> {
    let line = reply.to_line()?;
    let mut replies = REPLIES.lock().unwrap_or_else(PoisonError::into_inner);
    *replies += &line;
    replies.push('\n');
    Ok(())
}

fn send() -> io::Result<()> {
    let mut replies = REPLIES.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = io::stdout().lock();
    out.write_all(replies.as_bytes())?;
    out.flush()?;
    replies.clear();
    Ok(())
}
