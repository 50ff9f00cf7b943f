//! serde's reading of a [`Node`]: every error leaves with the place it is about.
//!
//! `toml`'s own deserializer reports one message and one span; this one keeps the kinds apart
//! ([`Fault`]), refuses unknown keys everywhere with the nearest known one, names both of two
//! networks, refuses numbers that are not finite, and reads documents that options of the command
//! line have edited.

use serde::Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
    value::StrDeserializer,
};

use super::document::{Key, Node, Table, Value};
use super::fault::Fault;
use super::problem::Problem;
use crate::nearest::{all, remedy};

/// Deserializer over one node.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) node: &'a Node,
    /// The key the node stands under; None for the document.
    pub(crate) key: Option<&'a Key>,
}

impl Reader<'_> {
    /// The name of the place, for messages.
    fn name(&self) -> &str {
        self.key.map_or("the config", |key| key.name.as_str())
    }

    /// Refuses keys of a table that are not among `fields`.
    fn known_keys(&self, fields: &'static [&'static str]) -> Result<(), Fault> {
        let Value::Table(table) = &self.node.value else {
            return Ok(());
        };
        let unknown = table
            .entries
            .iter()
            .find(|(key, _)| !fields.contains(&key.name.as_str()));
        let Some((key, _)) = unknown else {
            return Ok(());
        };
        let inside = match self.key {
            Some(table) => format!(" in `{}`", table.name),
            None => String::new(),
        };
        let problem = Problem::new(format!("unknown key `{}`{inside}", key.name))
            .at(&key.place, "not known")
            .help(remedy("key", &key.name, fields));
        Err(Fault::new(problem))
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.value {
            Value::Text(text) => visitor.visit_str(text),
            Value::Integer(integer) => visitor.visit_i64(*integer),
            Value::Float(float) if !float.is_finite() => {
                let label = match float.is_nan() {
                    true => "not a number",
                    false => "infinite",
                };
                Err(Fault::of_value(
                    Problem::new(format!("should be finite, but is {float}"))
                        .at(&self.node.place, label)
                        .help("write a finite number, such as 0.01"),
                ))
            }
            Value::Float(float) => visitor.visit_f64(*float),
            Value::Boolean(boolean) => visitor.visit_bool(*boolean),
            Value::Datetime(datetime) => Err(Fault::invalid_type(
                Unexpected::Other(&format!("the date {datetime}")),
                &visitor,
            )),
            Value::List(list) => visitor.visit_seq(Items {
                items: list.iter(),
                key: self.key,
            }),
            Value::Table(table) => visitor.visit_map(Entries {
                entries: table.entries.iter(),
                current: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.known_keys(fields)?;
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    /// Unit is an empty table: `[network.rr]` with no settings.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.known_keys(&[])?;
        match &self.node.value {
            Value::Table(_) => visitor.visit_unit(),
            _ => self.deserialize_any(visitor),
        }
    }

    /// A choice: its name as text, or a table with one entry, the choice's name and its settings.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let name = self.name().to_owned();
        let unknown = |choice: &str| {
            Problem::new(format!("unknown {name} `{choice}`")).help(remedy(&name, choice, variants))
        };
        match &self.node.value {
            Value::Text(choice) if variants.contains(&choice.as_str()) => {
                visitor.visit_enum(Choice {
                    name: choice,
                    settings: None,
                })
            }
            Value::Text(choice) => Err(Fault::new(
                unknown(choice).at(&self.node.place, "not known"),
            )),
            Value::Table(table) => {
                let (key, node) = single(&name, table, variants)?;
                if !variants.contains(&key.name.as_str()) {
                    return Err(Fault::new(unknown(&key.name).at(&key.place, "not known")));
                }
                visitor.visit_enum(Choice {
                    name: &key.name,
                    settings: Some((key, node)),
                })
            }
            other => Err(Fault::new(
                Problem::new(format!(
                    "`{name}` should name a choice, but is {}",
                    other.describe()
                ))
                .at(&self.node.place, "here")
                .help(all(&name, variants)),
            )),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf seq tuple tuple_struct map identifier ignored_any
    }
}

/// The one entry of a table that makes a choice.
fn single<'a>(name: &str, table: &'a Table, variants: &[&str]) -> Result<&'a (Key, Node), Fault> {
    match table.entries.as_slice() {
        [entry] => Ok(entry),
        [] => Err(Fault::new(Problem {
            help: Some(format!("write [{name}.NAME]; {}", all(name, variants))),
            ..Problem::new(format!("`{name}` names no choice"))
        })),
        [(first, _), .., (second, _)] => {
            // An unknown name explains more than the number of names does.
            if let Some((key, _)) = table
                .entries
                .iter()
                .find(|(key, _)| !variants.contains(&key.name.as_str()))
            {
                return Err(Fault::new(
                    Problem::new(format!("unknown {name} `{}`", key.name))
                        .at(&key.place, "not known")
                        .help(remedy(name, &key.name, variants)),
                ));
            }
            let problem = Problem::new(format!("two choices of `{name}`: a run has one"))
                .at(&second.place, "the second")
                .and(&first.place, "the first")
                .help(format!(
                    "remove one of [{name}.{}] and [{name}.{}]",
                    first.name, second.name
                ));
            Err(Fault::new(problem))
        }
    }
}

/// The entries of a table.
struct Entries<'a> {
    entries: std::slice::Iter<'a, (Key, Node)>,
    current: Option<&'a (Key, Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.current = self.entries.next();
        match self.current {
            Some((key, _)) => seed
                .deserialize(StrDeserializer::<Fault>::new(&key.name))
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (key, node) = self
            .current
            .ok_or_else(|| Fault::custom("a value was read before its key"))?;
        seed.deserialize(Reader {
            node,
            key: Some(key),
        })
        .map_err(|fault| fault.at(key, node))
    }
}

/// The items of a list.
struct Items<'a> {
    items: std::slice::Iter<'a, Node>,
    key: Option<&'a Key>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some(node) = self.items.next() else {
            return Ok(None);
        };
        seed.deserialize(Reader {
            node,
            key: self.key,
        })
        .map(Some)
        .map_err(|fault| match self.key {
            Some(key) => fault.at(key, node),
            None => fault,
        })
    }
}

/// A choice and its settings.
struct Choice<'a> {
    name: &'a str,
    settings: Option<(&'a Key, &'a Node)>,
}

impl<'a> Choice<'a> {
    fn settings(&self) -> Result<(&'a Key, &'a Node), Fault> {
        self.settings.ok_or_else(|| {
            Fault::new(
                Problem::new(format!("`{}` needs a table of settings", self.name)).help(format!(
                    "write it as the last part of a table's name, such as [network.{}]",
                    self.name
                )),
            )
        })
    }
}

impl<'de> EnumAccess<'de> for Choice<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let variant = seed.deserialize(StrDeserializer::<Fault>::new(self.name))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.settings {
            Some((key, node)) => Reader {
                node,
                key: Some(key),
            }
            .known_keys(&[])
            .map_err(|fault| fault.at(key, node)),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        let (key, node) = self.settings()?;
        seed.deserialize(Reader {
            node,
            key: Some(key),
        })
        .map_err(|fault| fault.at(key, node))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Fault> {
        let (key, node) = self.settings()?;
        Reader {
            node,
            key: Some(key),
        }
        .deserialize_any(visitor)
        .map_err(|fault| fault.at(key, node))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let (key, node) = self.settings()?;
        Reader {
            node,
            key: Some(key),
        }
        .deserialize_struct("", fields, visitor)
        .map_err(|fault| fault.at(key, node))
    }
}
