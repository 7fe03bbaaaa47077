//! Builds the workers of engines: those of explorers each in a target folder of its own,
//! that of real threads beside the commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pipe::EngineName;

use crate::cargo::{built, cargo, run, run_aloud};
use crate::counterexample::digest;
use crate::interrupt;
use crate::package::{self, Package};
use crate::workspace;
use crate::{note, unseen};

/// Explorers in the order in which their workers take longer to build, then the sample.
const QUICKEST_FIRST: [EngineName; 4] = [
    EngineName::Rc11,
    EngineName::Shuttle,
    EngineName::Loom,
    EngineName::Threads,
];

/// Builds a worker if it is not up to date, and returns its program.
///
/// # Errors
///
/// If cargo cannot be run or fails.
pub fn build(engine: EngineName) -> Result<PathBuf, String> {
    build_with(engine, |cargo| cargo)
}

fn build_with(engine: EngineName, adapt: fn(Command) -> Command) -> Result<PathBuf, String> {
    if let Some(package) = package::chosen() {
        return build_subject(package, engine, adapt);
    }
    let failed = |e: String| format!("building the {engine} worker failed: {e}");
    let built = build_in(workspace::root(), "worker", "worker", engine);
    let (mut command, folder) = built.map_err(failed)?;
    command.stdout(Stdio::null());
    run(adapt(command)).map_err(failed)?;
    Ok(folder.join(format!("worker{}", std::env::consts::EXE_SUFFIX)))
}

/// A call of cargo that builds a worker, and the folder it is made in. Real threads need
/// no flags: in the checkout they share a folder, a profile and a choice of features with
/// the commands, so that what both link is built once.
fn build_in(
    root: &Path,
    package: &str,
    program: &str,
    engine: EngineName,
) -> Result<(Command, PathBuf), String> {
    let shared = engine.cfg().is_none() && root == workspace::root();
    let (target, profile) = match shared {
        true => (workspace::target(), "release"),
        false => (workspace::target().join(engine.as_str()), "worker"),
    };
    let mut command = cargo(root, &target, engine);
    command.args(["build", "--quiet", "--profile", profile, "--bin", program]);
    match shared {
        true => command.arg("--workspace"),
        false => command.args(["--package", package]),
    };
    if root != workspace::root() {
        command.arg("--config").arg(profile_file(&target)?);
    }
    // Executions of these take longer than all that is around them, and campaigns are
    // rarely theirs: they are built in less time instead.
    if matches!(engine, EngineName::Loom | EngineName::Shuttle) {
        for setting in [
            "programs.opt-level=1",
            "prop-tests.codegen-units=16",
            "prop-tests.incremental=true",
            "serde_json.opt-level=0",
            "worker.codegen-units=16",
            "worker.incremental=true",
        ] {
            command.arg(format!("--config=profile.worker.package.{setting}"));
        }
    }
    Ok((command, target.join(profile)))
}

/// The same for another subject. The libraries that both need are built once.
fn build_subject(
    package: &Package,
    engine: EngineName,
    adapt: fn(Command) -> Command,
) -> Result<PathBuf, String> {
    let failed = |e: String| {
        let (shown, name) = (&package.shown, &package.name);
        format!("building the {engine} worker of {shown} (package {name}) failed:\n{e}")
    };
    let target = &workspace::target().join(engine.as_str());
    let (root, name, program) = (&package.workspace, &package.name, &package.program);
    let (mut command, _) = build_in(root, name, program, engine).map_err(failed)?;
    command.arg("--message-format=json-render-diagnostics");
    let output = run_aloud(adapt(command)).map_err(failed)?;
    let built = built(&output)
        .into_iter()
        .rfind(|built| built.folder == package.folder && built.name == package.program)
        .ok_or_else(|| failed("cargo made no program".to_owned()))?;
    static SCANNED: Once = Once::new();
    SCANNED.call_once(|| {
        if let Some(shared) = unseen::note(package, &built.program) {
            note!("{shared}");
        }
    });
    // Another crate may have a program of this name.
    let folder = digest(&package.folder.display().to_string());
    let folder = target.join("subjects").join(format!("{folder:016x}"));
    let own = folder.join(built.program.file_name().unwrap_or_default());
    let copied = std::fs::create_dir_all(&folder).and_then(|()| copy(&built.program, &own));
    copied.map_err(|e| failed(format!("{}: {e}", own.display())))?;
    Ok(own)
}

