//! The corpus of mutants fits the code as it is: a patch that no longer applies
//! is found here, long before the mutants are judged.

use std::collections::BTreeSet;

use model_tests::workspace;
use tools::mutants::{self, Mutant, Tree};

fn corpus() -> Vec<Mutant> {
    mutants::corpus().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_patch_applies_to_the_code_as_it_is() {
    let tree = Tree::new(workspace::root(), "nowhere".as_ref());
    let failures: Vec<_> = corpus()
        .iter()
        .filter_map(|mutant| {
            let error = tree.changed(&mutant.patch).err()?;
            Some(format!("{}: {error}", mutant.name))
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn no_two_mutants_are_the_same_code() {
    let tree = Tree::new(workspace::root(), "nowhere".as_ref());
    let mut seen = BTreeSet::new();
    for mutant in corpus() {
        let changed = tree.changed(&mutant.patch).unwrap_or_default();
        assert!(seen.insert(changed), "{} is another one too", mutant.name);
    }
}

#[test]
fn mutants_change_the_protocol_or_the_explorer_and_say_so() {
    let (explorer, protocol): (Vec<_>, Vec<_>) =
        corpus().into_iter().partition(Mutant::is_of_the_explorer);
    for (mutants, at_least) in [(&protocol, 40), (&explorer, 30)] {
        assert!(mutants.len() >= at_least, "{} mutants", mutants.len());
        let quick = mutants.iter().filter(|mutant| mutant.quick).count();
        assert!((4..=8).contains(&quick), "{quick} mutants are quick");
    }
    let mut names = BTreeSet::new();
    for mutant in &explorer {
        assert!(names.insert(&mutant.name), "two are called {}", mutant.name);
    }
    for mutant in &protocol {
        let name = &mutant.name;
        assert!(names.insert(name), "two are called {name}");
        let sources = match name.starts_with("facade-") {
            true => "meta-core/facade/src/",
            false => "meta-core/src/",
        };
        for (path, _) in &mutant.patch.files {
            assert!(path.starts_with(sources), "{name} changes {path}");
        }
    }
    for mutant in explorer.iter().chain(&protocol) {
        let name = &mutant.name;
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name.chars().all(kebab), "{name} is not in kebab case");
        assert!(mutant.what.ends_with('.'), "{name} is not a sentence");
    }
}
