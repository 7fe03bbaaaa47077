//! The parser of a program.

use super::{MAX_SLOTS, MAX_THREADS, Op, OpName, Program, Start, StartKind};
use crate::text::{ParseError, Word, Words, quoted, suggest};
use std::str::FromStr;

/// The hint where the shape of the whole line is wrong.
const SHAPE: &str = "a program is a start state and two or more threads, such as `shared*2: read drop | try_unique`";

/// The hint where the forgotten handles are wrong. The limit is the models', and
/// theirs to check.
const FORGOTTEN: &str = "in `shared+N`, N is a number from 0 to 15, and after `shared*2` to 14: a slot has at most 16 handles";

impl FromStr for Program {
    type Err = ParseError;

    fn from_str(input: &str) -> Result<Self, ParseError> {
        let mut words = Words::new(input);
        if words.is_empty() {
            return Err(words.error("the program is empty").with_hint(SHAPE));
        }
        let start = start(&mut words)?;
        if !words.take_if(":") {
            return Err(words
                .error(format!("expected `:` after the start state `{start}`"))
                .with_hint(SHAPE));
        }
        let threads = threads(&mut words)?;
        Ok(Self { start, threads })
    }
}

/// `( "unused" | "shared" | "shared*2" | "unique" ) [ "+" forgotten ]`
fn start(words: &mut Words<'_>) -> Result<Start, ParseError> {
    let kind = start_kind(words)?;
    let plus = words.place();
    if !words.take_if("+") {
        return Ok(Start { kind, forgotten: 0 });
    }
    let forgotten = words
        .number("the number of forgotten handles", u64::MAX)
        .map_err(|error| error.with_hint(FORGOTTEN))?;
    if !kind.is_shared() {
        return Err(words
            .error_at(
                plus.start..words.taken(),
                format!("handles cannot be forgotten after `{kind}`"),
            )
            .with_hint("`+N` is for the starts `shared` and `shared*2`"));
    }
    Ok(Start { kind, forgotten })
}

fn start_kind(words: &mut Words<'_>) -> Result<StartKind, ParseError> {
    let mut place = words.place();
    let missing = words
        .error("the start state is missing")
        .with_hint(format!("start states: {}", start_names().join(", ")));
    if words.take_word().is_none() {
        return Err(missing);
    }
    if words.is_next("*") {
        words.take();
        words.take_word();
        place.end = words.taken();
    }
    let name: String = words.input()[place.clone()].split_whitespace().collect();
    if let Some(kind) = StartKind::ALL.into_iter().find(|k| k.as_str() == name) {
        return Ok(kind);
    }
    if op_name(&name).is_some() && !words.is_next(":") {
        return Err(missing.with_hint("write it first, as in `unused: alloc | get`"));
    }
    Err(words
        .error_at(place, format!("unknown start state {}", quoted(&name)))
        .with_hint(suggest(&name, "start states", &start_names())))
}

/// `thread { "|" thread }`, up to the end of the input.
fn threads(words: &mut Words<'_>) -> Result<Vec<Vec<Op>>, ParseError> {
    let mut threads = Vec::new();
    loop {
        if threads.len() == MAX_THREADS {
            return Err(words
                .error(format!("more than {MAX_THREADS} threads"))
                .with_hint(format!("a program has 2 to {MAX_THREADS} threads")));
        }
        threads.push(thread(words, threads.len() + 1)?);
        if !words.take_if("|") {
            break;
        }
    }
    if threads.len() < 2 {
        return Err(words
            .error("a program has at least two threads")
            .with_hint("add ` | ` and the operations of thread 2"));
    }
    Ok(threads)
}

/// `op { op }`, up to a `|` or the end of the input.
fn thread(words: &mut Words<'_>, number: usize) -> Result<Vec<Op>, ParseError> {
    let mut ops = Vec::new();
    while !words.is_empty() && !words.is_next("|") {
        ops.push(op(words)?);
    }
    if ops.is_empty() {
        return Err(words
            .error(format!("thread {number} has no operation"))
            .with_hint(format!("operations: {}", op_names().join(", "))));
    }
    Ok(ops)
}

/// `name [ "@" slot ]`
fn op(words: &mut Words<'_>) -> Result<Op, ParseError> {
    let place = words.place();
    let Some(word) = words.take_word() else {
        let sign = &words.input()[place];
        return Err(words
            .error(format!("expected an operation, found {}", quoted(sign)))
            .with_hint(format!("operations: {}", op_names().join(", "))));
    };
    let name = op_name(word.text).ok_or_else(|| unknown_op(words, &word))?;
    let slot = if words.take_if("@") { slot(words)? } else { 0 };
    Ok(Op { name, slot })
}

fn unknown_op(words: &Words<'_>, word: &Word<'_>) -> ParseError {
    words
        .error_at(
            word.range.clone(),
            format!("unknown operation {}", quoted(word.text)),
        )
        .with_hint(suggest(word.text, "operations", &op_names()))
}

fn slot(words: &mut Words<'_>) -> Result<usize, ParseError> {
    let last = MAX_SLOTS as u64 - 1;
    // At most `MAX_SLOTS`: no bit is lost.
    Ok(words.number("the slot", last)? as usize)
}

fn op_name(word: &str) -> Option<OpName> {
    OpName::ALL.into_iter().find(|name| name.as_str() == word)
}

fn op_names() -> [&'static str; OpName::ALL.len()] {
    OpName::ALL.map(OpName::as_str)
}

