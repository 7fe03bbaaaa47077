//! Batches: which program, which scheduler, which seed. All of it follows from
//! the base seed, the shard and the number of the batch.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use programs::outcome::Ends;
use programs::program::{Program, random};

use crate::campaign::Shard;
use crate::plan::PCT_DEPTH;
use pipe::{Job, Record, Scheduler};

/// Schedules in one batch.
const SCHEDULES: u64 = 2_000;

/// Where the programs of a family come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// The litmus files.
    Litmus,
    /// Four to eight threads.
    Threads,
    /// Long lists of operations.
    Long,
    /// Several slots.
    Slots,
    /// Counts near the limit.
    Limit,
}

impl Family {
    /// All of them, in the order in which batches go round.
    pub const ALL: [Family; 5] = [
        Family::Litmus,
        Family::Threads,
        Family::Long,
        Family::Slots,
        Family::Limit,
    ];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Litmus => "litmus",
            Family::Threads => "threads",
            Family::Long => "long",
            Family::Slots => "slots",
            Family::Limit => "limit",
        }
    }

    fn program(self, litmus: &[Program], seed: u64) -> Program {
        let drawn = match self {
            Family::Litmus => return litmus[(seed % litmus.len() as u64) as usize].clone(),
            Family::Threads => random::program(4..=8, 1..=4, 1, 0),
            Family::Long => random::program(2..=3, 6..=16, 1, 0),
            Family::Slots => random::program(3..=5, 3..=8, 4, 0),
            Family::Limit => random::program(2..=4, 2..=6, 1, 14),
        };
        let mut bytes = [0; 32];
        for (i, chunk) in bytes.chunks_mut(8).enumerate() {
            chunk.copy_from_slice(&mix(seed, i as u64).to_le_bytes());
        }
        drawn.draw(&mut ChaCha20Rng::from_seed(bytes))
    }
}

/// One program under one scheduler.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its number in the shard, counted from 0.
    pub number: u64,
    /// Where its program comes from.
    pub family: Family,
    /// The run.
    pub job: Job,
}

/// The batches of a shard.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The base seed.
    pub seed: u64,
    /// The shard: none shares a batch with another.
    pub shard: Shard,
    /// The programs of the litmus files.
    pub litmus: Vec<Program>,
}

impl Draw {
    /// A batch by its number.
    pub fn batch(&self, number: u64) -> Batch {
        let shard = mix(self.shard.of as u64, self.shard.index as u64);
        let seed = mix(mix(self.seed, shard), number);
        let family = Family::ALL[(number % Family::ALL.len() as u64) as usize];
        let program = family.program(&self.litmus, mix(seed, 1));
        let seed = mix(seed, 2);
        let schedules = SCHEDULES;
        let scheduler = match number / Family::ALL.len() as u64 % 3 {
            0 => Scheduler::Random { seed, schedules },
            1 => Scheduler::Pct {
                seed,
                schedules,
                depth: PCT_DEPTH,
            },
            _ => Scheduler::Urw { seed, schedules },
        };
        let ends = if seed.is_multiple_of(2) {
            Ends::Dropped
        } else {
            Ends::Left
        };
        Batch {
            number,
            family,
            job: Job {
                enumerate: false,
                ..Job::shuttle(program, ends, scheduler).recording(Record {
                    coverage: true,
                    ..Record::default()
                })
            },
        }
    }
}

/// A number from two, as good as drawn (the finaliser of splitmix64).
fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn draw(seed: u64, index: usize) -> Draw {
        Draw {
            seed,
            shard: Shard { index, of: 4 },
            litmus: vec!["unused: alloc | get".parse().unwrap()],
        }
    }

    fn texts(draw: &Draw) -> Vec<String> {
        let text = |number| format!("{:?}", draw.batch(number).job);
        (0..30).map(text).collect()
    }

    #[test]
    fn the_same_seed_and_shard_draw_the_same_batches() {
        assert_eq!(texts(&draw(7, 2)), texts(&draw(7, 2)));
    }

    #[test]
    fn shards_and_seeds_share_no_batch() {
        let mut all = HashSet::new();
        let mut drawn = 0;
        for seed in 0..3 {
            for index in 1..=4 {
                for text in texts(&draw(seed, index)) {
                    drawn += 1;
                    all.insert(text);
                }
            }
        }
        assert_eq!(all.len(), drawn);
    }

    #[test]
    fn drawn_programs_are_of_their_family() {
        for number in 0..60 {
            let batch = draw(1, 1).batch(number);
            let program = batch.job.case.program().unwrap();
            match batch.family {
                Family::Threads => assert!((4..=8).contains(&program.threads.len())),
                Family::Slots => assert!((3..=5).contains(&program.threads.len())),
                _ => {}
            }
        }
    }
}
