//! Shards, put together again.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use super::record::Header;
use super::results::{describe, read};
use super::shard::Shard;
use super::summary::CampaignSummary;

/// A whole campaign from the files of its shards.
#[derive(Debug)]
pub struct Merged {
    /// What it is a campaign of.
    pub header: Header,
    /// The sums.
    pub summary: CampaignSummary,
}

/// Merges the result files of all shards of one campaign.
///
/// # Errors
///
/// If files are of different campaigns or commits, if a shard is there twice or
/// not at all, or if runs are missing in one.
pub fn merge(paths: &[PathBuf]) -> Result<Merged, String> {
    let mut whole: Option<Header> = None;
    let mut shards: BTreeMap<Shard, PathBuf> = BTreeMap::new();
    let mut summary = CampaignSummary::default();
    for path in paths {
        let (header, records) = read(path)?;
        let shard = header.shard;
        let of_all = Header {
            shard: Shard { index: 1, ..shard },
            ..header
        };
        match &whole {
            Some(first) if *first != of_all => {
                return Err(format!(
                    "{}: results of another campaign\n  it has    {}\n  others are {}",
                    path.display(),
                    describe(&of_all),
                    describe(first)
                ));
            }
            Some(_) => {}
            None => whole = Some(of_all.clone()),
        }
        if let Some(other) = shards.insert(shard, path.clone()) {
            return Err(format!(
                "overlap: shard {shard} is in both {} and {}",
                other.display(),
                path.display()
            ));
        }
        let runs = of_all.ends.len() * of_all.ways.len();
        let positions = (0..of_all.programs).filter(|p| shard.contains(*p)).count();
        let distinct: HashSet<_> = records.iter().map(super::Record::key).collect();
        if let Some(stray) = records.iter().find(|r| !shard.contains(r.position)) {
            return Err(format!(
                "{}: `{}` does not belong to shard {shard}",
                path.display(),
                stray.program
            ));
        }
        if distinct.len() != positions * runs {
            return Err(format!(
                "gap: {} has {} of the {} runs of shard {shard}; run it again to complete it",
                path.display(),
                distinct.len(),
                positions * runs
            ));
        }
        records.iter().for_each(|record| summary.add(record));
    }
    let header = whole.ok_or("no result files")?;
    let missing: Vec<String> = (1..=header.shard.of)
        .map(|index| Shard {
            index,
            ..header.shard
        })
        .filter(|shard| !shards.contains_key(shard))
        .map(|shard| shard.to_string())
        .collect();
    if !missing.is_empty() {
        return Err(format!("gap: no results of shard {}", missing.join(", ")));
    }
    Ok(Merged { header, summary })
}
