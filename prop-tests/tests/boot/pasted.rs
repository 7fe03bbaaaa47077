//! Memory maps as people paste them. Beside each file in `pasted` lies what it
//! has to become, in the form of the shipped maps.

use std::fs;
use std::path::{Path, PathBuf};

use meta_core::boot::MemoryMap;
use meta_core::boot::MemoryRegionType::{Kernel, Usable};
use prop_tests::hosted::maps::{self, Form, own};
use proptest::prelude::*;

use Form::{DeviceTree, E820, Efi, Iomem, Xen};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/boot/pasted")
        .join(name)
}

/// A file, the forms it is taken for, and the lines with types that nobody knows.
const FILES: [(&str, &[Form], &[&str]); 10] = [
    ("e820-new.log", &[E820], &["line 17: `type 20`"]),
    ("e820-newest.log", &[E820], &[]),
    ("e820-old.log", &[E820], &["line 11: `type 9`"]),
    ("efi.log", &[Efi, E820], &["line 14: `Some New Type`"]),
    ("efi-old.log", &[Efi], &["line 9: `type=99`"]),
    ("efi-arm64.log", &[Efi], &[]),
    ("xen-new.log", &[Xen, E820], &["line 16: `type 17`"]),
    ("xen-old.log", &[Xen], &[]),
    ("iomem.txt", &[Iomem], &["line 15: `Some driver's own`"]),
    ("board.dts", &[DeviceTree], &[]),
];

/// What the regions come to, in the form of the shipped maps.
fn ranges(map: &maps::Map) -> String {
    let map = MemoryMap::new(&map.regions).unwrap();
    own::print(&map.ranges().collect::<Vec<_>>())
}

#[test]
fn what_is_pasted_becomes_what_lies_beside_it() {
    for (name, forms, unknown) in FILES {
        let map = maps::read(&path(name)).unwrap();
        assert_eq!(map.forms, forms, "{name}");
        assert_eq!(map.unknown, unknown, "{name}");
        let beside = path(name).with_extension("memmap");
        if std::env::var_os("PASTED").is_some() {
            fs::write(&beside, ranges(&map)).unwrap();
        }
        assert_eq!(ranges(&map), fs::read_to_string(&beside).unwrap(), "{name}");
    }
}

#[test]
fn what_has_no_address_is_named() {
    let map = maps::read(&path("board.dts")).unwrap();
    assert_eq!(map.unplaced, ["line 44: `linux,cma`"]);
}

#[test]
fn a_byte_order_mark_and_a_mails_marks_change_nothing() {
    for (name, ..) in FILES {
        let text = fs::read_to_string(path(name)).unwrap();
        let marked = maps::parse(&format!("\u{feff}{text}")).unwrap();
        let quoted: String = text.lines().map(|line| format!("> {line}\r\n")).collect();
        let map = maps::parse(&text).unwrap();
        assert_eq!(marked, map, "{name}");
        assert_eq!(maps::parse(&quoted).unwrap(), map, "{name}");
    }
}

#[test]
fn a_line_that_begins_like_an_entry_has_to_end_like_one() {
    let e820 = "BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable";
    for (line, what) in [
        (
            "BIOS-e820: [mem 0x0000000000100000-0x00000000001fffff]",
            "the entry has no type",
        ),
        (
            "BIOS-e820: [mem 0x0000000000100000-",
            "`[mem 0x0000000000100000-` is no entry of an e820 map",
        ),
        (
            "BIOS-e820: [mem 0x200000-0x1fffff] reserved",
            "the region ends before it begins",
        ),
        (
            "BIOS-e820: [mem 0xg-0x1fffff] reserved",
            "`g` is no address",
        ),
        (
            "BIOS-e820: 0000000000200000 - 0000000000100000 (reserved)",
            "the region ends before it begins",
        ),
        (
            "BIOS-e820: 0000000000100000 - 0000000000200000",
            "the entry has no type",
        ),
        (
            "(XEN)  [0000000000100000, 00000000001fffff]",
            "the entry has no type",
        ),
        ("efi: mem00: [Reserved|WB]", "the entry has no range"),
        (
            "efi: mem00: attr=0xf, range=[0x0-0x1000)",
            "the entry has no type",
        ),
        (
            "0x000000000009fbff] usable",
            "is neither an entry nor a log's line",
        ),
        (
            "[mem 0x0000000000100000-0x00000000001fffff] reservd",
            "is neither an entry nor a log's line",
        ),
        (
            "0000000000100000 - 0000000000200000 (reservd)",
            "is neither an entry nor a log's line",
        ),
    ] {
        let error = maps::parse(&format!("{e820}\nNX protection: active\n{line}\n"));
        let error = error.map_or_else(|e| e.to_string(), |map| format!("{map:?}"));
        assert!(
            error.starts_with("line 3: ") && error.contains(what),
            "{line}: {error}"
        );
    }
    let error = maps::parse("# a comment\n\nhello\n")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("line 3: no memory map"), "{error}");
}

