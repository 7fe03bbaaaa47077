//! The handles cost nothing, and the build that ships does what models explore:
//! each operation has the accesses of the same operation written by hand, no
//! more, no others, and in the same order.
//!
//! Compared three times: atomic and plain accesses in the optimised intermediate
//! code, in their order and with orderings and scope (there a relaxed load is
//! still told from a plain one, and a fence of the compiler from one of the
//! processor); the locked instructions in the assembly; and the atomic accesses
//! with the assertions of debug builds, which may look but do nothing else.
//! `--nocapture` prints the table.

#![cfg(not(model))]

#[cfg(target_arch = "x86_64")]
mod fixture;

#[cfg(not(target_arch = "x86_64"))]
#[test]
fn operations_compile_to_the_accesses_of_hand_written_code() {
    println!("skipped: only the instructions of x86-64 are known to this test");
}

/// What the protocol says each operation may do, so that the comparison cannot
/// pass for two empty functions.
#[cfg(target_arch = "x86_64")]
const BY_HAND: &[(&str, usize, usize)] = &[
    // operation, atomic accesses, locked instructions
    ("from_unused", 3, 1),
    ("from_unused_unique", 3, 1),
    // Its load is there twice: for the first round, and for all others.
    ("from_in_use", 4, 1),
    ("clone", 1, 1),
    ("drop", 3, 1),
    ("try_unique", 1, 1),
    ("share", 1, 0),
    ("unique_drop", 2, 0),
    ("reset", 2, 0),
    ("repurpose", 0, 0),
    ("count", 1, 0),
    ("meta", 0, 0),
    ("start_paddr", 0, 0),
];

/// Operations without a twin by hand, and their atomic accesses in order.
#[cfg(target_arch = "x86_64")]
const PINNED: &[(&str, &str)] = &[
    ("into_raw", ""),
    ("from_raw", ""),
    ("borrow", ""),
    ("list_push", "atomicrmw add monotonic, store monotonic"),
    ("list_pop", "store monotonic"),
    ("list_contains", "load monotonic, load monotonic"),
    (
        "segment_claim",
        "load monotonic, load monotonic, cmpxchg acquire monotonic, store release",
    ),
    ("segment_clone", "atomicrmw add monotonic"),
    (
        "segment_drop",
        "atomicrmw sub release, fence acquire, store release",
    ),
    // Whole words, each once; bytes beside a part of a word are kept.
    ("read_word", "load monotonic"),
    (
        "write_word",
        "store monotonic, load monotonic, cmpxchg monotonic monotonic",
    ),
    (
        "write_bytes",
        "store monotonic, load monotonic, cmpxchg monotonic monotonic",
    ),
];

