//! All litmus files of a folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Litmus, LitmusError};
use crate::subject::Subject;
use crate::{package, workspace};

/// Loads every `*.litmus` file of a folder and of the folders in it, sorted by
/// name.
///
/// # Errors
///
/// The first file that is not a litmus file; two files of one name; no file at
/// all.
pub fn load_all(folder: &Path, subject: &Subject) -> Result<Vec<Litmus>, LitmusError> {
    let mut paths = Vec::new();
    find(folder, &mut paths)?;
    paths.sort();
    let mut all = paths
        .iter()
        .map(|path| Litmus::load(path, subject))
        .collect::<Result<Vec<_>, _>>()?;
    if all.is_empty() {
        return Err(LitmusError::Empty {
            folder: folder.to_owned(),
        });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(twins) = all.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(LitmusError::SameName {
            first: twins[0].path.clone(),
            second: twins[1].path.clone(),
        });
    }
    Ok(all)
}

/// The litmus files of the checkout. Of another subject's sites they know nothing:
/// those that change one are left out then.
///
/// # Errors
///
/// As [`load_all`].
pub fn corpus(subject: &Subject) -> Result<Vec<Litmus>, LitmusError> {
    let folder = workspace::litmus();
    if package::chosen().is_none() {
        return load_all(&folder, subject);
    }
    let mut paths = Vec::new();
    find(&folder, &mut paths)?;
    paths.sort();
    let names_site = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("weaken:") || line.starts_with("inject:")
        })
    };
    paths.retain(|path| !names_site(path));
    paths
        .iter()
        .map(|path| Litmus::load(path, subject))
        .collect()
}

fn find(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), LitmusError> {
    let unreadable = |error: io::Error| LitmusError::Read {
        path: folder.to_owned(),
        error,
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // Links are not followed: a folder could contain itself.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            find(&path, paths)?;
        } else if path.extension().is_some_and(|e| e == "litmus") {
            paths.push(path);
        }
    }
    Ok(())
}
