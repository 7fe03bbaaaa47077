//! The handles cost nothing: in a normal build each operation has the atomic
//! instructions of the same operation written by hand, no more and no others.
//!
//! Compared twice: the atomic accesses with their orderings in the optimised
//! intermediate code (where a relaxed load is still told from a plain one), and
//! the locked instructions in the assembly. `--nocapture` prints the table.

#![cfg(not(model))]

#[cfg(target_arch = "x86_64")]
mod fixture;

#[cfg(not(target_arch = "x86_64"))]
#[test]
fn handles_compile_to_the_atomics_of_hand_written_code() {
    println!("skipped: only the instructions of x86-64 are known to this test");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn handles_compile_to_the_atomics_of_hand_written_code() {
    use std::fs;

    let built = fixture::Fixture::new("codegen", "lib.rs", "[lib]")
        .build(&["--emit=asm,llvm-ir", "-Cllvm-args=-x86-asm-syntax=intel"])
        .unwrap_or_else(|message| panic!("{message}"));
    let read = |extension: &str| {
        let mut found = fs::read_dir(built.join("deps"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == extension))
            .filter(|path| {
                let name = path.file_name().unwrap().to_string_lossy();
                name.starts_with("codegen")
            });
        let path = found.next().expect("the compiler wrote it");
        assert!(found.next().is_none(), "one build, one .{extension}");
        fs::read_to_string(path).unwrap()
    };
    let assembly = listing::Listing::of_assembly(&read("s"));
    let code = listing::Listing::of_ir(&read("ll"));

    // What the protocol says each operation may do, so that the comparison
    // cannot pass for two empty functions.
    const EXPECTED: &[(&str, usize, usize)] = &[
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

    println!("operation            ours  by hand  locked        atomic accesses");
    let mut differing = Vec::new();
    for &(operation, accesses, locked) in EXPECTED {
        let [ours, hand] = ["ours", "hand"].map(|side| {
            let function = format!("{side}_{operation}");
            (code.reach(&function), assembly.reach(&function))
        });
        println!(
            "{operation:<19} {:>5} {:>8}  {:<12}  {}",
            ours.1.total,
            hand.1.total,
            ours.1.atomics.join(", "),
            ours.0.atomics.join(", ")
        );
        if ours.0.atomics != hand.0.atomics || ours.1.atomics != hand.1.atomics {
            differing.push(format!(
                "{operation}:\n  ours    {:?} {:?}\n  by hand {:?} {:?}",
                ours.0.atomics, ours.1.atomics, hand.0.atomics, hand.1.atomics
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
    println!("counted: all instructions of the function and of what it calls");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// Functions, their instructions and calls, from the compiler's text.
#[cfg(target_arch = "x86_64")]
mod listing {
    use std::collections::{BTreeMap, BTreeSet};

    #[derive(Default)]
    struct Function {
        total: usize,
        atomics: Vec<String>,
        mentions: BTreeSet<String>,
    }

    /// What a function does, along with all that it calls.
    pub(crate) struct Reach {
        pub(crate) total: usize,
        pub(crate) atomics: Vec<String>,
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
                    function.atomics.push(kind);
                }
                if mnemonic == "call" || mnemonic.starts_with('j') {
                    let callee = words.last().unwrap();
                    // Directly, or by way of the global offset table.
                    let callee = callee.trim_end_matches(']');
                    let callee = callee.split('@').next().unwrap_or(callee);
                    function.mentions.insert(callee.to_owned());
                }
            }
            Listing(functions)
        }

        pub(crate) fn of_ir(text: &str) -> Self {
            let mut functions = BTreeMap::new();
            let mut current: Option<String> = None;
            for line in text.lines() {
                if line.starts_with("define ") {
                    let name = symbols(line).next().expect("a function has a name");
                    functions.insert(name.clone(), Function::default());
                    current = Some(name);
                    continue;
                }
                if line == "}" {
                    current = None;
                }
                let Some(name) = &current else { continue };
                let function = functions.get_mut(name).unwrap();
                if let Some(access) = atomic_access(line) {
                    function.atomics.push(access);
                }
                if line.contains("call ") {
                    function.mentions.extend(symbols(line));
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
            let mut reached = BTreeSet::new();
            let mut next = vec![function];
            let mut reach = Reach {
                total: 0,
                atomics: Vec::new(),
            };
            while let Some(name) = next.pop() {
                let Some(function) = self.0.get(name) else {
                    continue;
                };
                if reached.insert(name) {
                    reach.total += function.total;
                    reach.atomics.extend(function.atomics.iter().cloned());
                    next.extend(function.mentions.iter().map(String::as_str));
                }
            }
            reach.atomics.sort();
            reach
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
        const WORDS: [&str; 14] = [
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
}