fn start_names() -> [&'static str; StartKind::ALL.len()] {
    StartKind::ALL.map(StartKind::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(input: &str) -> Program {
        input.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The message and the word it points at.
    fn error(input: &str) -> (String, &str) {
        let error = input.parse::<Program>().unwrap_err();
        (error.message().to_owned(), &input[error.range()])
    }

    fn shown(input: &str) -> String {
        input.parse::<Program>().unwrap_err().to_string()
    }

    #[test]
    fn a_program_has_its_start_its_threads_and_its_slots() {
        let program = parse("shared*2+14: read drop@0 | try_unique@15");
        assert_eq!(program.start.kind, StartKind::SharedTwice);
        assert_eq!(program.start.forgotten, 14);
        let op = |name, slot| Op { name, slot };
        assert_eq!(
            program.threads,
            [
                vec![op(OpName::Read, 0), op(OpName::Drop, 0)],
                vec![op(OpName::TryUnique, 15)]
            ]
        );
    }

    #[test]
    fn every_name_of_the_grammar_is_understood() {
        for start in start_names() {
            for op in op_names() {
                let line = format!("{start}: {op} | {op}@1");
                assert_eq!(parse(&line).to_string(), line);
            }
        }
    }

    #[test]
    fn space_is_free() {
        let dense = parse("shared*2+1:read@1 drop|get");
        let airy = parse("\n shared * 2 + 1\t:  read @ 1\r\ndrop | get\u{3000}");
        assert_eq!(dense, airy);
    }

    #[test]
    fn the_limits_belong_to_the_grammar() {
        let threads = ["get"; MAX_THREADS].join(" | ");
        let at_most = format!("shared+{}: {threads}", u64::MAX);
        assert_eq!(parse(&at_most).to_string(), at_most);

        let too_many = format!("unused: {threads} | drop");
        assert_eq!(error(&too_many), ("more than 16 threads".into(), "drop"));
        assert_eq!(
            error("unused: get@16 | get"),
            ("`16` is too large".into(), "16")
        );
        assert_eq!(
            error("shared+18446744073709551616: get | get"),
            (
                "`18446744073709551616` is too large".into(),
                "18446744073709551616"
            )
        );
    }

    #[test]
    fn a_misspelt_word_gets_the_nearest_one() {
        assert_eq!(
            shown("unused: alocc | get"),
            "\
unknown operation `alocc`
  unused: alocc | get
          ^^^^^
hint: did you mean `alloc`?"
        );
        assert_eq!(
            shown("share: get | get"),
            "\
unknown start state `share`
  share: get | get
  ^^^^^
hint: did you mean `shared`?"
        );
        assert_eq!(
            shown("shared*3: get | get"),
            "\
unknown start state `shared*3`
  shared*3: get | get
  ^^^^^^^^
hint: did you mean `shared*2`?"
        );
    }

    #[test]
    fn another_word_gets_the_list() {
        assert_eq!(
            shown("unused: größe get | get"),
            "\
unknown operation `größe`
  unused: größe get | get
          ^^^^^
hint: operations: alloc, alloc_unique, get, clone, drop, read, write, try_unique, share, repurpose, reset, count, give, take"
        );
    }

    #[test]
    fn the_caret_is_right_after_characters_of_several_bytes() {
        assert_eq!(
            shown("unused:\u{3000}get | alloc@ü"),
            "\
`ü` is not a number
  unused:\u{3000}get | alloc@ü
                      ^
hint: the slot is a number from 0 to 15"
        );
    }

    #[test]
    fn a_missing_part_is_named_where_it_is_missing() {
        assert_eq!(error(" "), ("the program is empty".into(), ""));
        assert_eq!(
            error("alloc | get"),
            ("the start state is missing".into(), "alloc")
        );
        assert_eq!(error(": get"), ("the start state is missing".into(), ":"));
        assert_eq!(
            error("unused get | get"),
            ("expected `:` after the start state `unused`".into(), "get")
        );
        assert_eq!(error("unused:"), ("thread 1 has no operation".into(), ""));
        assert_eq!(
            error("unused: | get"),
            ("thread 1 has no operation".into(), "|")
        );
        assert_eq!(
            error("unused: get | | get"),
            ("thread 2 has no operation".into(), "|")
        );
        assert_eq!(
            error("unused: get |"),
            ("thread 2 has no operation".into(), "")
        );
        assert_eq!(
            error("unused: get@ | get"),
            ("expected the slot".into(), "|")
        );
        assert_eq!(
            error("shared+: get | get"),
            ("expected the number of forgotten handles".into(), ":")
        );
        assert_eq!(
            shown("unused: alloc"),
            "\
a program has at least two threads
  unused: alloc
               ^
hint: add ` | ` and the operations of thread 2"
        );
    }

    #[test]
    fn forgotten_handles_need_a_shared_start() {
        assert_eq!(
            shown("unique +2: drop | get"),
            "\
handles cannot be forgotten after `unique`
  unique +2: drop | get
         ^^
hint: `+N` is for the starts `shared` and `shared*2`"
        );
        assert_eq!(
            error("shared+-1: get | get"),
            ("`-1` is not a number".into(), "-1")
        );
    }

    #[test]
    fn a_sign_is_no_operation() {
        assert_eq!(
            error("unused: get : get | get"),
            ("expected an operation, found `:`".into(), ":")
        );
        assert_eq!(
            error("unused: @1 | get"),
            ("expected an operation, found `@`".into(), "@")
        );
    }
}
