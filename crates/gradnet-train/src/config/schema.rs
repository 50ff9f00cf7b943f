//! The JSON Schema of config files, for editors that complete and check while one types.
//!
//! Nothing is listed twice: names, types, defaults and descriptions are those of the very structs that read a config,
//! with their doc comments. A new network, target, task or setting is in the schema, and in the reference made of it,
//! as soon as it can be read.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value, json};

use crate::experiment::{Experiment, TABLES};

/// Where editors find the descriptions of a choice's values, in the order of `enum`.
pub(super) const VALUES: &str = "/x-taplo/docs/enumValues";

/// The schema.
///
/// ```
/// let schema = gradnet_train::config::schema();
/// let rate = &schema["properties"]["train"]["properties"]["learning_rate"];
/// assert_eq!(rate["type"], "number");
/// assert_eq!(rate["default"], 0.01);
/// ```
pub fn schema() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let settings = settings.with_transform(Plain);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Experiment>();
    schema.insert("title".into(), json!("gradnet experiment"));
    let one_task: Value = TABLES
        .iter()
        .map(|table| json!({"required": [table]}))
        .collect();
    schema.insert("oneOf".into(), one_task);
    schema.to_value()
}

/// Leaves out what TOML does not have, and writes choices as editors show them best.
#[derive(Clone, Debug)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        object.remove("format");
        object.remove("title");
        if object.get("default").is_some_and(Value::is_null) {
            object.remove("default");
        }
        without_null(object);
        described_values(object);
        described_tables(object);
        single_choice(object);
        if let Some(Value::String(text)) = object.get_mut("description") {
            *text = flowing(text);
        }
    }
}

/// A setting that may be left out is not null: TOML has none.
fn without_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    let Some(Value::Array(options)) = object.get_mut("anyOf") else {
        return;
    };
    options.retain(|option| option["type"] != "null");
    if let [Value::Object(only)] = options.as_slice() {
        let only = only.clone();
        object.remove("anyOf");
        // What is said of the setting goes before what is said of its type.
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}

/// `oneOf` of single names as one `enum`, their descriptions beside it.
fn described_values(object: &mut Map<String, Value>) {
    let Some(Value::Array(options)) = object.get("oneOf") else {
        return;
    };
    let is_name = |option: &&Value| option["const"].is_string() || option["type"] == "string";
    let (names, tables): (Vec<_>, Vec<_>) = options.iter().partition(is_name);
    if names.is_empty() {
        return;
    }
    let mut values = Vec::new();
    let mut descriptions = Vec::new();
    for name in names {
        match &name["enum"] {
            Value::Array(several) => {
                descriptions.extend(several.iter().map(|_| json!("")));
                values.extend(several.iter().cloned());
            }
            _ => {
                let text = name["description"].as_str().unwrap_or_default();
                descriptions.push(json!(flowing(text)));
                values.push(name["const"].clone());
            }
        }
    }
    let choice = json!({
        "type": "string",
        "enum": values,
        "x-taplo": {"docs": {"enumValues": descriptions}},
    });
    match (choice, tables.as_slice()) {
        (Value::Object(choice), []) => {
            object.remove("oneOf");
            object.extend(choice);
        }
        (choice, tables) => {
            let options = [choice]
                .into_iter()
                .chain(tables.iter().map(|&t| t.clone()));
            let options = options.collect();
            object.insert("oneOf".into(), Value::Array(options));
        }
    }
}

/// What is said of a choice of a table is said of the table, where an editor looks.
fn described_tables(object: &mut Map<String, Value>) {
    let options = object.get_mut("oneOf").and_then(Value::as_array_mut);
    for option in options.into_iter().flatten() {
        let Some(option) = option.as_object_mut() else {
            continue;
        };
        let text = option.remove("description");
        let tables = option.get_mut("properties").and_then(Value::as_object_mut);
        let tables = tables.into_iter().flat_map(Map::values_mut);
        for table in tables.filter_map(Value::as_object_mut) {
            if let Some(text) = &text {
                table.insert("description".into(), text.clone());
            }
        }
    }
}

