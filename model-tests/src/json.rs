//! What is printed or kept as JSON. Every object names its kind and the version of its form;
//! `docs/json.md` states what that promises.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::print;
use crate::{agree, archive, audit, campaign, counterexample, coverage, cut, nightly, output};

/// An object that other programs read.
pub trait Versioned {
    /// What it is. Its schema is `docs/schemas/KIND.json`.
    const KIND: &'static str;
    /// The version of its form. It rises when a key goes away or changes its meaning, not when one
    /// is added.
    const FORMAT: u32;
}

/// The kind and the format of types, and `schemas()` of them all in some builds.
#[macro_export]
macro_rules! versioned {
    (#[$schemas:meta] $($type:ty => $kind:literal, $format:literal;)*) => {
        $(impl $crate::json::Versioned for $type {
            const KIND: &'static str = $kind;
            const FORMAT: u32 = $format;
        })*

        /// The name and the schema of each kind of object.
        #[$schemas]
        pub fn schemas() -> Vec<(&'static str, String)> {
            vec![$(($kind, $crate::json::schema::<$type>())),*]
        }
    };
}

versioned! {
    #[cfg(feature = "schema")]
    print::line::RunLine<'_> => "run", 1;
    agree::Disagreement => "disagreement", 1;
    campaign::Record => "campaign-run", 1;
    audit::AuditRow => "audit-row", 1;
    audit::recorded::MinimalSet => "minimal-set", 1;
    coverage::CoverageLine<'_> => "transition", 1;
    coverage::SiteLine<'_> => "site", 1;
    nightly::BatchLine => "batch", 1;
    counterexample::Counterexample => "counterexample", 2;
    cut::Cut => "cut", 1;
    campaign::Header => "campaign", 1;
    audit::recorded::Recorded => "audit", 1;
    archive::Kept => "kept-run", 1;
}

#[derive(Serialize)]
struct Marked<'a, T> {
    format: u32,
    kind: &'static str,
    #[serde(flatten)]
    object: &'a T,
}

fn marked<T: Versioned>(object: &T) -> Marked<'_, T> {
    Marked {
        format: T::FORMAT,
        kind: T::KIND,
        object,
    }
}

/// An object in one line.
///
/// # Errors
///
/// If JSON cannot express it.
pub fn text<T: Serialize + Versioned>(object: &T) -> Result<String, String> {
    serde_json::to_string(&marked(object)).map_err(|e| e.to_string())
}

/// An object as a file that people look into.
///
/// # Errors
///
/// If JSON cannot express it.
pub fn pretty<T: Serialize + Versioned>(object: &T) -> Result<String, String> {
    let text = serde_json::to_string_pretty(&marked(object)).map_err(|e| e.to_string())?;
    Ok(text + "\n")
}

/// Prints an object on standard output, for `--json`.
///
/// # Errors
///
/// If JSON cannot express it.
pub fn line<T: Serialize + Versioned>(object: &T) -> Result<(), String> {
    output::raw((text(object)? + "\n").as_bytes());
    Ok(())
}

/// Reads an object. What names no kind is taken for one of this kind, and what names no format was
/// written in the first.
///
/// # Errors
///
/// If it is of another kind or format, or not an object of this kind at all.
pub fn read<T: DeserializeOwned + Versioned>(text: &[u8]) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Marks {
        format: Option<Value>,
        kind: Option<Value>,
    }
    // Text that is no object gets the error below.
    if let Ok(Marks { format, kind }) = serde_json::from_slice(text) {
        if let Some(kind) = kind.filter(|kind| kind != T::KIND) {
            return Err(format!("not a {}, but of the kind {kind}", T::KIND));
        }
        let format = format.unwrap_or(json!(1));
        if format != json!(T::FORMAT) {
            return Err(format!(
                "written in format {format}, and this build reads {}\n  hint: the build that wrote \
                 it reads it; docs/json.md explains formats",
                T::FORMAT
            ));
        }
    }
    serde_json::from_slice(text).map_err(|e| format!("not a {}: {e}", T::KIND))
}

/// The JSON schema of a kind of object, as text.
#[cfg(feature = "schema")]
pub fn schema<T: schemars::JsonSchema + Versioned>() -> String {
    use schemars::Schema;
    let mut schema: Schema = schemars::generate::SchemaSettings::default()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>();
    let marks = [
        (
            "format",
            json!({"description": "The version of this kind's form.", "const": T::FORMAT}),
        ),
        (
            "kind",
            json!({"description": "What the object is.", "const": T::KIND}),
        ),
    ];
    schema.insert("title".to_owned(), json!(T::KIND));
    for (name, mark) in marks {
        let of = |schema: &mut Schema, key: &str, empty: Value| {
            schema.ensure_object().entry(key).or_insert(empty).take()
        };
        let mut properties = of(&mut schema, "properties", json!({}));
        properties[name] = mark;
        schema.insert("properties".to_owned(), properties);
        let mut required = of(&mut schema, "required", json!([]));
        if let Value::Array(required) = &mut required {
            required.push(json!(name));
        }
        schema.insert("required".to_owned(), required);
    }
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        a: u8,
    }

    impl Versioned for Thing {
        const KIND: &'static str = "thing";
        const FORMAT: u32 = 2;
    }

    #[test]
    fn an_object_comes_back_and_another_kind_or_format_is_refused() {
        let written = text(&Thing { a: 7 }).unwrap();
        assert_eq!(written, r#"{"format":2,"kind":"thing","a":7}"#);
        assert_eq!(read(written.as_bytes()), Ok(Thing { a: 7 }));
        assert_eq!(read(br#"{"a":7,"format":2}"#), Ok(Thing { a: 7 }));
        for (text, error) in [
            (r#"{"a":7}"#, "written in format 1, and this build reads 2"),
            (r#"{"format":"2","a":7}"#, "written in format \"2\""),
            // Before what the other version lacks.
            (r#"{"format":3,"kind":"thing"}"#, "written in format 3"),
            (
                r#"{"format":2,"kind":"cut"}"#,
                "not a thing, but of the kind \"cut\"",
            ),
            (r#"{"format":2}"#, "not a thing: missing field `a`"),
            ("[1", "not a thing: "),
        ] {
            let found = read::<Thing>(text.as_bytes()).unwrap_err();
            assert!(found.starts_with(error), "{text}: {found}");
        }
    }
}
