//! The JSON schemas of all that is printed or kept as JSON: the test compares those of the types
//! with `docs/schemas` and the tables of `docs/json.md`, and writes them with `UPDATE_EXPECT=1`.

use std::collections::BTreeSet;
use std::fs;

use expect_test::expect_file;
use model_tests::workspace::root;
use serde_json::Value;

use super::between_marks;
use super::markdown::{code, table};

#[test]
fn the_schemas_are_those_of_the_types_and_there_are_no_others() {
    let page = root().join("docs/json.md");
    let text = fs::read_to_string(&page).unwrap();
    let wanted = between_marks(&text, "fields", &fields()).unwrap();
    expect_file![page].assert_eq(&wanted);
    for (path, schema) in all() {
        expect_file![root().join(path)].assert_eq(&schema);
    }
    let folder = fs::read_dir(root().join("docs/schemas")).unwrap();
    let there: BTreeSet<_> = folder
        .map(|file| format!("docs/schemas/{}", file.unwrap().file_name().display()))
        .collect();
    let wanted: BTreeSet<_> = all().map(|(path, _)| path).collect();
    assert_eq!(there, wanted);
}

/// Those of the commands and those of the tools: the path of each below the root, and its text.
fn all() -> impl Iterator<Item = (String, String)> {
    let all = model_tests::json::schemas()
        .into_iter()
        .chain(crate::schemas());
    all.map(|(kind, schema)| (format!("docs/schemas/{kind}.json"), schema))
}

/// The fields of each kind, as tables.
fn fields() -> String {
    let all = model_tests::json::schemas()
        .into_iter()
        .chain(crate::schemas());
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
