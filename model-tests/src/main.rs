//! temporary
use model_tests::engine::*;
use prop_tests::outcome::Ends;
fn main() {
    let p = std::env::args().nth(1).unwrap();
    let w: Vec<_> = std::env::args()
        .skip(2)
        .map(|c| {
            let (a, b) = c.split_once('=').unwrap();
            OrderingChange {
                site: a.into(),
                ordering: b.into(),
            }
        })
        .collect();
    for ends in [Ends::Dropped, Ends::Left] {
        for probe in [Probe::Cas, Probe::Load] {
            let job = Job {
                program: p.clone(),
                ends,
                probe,
                orderings: w.clone(),
                inject: None,
                limits: Limits::default(),
                trace: true,
            };
            let e = explore(&job, std::sync::Arc::new(|_| ())).unwrap();
            println!(
                "{:?} {probe} {} exec {} outcomes {} allowed {} missing {} complete {} {:.3}s {:?}",
                ends,
                e.verdict(),
                e.executions,
                e.outcomes.len(),
                e.allowed,
                e.missing.len(),
                e.complete,
                e.seconds,
                e.failure.as_ref().map(|f| &f.message)
            );
            if probe == Probe::Cas {
                for s in e.failure.iter().flat_map(|f| &f.steps) {
                    println!("  {s:?}");
                }
                for m in &e.missing {
                    println!("   missing {m}");
                }
            }
        }
    }
}
