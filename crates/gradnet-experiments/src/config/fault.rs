//! What serde says while a document is read, kept apart by kind so that each kind gets its own remedy.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::document::{Key, Node, Value};
use super::problem::{Place, Problem};

/// An error of [`Reader`](super::reader::Reader): innermost it is made by serde, on the way out it learns its key and place.
#[derive(Debug)]
pub(crate) struct Fault {
    problem: Box<Problem>,
    /// Whether a key has named itself in the message.
    named: bool,
}

impl Fault {
    pub(crate) fn new(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            named: true,
        }
    }

    fn unnamed(message: impl fmt::Display, help: Option<String>) -> Self {
        Self {
            problem: Box::new(Problem {
                help,
                ..Problem::new(message.to_string())
            }),
            named: false,
        }
    }

    /// Underlines `node` unless something inside it is underlined already.
    pub(crate) fn at(mut self, key: &Key, node: &Node) -> Self {
        if self.problem.place.is_none() {
            let place = match node.value {
                Value::Table(_) => &key.place,
                _ => &node.place,
            };
            self.problem = Box::new(self.problem.at(place, "here"));
        }
        if !self.named {
            self.problem.message = format!("`{}`: {}", key.name, self.problem.message);
            self.named = true;
        }
        self
    }

    /// The problem; a fault without a place belongs to the document, which `fallback` stands for.
    pub(crate) fn into_problem(self, fallback: Option<&Place>) -> Problem {
        match (self.problem.place.is_some(), fallback) {
            (false, Some(place)) => self.problem.at(place, "here"),
            _ => *self.problem,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl std::error::Error for Fault {}

/// serde's name of a Rust type in the words of someone who writes a config.
fn wanted(expected: &dyn Expected) -> String {
    let name = expected.to_string();
    match name.as_str() {
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, not negative".to_owned(),
        "isize" | "i64" | "i32" => "a whole number".to_owned(),
        "f64" | "f32" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "text in quotes".to_owned(),
        name if name.starts_with("struct ") => "a table".to_owned(),
        name => name.to_owned(),
    }
}

/// What stands in the file, in the same words.
fn found(unexpected: &Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Str(text) => format!("the text \"{text}\""),
        Unexpected::Signed(number) => format!("{number}"),
        Unexpected::Unsigned(number) => format!("{number}"),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Bool(boolean) => format!("{boolean}"),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        other => other.to_string(),
    }
}

/// How to write what was probably meant.
fn rewritten(unexpected: &Unexpected<'_>, wanted: &str) -> String {
    match unexpected {
        Unexpected::Float(number)
            if wanted.starts_with("a whole number")
                && number.fract() == 0.0
                && (0.0..1e15).contains(number) =>
        {
            format!("write {number:.0}")
        }
        Unexpected::Str(text) if wanted.contains("number") && text.parse::<f64>().is_ok() => {
            format!("write it without quotes: {text}")
        }
        Unexpected::Bool(_) | Unexpected::Str(_) | Unexpected::Map | Unexpected::Seq
            if wanted.contains("number") =>
        {
            format!("write {wanted}, without quotes")
        }
        _ => format!("write {wanted}"),
    }
}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::unnamed(message, None)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = wanted(expected);
        let help = rewritten(&unexpected, &wanted);
        Self::unnamed(
            format!("should be {wanted}, but is {}", found(&unexpected)),
            Some(help),
        )
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            problem: Box::new(
                Problem::new(format!("`{field}` is missing"))
                    .help(format!("add a value for `{field}` here")),
            ),
            named: true,
        }
    }
}