/// A choice of one needs no list.
fn single_choice(object: &mut Map<String, Value>) {
    if let Some(Value::Array(options)) = object.get("oneOf")
        && let [Value::Object(only)] = options.as_slice()
    {
        let only = only.clone();
        object.remove("oneOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}

/// The lines of a paragraph as one.
fn flowing(text: &str) -> String {
    let paragraphs = text
        .split("\n\n")
        .map(|paragraph| match paragraph.starts_with("```") {
            true => paragraph.to_owned(),
            false => paragraph
                .split('\n')
                .map(str::trim)
                .collect::<Vec<_>>()
                .join(" "),
        });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod ranges;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::registry;

    #[test]
    fn the_schema_knows_every_network_target_and_setting() {
        let schema = schema();
        let options = |key: &str| -> Vec<String> {
            let list = schema["properties"][key]["oneOf"].as_array().unwrap();
            let names = list.iter().map(|option| &option["required"][0]);
            names
                .map(|name| name.as_str().unwrap().to_owned())
                .collect()
        };
        let networks: Vec<_> = registry().iter().map(|entry| entry.name).collect();
        assert_eq!(options("network"), networks);
        let targets: Vec<_> = crate::targets::registry().iter().map(|e| e.name).collect();
        assert_eq!(options("target"), targets);

        let train = &schema["properties"]["train"]["properties"];
        assert_eq!(train["steps"]["type"], "integer");
        assert_eq!(train["steps"]["default"], 10_000);
        assert_eq!(train["clip_norm"]["type"], "number", "it has no default");
        assert_eq!(train["schedule"]["enum"], json!(["constant", "cosine"]));
        assert_eq!(
            train["schedule"]
                .pointer(VALUES)
                .unwrap()
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(train["data"]["oneOf"][0]["enum"], json!(["online"]));
        assert_eq!(
            train["validation"]["properties"]["every"]["type"],
            "integer"
        );

        let file = &schema["properties"]["data"]["properties"]["file"];
        assert_eq!(file["required"], json!(["path"]));
        let file = &file["properties"];
        assert_eq!(file["path"]["type"], "string");
        assert_eq!(file["x"]["type"], "array");
        assert_eq!(file["standardise"]["type"], "boolean");
        assert_eq!(file["sign"]["type"], "integer");

        let networks = schema["properties"]["network"]["oneOf"].as_array().unwrap();
        let cascade = &networks[0]["properties"]["mgradnet_c"];
        assert_eq!(cascade["properties"]["width"]["type"], "integer");
        assert_eq!(cascade["properties"]["parameters"]["type"], "integer");
        let functions = cascade["properties"]["activation"]["enum"]
            .as_array()
            .unwrap();
        assert!(functions.contains(&json!("learned")), "{functions:?}");
    }

    /// Walks every setting: `visit(path, schema of the setting)`.
    fn settings(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
        for option in schema["oneOf"].as_array().into_iter().flatten() {
            settings(option, path, visit);
        }
        for (name, setting) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            visit(&path, setting);
            settings(setting, &path, visit);
        }
    }

    #[test]
    fn every_setting_is_described() {
        let mut bare = Vec::new();
        let mut known = 0;
        settings(&schema(), "", &mut |path, setting| {
            known += 1;
            let text = setting["description"].as_str().unwrap_or_default();
            if text.is_empty() || text.contains("[`") {
                bare.push(format!("{path}: {text}"));
            }
            let values = setting.pointer(VALUES).and_then(Value::as_array);
            if values.is_some_and(|texts| texts.iter().any(|text| text == "")) {
                bare.push(format!("a value of {path}"));
            }
        });
        assert!(known > 150, "{known}");
        assert_eq!(bare, Vec::<String>::new());
    }

    /// "Default 10,000." in a doc comment is the default in the code.
    #[test]
    fn a_default_that_is_told_is_the_default() {
        let mut told = 0;
        settings(&schema(), "", &mut |path, setting| {
            let text = setting["description"].as_str().unwrap_or_default();
            let Some((_, after)) = text.split_once("Default ") else {
                return;
            };
            let end = after.find(". ").or(after.find("; ")).unwrap_or(after.len());
            let claim = after[..end].trim_end_matches('.').replace(['`', ','], "");
            let Ok(claim) = serde_json::from_str::<Value>(&claim) else {
                return;
            };
            let code = &setting["default"];
            let same = claim
                .as_f64()
                .is_some_and(|claim| code.as_f64() == Some(claim));
            assert!(
                same || claim == *code,
                "{path}: {claim} is told, {code} is read"
            );
            told += 1;
        });
        assert!(told > 30, "{told}");
    }
}
