//! What the figures were measured on.

use std::process::Command;

use serde::{Deserialize, Serialize};
use sysinfo::System;

/// Facts of a machine that times depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Its kind.
    pub architecture: String,
    /// How many threads run at once.
    pub cores: usize,
    /// In GiB.
    pub memory: u64,
    /// The operating system and its version.
    pub system: String,
    /// The compiler's version.
    pub compiler: String,
    /// Threads that wanted to run in the minute before, on average: above 0.5
    /// the machine had other work.
    pub load: f64,
}

impl Machine {
    /// This machine, now.
    pub fn this() -> Self {
        let unknown = || "unknown".to_owned();
        let mut system = System::new();
        system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
        system.refresh_memory();
        let processor = system.cpus().first().map(|cpu| cpu.brand().trim());
        Machine {
            processor: processor
                .filter(|name| !name.is_empty())
                .map_or_else(unknown, str::to_owned),
            architecture: std::env::consts::ARCH.to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: (system.total_memory() as f64 / f64::from(1 << 30)).round() as u64,
            system: System::long_os_version().map_or_else(unknown, |version| {
                let kernel = System::kernel_version().unwrap_or_default();
                format!("{version}, {kernel}")
                    .trim_end_matches([',', ' '])
                    .to_owned()
            }),
            compiler: compiler().unwrap_or_else(unknown),
            load: System::load_average().one,
        }
    }

    /// Whether times of both may be compared.
    pub fn is_like(&self, other: &Machine) -> bool {
        let facts = |machine: &Machine| Machine {
            load: 0.0,
            ..machine.clone()
        };
        facts(self) == facts(other)
    }
}

fn compiler() -> Option<String> {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
