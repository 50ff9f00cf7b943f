//! The reference of all settings in Markdown, made of the [schema](super::schema()): `docs/config.md`.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::schema::{VALUES, schema};
use crate::experiment::{TABLES, TASKS};

const INTRODUCTION: &str = "# Settings

A config is a TOML file: `gradnet train FILE`. It has one table that says what is learned from what and one
`[network.NAME]`. Where the defaults do not suit, it also has `[train]` and `[evaluation]`. `gradnet config check FILE`
checks it and names the line of a mistake. `gradnet config init` writes one for your own data. `gradnet config schema`
gives editors the same as JSON.
Unknown keys are refused.

`gradnet config reference > docs/config.md` writes this page from the doc comments of the code that reads configs.
";

/// The reference.
pub fn reference() -> String {
    let schema = schema();
    let mut page = Page {
        text: INTRODUCTION.into(),
    };
    let empty = Map::new();
    let top = schema["properties"].as_object().unwrap_or(&empty);
    let is_table = |name: &str| TABLES.contains(&name);
    page.heading("At the top");
    let plain = top.iter().filter(|(_, setting)| !has_tables(setting));
    page.rows(plain, &schema);
    for task in TASKS.iter().filter(|task| top.contains_key(task.table)) {
        page.heading(&format!("`[{}]`", named(task.table, &top[task.table])));
        let _ = writeln!(page.text, "\nLearns {}.", task.summary);
        page.table(task.table, &top[task.table], false);
    }
    let others = top
        .iter()
        .filter(|(name, setting)| has_tables(setting) && !is_table(name));
    for (name, setting) in others {
        page.heading(&format!("`[{}]`", named(name, setting)));
        page.table(name, setting, true);
    }
    page.text
}

/// A table's name, with `.NAME` where it is a choice among tables.
fn named(name: &str, setting: &Value) -> String {
    match setting["oneOf"].is_array() {
        true => format!("{name}.NAME"),
        false => name.to_owned(),
    }
}

/// Whether a setting is a table, or may be one.
fn has_tables(setting: &Value) -> bool {
    setting["properties"].is_object() || !choices(setting).is_empty()
}

/// The tables among the choices of a setting, by name.
fn choices(setting: &Value) -> Vec<(&String, &Value)> {
    let options = setting["oneOf"].as_array().into_iter().flatten();
    let tables = options.filter_map(|option| option["properties"].as_object());
    tables.flatten().collect()
}

struct Page {
    text: String,
}

impl Page {
    fn heading(&mut self, text: &str) {
        let _ = writeln!(self.text, "\n## {text}");
    }

    /// The settings of a table, and the tables in it.
    fn table(&mut self, path: &str, setting: &Value, described: bool) {
        if described && let Some(text) = setting["description"].as_str() {
            let _ = writeln!(self.text, "\n{}", prose(text));
        }
        if let Some(properties) = setting["properties"].as_object() {
            let own = properties.iter().filter(|(_, inner)| !is_only_table(inner));
            self.rows(own, setting);
            let inner = properties.iter().filter(|(_, inner)| has_tables(inner));
            for (name, inner) in inner {
                let path = format!("{path}.{name}");
                if is_only_table(inner) {
                    self.subheading(&[&path]);
                }
                self.table(&path, inner, is_only_table(inner));
            }
        }
        // Choices with the same settings share a table.
        let choices = choices(setting);
        let mut told: Vec<&Value> = Vec::new();
        for (_, choice) in &choices {
            let properties = &choice["properties"];
            if told.contains(&properties) {
                continue;
            }
            told.push(properties);
            let alike: Vec<_> = choices
                .iter()
                .filter(|(_, other)| other["properties"] == *properties)
                .collect();
            let paths: Vec<String> = alike
                .iter()
                .map(|(name, _)| format!("{path}.{name}"))
                .collect();
            self.subheading(&paths.iter().map(String::as_str).collect::<Vec<_>>());
            if let [(name, _)] = alike.as_slice() {
                self.table(&format!("{path}.{name}"), choice, true);
                continue;
            }
            self.text.push('\n');
            for (name, other) in alike {
                let text = other["description"].as_str().unwrap_or_default();
                let _ = writeln!(self.text, "- `{name}`: {}", prose(text));
            }
            self.table(&paths[0], choice, false);
        }
    }

    fn subheading(&mut self, paths: &[&str]) {
        let names: Vec<String> = paths.iter().map(|path| format!("`[{path}]`")).collect();
        let _ = writeln!(self.text, "\n### {}", names.join(", "));
    }

