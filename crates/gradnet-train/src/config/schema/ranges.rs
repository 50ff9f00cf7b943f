//! The ranges of the schema against what reading and checking a config refuse.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::{Table, Value as Toml};

use super::schema;
use crate::experiment::{Experiment, TABLES};

/// Numbers at and around the ends of ranges.
const NUMBERS: [f64; 20] = [
    -1.0, 0.0, 1e-3, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 7.0, 8.0, 9.0, 64.0, 100.0, 101.0, 256.0,
    1001.0, 4097.0, 10_001.0, 1e7,
];

/// Ends of settings that depend on others, so that a value may be refused that the schema allows.
const DEPENDS: [&str; 20] = [
    // On the batch, the dimension, a grid or the samples of a path.
    "train.data.fixed.points",
    "evaluation.points",
    "evaluation.linear_points",
    "horizon",
    "test_end",
    // On each other: shares leave something to train on, all samples fit into memory.
    "validation",
    "test",
    "system.paths",
    "system.test_paths",
    // On the network: a crop has a patch inside.
    "images.patch",
    // On the loss: denoising divides by the noise.
    "score.file.noise",
    "score.density.noise",
    // On the kind.
    "friction",
    "growth",
    // On what schemas do not say: 0 or from 4 on, odd numbers, enough for one unit.
    "images.drawn",
    "size",
    "parameters",
    // On the density or the file.
    "dim",
    "gradient_weight",
    "potential_weight",
];

/// The settings that are one number: their path and what the schema says of them.
fn numbers(schema: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    for option in schema["oneOf"].as_array().into_iter().flatten() {
        numbers(option, path, found);
    }
    for (name, setting) in schema["properties"].as_object().into_iter().flatten() {
        let path = match path {
            "" => name.clone(),
            _ => format!("{path}.{name}"),
        };
        if ["integer", "number"]
            .iter()
            .any(|kind| setting["type"] == *kind)
        {
            found.push((path.clone(), setting.clone()));
        }
        numbers(setting, &path, found);
    }
}

/// Whether the schema allows a number.
fn allows(setting: &Value, number: f64) -> bool {
    let bound = |key: &str| setting[key].as_f64();
    let whole = setting["type"] != "integer" || number.fract() == 0.0;
    let listed = setting["enum"]
        .as_array()
        .is_none_or(|list| list.iter().any(|value| value.as_f64() == Some(number)));
    whole
        && listed
        && bound("minimum").is_none_or(|least| number >= least)
        && bound("maximum").is_none_or(|most| number <= most)
        && bound("exclusiveMinimum").is_none_or(|least| number > least)
        && bound("exclusiveMaximum").is_none_or(|most| number < most)
}

/// A config with the table that a setting is in, all else at its default.
fn config(path: &str) -> Table {
    let mut config: Table = "schema = 1\nname = \"x\"".parse().unwrap();
    let task = match path.split('.').next().unwrap() {
        "data" => "[data.file]\npath = \"a.csv\"\npotential = \"e\"\ndim = 2",
        "transport" if path.contains("loss") => "[transport.mixture]",
        "transport" if path.contains("modulus") => "[transport.mixture]",
        "transport" if path.contains("files") => {
            "[transport.files]\nsource = \"a.csv\"\ntarget = \"b.csv\"\ndim = 2"
        }
        "score" if path.contains("file") => "[score.file]\npath = \"a.csv\"\ndim = 2",
        "dynamics" if path.contains("file") => {
            "[dynamics.file]\npath = \"a.csv\"\nstate = [\"q\", \"p\"]\ndim = 2"
        }
        "dynamics" if path.contains("friction") => {
            "[dynamics]\nkind = \"dissipative\"\nsystem = {}"
        }
        "dynamics" => "[dynamics.system]",
        "images" => "[images]\ndrawn = 8",
        "network" if path.starts_with("network.patch") => "[images]\ndrawn = 8",
        task if TABLES.contains(&task) => "",
        _ => "[target.quartic_polynomial]",
    };
    config.extend(task.parse::<Table>().unwrap());
    if path.starts_with("images") {
        config.extend(
            "[network.patch_ridge]\nfilters = 4"
                .parse::<Table>()
                .unwrap(),
        );
        let objective = match path {
            "images.unrolled_steps" => "[train]\nobjective = \"unrolled\"",
            "images.tolerance" | "images.most_steps" => "[train]\nobjective = \"proximal\"",
            _ => "",
        };
        config.extend(objective.parse::<Table>().unwrap());
    } else if !path.starts_with("network") {
        config.extend("[network.mgradnet_m]\nwidth = 4".parse::<Table>().unwrap());
    }
    config
}

/// Puts a value at a path, tables made on the way.
fn put(config: &mut Table, path: &str, value: Toml) {
    match path.split_once('.') {
        None => {
            config.insert(path.into(), value);
        }
        Some((table, rest)) => {
            let inner = config.entry(table).or_insert_with(|| Table::new().into());
            put(inner.as_table_mut().unwrap(), rest, value);
        }
    }
}

/// The key that is refused of a config with this number, if one is; the setting's own path where the number is none of
/// its type.
fn refused(path: &str, setting: &Value, number: f64) -> Option<String> {
    let mut config = config(path);
    let value = match setting["type"] == "integer" && number.fract() == 0.0 {
        true => Toml::Integer(number as i64),
        false => Toml::Float(number),
    };
    let parts: Vec<&str> = path.split('.').collect();
    if let ["network", name, .., last] = parts[..]
        && !(parts.len() == 3 && ["width", "parameters", "filters"].contains(&last))
    {
        put(
            &mut config,
            &format!("network.{name}.width"),
            Toml::Integer(4),
        );
    }
    put(&mut config, path, value);
    match Toml::from(config.clone()).try_into::<Experiment>() {
        Err(error) => {
            let text = error.to_string();
            let is_of_the_value = ["invalid type", "invalid value"].map(|what| text.contains(what));
            assert!(
                is_of_the_value.contains(&true),
                "{path} = {number}: {text}\n{config}"
            );
            Some(path.into())
        }
        Ok(experiment) => experiment.check().err().map(|error| error.key().to_owned()),
    }
}

#[test]
fn the_ranges_of_the_schema_are_those_of_the_checks() {
    let mut found = Vec::new();
    numbers(&schema(), "", &mut found);
    assert!(found.len() > 100, "{}", found.len());
    let mut faults = BTreeSet::new();
    for (path, setting) in &found {
        for number in NUMBERS {
            let (allowed, refused) = (allows(setting, number), refused(path, setting, number));
            let depends = DEPENDS.iter().any(|end| path.ends_with(end));
            if !allowed && refused.is_none() {
                faults.insert(format!("{path} = {number}: read, but not in the schema"));
            }
            if allowed && !depends && refused.as_ref() == Some(path) {
                faults.insert(format!("{path} = {number}: refused, but in the schema"));
            }
        }
    }
    let faults: Vec<_> = faults.into_iter().collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