/// Puts a program in the place of another one, which may be running.
fn copy(program: &Path, to: &Path) -> std::io::Result<()> {
    let new = to.with_extension(format!("{}.new", std::process::id()));
    std::fs::copy(program, &new)?;
    std::fs::rename(&new, to)
}

/// The profile of workers, for a workspace that does not know it.
fn profile_file(target: &Path) -> Result<PathBuf, String> {
    let manifest = workspace::root().join("Cargo.toml");
    let text =
        std::fs::read_to_string(&manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
    let mut inside = false;
    let of_workers = text.lines().filter(|line| {
        if line.starts_with('[') {
            inside = line.starts_with("[profile.worker") || line.starts_with("[profile.dev");
        }
        inside
    });
    let profile: Vec<_> = of_workers.collect();
    let path = target.join("profile.toml");
    // Another command's cargo may be reading it.
    workspace::write(&path, &profile.join("\n")).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

/// Workers that are built side by side. The quickest of the explorers takes what
/// it can get of the processors, and the others what it leaves: so that a first
/// answer comes soon.
#[derive(Debug)]
pub struct Builds {
    waiting: Vec<EngineName>,
    ready: Vec<(EngineName, Result<PathBuf, String>)>,
    built: Receiver<(EngineName, Result<PathBuf, String>)>,
}

impl Builds {
    /// Begins to build the workers of these engines.
    pub fn start(engines: &[EngineName]) -> Self {
        let (to_built, built) = mpsc::channel();
        let first = QUICKEST_FIRST.into_iter().find(|e| engines.contains(e));
        for &engine in engines {
            let to_built = to_built.clone();
            thread::spawn(move || {
                let adapt = if Some(engine) == first {
                    |cargo| cargo
                } else {
                    patiently
                };
                // If nobody waits any more, nobody misses it.
                let _ = to_built.send((engine, build_with(engine, adapt)));
            });
        }
        Builds {
            waiting: engines.to_vec(),
            ready: Vec::new(),
            built,
        }
    }

    /// The next worker, in the order of the engines as far as several are there.
    /// `idle` is called once if it takes a while until one is. None after the
    /// last, or once an interrupt is requested.
    pub fn next(
        &mut self,
        idle: impl FnOnce(&[EngineName]),
    ) -> Option<(EngineName, Result<PathBuf, String>)> {
        /// In which a worker that is up to date is there.
        const MOMENT: Duration = Duration::from_secs(1);
        let mut idle = Some(idle);
        while !self.waiting.is_empty() && !interrupt::requested() {
            let built = match self.built.recv_timeout(MOMENT) {
                Ok(built) => built,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if !self.ready.is_empty() => break,
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(idle) = idle.take() {
                        idle(&self.waiting);
                    }
                    continue;
                }
            };
            self.waiting.retain(|engine| *engine != built.0);
            self.ready.push(built);
        }
        self.ready
            .sort_by_key(|(engine, _)| std::cmp::Reverse(*engine));
        self.ready.pop()
    }
}

/// The same command, for when nothing else is to be done.
fn patiently(command: Command) -> Command {
    if !cfg!(unix) {
        return command;
    }
    let mut nice = Command::new("nice");
    nice.args(["-n", "19"])
        .arg(command.get_program())
        .args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(key, value),
            None => nice.env_remove(key),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        nice.current_dir(folder);
    }
    nice.stdin(Stdio::null());
    nice
}