#[test]
fn a_device_tree_that_is_not_understood_is_no_map() {
    let tree = |inside: &str| {
        let text =
            format!("/dts-v1/;\n/ {{\n#address-cells = <1>; #size-cells = <1>;\n{inside}\n}};");
        maps::parse(&text).unwrap_err().to_string()
    };
    for (inside, what) in [
        (
            "reserved-memory { a@0 { reg = [00 00]; }; };",
            "line 4: `[` in `reg`: only numbers",
        ),
        (
            "reserved-memory { a@0 { reg = <&there 1>; }; };",
            "line 4: `&there` is no number",
        ),
        (
            "reserved-memory { a@0 { reg = <(1 << 4) 1>; }; };",
            "line 4: `(` in `reg`",
        ),
        (
            "memory@0 { reg = <0x0>; };",
            "line 4: `reg` of `memory@0` has 1 cells",
        ),
        (
            "memory@0 { reg = <>; };",
            "line 4: `reg` of `memory@0` has 0 cells",
        ),
        (
            "memory@0 { reg = <0x100000000 1>; };",
            "above all addresses",
        ),
        ("memory@0 { reg = <0 1>", "line 4: `}` in `reg`"),
        ("memory@0 { /* no end", "line 4: the comment has no end"),
        ("model = \"no end;", "line 4: the text has no end"),
        (
            "#address-cells = <3>;",
            "`#address-cells` is not a number from 0 to 2",
        ),
    ] {
        let error = tree(inside);
        assert!(error.contains(what), "{inside}: {error}");
    }
    let unclosed = maps::parse("/dts-v1/;\n/ {\nmemory@0 { reg = <0 0 1>; };").unwrap_err();
    assert_eq!(unclosed.to_string(), "line 2: the node `/` has no end");
}

/// Whether bytes of the entry are free for everybody.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Usable,
    Reserved,
}

/// An entry with the number of the name of its type.
type Entry = (usize, usize, Is, usize);

/// The names of types that a form has for what is usable, and for the rest; the
/// last one nobody knows.
fn name(form: Form, is: Is, number: usize) -> &'static str {
    let (usable, others): (&[_], &[_]) = match form {
        E820 => (
            &["usable", "System RAM", "639   KB kernel usable RAM"],
            &[
                "reserved",
                "ACPI NVS",
                "ACPI data",
                "unusable",
                "type 20",
                "soft reserved",
                "Usable",
            ],
        ),
        Xen => (
            &["usable"],
            &["reserved", "ACPI NVS", "ACPI data", "unusable", "new"],
        ),
        Efi => (
            &["Conventional Memory|WB", "Conventional|  |attr=0xf|WB"],
            &[
                "Reserved|WB",
                "Runtime Code|RUN|WB",
                "Conventional Memory|UC",
                "Boot Data|WB",
                "Conventional|SP|WB",
                "ACPI Reclaim|WB",
                "New Type|WB",
            ],
        ),
        _ => (
            &["System RAM"],
            &[
                "Reserved",
                "Crash kernel",
                "Kernel code",
                "Kernel bss",
                "ACPI Tables",
                "PCI Bus 0",
            ],
        ),
    };
    let names = if is == Is::Usable { usable } else { others };
    names[number % names.len()]
}

