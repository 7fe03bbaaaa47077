//! Shards, put together again.

use std::collections::BTreeMap;
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
        let runs = of_all.ends.len() as u128 * of_all.ways.len() as u128;
        let expected = shard.len(of_all.programs) as u128 * runs;
        if records.len() as u128 != expected || expected == 0 {
            return Err(format!(
                "gap: {} has {} of the {expected} runs of shard {shard}; run it again to complete it",
                path.display(),
                records.len(),
            ));
        }
        records.iter().for_each(|record| summary.add(record));
    }
    let header = whole.ok_or("no result files")?;
    let of = header.shard.of;
    let missing = of - shards.len();
    if missing > 0 {
        /// How many are named.
        const NAMED: usize = 5;
        let gaps = header.shard.siblings();
        let gaps = gaps.filter(|shard| !shards.contains_key(shard));
        let gaps: Vec<_> = gaps.take(NAMED).map(|shard| shard.to_string()).collect();
        let more = match missing - gaps.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Err(format!(
            "gap: no results of shard {}{more}",
            gaps.join(", ")
        ));
    }
    Ok(Merged { header, summary })
}
