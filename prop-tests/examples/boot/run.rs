//! The steps: a map, a boot, a table, a second of work, and rest.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use meta_core::boot::MemoryMap;
use meta_core::{META_SLOT_SIZE, PAGE_SIZE};
use prop_tests::hosted::Computer;

use crate::map::{self, size};
use crate::work;

prop_tests::machine!(
    /// The machine that is booted.
    pub(crate) ThisComputer
);

const HELP: &str = "\
Boots a region from a memory map and uses it for a second.

  cargo run --release --example boot [MAP]

MAP is a file or a folder; without one the map is this machine's, from
/sys/firmware/memmap, else /proc/iomem, which only root can read. What a file is
is seen by its lines:

  0x00100000-0x3fffffff usable                  the form of prop-tests/maps
  BIOS-e820: [mem 0x…-0x…] usable               a Linux log, old or new, any prefix
  efi: mem07: [Conventional Memory|…] range=[…  the same with efi=debug
  (XEN)  […, …] (usable)                        a log of Xen, old or new
  00100000-3fffffff : System RAM                /proc/iomem
  memory@80000000 { … reg = <…>; };             the source of a device tree
  a folder of folders with start, end, type     /sys/firmware/memmap

Exit codes: 0 at rest afterwards, 1 not so, 2 bad input, 4 it cannot be booted here";

/// Why there is no result.
enum Stop {
    /// The map, or the command line, makes no sense.
    Input(String),
    /// This machine or its kernel will not have it.
    Tool(String),
    /// Standard output cannot be written.
    Output(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Output(error)
    }
}

pub(crate) fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let done = run(&mut out).and_then(|at_rest| {
        out.flush()?;
        Ok(at_rest)
    });
    let (code, message) = match done {
        Ok(at_rest) => return ExitCode::from(u8::from(!at_rest)),
        Err(Stop::Input(message)) => (2, message),
        Err(Stop::Tool(message)) => (4, message),
        // A reader that went away, such as `head`, has seen enough.
        Err(Stop::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Err(Stop::Output(error)) => (4, format!("standard output: {error}")),
    };
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(code)
}

/// The map that the command line names; `None` if it asks for help.
fn asked(mut words: impl Iterator<Item = OsString>) -> Result<Option<Option<PathBuf>>, Stop> {
    let (first, more) = (words.next(), words.next());
    let hint = "\n  hint: --help says what it takes";
    match (first, more) {
        (Some(word), None) if word == "--help" || word == "-h" => Ok(None),
        (Some(word), _) if word.to_string_lossy().starts_with('-') => {
            let word = word.to_string_lossy();
            Err(Stop::Input(format!("there is no option `{word}`{hint}")))
        }
        (_, Some(_)) => Err(Stop::Input(format!("more than one map{hint}"))),
        (map, None) => Ok(Some(map.map(PathBuf::from))),
    }
}

fn run(out: &mut impl Write) -> Result<bool, Stop> {
    let Some(given) = asked(env::args_os().skip(1))? else {
        writeln!(out, "{HELP}")?;
        return Ok(true);
    };
    let (source, found) = map::find(given.as_deref()).map_err(Stop::Input)?;
    map::print_origin(out, &source, &found)?;
    let regions = found.regions;
    let map = MemoryMap::new(&regions).map_err(|e| Stop::Input(format!("{source}: {e}")))?;
    map::print_ranges(out, &map)?;

    let slots = slot_bytes(&map);
    if let Some(available) = available_memory().filter(|available| slots > *available) {
        return Err(Stop::Tool(format!(
            "the slots of this map take {}, but only {} are available; give a smaller map",
            size(slots),
            size(available)
        )));
    }
    let started = Instant::now();
    // SAFETY: no other thread runs yet.
    unsafe { ThisComputer::boot(&regions) }.map_err(|e| Stop::Tool(e.to_string()))?;
    let took = started.elapsed();
    let frames = map.max_paddr() / PAGE_SIZE;
    writeln!(
        out,
        "\nmetadata: {frames} slots of {META_SLOT_SIZE} bytes = {}, {:.2}% of the memory up to its \
         end",
        size(slots),
        slots as f64 / map.max_paddr() as f64 * 100.0
    )?;
    writeln!(
        out,
        "booted in {:.1} ms; {} frames are free\n",
        took.as_secs_f64() * 1e3,
        ThisComputer::memory().free_frames()
    )?;

    let census = work::Census::take();
    let done = work::for_a_while(Duration::from_secs(1));
    writeln!(out, "{done}")?;
    let at_rest = census == work::Census::take();
    writeln!(out, "\nafterwards {census}")?;
    writeln!(
        out,
        "the region is {}",
        if at_rest {
            "at rest: every frame is as the boot left it"
        } else {
            "NOT at rest"
        }
    )?;
    Ok(at_rest)
}

fn slot_bytes(map: &MemoryMap<'_>) -> usize {
    (map.max_paddr() / PAGE_SIZE * META_SLOT_SIZE).next_multiple_of(PAGE_SIZE)
}

/// What Linux says a process can still have.
fn available_memory() -> Option<usize> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