/// The entries as text, with a log's other lines between them.
fn print(form: Form, old: bool, entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut add = |line: String| text.push_str(&(line + "\n"));
    match form {
        Iomem => {
            let of = |is| entries.iter().filter(move |e| e.2 == is);
            for (base, len, is, number) in of(Is::Usable).chain(of(Is::Reserved)) {
                // Within memory, as Linux shows it, or as it is without its spaces.
                let indent = if *is == Is::Usable || old { "" } else { "  " };
                let last = base + len - 1;
                add(format!(
                    "{indent}{base:08x}-{last:08x} : {}",
                    name(form, *is, *number)
                ));
            }
        }
        DeviceTree => {
            add("/dts-v1/;\n/ {\n#address-cells = <2>;\n#size-cells = <2>;".to_owned());
            let cells = |n: usize| format!("{:#x} {:#x}", n >> 32, n & 0xffff_ffff);
            let reg =
                |(base, len, ..): &Entry| format!("reg = <{} {}>;", cells(*base), cells(*len));
            for entry in entries.iter().filter(|e| e.2 == Is::Usable) {
                add(format!(
                    "memory@{:x} {{ device_type = \"memory\"; {} }};",
                    entry.0,
                    reg(entry)
                ));
            }
            add("reserved-memory {\n#address-cells = <2>;\n#size-cells = <2>;\nranges;".to_owned());
            for entry in entries.iter().filter(|e| e.2 == Is::Reserved) {
                add(format!("a@{:x} {{ {} }};", entry.0, reg(entry)));
            }
            add("};\n};".to_owned());
        }
        _ => {
            for (index, (base, len, is, number)) in entries.iter().enumerate() {
                let name = name(form, *is, *number);
                let (last, end) = (base + len - 1, base + len);
                add(match (form, old) {
                    (E820, true) if !name.contains("KB") => {
                        format!("[    0.000000]  BIOS-e820: {base:016x} - {end:016x} ({name})")
                    }
                    (E820, _) => {
                        format!("host kernel: BIOS-e820: [mem {base:#018x}-{last:#018x}] {name}")
                    }
                    (Xen, true) => format!("(XEN)  {base:016x} - {end:016x} ({name})"),
                    (Xen, false) => format!("(XEN)  [{base:016x}, {last:016x}] ({name})"),
                    (_, true) => {
                        format!("efi: mem{index:02}: [{name}] range=[{base:#x}-{end:#x}) (1MB)")
                    }
                    (_, false) => {
                        format!("efi: mem{index:02}: [{name}] range=[{base:#x}-{last:#x}] (1MB)")
                    }
                });
                add(format!(
                    "[    0.000000] PM: Registered nosave memory: [mem {base:#x}-{last:#x}]"
                ));
            }
        }
    }
    text
}

proptest! {
    #[test]
    fn what_any_entry_reserves_is_never_usable(
        form in prop::sample::select(&[E820, Efi, Xen, Iomem, DeviceTree][..]),
        old in any::<bool>(),
        entries in prop::collection::vec(
            (0usize..0x1000, 1usize..0x800, prop::bool::weighted(0.5), 0usize..8, 0usize..3),
            1..10,
        ),
    ) {
        // Pages at many places, not all of them whole; memory for sure.
        let whole = (0, 0x4000_0000, Is::Usable, 0);
        let entry = |(page, pages, usable, number, odd): (usize, usize, bool, usize, usize)| {
            let is = if usable { Is::Usable } else { Is::Reserved };
            (page * 0x1000 + odd * 0x100, pages * 0x1000 + odd, is, number)
        };
        let entries: Vec<Entry> = entries.into_iter().map(entry).chain([whole]).collect();
        let text = print(form, old, &entries);
        let map = maps::parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        let sorted = MemoryMap::new(&map.regions).unwrap();
        let usable: Vec<_> = sorted.ranges().filter(|range| range.typ == Usable).collect();
        let reserved = || entries.iter().filter(|entry| entry.2 == Is::Reserved);
        for (base, len, ..) in reserved() {
            for range in &usable {
                let apart = range.base + range.len <= *base || base + len <= range.base;
                prop_assert!(apart, "{:x}+{:x} is usable\n{}", base, len, text);
            }
        }
        // And nothing else is lost but the kernel's image and parts of pages.
        let lost = |at: usize| {
            let near = |(base, len, ..): &Entry| (base & !0xfff..(base + len + 0xfff) & !0xfff).contains(&at);
            let image = form == Iomem && map.regions.iter().any(|r| r.typ == Kernel && (r.base & !0xfff..r.base + r.len).contains(&at));
            reserved().any(near) || image
        };
        for page in (0..0x4000_0000usize).step_by(0x7f000) {
            let free = usable.iter().any(|r| (r.base..r.base + r.len).contains(&page));
            prop_assert!(free != lost(page), "{page:x}: {free}\n{text}");
        }
    }
}
