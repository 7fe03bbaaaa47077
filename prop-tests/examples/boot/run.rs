//! The steps: a map, a boot, a table, a second of work, and rest.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use meta_core::boot::{MemoryMap, MemoryRegion, MemoryRegionType};
use meta_core::{META_SLOT_SIZE, PAGE_SIZE};
use prop_tests::hosted::{Computer, linux, map_file};

use crate::work;

prop_tests::machine!(
    /// The machine that is booted.
    pub(crate) ThisComputer
);

pub(crate) fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    let (source, regions) = find_map()?;
    println!("memory map: {source}, {} regions\n", regions.len());
    let map = MemoryMap::new(&regions)?;
    table(&map);

    let slots = slot_bytes(&map);
    if let Some(available) = available_memory().filter(|available| slots > *available) {
        return Err(format!(
            "the slots of this map take {}, but only {} are available; give a smaller map",
            size(slots),
            size(available)
        )
        .into());
    }
    let started = Instant::now();
    // SAFETY: no other thread runs yet.
    unsafe { ThisComputer::boot(&regions)? };
    let took = started.elapsed();
    let frames = map.max_paddr() / PAGE_SIZE;
    println!(
        "\nmetadata: {frames} slots of {META_SLOT_SIZE} bytes = {}, {:.2}% of the memory up to its \
         end",
        size(slots),
        slots as f64 / map.max_paddr() as f64 * 100.0
    );
    println!(
        "booted in {:.1} ms; {} frames are free\n",
        took.as_secs_f64() * 1e3,
        ThisComputer::memory().free_frames()
    );

    let census = work::Census::take();
    let done = work::for_a_while(Duration::from_secs(1));
    println!("{done}");
    let at_rest = census == work::Census::take();
    println!("\nafterwards {census}");
    println!(
        "the region is {}",
        if at_rest {
            "at rest: every frame is as the boot left it"
        } else {
            "NOT at rest"
        }
    );
    Ok(at_rest)
}

/// The map to boot from, and where it comes from.
fn find_map() -> Result<(String, Vec<MemoryRegion>), Box<dyn Error>> {
    if let Some(path) = env::args_os().nth(1).map(PathBuf::from) {
        return Ok((path.display().to_string(), read(&path)?));
    }
    let firmware = linux::firmware_memmap(Path::new(linux::FIRMWARE_MEMMAP));
    let iomem = || {
        let text = fs::read_to_string(linux::IOMEM).map_err(|e| e.to_string());
        text.and_then(|text| linux::iomem(&text))
            .map_err(|e| format!("{}: {e}", linux::IOMEM))
    };
    match firmware {
        Ok(regions) => return Ok((linux::FIRMWARE_MEMMAP.to_owned(), regions)),
        Err(why) => eprintln!("cannot use the firmware's map: {why}"),
    }
    match iomem() {
        Ok(regions) => return Ok((linux::IOMEM.to_owned(), regions)),
        Err(why) => eprintln!("cannot use the kernel's map: {why}"),
    }
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("maps/desktop.memmap");
    eprintln!("falling back to a shipped map, which is NOT this machine's; try again as root\n");
    Ok(("maps/desktop.memmap (shipped)".to_owned(), read(&shipped)?))
}

fn read(path: &Path) -> Result<Vec<MemoryRegion>, Box<dyn Error>> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|e| format!("{shown}: {e}"))?;
    Ok(map_file::parse(&text).map_err(|e| format!("{shown}: {e}"))?)
}

fn slot_bytes(map: &MemoryMap<'_>) -> usize {
    (map.max_paddr() / PAGE_SIZE * META_SLOT_SIZE).next_multiple_of(PAGE_SIZE)
}

/// The ranges, and the sums by type.
fn table(map: &MemoryMap<'_>) {
    println!(
        "{:>16}   {:>16}  {:<12} {:>11} {:>11}",
        "from", "to", "type", "frames", "size"
    );
    for MemoryRegion { base, len, typ } in map.ranges() {
        let (end, frames) = (base + len - 1, len / PAGE_SIZE);
        let typ = map_file::type_name(typ);
        println!(
            "{base:#16x} - {end:#16x}  {typ:<12} {frames:>11} {:>11}",
            size(len)
        );
    }
    println!();
    for typ in MemoryRegionType::ALL.into_iter().rev() {
        let bytes: usize = map.ranges().filter(|r| r.typ == typ).map(|r| r.len).sum();
        if bytes > 0 {
            let (name, frames) = (map_file::type_name(typ), bytes / PAGE_SIZE);
            println!("{:>37}{name:<12} {frames:>11} {:>11}", "", size(bytes));
        }
    }
}

fn size(bytes: usize) -> String {
    let mut size = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter().peekable();
    let mut unit = units.next().unwrap_or_default();
    while size >= 1024.0 && units.peek().is_some() {
        size /= 1024.0;
        unit = units.next().unwrap_or_default();
    }
    format!("{size:.1} {unit}")
}

/// What Linux says a process can still have.
fn available_memory() -> Option<usize> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