    /// A row for each setting.
    fn rows<'a>(&mut self, settings: impl Iterator<Item = (&'a String, &'a Value)>, table: &Value) {
        let required = table["required"].as_array();
        let mut first = true;
        for (name, setting) in settings {
            if std::mem::take(&mut first) {
                self.text
                    .push_str("\n| setting | values | default | |\n|---|---|---|---|\n");
            }
            let is_required =
                required.is_some_and(|list| list.iter().any(|key| key == name.as_str()));
            let default = match &setting["default"] {
                _ if is_required => "required".to_owned(),
                Value::Null | Value::Object(_) => "not set".to_owned(),
                Value::String(text) if text.is_empty() => "not set".to_owned(),
                value => format!("`{value}`"),
            };
            let text = setting["description"].as_str().unwrap_or_default();
            let text = without_default(text);
            let row = [
                format!("`{name}`"),
                values(setting),
                default,
                [prose(&text), of_values(setting)].concat(),
            ];
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(self.text, "| {} |", cells.join(" | "));
        }
    }
}

/// Whether a setting can be nothing but a table.
fn is_only_table(setting: &Value) -> bool {
    setting["properties"].is_object()
}

/// The range of a number; nothing is said of whole numbers from 0.
fn range(setting: &Value) -> String {
    let bound = |key: &str| {
        let bound = &setting[key];
        let whole = bound.as_u64().map(|bound| bound.to_string());
        whole.or_else(|| bound.as_f64().map(|bound| bound.to_string()))
    };
    // The largest of TOML's whole numbers bounds nothing that anybody writes.
    let most = bound("maximum").filter(|most| *most != i64::MAX.to_string());
    let least = bound("minimum");
    if let (Some(least), Some(most)) = (&least, &most) {
        return format!(" from {least} to {most}");
    }
    let least = least.filter(|least| most.is_some() || least != "0" || setting["type"] == "number");
    let parts = [
        least.map(|least| format!("at least {least}")),
        bound("exclusiveMinimum").map(|least| format!("above {least}")),
        most.map(|most| format!("at most {most}")),
        bound("exclusiveMaximum").map(|most| format!("below {most}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(", {}", parts.join(" and ")),
    }
}

/// The kind of value a setting takes.
fn values(setting: &Value) -> String {
    let options = setting["oneOf"].as_array().into_iter().flatten();
    if let Some(names) = options
        .chain([setting])
        .find_map(|option| option["enum"].as_array())
    {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let tables = choices(setting);
        let tables = tables
            .iter()
            .map(|(name, _)| format!(", or a table `{name}`"));
        return [names.join(", "), tables.collect()].concat();
    }
    match setting["type"].as_str().unwrap_or_default() {
        "integer" => format!("whole number{}", range(setting)),
        "number" => format!("number{}", range(setting)),
        "boolean" => "`true` or `false`".into(),
        "string" => "text".into(),
        "array" => match (
            setting["items"]["type"].as_str(),
            setting["minItems"].as_u64(),
        ) {
            (Some("string"), _) => "list of texts".into(),
            (_, Some(count)) => format!("list of {count} numbers"),
            _ => "list of numbers".into(),
        },
        _ => "table".into(),
    }
}

/// The descriptions of a choice's values.
fn of_values(setting: &Value) -> String {
    let options = setting["oneOf"].as_array().into_iter().flatten();
    let Some(choice) = options
        .chain([setting])
        .find(|option| option["enum"].is_array())
    else {
        return String::new();
    };
    let names = choice["enum"].as_array().into_iter().flatten();
    let texts = choice.pointer(VALUES).and_then(Value::as_array);
    let texts = texts.into_iter().flatten().filter_map(Value::as_str);
    let told = names
        .zip(texts)
        .map(|(name, text)| format!("<br>`{name}`: {}", prose(text)));
    told.collect()
}

/// The description without the default, which has a column of its own.
fn without_default(text: &str) -> String {
    let told = |sentence: &&str| !sentence.starts_with("Default ") || sentence.contains(';');
    let sentences: Vec<&str> = text.split_inclusive(". ").filter(told).collect();
    sentences.concat().trim_end().to_owned()
}

/// The first paragraph of a description, as a sentence.
fn prose(text: &str) -> String {
    let text = text.split("\n\n").next().unwrap_or_default();
    match text.is_empty() || text.ends_with(['.', ':']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}
