//! The parser of outcomes, and what it shares with the one of patterns.

use super::{End, Ends, OpResult, Outcome, SlotEnd, Writer};
use crate::program::MAX_SLOTS;
use crate::text::{ParseError, Words, quoted, suggest};
use std::ops::Range;
use std::str::FromStr;

/// The results that have a word of their own.
const WORDS: [OpResult; 15] = [
    OpResult::Skipped,
    OpResult::Ok,
    OpResult::InUse,
    OpResult::Unused,
    OpResult::Busy,
    OpResult::Unique,
    OpResult::Abort,
    OpResult::Yes,
    OpResult::No,
    OpResult::Last,
    OpResult::Kept,
    OpResult::Full,
    OpResult::Empty,
    OpResult::Read(Writer::START),
    OpResult::Mismatch,
];

/// The states of a slot, as the list in a hint.
const STATES: [&str; 4] = ["unused", "busy", "shared", "unique"];

/// The hint where the shape of the whole line is wrong.
const SHAPE: &str = "an outcome looks like `ok - | no last => dropped, unused` \
                     or `ok | busy => left shared(1) live`";

/// What each thread did, then the final drops and the end if they are there.
pub(super) type Parsed<R> = (Vec<Vec<R>>, Option<(Vec<Vec<R>>, End)>);

impl FromStr for Outcome {
    type Err = ParseError;

    fn from_str(input: &str) -> Result<Self, ParseError> {
        let mut words = Words::new(input);
        let (results, end) = outcome(&mut words, result)?;
        let Some((drops, end)) = end else {
            return Err(words
                .error("the end is missing")
                .with_hint("add ` => dropped, …` or ` => left …`"));
        };
        Ok(Self {
            results,
            drops,
            end,
        })
    }
}

impl FromStr for Ends {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "dropped" => Ok(Ends::Dropped),
            "left" => Ok(Ends::Left),
            other => Err(format!("`{other}` is not one of dropped, left")),
        }
    }
}

