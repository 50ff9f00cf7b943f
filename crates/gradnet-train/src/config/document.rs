//! A parsed TOML text in which every key and value knows its place, and which can be edited before it is read.

use std::ops::Range;
use std::sync::Arc;

use serde_spanned::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, SourceText};

/// A key of a table.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// The kinds of value TOML knows.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// The value as a reader of the message would call it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(text) => format!("the text \"{text}\""),
            Self::Integer(integer) => format!("the number {integer}"),
            Self::Float(float) => format!("the number {float}"),
            Self::Boolean(boolean) => format!("{boolean}"),
            Self::Datetime(datetime) => format!("the date {datetime}"),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
        }
    }
}

/// Keys and values in the order of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<(Key, Node)>,
}

impl Table {
    pub(crate) fn get(&self, name: &str) -> Option<&(Key, Node)> {
        self.entries.iter().find(|(key, _)| key.name == name)
    }

    /// Replaces the entry of the same key, or appends.
    pub(crate) fn set(&mut self, key: Key, node: Node) {
        match self
            .entries
            .iter_mut()
            .find(|(known, _)| known.name == key.name)
        {
            Some(entry) => *entry = (key, node),
            None => self.entries.push((key, node)),
        }
    }
}

impl Node {
    /// Parses a TOML document.
    pub(crate) fn parse(source: &Arc<SourceText>) -> Result<Self, Problem> {
        Self::parse_from(source, 0)
    }

    /// Parses the part of `source` from byte `start` on as a TOML document.
    pub(crate) fn parse_from(source: &Arc<SourceText>, start: usize) -> Result<Self, Problem> {
        let text = &source.text[start..];
        let document = DeTable::parse(text).map_err(|error| syntax(&error, source, start))?;
        let convert = Convert { source, start };
        Ok(Self {
            value: Value::Table(convert.table(document.into_inner())?),
            place: Place::whole(source),
        })
    }

    /// The entry at a dotted path, or the longest part of the path that exists.
    pub(crate) fn find(&self, path: &str) -> Found<'_> {
        let mut found = Found {
            key: None,
            node: self,
            complete: true,
        };
        for name in path.split('.') {
            let Value::Table(table) = &found.node.value else {
                return Found {
                    complete: false,
                    ..found
                };
            };
            match table.get(name) {
                Some((key, node)) => {
                    found = Found {
                        key: Some(key),
                        node,
                        complete: true,
                    }
                }
                None => {
                    return Found {
                        complete: false,
                        ..found
                    };
                }
            }
        }
        found
    }
}

/// What [`Node::find`] found.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    /// The key of the entry; None for the document itself.
    pub(crate) key: Option<&'a Key>,
    /// The value of the entry.
    pub(crate) node: &'a Node,
    /// Whether the whole path exists.
    pub(crate) complete: bool,
}

impl Found<'_> {
    /// What to underline: a value; for a table its name.
    pub(crate) fn place(&self) -> &Place {
        match (self.key, &self.node.value) {
            (Some(key), Value::Table(_)) => &key.place,
            _ => &self.node.place,
        }
    }
}

/// From the parser's tree to ours, with places shifted by `start`.
struct Convert<'a> {
    source: &'a Arc<SourceText>,
    start: usize,
}

impl Convert<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place {
            source: Arc::clone(self.source),
            span: span.start + self.start..span.end + self.start,
        }
    }

    fn table(&self, table: DeTable<'_>) -> Result<Table, Problem> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let place = self.place(key.span());
            let name = key.into_inner().into_owned();
            entries.push((Key { name, place }, self.node(value)?));
        }
        entries.sort_by_key(|(key, _)| key.place.span.start);
        Ok(Table { entries })
    }

    fn node(&self, value: Spanned<DeValue<'_>>) -> Result<Node, Problem> {
        let place = self.place(value.span());
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(integer) => Value::Integer(integer),
                    Err(_) => {
                        return Err(Problem::new(format!("the number {integer} is too large"))
                            .at(&place, "does not fit 64 bits")
                            .help(format!("write a number up to {}", i64::MAX)));
                    }
                }
            }
            DeValue::Float(float) => match float.as_str().parse() {
                Ok(float) => Value::Float(float),
                Err(_) => {
                    return Err(Problem::new(format!("`{float}` is no number"))
                        .at(&place, "not a number")
                        .help("write a decimal number, such as 0.01 or 1e-2"));
                }
            },
            DeValue::Boolean(boolean) => Value::Boolean(boolean),
            DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
            DeValue::Array(array) => Value::List(
                array
                    .into_iter()
                    .map(|value| self.node(value))
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(table) => Value::Table(self.table(table)?),
        };
        Ok(Node { value, place })
    }
}

/// The parser's complaint as a problem, with the remedy for the slips that are common.
fn syntax(error: &toml::de::Error, source: &Arc<SourceText>, start: usize) -> Problem {
    let message = error.message();
    let length = source.text.len();
    let span = error.span().unwrap_or(0..length - start);
    let place = Place {
        source: Arc::clone(source),
        span: (span.start + start).min(length)..(span.end + start).min(length),
    };
    let help = if message.contains("duplicate key") {
        "each key and each table stands once: remove one of the two"
    } else if message.contains("escape") || message.contains("unicode") || backslash(source, &place)
    {
        WINDOWS_PATH
    } else if message.contains("quoted") {
        "put text in quotes, such as activation = \"tanh\""
    } else if message.contains("unclosed table") {
        "a table's name stands in brackets, such as [train]"
    } else if message.contains("key with no value") || message.contains("missing value") {
        "a setting is written key = value, such as steps = 10000; a table's name stands in brackets, such as [train]"
    } else {
        "the file is TOML (https://toml.io): key = value lines under [table] names, text in quotes"
    };
    Problem::new(format!("invalid TOML: {message}"))
        .at(&place, "here")
        .help(help)
}

/// What to write for a path with backslashes.
pub(super) const WINDOWS_PATH: &str = "between double quotes a backslash begins an escape, such as \\t for a tab: write a path with backslashes between single quotes, path = 'C:\\data\\pairs.csv', or write it with forward slashes, path = \"C:/data/pairs.csv\"";

/// Whether a text between double quotes goes wrong at a backslash: there is one in the place, or just before it.
fn backslash(source: &SourceText, place: &Place) -> bool {
    let bytes = source.text.as_bytes();
    let around = place.span.start.saturating_sub(1)..place.span.end.min(bytes.len());
    bytes[around].contains(&b'\\')
}
