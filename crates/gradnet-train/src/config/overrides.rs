//! Edits of a config from the command line: `--set`, `--network`, `--seed`.

use std::sync::Arc;

use super::document::{Key, Node, Table, Value};
use super::problem::{Place, Problem, SourceText};
use crate::registry::NetworkConfig;

/// What a setting of the network's table is called in another network, if it keeps its meaning there: its size, and the
/// side of a patch. Networks on patches call their width `filters`.
fn kept(setting: &str, before: &str, now: &str) -> Option<&'static str> {
    let is_on_patches = |name: &str| {
        NetworkConfig::from_name(name).is_ok_and(|network| network.patch_dim().is_some())
    };
    match setting {
        "parameters" => Some("parameters"),
        "width" | "filters" if is_on_patches(now) => Some("filters"),
        "width" | "filters" => Some("width"),
        "size" if is_on_patches(before) && is_on_patches(now) => Some("size"),
        _ => None,
    }
}

/// Where a setting is said to stand that the command line gave.
pub(super) const COMMAND_LINE: &str = "command line";

/// What the command line changes in a config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Another network: the size of the config's network (`width` or `parameters`) is kept, and the side of a patch if
    /// both are on patches; every other setting is the default of the network named here.
    pub network: Option<String>,
    /// Another seed.
    pub seed: Option<u64>,
    /// `KEY=VALUE`, with a dotted key and a TOML value; text may go without quotes. Applied last,
    /// in order.
    pub set: Vec<String>,
}

impl Overrides {
    /// Edits `document`.
    pub(crate) fn apply(&self, document: &mut Node) -> Result<(), Problem> {
        let Value::Table(table) = &mut document.value else {
            return Ok(());
        };
        if let Some(network) = &self.network {
            switch_network(table, network);
        }
        if let Some(seed) = self.seed {
            merge_option(table, "--seed ", &format!("seed={seed}"), seed.to_string())?;
        }
        for assignment in &self.set {
            merge_option(table, "--set ", assignment, assignment.clone())?;
        }
        Ok(())
    }
}

/// The place of `text` in `option` followed by it, as typed.
fn option_text(option: &str, text: &str) -> (Arc<SourceText>, Place) {
    let source = Arc::new(SourceText {
        name: COMMAND_LINE.to_owned(),
        text: format!("{option}{text}"),
    });
    let span = option.len()..source.text.len();
    let place = Place {
        source: Arc::clone(&source),
        span,
    };
    (source, place)
}

/// Puts `[network.name]` in the place of the config's network, with its size.
fn switch_network(table: &mut Table, name: &str) {
    let size = match table.get("network") {
        Some((
            _,
            Node {
                value: Value::Table(networks),
                ..
            },
        )) => match networks.entries.as_slice() {
            // The same network: nothing changes.
            [(key, _)] if key.name == name => return,
            [
                (
                    before,
                    Node {
                        value: Value::Table(settings),
                        ..
                    },
                ),
            ] => settings
                .entries
                .iter()
                .filter_map(|(key, node)| {
                    let name = kept(&key.name, &before.name, name)?.to_owned();
                    Some((
                        Key {
                            name,
                            ..key.clone()
                        },
                        node.clone(),
                    ))
                })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let (_, place) = option_text("--network ", name);
    let key = |name: &str| Key {
        name: name.to_owned(),
        place: place.clone(),
    };
    let nest = |key: Key, inner: Table| Table {
        entries: vec![(
            key,
            Node {
                value: Value::Table(inner),
                place: place.clone(),
            },
        )],
    };
    let network = nest(key(name), Table { entries: size });
    table.set(
        key("network"),
        Node {
            value: Value::Table(network),
            place: place.clone(),
        },
    );
}

/// Merges the assignment into the document; errors point at the option as typed.
fn merge_option(
    table: &mut Table,
    option: &str,
    assignment: &str,
    typed: String,
) -> Result<(), Problem> {
    // An option that is no assignment (--seed) is shown as typed, every place in it being the whole.
    if typed != assignment {
        let (_, place) = option_text(option, &typed);
        let (source, _) = option_text("", assignment);
        let mut edit = Node::parse(&source)?;
        relocate(&mut edit, &place);
        merge(table, edit, usize::MAX);
        return Ok(());
    }
    let (source, place) = option_text(option, assignment);
    let Some(equals) = assignment.find('=') else {
        return Err(Problem::new(format!("`{assignment}` sets nothing"))
            .at(&place, "no = here")
            .help("write --set KEY=VALUE, such as --set train.steps=500"));
    };
    let equals = option.len() + equals;
    let edit = match Node::parse_from(&source, option.len()) {
        Ok(edit) => edit,
        Err(problem) => bare_text(&source, option.len(), equals).ok_or(problem)?,
    };
    merge(table, edit, equals);
    Ok(())
}

/// The assignment read again with its value as text without quotes; None if it does not look like that.
fn bare_text(source: &Arc<SourceText>, start: usize, equals: usize) -> Option<Node> {
    let text = source.text[equals + 1..].trim();
    if text.is_empty() || text.starts_with(['"', '\'', '[', '{']) || text.contains('\n') {
        return None;
    }
    // The key alone, with the empty text as its value, then the text in its place. The padding
    // keeps the places of the key.
    let padded = Arc::new(SourceText {
        name: source.name.clone(),
        text: format!("{}{}=''", " ".repeat(start), &source.text[start..equals]),
    });
    let mut edit = Node::parse(&padded).ok()?;
    fill(&mut edit, source, equals + 1, text);
    Some(edit)
}

/// Gives every key of `node` the place it has in `source`, and its one value the text.
fn fill(node: &mut Node, source: &Arc<SourceText>, start: usize, text: &str) {
    match &mut node.value {
        Value::Table(table) => {
            for (key, inner) in &mut table.entries {
                key.place.source = Arc::clone(source);
                fill(inner, source, start, text);
            }
        }
        value => {
            *value = Value::Text(text.to_owned());
            node.place = Place {
                source: Arc::clone(source),
                span: start..source.text.len(),
            };
        }
    }
}

/// Gives everything in `node` the one place.
fn relocate(node: &mut Node, place: &Place) {
    node.place = place.clone();
    if let Value::Table(table) = &mut node.value {
        for (key, inner) in &mut table.entries {
            key.place = place.clone();
            relocate(inner, place);
        }
    }
}

/// Puts the entries of `edit` into `table`. Tables spelled by the dotted key, which ends at byte
/// `equals`, are entered; the value after it replaces what was there.
fn merge(table: &mut Table, edit: Node, equals: usize) {
    let Value::Table(edit) = edit.value else {
        return;
    };
    for (key, node) in edit.entries {
        let enter = matches!(&node.value, Value::Table(inner)
            if inner.entries.iter().all(|(inner, _)| inner.place.span.start < equals)
                && !inner.entries.is_empty());
        let existing = table
            .entries
            .iter_mut()
            .find(|(known, _)| known.name == key.name);
        match existing {
            Some((
                _,
                Node {
                    value: Value::Table(inner),
                    ..
                },
            )) if enter => merge(inner, node, equals),
            _ => table.set(key, node),
        }
    }
}
