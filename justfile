# Thin aliases: `just X ...` is `cargo run --release -- X ...`, those of the
# maintainers' tools aside, and `just check` is `bash .ci/check`. Everything works without just.

set positional-arguments

# Arguments reach the program as they were given, quotes and all.
framecheck := "cargo run --release --quiet --"
# The maintainers' own.
tools := "cargo run --release --quiet --package tools --"

_list:
    @just --justfile "{{ justfile() }}" --list --unsorted

# All that CI asks, cheapest first; name steps to run only these (`just check fmt clippy`)
[no-exit-message]
check *steps:
    @bash .ci/check "$@"

# What takes longer: the audit, larger campaigns, all mutants, planted bugs, sanitizers, fuzzing
[no-exit-message]
deep *steps:
    @bash .ci/check --deep "$@"

# The steps of `check` and `deep`, and what they run
steps:
    @bash .ci/check --list

# Install what `check` needs, or what one step of `deep` needs: just setup deny, just setup lines
setup *what:
    @bash .ci/install "$@"

# One program on every engine: just explore 'shared*2: read drop | try_unique write drop'
[no-exit-message]
explore *args:
    @{{ framecheck }} explore "$@"

# All canonical programs of THREADSxOPS: just campaign 2x2
[no-exit-message]
campaign *args:
    @{{ framecheck }} campaign "$@"

# Is every ordering needed, and is none missing?
[no-exit-message]
audit *args:
    @{{ framecheck }} audit "$@"

# The transitions that rc11 reaches, against those that are allowed
[no-exit-message]
coverage *args:
    @{{ framecheck }} coverage "$@"

# Random programs for a time budget: just nightly minutes=60 seed=1 shard=1/4
[no-exit-message]
nightly *args:
    @{{ framecheck }} nightly "$@"

# Bugs beyond the campaigns' bounds, and the executions it takes to find them
[no-exit-message]
planted *args:
    @{{ tools }} mutants --planted "$@"

# The failing execution of a saved counterexample
[no-exit-message]
replay *args:
    @{{ framecheck }} replay "$@"

# One HTML page of the last runs
[no-exit-message]
report *args:
    @{{ framecheck }} report "$@"

# How executions grow with threads and operations, and what a bound would cost
[no-exit-message]
scale *args:
    @{{ tools }} bench --parts scale "$@"

# Does a wrong protocol fail, or a wrong explorer? Applies the mutants and judges them
[no-exit-message]
mutants *args:
    @{{ tools }} mutants "$@"

# AddressSanitizer, ThreadSanitizer and Valgrind on the code that ships; name some to run only these
[no-exit-message]
sanitize *parts:
    @bash .ci/sanitize "$@"

# Miri, with strict provenance
[no-exit-message]
miri:
    @bash .ci/sanitize miri

# Line coverage of meta-core by the tests, and the lines that nothing runs; --html makes pages too
[no-exit-message]
lines *args:
    @bash .ci/lines "$@"

# Fuzz the readers of text and the boot, or one target: just fuzz boot seconds=600
[no-exit-message]
fuzz *args:
    @bash .ci/fuzz "$@"

# Write the generated tables anew: README.md, docs/, the crate's documentation
[no-exit-message]
docs *args:
    @{{ tools }} docs "$@"

# All tests with nextest, and JUnit files in target/nextest/ci/
junit:
    cargo nextest run --profile ci
    RUSTFLAGS="--cfg loom" cargo nextest run --profile ci-loom

# What the protocol, the harness and the commands cost; or: just bench --compare OLD NEW
[no-exit-message]
bench *args:
    @{{ tools }} bench "$@"
