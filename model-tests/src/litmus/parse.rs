//! The parser of a litmus file.

use std::ops::Range;
use std::path::Path;

use pipe::{Description, Inject, OrderingChange, Verdict};
use programs::outcome::{End, Ends, OutcomePattern};
use programs::program::Program;
use programs::spec::{Machine, Params};
use programs::text::{ParseError, quoted, suggest};

use super::{Litmus, ends};
use crate::subject::Subject;

/// What a line can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Program,
    Expect,
    Ends,
    Weaken,
    Inject,
    Requires,
    Forbids,
}

impl Key {
    const ALL: [Key; 7] = [
        Key::Program,
        Key::Expect,
        Key::Ends,
        Key::Weaken,
        Key::Inject,
        Key::Requires,
        Key::Forbids,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Key::Program => "program",
            Key::Expect => "expect",
            Key::Ends => "ends",
            Key::Weaken => "weaken",
            Key::Inject => "inject",
            Key::Requires => "requires",
            Key::Forbids => "forbids",
        }
    }

    const fn example(self) -> &'static str {
        match self {
            Key::Program => "program: unused: alloc | get",
            Key::Expect => "expect: pass",
            Key::Ends => "ends: both",
            Key::Weaken => "weaken: SHARE=Relaxed",
            Key::Inject => "inject: ACQUIRE_REF#1",
            Key::Requires => "requires: ok | ok",
            Key::Forbids => "forbids: ok | ok",
        }
    }

    const fn may_repeat(self) -> bool {
        matches!(self, Key::Weaken | Key::Requires | Key::Forbids)
    }
}

/// A line `key: value`.
struct Field {
    key: Key,
    /// Where the key is.
    name: Range<usize>,
    /// Where the value is, without the space around it; never empty.
    value: Range<usize>,
}

/// The text and the fields found in it.
struct Fields<'a> {
    text: &'a str,
    subject: &'a Subject,
    fields: Vec<Field>,
}

pub(super) fn parse(path: &Path, text: &str, subject: &Subject) -> Result<Litmus, ParseError> {
    let (why, fields) = lines(text, subject)?;
    if why.is_empty() {
        return Err(
            ParseError::new(text, 0..0, "nothing says why this litmus exists")
                .with_hint("begin with a line `# what would go wrong`"),
        );
    }
    let program = fields.program()?;
    let expect = fields.expect()?;
    let ends = fields.ends()?;
    let orderings = fields.orderings()?;
    let inject = fields.inject()?;
    let requires = fields.patterns(Key::Requires, &program, &ends)?;
    let forbids = fields.patterns(Key::Forbids, &program, &ends)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Litmus {
        name: name.into_owned(),
        path: path.to_owned(),
        why,
        program,
        expect,
        ends,
        orderings,
        inject,
        requires,
        forbids,
    })
}

/// The comment, and the fields.
fn lines<'a>(text: &'a str, subject: &'a Subject) -> Result<(String, Fields<'a>), ParseError> {
    let mut why = Vec::new();
    let mut all = Fields {
        text,
        subject,
        fields: Vec::new(),
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let place = trimmed(text, start..start + line.len());
        start += line.len();
        if let Some(comment) = text[place.clone()].strip_prefix('#') {
            why.push(comment.trim());
        } else if !place.is_empty() {
            all.add(place)?;
        }
    }
    Ok((why.join("\n").trim().to_owned(), all))
}

/// The part of `text` without the space around it.
fn trimmed(text: &str, part: Range<usize>) -> Range<usize> {
    let line = &text[part.clone()];
    let start = part.start + (line.len() - line.trim_start().len());
    start..start + line.trim().len()
}

fn key_names() -> [&'static str; Key::ALL.len()] {
    Key::ALL.map(Key::as_str)
}

impl<'a> Fields<'a> {
    fn error(&self, place: Range<usize>, message: impl Into<String>) -> ParseError {
        ParseError::new(self.text, place, message)
    }

