//! The JSON schemas of all that is printed or kept as JSON.

use model_tests::versioned;
use serde_json::Value;

use super::markdown::{code, table};

use crate::{bench, cli, mutants, planted};

versioned! {
    bench::Results => "bench", 1;
    bench::Figure => "figure", 1;
    cli::bench::Compared<'_> => "compared-figure", 1;
    cli::bench::ScaleLine<'_> => "scale", 1;
    mutants::JudgedMutant => "mutant", 1;
    planted::Search => "search", 1;
}

/// Those of the commands and those of the tools: the path of each below the root, and its text.
pub(super) fn all() -> impl Iterator<Item = (String, String)> {
    let all = model_tests::json::schemas().into_iter().chain(schemas());
    all.map(|(kind, schema)| (format!("docs/schemas/{kind}.json"), schema))
}

/// The fields of each kind, as tables.
pub(super) fn fields() -> String {
    let all = model_tests::json::schemas().into_iter().chain(schemas());
    let tables = all.map(|(kind, schema)| {
        let schema: Value = serde_json::from_str(&schema).unwrap_or_default();
        let required = schema["required"].as_array();
        let always = |key: &str| required.is_some_and(|r| r.iter().any(|name| name == key));
        let fields = schema["properties"].as_object().into_iter().flatten();
        let rows: Vec<_> = fields
            .filter(|(key, _)| !["format", "kind"].contains(&&***key))
            .map(|(key, field)| {
                let about = field["description"].as_str().unwrap_or_default();
                let form = form(field) + if always(key) { "" } else { ", or not there" };
                vec![code(key), form, about.replace('\n', " ")]
            })
            .collect();
        let format = &schema["properties"]["format"]["const"];
        let text = table(&["key", "form", "meaning"], &rows);
        format!("### `{kind}`, format {format}\n\n{text}")
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// The form of a field in a few words.
fn form(field: &Value) -> String {
    if let Some(of) = field["$ref"].as_str() {
        return code(of.rsplit('/').next().unwrap_or(of));
    }
    if let Some(forms) = field["anyOf"].as_array() {
        return forms.iter().map(form).collect::<Vec<_>>().join(" or ");
    }
    let words = match &field["type"] {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        word => Vec::from_iter(word.as_str()),
    };
    let word = |word: &str| match (word, &field["items"]) {
        ("array", Value::Null) => "list".to_owned(),
        ("array", items) => format!("list of {}", form(items)),
        _ => word.to_owned(),
    };
    words.into_iter().map(word).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model_tests::workspace;

    #[test]
    fn the_schemas_are_those_of_the_types_and_there_are_no_others() {
        for (path, schema) in super::all() {
            expect_test::expect_file![workspace::root().join(path)].assert_eq(&schema);
        }
        let folder = std::fs::read_dir(workspace::root().join("docs/schemas")).unwrap();
        let there: BTreeSet<_> = folder
            .map(|file| format!("docs/schemas/{}", file.unwrap().file_name().display()))
            .collect();
        let wanted: BTreeSet<_> = super::all().map(|(path, _)| path).collect();
        assert_eq!(there, wanted);
    }
}
