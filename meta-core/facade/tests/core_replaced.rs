//! The same files of `subject`, unmodified, with the look-alike in place of `core`.

extern crate facade as core;

#[allow(unreachable_pub, reason = "the file is as it ships")]
#[path = "subject/queue.rs"]
mod queue;

/// That of the file is that of the facade: in a normal build `core`'s own.
#[test]
fn core_is_the_facade() {
    let _: fn(bool) -> facade::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new;
    #[cfg(not(any(loom, shuttle, rc11)))]
    let _: fn(bool) -> std::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new;
}

#[test]
fn the_queue_hands_values_on() {
    static QUEUE: queue::Queue<u64> = queue::Queue::new();
    assert_eq!(QUEUE.put(1), Ok(()));
    assert_eq!(QUEUE.put(2), Err(queue::Full(2)));
    assert_eq!((QUEUE.take(), QUEUE.take()), (Some(1), None));
}

#[cfg(any(loom, shuttle, rc11))]
mod explored {
    #[cfg(not(shuttle))]
    use std::panic::catch_unwind;

    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::queue::Queue;
    use facade::model::{self, Config, Probe, thread};
    #[cfg(not(shuttle))]
    use facade::{
        model::{Change, Classified},
        named::Access,
    };

    /// A static, which begins empty each time.
    static QUEUE: Queue<u64> = Queue::new();

    /// One exploration at a time uses it.
    static ONE: Mutex<()> = Mutex::new(());

    fn one() -> MutexGuard<'static, ()> {
        ONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With plain loads loom's reduction overlooks those that come before a load and a
    /// store of another thread.
    fn config() -> Config {
        Config {
            probe: Probe::FailingCas,
            ..Config::default()
        }
    }

    fn pass_on() {
        let producer = thread::spawn(|| {
            assert_eq!(QUEUE.put(1), Ok(()));
            _ = QUEUE.put(2);
        });
        let taken: Vec<u64> = (0..2).filter_map(|_| QUEUE.take()).collect();
        producer.join().unwrap();
        assert!([vec![], vec![1], vec![1, 2]].contains(&taken), "{taken:?}");
    }

    #[test]
    fn the_queue_is_right_in_every_execution() {
        let _one = one();
        model::configure(&Config::default());
        model::check(pass_on);
    }

    /// The ordering of the store by the producer, taken from its place.
    #[test]
    #[cfg(not(shuttle))]
    fn a_weaker_store_is_a_data_race() {
        let _one = one();
        let line = |text| {
            let mut lines = include_str!("subject/queue.rs").lines();
            lines.position(|line| line.contains(text)).unwrap() as u32 + 1
        };
        let used = |text, access| Classified {
            path_end: "subject/queue.rs".to_owned(),
            line: line(text),
            access,
        };
        // Else it would be a race for want of the table.
        model::classify(vec![
            used(".write(value)", Access::Write),
            used(".assume_init_read()", Access::Read),
        ]);
        let line = line("store(true");
        let weaker: Change = format!("subject/queue.rs:{line}=Relaxed").parse().unwrap();
        let config = Config {
            orderings: vec![weaker],
            ..config()
        };
        let failure = catch_unwind(move || {
            model::configure(&config);
            model::check(pass_on);
        });
        let message = format!("{:?}", failure.unwrap_err().downcast_ref::<String>());
        assert!(
            message.contains("data race") || message.contains("Causality"),
            "{message}"
        );
        model::classify(Vec::new());
        model::configure(&Config::default());
    }

    #[test]
    fn the_sites_are_found_by_running() {
        let _one = one();
        model::configure(&Config {
            sites: true,
            ..config()
        });
        model::check(pass_on);
        let sites = model::sites();
        let texts: Vec<_> = sites
            .iter()
            .map(|(site, operation, order)| {
                assert!(site.place.file().ends_with("subject/queue.rs"));
                format!("{operation} {order:?}")
            })
            .collect();
        assert_eq!(
            texts,
            [
                "load Acquire",
                "store Release",
                "load Acquire",
                "store Release"
            ]
        );
        model::configure(&Config::default());
    }
}
