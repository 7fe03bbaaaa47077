use model_tests::engine::{explore, Job, Probe};
use prop_tests::outcome::Ends;
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args[1].contains(':') {
        let mut job = Job::loom(args[1].clone(), if args.get(2).is_some_and(|a| a == "left") { Ends::Left } else { Ends::Dropped }, Probe::Load);
        job.trace = args.len() > 3;
        let e = explore(&job, Arc::new(|_| ())).unwrap();
        println!("{:#?}", (e.executions, e.outcomes.len(), e.allowed, &e.missing, &e.failure, e.verdict()));
        return;
    }
    let bound = args[1].parse().unwrap();
    let (mut execs, mut outs, mut allowed, mut n) = (0, 0, 0, 0);
    let ends = if args.get(2).is_some_and(|a| a == "left") { Ends::Left } else { Ends::Dropped };
    let step: usize = args.get(3).map_or(1, |a| a.parse().unwrap());
    let mut secs = 0.0;
    for (i, program) in prop_tests::program::enumerate(bound, false).enumerate() {
        if i % step != 0 { continue; }
        let job = Job::loom(program.to_string(), ends, Probe::Load);
        let e = explore(&job, Arc::new(|_| ())).unwrap();
        execs += e.executions;
        outs += e.outcomes.len();
        allowed += e.allowed;
        secs += e.seconds;
        n += 1;
        if e.verdict() != model_tests::verdict::Verdict::Pass {
            println!("{program}: {} {:?} missing {:?}", e.verdict(), e.failure, e.missing);
        }
    }
    println!("{n} programs, {execs} executions, {outs} of {allowed}, {secs} s");
}