    /// Takes one line that is neither empty nor a comment.
    fn add(&mut self, line: Range<usize>) -> Result<(), ParseError> {
        let text = self.text;
        let hint_of = |word: &str| {
            if text[line.clone()].parse::<Program>().is_ok() {
                "a program comes after `program:`".to_owned()
            } else {
                suggest(word, "fields", &key_names())
            }
        };
        let Some(colon) = text[line.clone()].find(':') else {
            let word = text[line.clone()].split_whitespace().next();
            let word = word.unwrap_or_default();
            return Err(self
                .error(line.start..line.start + word.len(), "expected `field: …`")
                .with_hint(hint_of(word)));
        };
        let name = trimmed(text, line.start..line.start + colon);
        let value = trimmed(text, line.start + colon + 1..line.end);
        let word = &text[name.clone()];
        let Some(key) = Key::ALL.into_iter().find(|key| key.as_str() == word) else {
            return Err(self
                .error(name, format!("unknown field {}", quoted(word)))
                .with_hint(hint_of(word)));
        };
        if value.is_empty() {
            return Err(self
                .error(
                    line.end..line.end,
                    format!("`{word}:` has nothing behind it"),
                )
                .with_hint(format!("such as `{}`", key.example())));
        }
        let before = self.fields.iter().find(|field| field.key == key);
        if let Some(before) = before.filter(|_| !key.may_repeat()) {
            let (first, _) = self.error(before.name.clone(), "").line_column();
            return Err(self
                .error(name, format!("a second `{word}:`"))
                .with_hint(format!("the first is in line {first}; a file has one")));
        }
        self.fields.push(Field { key, name, value });
        Ok(())
    }

    /// The values of a field, each with its place.
    fn values(&self, key: Key) -> impl Iterator<Item = (&'a str, Range<usize>)> + '_ {
        self.fields
            .iter()
            .filter(move |field| field.key == key)
            .map(|field| (&self.text[field.value.clone()], field.value.clone()))
    }

    /// The value of a field that must be there.
    fn required(&self, key: Key) -> Result<(&'a str, Range<usize>), ParseError> {
        self.values(key).next().ok_or_else(|| {
            let end = self.text.trim_end().len();
            self.error(end..end, format!("`{}:` is missing", key.as_str()))
                .with_hint(format!("add a line such as `{}`", key.example()))
        })
    }

    fn program(&self) -> Result<Program, ParseError> {
        let (value, place) = self.required(Key::Program)?;
        let program = value
            .parse::<Program>()
            .map_err(|error| error.within(self.text, place.start))?;
        // A program that cannot start has no outcomes.
        Machine::start(&program, Ends::Left, &Params::MODEL)
            .map_err(|error| self.error(place, error.to_string()))?;
        Ok(program)
    }

    fn expect(&self) -> Result<Verdict, ParseError> {
        let (value, place) = self.required(Key::Expect)?;
        let known: Vec<_> = Verdict::ALL
            .into_iter()
            .filter(|verdict| *verdict == Verdict::Pass || verdict.is_failure())
            .collect();
        if let Some(verdict) = known.iter().find(|verdict| verdict.as_str() == value) {
            return Ok(*verdict);
        }
        if value.parse::<Verdict>().is_ok() {
            return Err(self
                .error(
                    place,
                    format!("nothing is known of a program after `{value}`"),
                )
                .with_hint("expect `pass` or a failure"));
        }
        let names: Vec<_> = known.into_iter().map(Verdict::as_str).collect();
        Err(self
            .error(place, format!("unknown verdict {}", quoted(value)))
            .with_hint(suggest(value, "verdicts", &names)))
    }

    fn ends(&self) -> Result<Vec<Ends>, ParseError> {
        let Some((value, place)) = self.values(Key::Ends).next() else {
            return Ok(vec![Ends::Dropped, Ends::Left]);
        };
        ends::parse(value).map_err(|_| {
            self.error(place, format!("unknown ends {}", quoted(value)))
                .with_hint(suggest(value, "ends", &["dropped", "left", "both"]))
        })
    }

    fn orderings(&self) -> Result<Vec<OrderingChange>, ParseError> {
        let mut changes: Vec<OrderingChange> = Vec::new();
        for (value, place) in self.values(Key::Weaken) {
            let mut start = place.start;
            for part in value.split(',') {
                let place = trimmed(self.text, start..start + part.len());
                start += part.len() + 1;
                let change = self.ordering(place.clone())?;
                if changes.iter().any(|other| other.site == change.site) {
                    return Err(self
                        .error(place, format!("a second ordering for {}", change.site))
                        .with_hint("a site has one ordering"));
                }
                changes.push(change);
            }
        }
        Ok(changes)
    }

    /// The code under test, which is needed for what stands at `place`.
    fn description(&self, place: &Range<usize>) -> Result<&'static Description, ParseError> {
        self.subject
            .description()
            .map_err(|message| self.error(place.clone(), shortened(&message)))
    }

