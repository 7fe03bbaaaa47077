//! Judges the original, and then mutant after mutant.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use programs::program::Bound;

use super::explored::Explorer;
use super::judge::{Fate, JudgeName, Kill, Row};
use super::{Mutant, Tree, build, tested};
use model_tests::cargo::Built;
use model_tests::interrupt;
use model_tests::litmus::Litmus;
use model_tests::pool::Pool;
use pipe::{Description, EngineName};

/// Everything that judges a mutant, and the tree it lives in.
#[derive(Debug)]
pub struct Judges {
    tree: Tree,
    target: PathBuf,
    explorers: Vec<Explorer>,
    workers: usize,
    all: bool,
}

/// What the judges say of the tree as it is.
struct Judged {
    kills: Vec<Kill>,
    unclear: Option<String>,
}

impl Judges {
    /// Judges for copies of the workspace at `root`, which are made and built
    /// below `target`. All of them are asked if `all` says so, else only until
    /// one kills.
    pub fn new(
        root: &Path,
        target: &Path,
        corpus: Vec<Litmus>,
        subject: &Description,
        bounds: &[Bound],
        workers: usize,
        all: bool,
    ) -> Self {
        let campaigns = bounds.iter().map(|bound| Explorer::campaign(*bound));
        Judges {
            tree: Tree::new(root, &target.join("tree")),
            target: target.to_owned(),
            explorers: [Explorer::litmus(corpus)]
                .into_iter()
                .chain(campaigns)
                .chain([Explorer::scenarios(subject)])
                .collect(),
            workers,
            all,
        }
    }

    /// Judges the workspace as it is; how long it takes bounds the mutants.
    ///
    /// # Errors
    ///
    /// If a judge fails it: nothing can be said of mutants then.
    pub fn original(&mut self, mut progress: impl FnMut(&str)) -> Result<(), String> {
        fs::create_dir_all(&self.target).map_err(|e| format!("{}: {e}", self.target.display()))?;
        self.tree.restore()?;
        progress("build the loom worker");
        let worker = self.worker()?;
        let mut pool = Pool::new(EngineName::Loom, &worker, self.workers);
        for explorer in &mut self.explorers {
            progress(&explorer.name.to_string());
            let found = explorer.judge(&mut pool)?;
            explorer.limit(&found);
            refuse(found.kill.as_ref(), found.unclear)?;
        }
        drop(pool);
        progress("build the tests");
        let binaries = self.tests()?;
        progress("tests");
        if binaries.is_empty() {
            return Err("there is no test to judge mutants".to_owned());
        }
        refuse(tested::judge(&binaries, &self.target)?.as_ref(), None)
    }

    /// Judges one mutant.
    ///
    /// # Errors
    ///
    /// If an interrupt is requested. What is wrong with the mutant or the
    /// tools is said in the row.
    pub fn mutant(&self, mutant: &Mutant, mut progress: impl FnMut(&str)) -> Result<Row, String> {
        let started = Instant::now();
        let judged = self
            .judge(mutant, &mut progress)
            .unwrap_or_else(|why| Judged {
                kills: Vec::new(),
                unclear: Some(why),
            });
        if interrupt::requested() {
            return Err("interrupted".to_owned());
        }
        let fate = Fate::of(
            !judged.kills.is_empty(),
            mutant.equivalent.is_some(),
            judged.unclear.is_none(),
        );
        Ok(Row {
            mutant: mutant.name.clone(),
            what: mutant.what.clone(),
            fate,
            kills: judged.kills,
            message: match fate {
                Fate::ToolFailure => judged.unclear,
                _ => mutant.equivalent.clone(),
            },
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn judge(&self, mutant: &Mutant, progress: &mut impl FnMut(&str)) -> Result<Judged, String> {
        let mut judged = Judged {
            kills: Vec::new(),
            unclear: None,
        };
        progress("build");
        self.tree.mutate(&mutant.patch)?;
        if !mutant.is_of_the_boot() {
            let worker = self.worker()?;
            let mut pool = Pool::new(EngineName::Loom, &worker, self.workers);
            for explorer in &self.explorers {
                progress(&explorer.name.to_string());
                let found = explorer.judge(&mut pool)?;
                judged.unclear = judged.unclear.or(found.unclear);
                judged.kills.extend(found.kill);
                if !self.all && !judged.kills.is_empty() {
                    return Ok(judged);
                }
            }
        }
        progress(&JudgeName::Tests.to_string());
        let binaries = self.tests()?;
        judged.kills.extend(tested::judge(&binaries, &self.target)?);
        Ok(judged)
    }

    fn worker(&self) -> Result<PathBuf, String> {
        build::worker(self.tree.path(), &self.target, EngineName::Loom)
            .map_err(|e| does_not_compile(&e))
    }

    fn tests(&self) -> Result<Vec<Built>, String> {
        build::tests(self.tree.path(), &self.target).map_err(|e| does_not_compile(&e))
    }
}

fn does_not_compile(error: &str) -> String {
    format!("it does not compile: {error}")
}

/// The original passes, or nothing can be said of mutants.
fn refuse(kill: Option<&Kill>, unclear: Option<String>) -> Result<(), String> {
    if let Some(kill) = kill {
        return Err(format!(
            "without any mutant, {} ends in `{}` ({}); mend that first",
            kill.by, kill.verdict, kill.judge
        ));
    }
    unclear.map_or(Ok(()), |why| Err(format!("without any mutant, {why}")))
}
