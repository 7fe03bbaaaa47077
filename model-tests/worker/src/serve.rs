//! The worker's side of the pipe.

use std::io::{self, BufRead, Write};
use std::sync::{Arc, mpsc};

use pipe::{Reply, Request, SoFar};

use crate::{Subject, interrupt};

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
    for line in requests {
        let reply = match Request::from_line(&line) {
            Err(error) => Reply::Refused(format!("not a request: {error}")),
            Ok(Request::Describe) => Reply::Described(Box::new(subject.describe())),
            Ok(Request::Explore(job)) => match subject.explore(&job, Arc::new(report)) {
                Err(error) => Reply::Refused(error),
                Ok(exploration) => Reply::Done(Box::new(exploration)),
            },
        };
        send(&reply)?;
    }
    Ok(())
}

fn report(so_far: SoFar) {
    // If nobody listens any more, the end of the input will say so.
    let _ = send(&Reply::Progress(so_far));
}

fn send(reply: &Reply) -> io::Result<()> {
    let mut line = reply.to_line()?;
    line.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}