    fn ordering(&self, place: Range<usize>) -> Result<OrderingChange, ParseError> {
        let description = self.description(&place)?;
        description
            .change(&self.text[place.clone()])
            .map_err(|message| {
                self.error(place, shortened(&message))
                    .with_hint(format!("such as `{}`", Key::Weaken.example()))
            })
    }

    fn inject(&self) -> Result<Option<Inject>, ParseError> {
        let Some((value, place)) = self.values(Key::Inject).next() else {
            return Ok(None);
        };
        let example = format!("such as `{}`", Key::Inject.example());
        let Some((site, number)) = value.split_once('#') else {
            return Err(self
                .error(place, format!("{} is not SITE#n", quoted(value)))
                .with_hint(example));
        };
        let name = trimmed(self.text, place.start..place.start + site.len());
        let number = trimmed(self.text, place.end - number.len()..place.end);
        let description = self.description(&name)?;
        let site = description
            .find_site(&self.text[name.clone()])
            .map_err(|message| {
                self.error(name.clone(), shortened(&message))
                    .with_hint(&example)
            })?;
        if !site.weak {
            let weak: Vec<_> = description.weak_sites().map(|s| s.to_string()).collect();
            return Err(self
                .error(name, format!("{site} is no weak CAS: it cannot fail so"))
                .with_hint(format!("the weak CAS is {}", weak.join(", "))));
        }
        let digits = &self.text[number.clone()];
        let parsed = digits.bytes().all(|byte| byte.is_ascii_digit());
        match digits.parse::<u32>() {
            Ok(n) if parsed && n >= 1 => Ok(Some(Inject {
                site: site.name.clone(),
                n,
            })),
            _ => Err(self
                .error(
                    number,
                    format!("{} is not a number from 1 to {}", quoted(digits), u32::MAX),
                )
                .with_hint("the n-th weak CAS of each execution fails, counted from 1")),
        }
    }

    fn patterns(
        &self,
        key: Key,
        program: &Program,
        ends: &[Ends],
    ) -> Result<Vec<OutcomePattern>, ParseError> {
        self.values(key)
            .map(|(value, place)| {
                let pattern = value
                    .parse::<OutcomePattern>()
                    .map_err(|error| error.within(self.text, place.start))?;
                match misfit(&pattern, program, ends) {
                    None => Ok(pattern),
                    Some((message, hint)) => Err(self.error(place, message).with_hint(hint)),
                }
            })
            .collect()
    }
}

/// Why no outcome of the program can match the pattern, whatever happens, with
/// a hint.
fn misfit(pattern: &OutcomePattern, program: &Program, ends: &[Ends]) -> Option<(String, String)> {
    if !pattern.fits(program) {
        let shape = |lengths: &mut dyn Iterator<Item = usize>| {
            let lengths: Vec<_> = lengths.map(|length| length.to_string()).collect();
            lengths.join(" | ")
        };
        let results = shape(&mut pattern.results.iter().map(Vec::len));
        let ops = shape(&mut program.threads.iter().map(Vec::len));
        return Some((
            "the outcome does not have the shape of the program".to_owned(),
            format!("it has {results} results, and the program {ops} operations"),
        ));
    }
    if let Some(end) = pattern.ends().filter(|end| !ends.contains(end)) {
        let name = end.as_str();
        return Some((
            format!("the outcome is `{name}`, and `ends:` leaves that out"),
            format!("add `{name}` to `ends:`, or leave the end out of the outcome"),
        ));
    }
    if let Some(End::Slots(slots)) = pattern.end.as_ref().map(|end| &end.end)
        && slots.len() != program.slots()
    {
        return Some((
            "the outcome does not end with every slot".to_owned(),
            format!(
                "it ends with {}, and the program has {}",
                slots.len(),
                program.slots()
            ),
        ));
    }
    None
}

/// A message that quotes a word of the file, which may be of any length and
/// hold any character.
fn shortened(message: &str) -> String {
    const MOST: usize = 300;
    let visible = message
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut shown: String = visible.take(MOST).collect();
    if message.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
