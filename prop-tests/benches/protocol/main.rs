//! How long the operations of the protocol take, in the build that ships,
//! against what people would use instead and against the bare atomic
//! instructions that they must contain. A model build measures nothing.
//!
//! Names are `GROUP/MEMBER`. The first member of a group is the protocol's; a
//! group `X on two threads` is `X` while another thread is busy with the same
//! object. `--list-counted` names what can be counted by Valgrind instead of
//! timed, and `--count NAME TIMES` does one of it so many times in a function
//! called `counted`; `framecheck bench` uses both.

#[cfg(not(model))]
mod kernel;
#[cfg(not(model))]
mod measure;
#[cfg(not(model))]
mod operations;

#[cfg(not(model))]
fn main() {
    use measure::{Counted, Listed, Timed};

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--list-counted"] => operations::all(&mut Listed),
        ["--count", name, times] => {
            let times = times.parse().expect("--count NAME TIMES");
            let mut counted = Counted::new(name, times);
            operations::all(&mut counted);
            assert!(counted.found(), "nothing is called {name}");
        }
        _ => {
            let mut criterion = criterion::Criterion::default().configure_from_args();
            operations::all(&mut Timed(&mut criterion));
            criterion.final_summary();
        }
    }
}

#[cfg(model)]
fn main() {}