#[cfg(target_arch = "x86_64")]
#[test]
fn operations_compile_to_the_accesses_of_hand_written_code() {
    let fixture = || {
        fixture::Fixture::new("codegen", "lib.rs", "[lib]")
            .with_rustflags("--emit=asm,llvm-ir -Cllvm-args=-x86-asm-syntax=intel")
    };
    let [code, assembly] = compile(&fixture(), ["ll", "s"]);
    let [checked] = compile(&fixture().with_debug_assertions(), ["ll"]);
    let code = listing::Listing::of_ir(&code);
    let assembly = listing::Listing::of_assembly(&assembly);
    let checked = listing::Listing::of_ir(&checked);

    println!("operation            ours  by hand  locked        accesses");
    let mut wrong = Vec::new();
    for &(operation, accesses, locked) in BY_HAND {
        let [ours, hand] = ["ours", "hand"].map(|side| {
            let function = format!("{side}_{operation}");
            (code.reach(&function), assembly.reach(&function))
        });
        println!(
            "{operation:<19} {:>5} {:>8}  {:<12}  {}",
            ours.1.total,
            hand.1.total,
            ours.1.atomics.join(", "),
            ours.0.accesses.join(", ")
        );
        if ours.0.accesses != hand.0.accesses || ours.1.atomics != hand.1.atomics {
            wrong.push(format!(
                "{operation}:\n  ours    {:?} {:?}\n  by hand {:?} {:?}",
                ours.0.accesses, ours.1.atomics, hand.0.accesses, hand.1.atomics
            ));
        }
        let counted = (hand.0.atomics.len(), hand.1.atomics.len());
        assert_eq!(
            counted,
            (accesses, locked),
            "{operation} by hand is not what the protocol says: {:?} {:?}",
            hand.0.atomics,
            hand.1.atomics
        );
    }
    for &(operation, pinned) in PINNED {
        let found = code.reach(&format!("ours_{operation}")).atomics.join(", ");
        println!("{operation:<19} {found}");
        if found != pinned {
            wrong.push(format!("{operation}:\n  pinned {pinned}\n  found  {found}"));
        }
    }
    println!("counted: all instructions of the function and of what it calls");

    let operations = BY_HAND.iter().map(|(operation, ..)| operation);
    for operation in operations.chain(PINNED.iter().map(|(operation, _)| operation)) {
        let function = format!("ours_{operation}");
        let [shipped, checked] = [&code, &checked].map(|build| build.reach(&function).atomics);
        if !only_looks_more(&shipped, &checked) {
            wrong.push(format!(
                "{operation}:\n  without assertions {shipped:?}\n  with assertions    {checked:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether `checked` is `shipped` with relaxed loads in between.
#[cfg(target_arch = "x86_64")]
fn only_looks_more(shipped: &[String], checked: &[String]) -> bool {
    let mut left = shipped.iter().peekable();
    checked
        .iter()
        .all(|access| left.next_if_eq(&access).is_some() || access == "load monotonic")
        && left.next().is_none()
}

/// Builds it, and reads what the compiler wrote of both crates with these
/// extensions.
#[cfg(target_arch = "x86_64")]
fn compile<const N: usize>(fixture: &fixture::Fixture, extensions: [&str; N]) -> [String; N] {
    use std::fs;

    let built = fixture
        .build(&[])
        .unwrap_or_else(|message| panic!("{message}"));
    let files = fs::read_dir(built.join("deps")).unwrap();
    let files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    extensions.map(|extension| {
        let of_crate = |name: &str| {
            let mut found = files.iter().filter(|path| {
                path.extension().is_some_and(|e| e == extension)
                    && path
                        .file_name()
                        .unwrap()
                        .to_string_lossy()
                        .starts_with(name)
            });
            let path = found.next().expect("the compiler wrote it");
            assert!(found.next().is_none(), "one build, one .{extension}");
            fs::read_to_string(path).unwrap()
        };
        ["codegen-", "meta_core-"].map(of_crate).concat()
    })
}

/// Functions, their instructions and calls, from the compiler's text.
#[cfg(target_arch = "x86_64")]
mod listing {
    use std::collections::{BTreeMap, BTreeSet};

    enum Event {
        Atomic(String),
        /// Memory that is no local variable's is read or written.
        Plain(&'static str),
        Call(String),
    }

    #[derive(Default)]
    struct Function {
        total: usize,
        events: Vec<Event>,
    }

    /// What a function does, along with all that it calls, where it is called.
    #[derive(Default)]
    pub(crate) struct Reach {
        pub(crate) total: usize,
        /// Atomic accesses, in the order of the text.
        pub(crate) atomics: Vec<String>,
        /// Atomic and plain accesses; equal plain ones in a row are one.
        pub(crate) accesses: Vec<String>,
    }

    pub(crate) struct Listing(BTreeMap<String, Function>);

    impl Listing {
        pub(crate) fn of_assembly(text: &str) -> Self {
            let mut functions = BTreeMap::new();
            let mut current: Option<String> = None;
            for line in text.lines() {
                let code = line.split('#').next().unwrap().trim_end();
                if let Some(label) = code.strip_suffix(':') {
                    if !label.starts_with(['.', '\t']) {
                        functions.insert(label.to_owned(), Function::default());
                        current = Some(label.to_owned());
                    }
                    continue;
                }
                let words: Vec<&str> = code.split_whitespace().collect();
                let (Some(name), Some(&mnemonic)) = (&current, words.first()) else {
                    continue;
                };
                if mnemonic.starts_with('.') {
                    continue;
                }
                let function = functions.get_mut(name).unwrap();
                function.total += 1;
                // An exchange with memory locks without saying so.
                let exchange = mnemonic == "xchg" && code.contains('[');
                if mnemonic == "lock" || exchange || mnemonic.ends_with("fence") {
                    let shown = if mnemonic == "lock" { 2 } else { 1 };
                    let kind = words[..shown].join(" ");
                    function.events.push(Event::Atomic(kind));
                }
                if mnemonic == "call" || mnemonic.starts_with('j') {
                    let callee = words.last().unwrap();
                    // Directly, or by way of the global offset table.
                    let callee = callee.trim_end_matches(']');
                    let callee = callee.split('@').next().unwrap_or(callee);
                    function.events.push(Event::Call(callee.to_owned()));
                }
            }
            Listing(functions)
        }

        pub(crate) fn of_ir(text: &str) -> Self {
            let mut functions = BTreeMap::new();
            // Where the result goes: its place in the text is the compiler's choice.
            let mut returned = BTreeSet::new();
            let mut current: Option<String> = None;
            for line in text.lines() {
                if line.starts_with("define ") {
                    let name = symbols(line).next().expect("a function has a name");
                    functions.insert(name.clone(), Function::default());
                    current = Some(name);
                    returned = BTreeSet::from(["%_0".to_owned()]);
                    continue;
                }
                if line == "}" {
                    current = None;
                }
                let Some(name) = &current else { continue };
                let function = functions.get_mut(name).unwrap();
                if let Some(access) = atomic_access(line) {
                    function.events.push(Event::Atomic(access));
                } else if let Some((part, whole)) = part_of(line)
                    && returned.contains(whole)
                {
                    returned.insert(part.to_owned());
                } else if let Some(access) = plain_access(line)
                    && !place(line).is_some_and(|place| returned.contains(place))
                {
                    function.events.push(Event::Plain(access));
                }
                if line.contains("call ") {
                    function.events.extend(symbols(line).map(Event::Call));
                }
                function.total += 1;
            }
            Listing(functions)
        }

        /// # Panics
        ///
        /// If there is no such function.
        pub(crate) fn reach(&self, function: &str) -> Reach {
            assert!(self.0.contains_key(function), "{function} was compiled");
            let mut reach = Reach::default();
            self.follow(function, &mut BTreeSet::new(), &mut reach);
            reach
        }

        fn follow<'a>(&'a self, name: &'a str, seen: &mut BTreeSet<&'a str>, reach: &mut Reach) {
            let Some(function) = self.0.get(name) else {
                return;
            };
            if !seen.insert(name) {
                return;
            }
            reach.total += function.total;
            for event in &function.events {
                match event {
                    Event::Atomic(access) => {
                        reach.atomics.push(access.clone());
                        reach.accesses.push(access.clone());
                    }
                    Event::Plain(access) => {
                        if reach.accesses.last().is_none_or(|last| last != access) {
                            reach.accesses.push((*access).to_owned());
                        }
                    }
                    Event::Call(callee) => self.follow(callee, seen, reach),
                }
            }
        }
    }

    /// The global names in a line, without quotes.
    fn symbols(line: &str) -> impl Iterator<Item = String> {
        line.split('@').skip(1).map(|rest| {
            rest.trim_start_matches('"')
                .chars()
                .take_while(|c| c.is_alphanumeric() || "._$".contains(*c))
                .collect()
        })
    }

    /// The kind and the orderings of an atomic access, such as
    /// `cmpxchg weak acquire monotonic`.
    fn atomic_access(line: &str) -> Option<String> {
        const WORDS: [&str; 15] = [
            "cmpxchg",
            "weak",
            "atomicrmw",
            "add",
            "sub",
            "xchg",
            "or",
            "fence",
            "unordered",
            "monotonic",
            "acquire",
            "release",
            "acq_rel",
            "seq_cst",
            "syncscope(\"singlethread\")",
        ];
        let words = line.split([' ', ',']).filter(|word| !word.is_empty());
        let plain = words
            .clone()
            .skip_while(|w| w.starts_with('%') || *w == "=");
        let mut plain = plain.filter(|word| *word != "tail");
        let first = plain.next()?;
        let kind = match (first, plain.next()) {
            ("load" | "store", Some("atomic")) => first,
            ("cmpxchg" | "atomicrmw" | "fence", _) => "",
            _ => return None,
        };
        let rest = words.filter(|word| WORDS.contains(word));
        let kind = Some(kind).filter(|kind| !kind.is_empty());
        Some(kind.into_iter().chain(rest).collect::<Vec<_>>().join(" "))
    }

    /// Whether plain memory is read or written, as far as the text tells: the
    /// stack of the function itself is not shared.
    fn plain_access(line: &str) -> Option<&'static str> {
        let code = line.trim_start();
        if code.contains("@llvm.mem") && code.contains("call ") {
            Some("copy")
        } else if code.starts_with("store ") {
            Some("write")
        } else {
            code.split_once(" = load ").map(|_| "read")
        }
    }

    /// The pointer that a line makes, and the one that it points into.
    fn part_of(line: &str) -> Option<(&str, &str)> {
        let (part, from) = line.trim_start().split_once(" = getelementptr ")?;
        Some((part, place(from)?))
    }

    /// The last pointer in a line.
    fn place(line: &str) -> Option<&str> {
        line.rsplit_once("ptr %").map(|(before, _)| {
            let name = &line[before.len() + 4..];
            name.split([',', ')', ' ']).next().unwrap_or(name)
        })
    }
}
