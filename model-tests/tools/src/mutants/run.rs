//! Judges the original, and then mutant after mutant.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use programs::program::Bound;

use super::explored::Explorer;
use super::judge::{Fate, JudgeName, JudgedMutant, Kill};
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
    /// one kills. None of them explores programs of the protocol yet.
    pub fn new(root: &Path, target: &Path, workers: usize, all: bool) -> Self {
        Judges {
            tree: Tree::new(root, &target.join("tree")),
            target: target.to_owned(),
            explorers: Vec::new(),
            workers,
            all,
        }
    }

    /// Adds the judges that explore programs of the protocol.
    pub fn explore(&mut self, corpus: Vec<Litmus>, subject: &Description, bounds: &[Bound]) {
        let campaigns = bounds.iter().map(|bound| Explorer::campaign(*bound));
        self.explorers = [Explorer::litmus(corpus)]
            .into_iter()
            .chain(campaigns)
            .chain([Explorer::scenarios(subject)])
            .collect();
    }

    /// Judges the workspace as it is, as far as these mutants are concerned; how
    /// long it takes bounds them.
    ///
    /// # Errors
    ///
    /// If a judge fails it: nothing can be said of mutants then.
    pub fn original(
        &mut self,
        mutants: &[Mutant],
        mut progress: impl FnMut(&str),
    ) -> Result<(), String> {
        fs::create_dir_all(&self.target).map_err(|e| format!("{}: {e}", self.target.display()))?;
        self.tree.restore()?;
        if mutants.iter().any(Mutant::is_of_the_explorer) {
            progress("tests of the explorer");
            refuse(self.explorer_tests()?.as_ref(), None)?;
        }
        let of_facade = mutants.iter().filter_map(Mutant::explorers_of_the_facade);
        let mut of_facade: Vec<_> = of_facade.flatten().collect();
        of_facade.sort_unstable();
        of_facade.dedup();
        if !of_facade.is_empty() {
            progress("tests of the look-alike");
            refuse(self.facade_tests(&of_facade)?.as_ref(), None)?;
        }
        let others = |mutant: &&Mutant| {
            !mutant.is_of_the_explorer() && mutant.explorers_of_the_facade().is_none()
        };
        if mutants.iter().any(|mutant| others(&mutant)) {
            self.original_protocol(&mut progress)?;
        }
        Ok(())
    }

    fn original_protocol(&mut self, progress: &mut impl FnMut(&str)) -> Result<(), String> {
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
        let binaries = binaries.into_iter().map(Ok);
        refuse(tested::judge(binaries, &self.target)?.as_ref(), None)
    }

    /// Judges one mutant.
    ///
    /// # Errors
    ///
    /// If an interrupt is requested. What is wrong with the mutant or the
    /// tools is said in the row.
    pub fn mutant(
        &self,
        mutant: &Mutant,
        mut progress: impl FnMut(&str),
    ) -> Result<JudgedMutant, String> {
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
        Ok(JudgedMutant {
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
        if mutant.is_of_the_explorer() {
            progress("tests of the explorer");
            judged.kills.extend(self.explorer_tests()?);
            return Ok(judged);
        }
        if let Some(explorers) = mutant.explorers_of_the_facade() {
            progress("tests of the look-alike");
            judged.kills.extend(self.facade_tests(&explorers)?);
            return Ok(judged);
        }
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
        let binaries = self.tests()?.into_iter().map(Ok);
        judged.kills.extend(tested::judge(binaries, &self.target)?);
        Ok(judged)
    }

    /// Builds and runs the tests of the explorer, one file after the other until
    /// some fail: to build them all takes longer than to run them.
    fn explorer_tests(&self) -> Result<Option<Kill>, String> {
        let tree = self.tree.path();
        let binaries = build::of_explorer(tree)?.into_iter().map(|name| {
            build::explorer_test(tree, &self.target, &name).map_err(|e| does_not_compile(&e))
        });
        tested::judge(binaries, &self.target)
    }

    /// Builds and runs the tests of the look-alike in these explorers, until some fail.
    fn facade_tests(&self, explorers: &[EngineName]) -> Result<Option<Kill>, String> {
        for &explorer in explorers {
            let binaries = build::facade_tests(self.tree.path(), &self.target, explorer)
                .map_err(|e| does_not_compile(&e))?;
            let kill = tested::judge(binaries.into_iter().map(Ok), &self.target)?;
            if let Some(kill) = kill {
                let by = format!("{} in {explorer}", kill.by);
                return Ok(Some(Kill { by, ..kill }));
            }
        }
        Ok(None)
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
