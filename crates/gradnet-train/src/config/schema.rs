//! The JSON Schema of config files, for editors that complete and check while one types.
//!
//! Nothing is listed twice: what a table may hold is asked of the very code that reads configs. A key that cannot be is put into a table, and
//! the refusal names those that can; a few values are tried on each key, and those that pass give its type. So a new network, target or setting is
//! in the schema as soon as it can be read, and the schema never promises what is refused.

use serde_json::{Map, Value, json};

use crate::data::file::FileConfig;
use crate::experiment::Experiment;
use crate::experiment::TABLES;
use crate::registry::{NetworkConfig, Size, registry};
use crate::task::regression::PairsConfig;

/// A key and a choice that no table has.
const NONE: &str = "?";

/// The schema.
///
/// ```
/// let schema = gradnet_train::config::schema();
/// let rate = &schema["properties"]["train"]["properties"]["learning_rate"];
/// assert_eq!(rate["type"], "number");
/// ```
pub fn schema() -> Value {
    let task = PairsConfig::File(FileConfig::default());
    let network = registry()
        .first()
        .and_then(|entry| NetworkConfig::from_name(entry.name).ok())
        .map(|network| network.with_size(Size::Width(1)));
    let Some(network) = network else {
        return json!({});
    };
    let base = serde_json::to_value(Experiment::new("name", task, network)).unwrap_or_default();
    let prober = Prober { base };
    let mut top = prober.table(&[]);
    let properties = top["properties"].take();
    let Value::Object(mut properties) = properties else {
        return top;
    };
    describe_networks(&mut properties);
    // A choice of one needs no list.
    for table in TABLES {
        let only = properties[*table]
            .get_mut("oneOf")
            .and_then(Value::as_array_mut)
            .filter(|options| options.len() == 1);
        if let Some(only) = only.and_then(Vec::pop) {
            properties[*table] = only;
        }
    }
    if let Some(file) = properties["data"].pointer_mut("/properties/file") {
        file["required"] = json!(["path"]);
    }
    top["properties"] = Value::Object(properties);
    top["required"] = json!(["schema", "name", "network"]);
    top["oneOf"] = TABLES
        .iter()
        .map(|table| json!({"required": [table]}))
        .collect();
    top["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    top["title"] = json!("gradnet experiment");
    top
}

/// The registry's sentence on each network.
fn describe_networks(properties: &mut Map<String, Value>) {
    let options = properties
        .get_mut("network")
        .and_then(|network| network["oneOf"].as_array_mut());
    for option in options.into_iter().flatten() {
        for entry in registry() {
            let network = &mut option["properties"][entry.name];
            if network.is_object() {
                network["description"] = json!(format!("{}: {}", entry.title, entry.summary));
            }
        }
        // Indexing has left nulls for the names that are not there.
        if let Some(properties) = option["properties"].as_object_mut() {
            properties.retain(|_, value| !value.is_null());
        }
    }
}

/// Asks the reader of configs.
struct Prober {
    /// A config that is read without complaint.
    base: Value,
}

impl Prober {
    /// What the reader says to the config with `value` at `path`.
    fn read(&self, path: &[String], value: Value) -> Result<(), String> {
        let mut config = self.base.clone();
        let mut node = &mut config;
        for (depth, name) in path.iter().enumerate() {
            // A choice has one name: another one takes its place, and so does another task.
            let is_task = TABLES.contains(&path[0].as_str());
            if depth == 0
                && is_task
                && let Some(top) = node.as_object_mut()
            {
                top.retain(|table, _| !TABLES.contains(&table.as_str()));
            }
            let choice = depth == 1 && (is_task || path[0] == "network");
            if !node.is_object() || choice {
                *node = json!({});
            }
            node = &mut node[name.as_str()];
        }
        *node = value;
        serde_json::from_value::<Experiment>(config)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// The names in a refusal: "unknown field `?`, expected one of `a`, `b`".
    fn names(message: &str) -> Vec<String> {
        let Some((_, expected)) = message.split_once("expected") else {
            return Vec::new();
        };
        expected
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }

    /// The schema of the table at `path`.
    fn table(&self, path: &[String]) -> Value {
        let mut inside = path.to_vec();
        inside.push(NONE.into());
        let names = match self.read(&inside, json!(1)) {
            Err(message) => Self::names(&message),
            Ok(()) => Vec::new(),
        };
        let mut properties = Map::new();
        for name in names {
            let mut key = path.to_vec();
            key.push(name.clone());
            properties.insert(name, self.value(&key));
        }
        json!({"type": "object", "additionalProperties": false, "properties": properties})
    }

    /// The schema of the value at `path`.
    fn value(&self, path: &[String]) -> Value {
        let takes = |value: Value| self.read(path, value).is_ok();
        if takes(json!(true)) {
            return json!({"type": "boolean"});
        }
        if takes(json!(0.5)) {
            return json!({"type": "number"});
        }
        if takes(json!(1)) {
            return match takes(json!(-1)) {
                true => json!({"type": "integer"}),
                false => json!({"type": "integer", "minimum": 0}),
            };
        }
        // Settings can be read from a list too, field by field: what knows the names of its keys is a table.
        let named = self.read(path, json!({NONE: 1}));
        if named.is_err_and(|message| message.contains("unknown field")) {
            return self.table(path);
        }
        if takes(json!([0.5, 0.5])) {
            return json!({"type": "array", "items": {"type": "number"}});
        }
        if takes(json!(["a"])) {
            return json!({"type": "array", "items": {"type": "string"}});
        }
        match self.read(path, json!(NONE)) {
            Ok(()) => return json!({"type": "string"}),
            Err(message) if message.contains("unknown variant") => {
                return self.choice(path, &Self::names(&message));
            }
            Err(_) => {}
        }
        self.table(path)
    }

    /// The schema of a choice among names, each alone or with a table of settings.
    fn choice(&self, path: &[String], names: &[String]) -> Value {
        let alone: Vec<&String> = names
            .iter()
            .filter(|name| self.read(path, json!(name)).is_ok())
            .collect();
        let mut options = Vec::new();
        if !alone.is_empty() {
            options.push(json!({"enum": alone}));
        }
        for name in names.iter().filter(|name| !alone.contains(name)) {
            let mut inside = path.to_vec();
            inside.push(name.clone());
            options.push(json!({
                "type": "object",
                "additionalProperties": false,
                "required": [name],
                "properties": {name.as_str(): self.table(&inside)},
            }));
        }
        match <[Value; 1]>::try_from(options) {
            Ok([only]) if only.get("enum").is_some() => only,
            Ok([only]) => json!({"oneOf": [only]}),
            Err(options) => json!({"oneOf": options}),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(train["clip_norm"]["type"], "number", "it has no default");
        assert_eq!(train["schedule"]["enum"], json!(["constant", "cosine"]));
        assert_eq!(train["data"]["oneOf"][0]["enum"], json!(["online"]));
        assert_eq!(
            train["validation"]["properties"]["every"]["type"],
            "integer"
        );

        let file = &schema["properties"]["data"]["properties"]["file"]["properties"];
        assert_eq!(file["path"]["type"], "string");
        assert_eq!(file["x"]["type"], "array");
        assert_eq!(file["standardise"]["type"], "boolean");
        assert_eq!(file["sign"], json!({"type": "integer"}));

        let networks = schema["properties"]["network"]["oneOf"].as_array().unwrap();
        let cascade = &networks[0]["properties"]["mgradnet_c"];
        assert_eq!(cascade["properties"]["width"]["type"], "integer");
        assert_eq!(cascade["properties"]["parameters"]["type"], "integer");
        let functions = cascade["properties"]["activation"]["enum"]
            .as_array()
            .unwrap();
        assert!(functions.contains(&json!("learned")), "{functions:?}");
    }
}