/// `thread { "|" thread } [ "=>" end ]`, up to the end of the input; `result`
/// parses one result.
pub(super) fn outcome<R>(
    words: &mut Words<'_>,
    result: impl Fn(&mut Words<'_>) -> Result<R, ParseError>,
) -> Result<Parsed<R>, ParseError> {
    if words.is_empty() {
        return Err(words.error("the outcome is empty").with_hint(SHAPE));
    }
    let mut results = Vec::new();
    loop {
        let mut thread = Vec::new();
        while !words.is_empty() && !words.is_next("|") && !words.is_next("=>") {
            thread.push(result(words)?);
        }
        if thread.is_empty() {
            return Err(words
                .error(format!("thread {} has no result", results.len() + 1))
                .with_hint("write `-` for an operation that was skipped"));
        }
        results.push(thread);
        if !words.take_if("|") {
            break;
        }
    }
    if !words.take_if("=>") {
        return Ok((results, None));
    }
    let drops = ends(words, results.len(), result)?;
    let end = end(words)?;
    if !words.is_empty() {
        return Err(words.error("expected the end of the line").with_hint(SHAPE));
    }
    Ok((results, Some((drops, end))))
}

/// `"left"` or `"dropped" [ drops ] ","`
fn ends<R>(
    words: &mut Words<'_>,
    threads: usize,
    result: impl Fn(&mut Words<'_>) -> Result<R, ParseError>,
) -> Result<Vec<Vec<R>>, ParseError> {
    if words.take_if("left") {
        return Ok(Vec::new());
    }
    if !words.take_if("dropped") {
        let found = found(words);
        return Err(words
            .error(format!("expected `dropped` or `left`, found {found}"))
            .with_hint(suggest_at(words, "ends", &["dropped", "left"])));
    }
    if words.take_if(",") {
        return Ok((0..threads).map(|_| Vec::new()).collect());
    }
    let start = words.place().start;
    let mut all = vec![drops(words, &result)?];
    while words.take_if("|") {
        all.push(drops(words, &result)?);
    }
    if all.len() != threads {
        return Err(words
            .error_at(
                start..words.taken(),
                format!(
                    "expected the drops of {threads} threads, found {}",
                    all.len()
                ),
            )
            .with_hint("write `-` for a thread that drops nothing"));
    }
    if !words.take_if(",") {
        return Err(words
            .error("expected `,` and the state of the slot")
            .with_hint(SHAPE));
    }
    Ok(all)
}

/// The final drops of one thread, or `-`.
fn drops<R>(
    words: &mut Words<'_>,
    result: impl Fn(&mut Words<'_>) -> Result<R, ParseError>,
) -> Result<Vec<R>, ParseError> {
    let mut drops = Vec::new();
    let none = words.take_if("-");
    while !words.is_empty() && !words.is_next("|") && !words.is_next(",") {
        if none || words.is_next("-") {
            return Err(words
                .error("`-` stands alone here")
                .with_hint("it says that the thread drops nothing"));
        }
        drops.push(result(words)?);
    }
    if drops.is_empty() && !none {
        return Err(words
            .error("the drops of a thread are missing")
            .with_hint("write `-` for a thread that drops nothing"));
    }
    Ok(drops)
}

/// `"not" "judged"`, or the state of each slot.
fn end(words: &mut Words<'_>) -> Result<End, ParseError> {
    if words.take_if("not") {
        if words.take_if("judged") {
            return Ok(End::NotJudged);
        }
        return Err(words.error("expected `judged`").with_hint(SHAPE));
    }
    if !words.is_next("@") {
        return Ok(End::Slots(vec![slot(words)?]));
    }
    let mut slots = Vec::new();
    loop {
        if slots.len() == MAX_SLOTS {
            return Err(words.error(format!("more than {MAX_SLOTS} slots")));
        }
        let expected = format!("expected `@{}`", slots.len());
        let place = words.place();
        if !words.take_if("@") {
            return Err(words
                .error(expected)
                .with_hint("several slots look like `@0 unused, @1 unique live`"));
        }
        if words.number("the slot", MAX_SLOTS as u64 - 1)? != slots.len() as u64 {
            return Err(words
                .error_at(place.start..words.taken(), expected)
                .with_hint("every slot from 0 on is named, in order"));
        }
        slots.push(slot(words)?);
        if !words.take_if(",") {
            return Ok(End::Slots(slots));
        }
    }
}

/// The state of one slot, and whether its metadata lives.
fn slot(words: &mut Words<'_>) -> Result<(SlotEnd, bool), ParseError> {
    let unknown = words
        .error(format!(
            "expected the state of a slot, found {}",
            found(words)
        ))
        .with_hint(suggest_at(words, "states", &STATES));
    let Some(word) = words.take_word() else {
        return Err(unknown);
    };
    let state = match word.text {
        "unused" => SlotEnd::Unused,
        "busy" => SlotEnd::Busy,
        "unique" => SlotEnd::Unique,
        "shared" => SlotEnd::Shared(handles(words)?),
        _ => return Err(unknown),
    };
    if words.take_if("live") {
        return Ok((state, true));
    }
    if state != SlotEnd::Unused && !words.take_if("dead") {
        return Err(words
            .error(format!("expected `live` or `dead` after `{state}`"))
            .with_hint("it says whether the slot still holds metadata"));
    }
    Ok((state, false))
}

/// `"(" number ")"`
fn handles(words: &mut Words<'_>) -> Result<u64, ParseError> {
    let shape = "a shared slot looks like `shared(2) live`";
    if !words.take_if("(") {
        return Err(words.error("expected `(`").with_hint(shape));
    }
    let handles = words.number("the number of handles", u64::MAX)?;
    if !words.take_if(")") {
        return Err(words.error("expected `)`").with_hint(shape));
    }
    Ok(handles)
}

/// One result of an operation.
pub(super) fn result(words: &mut Words<'_>) -> Result<OpResult, ParseError> {
    let place = words.place();
    let unexpected = words
        .error(format!("expected a result, found {}", found(words)))
        .with_hint(known());
    let Some(word) = words.take_word() else {
        return Err(unexpected);
    };
    if let Some(result) = WORDS.into_iter().find(|r| r.as_str() == Some(word.text)) {
        return Ok(result);
    }
    if !word.text.starts_with(|c: char| c.is_ascii_digit()) {
        let names = WORDS.map(|result| result.as_str().unwrap_or_default());
        let hint = suggest(word.text, "results", &names);
        let listed = hint.starts_with("results");
        return Err(words
            .error_at(place, format!("unknown result {}", quoted(word.text)))
            .with_hint(if listed { known() } else { hint }));
    }
    numeric(words, word.text, place)
}

/// A count, or `THREAD.OP`.
fn numeric(words: &Words<'_>, text: &str, place: Range<usize>) -> Result<OpResult, ParseError> {
    let result = match text.split_once('.') {
        None => digits(text).map(OpResult::Count),
        Some((thread, op)) => digits(thread)
            .zip(digits(op))
            .filter(|(thread, op): &(u16, u16)| *thread > 0 && *op > 0)
            .map(|(thread, op)| OpResult::Read(Writer::op(thread.into(), op.into()))),
    };
    result.ok_or_else(|| {
        words
            .error_at(place, format!("{} is no result", quoted(text)))
            .with_hint("a count is a number, a writer is THREAD.OP, both from 1")
    })
}

fn digits<N: FromStr>(text: &str) -> Option<N> {
    // `parse` alone would accept a sign.
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

/// The next word as a message names it.
fn found(words: &Words<'_>) -> String {
    words
        .peek()
        .map_or("nothing".to_owned(), |word| quoted(word.text))
}

fn suggest_at(words: &Words<'_>, what: &str, names: &[&str]) -> String {
    suggest(words.peek().map_or("", |word| word.text), what, names)
}

fn known() -> String {
    let names = WORDS.map(|result| result.as_str().unwrap_or_default());
    format!(
        "results: {}, a count, or THREAD.OP of the writer",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn round_trip(line: &str) -> Outcome {
        let outcome: Outcome = line.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(outcome.to_string(), line);
        outcome
    }

    /// The message and the word it points at.
    fn error(input: &str) -> (String, &str) {
        let error = input.parse::<Outcome>().unwrap_err();
        (error.message().to_owned(), &input[error.range()])
    }

    #[test]
    fn every_kind_of_outcome_is_understood() {
        for line in [
            "- ok in_use unused busy unique | abort yes no last kept full empty => left unused",
            "start 1.2 0 17 | mismatch => left shared(2) live",
            "ok | ok => dropped kept | last, unused",
            "ok | ok => dropped kept kept | -, unused live",
            "ok | ok => dropped, busy dead",
            "ok | abort => dropped, not judged",
            "ok | abort => left not judged",
            "ok | ok => left @0 unused, @1 unique dead",
        ] {
            round_trip(line);
        }
    }

    #[test]
    fn left_has_no_drops_and_dropped_has_a_list_for_each_thread() {
        assert_eq!(round_trip("ok | ok => left unused").drops.len(), 0);
        assert_eq!(round_trip("ok | ok => dropped, unused").drops.len(), 2);
    }

    #[test]
    fn a_misspelt_word_gets_the_nearest_one() {
        let shown = |line: &str| line.parse::<Outcome>().unwrap_err().to_string();
        assert_eq!(
            shown("ok in-use | lost => left unused"),
            "\
unknown result `in-use`
  ok in-use | lost => left unused
     ^^^^^^
hint: did you mean `in_use`?"
        );
        assert_eq!(
            shown("ok | ok => droped, unused"),
            "\
expected `dropped` or `left`, found `droped`
  ok | ok => droped, unused
             ^^^^^^
hint: did you mean `dropped`?"
        );
        assert_eq!(
            shown("ok | ok => left shred(1) live"),
            "\
expected the state of a slot, found `shred`
  ok | ok => left shred(1) live
                  ^^^^^
hint: did you mean `shared`?"
        );
    }

    #[test]
    fn a_missing_part_is_named_where_it_is_missing() {
        assert_eq!(error(""), ("the outcome is empty".into(), ""));
        assert_eq!(error("ok | ok"), ("the end is missing".into(), ""));
        assert_eq!(
            error("ok | => left unused"),
            ("thread 2 has no result".into(), "=>")
        );
        assert_eq!(
            error("ok | ok => left shared(1)"),
            ("expected `live` or `dead` after `shared(1)`".into(), "")
        );
        assert_eq!(
            error("ok | ok => dropped kept | last unused"),
            ("expected `,` and the state of the slot".into(), "")
        );
        assert_eq!(
            error("ok | ok => left @0 unused, @2 unused"),
            ("expected `@1`".into(), "@2")
        );
    }

    #[test]
    fn an_impossible_part_is_refused() {
        assert_eq!(
            error("ok | ok => dropped kept , unused"),
            ("expected the drops of 2 threads, found 1".into(), "kept")
        );
        assert_eq!(
            error("ok | ok => dropped - last | -, unused"),
            ("`-` stands alone here".into(), "last")
        );
        assert_eq!(
            error("ok | 0.1 => left unused"),
            ("`0.1` is no result".into(), "0.1")
        );
        assert_eq!(
            error("ok | 1.0 => left unused"),
            ("`1.0` is no result".into(), "1.0")
        );
        assert_eq!(
            error("ok | * => left unused"),
            ("expected a result, found `*`".into(), "*")
        );
        assert_eq!(
            error("ok | ok => left unused unused"),
            ("expected the end of the line".into(), "unused")
        );
    }

    #[test]
    fn a_slot_beyond_the_last_and_a_result_that_nobody_knows_get_the_limits() {
        let error = |line: &str| line.parse::<Outcome>().unwrap_err().to_string();
        let far = error("ok | ok => left @16 unused");
        assert!(far.contains("`16` is too large"), "{far}");
        assert!(far.contains("the slot is a number from 0 to 15"), "{far}");
        let unknown = error("ok | zzzzzzzz => left unused");
        assert!(
            unknown.contains("hint: results: -, ok, ") && unknown.contains(", or THREAD.OP"),
            "{unknown}"
        );
    }
}
