//! Batches: which program, which engine, which seed. All of it follows from
//! the base seed, the shard and the number of the batch.

use std::str::FromStr;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use programs::outcome::Ends;
use programs::program::{Program, random};

use crate::campaign::Shard;
use crate::plan::PCT_DEPTH;
use pipe::{EngineName, Job, Record, Scheduler, Search};

/// Executions in one batch.
const EXECUTIONS: u64 = 2_000;

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

/// One program under one engine.
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
        let way = Way::ALL[(number / Family::ALL.len() as u64 % Way::ALL.len() as u64) as usize];
        let ends = if seed.is_multiple_of(2) {
            Ends::Dropped
        } else {
            Ends::Left
        };
        let job = way.job(program, ends, seed, EXECUTIONS);
        Batch {
            number,
            family,
            job: job.recording(Record {
                coverage: true,
                ..Record::default()
            }),
        }
    }
}

/// An engine, and how it draws executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Way {
    /// Shuttle's random scheduler.
    Random,
    /// Shuttle's probabilistic concurrency testing.
    Pct,
    /// Shuttle's uniform random walks.
    Urw,
    /// Samples of rc11: weak memory.
    Rc11,
}

impl Way {
    /// All of them, in the order in which batches go round.
    pub const ALL: [Way; 4] = [Way::Random, Way::Pct, Way::Urw, Way::Rc11];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Way::Random => "random",
            Way::Pct => "pct",
            Way::Urw => "urw",
            Way::Rc11 => "rc11",
        }
    }

    /// The engine.
    pub const fn engine(self) -> EngineName {
        match self {
            Way::Random | Way::Pct | Way::Urw => EngineName::Shuttle,
            Way::Rc11 => EngineName::Rc11,
        }
    }

    /// A run of so many executions, whose outcomes are judged one by one.
    pub fn job(self, program: Program, ends: Ends, seed: u64, executions: u64) -> Job {
        let schedules = executions;
        let shuttle = |program, scheduler| Job::shuttle(program, ends, scheduler);
        let job = match self {
            Way::Random => shuttle(program, Scheduler::Random { seed, schedules }),
            Way::Pct => {
                let depth = PCT_DEPTH;
                let pct = Scheduler::Pct {
                    seed,
                    schedules,
                    depth,
                };
                shuttle(program, pct)
            }
            Way::Urw => shuttle(program, Scheduler::Urw { seed, schedules }),
            Way::Rc11 => {
                let samples = executions;
                Job::rc11_search(program, ends, Search::Sample { seed, samples })
            }
        };
        Job {
            enumerate: false,
            ..job
        }
    }
}

impl FromStr for Way {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let named = Way::ALL.into_iter().find(|way| way.name() == word);
        named.ok_or_else(|| {
            let names = Way::ALL.map(Way::name).join(", ");
            format!("`{word}` is not one of {names}")
        })
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
        (0..40).map(text).collect()
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
    fn each_family_meets_each_engine() {
        let met: HashSet<_> = (0..20)
            .map(|number| {
                let batch = draw(1, 1).batch(number);
                (
                    batch.family,
                    batch.job.engine(),
                    batch.job.manner.to_string(),
                )
            })
            .collect();
        assert_eq!(met.len(), Family::ALL.len() * Way::ALL.len());
        let sampled = met
            .iter()
            .filter(|(_, engine, _)| *engine == EngineName::Rc11);
        assert_eq!(sampled.count(), Family::ALL.len());
        for way in Way::ALL {
            let program = "unused: alloc | get".parse().unwrap();
            let job = way.job(program, Ends::Left, 1, 7);
            assert_eq!(job.engine(), way.engine());
            assert!(job.samples() && !job.enumerate && job.seed() == Some(1));
        }
    }

    #[test]
    fn drawn_programs_are_of_their_family() {
        for number in 0..80 {
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
