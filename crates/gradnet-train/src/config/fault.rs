//! What serde says while a document is read, kept apart by kind so that each kind gets its own remedy.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::document::{Key, Node, Value};
use super::problem::Problem;

/// An error of [`Reader`](super::reader::Reader): innermost it is made by serde, on the way out it learns its key and
/// place.
#[derive(Debug)]
pub(crate) struct Fault {
    problem: Box<Problem>,
    /// The keys on the way out, innermost first, where the message is about the value of a key; none where it names all
    /// it is about.
    path: Option<Vec<String>>,
}

impl Fault {
    /// A fault whose message names all it is about.
    pub(crate) fn new(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            path: None,
        }
    }

    /// A fault of a key's value: `problem` goes on where "`train.steps`" leaves off.
    pub(crate) fn of_value(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            path: Some(Vec::new()),
        }
    }

    /// The value of `key` is at fault: underlines it unless something inside it is underlined already.
    pub(crate) fn at(mut self, key: &Key, node: &Node) -> Self {
        if self.problem.place.is_none() {
            let place = match node.value {
                Value::Table(_) => &key.place,
                _ => &node.place,
            };
            self.problem = Box::new(self.problem.at(place, "here"));
        }
        if let Some(path) = &mut self.path {
            path.push(key.name.clone());
        }
        self
    }

    /// The problem, with the dotted key in its message.
    pub(crate) fn into_problem(mut self) -> Problem {
        if let Some(path) = self.path.filter(|path| !path.is_empty()) {
            let key: Vec<_> = path.iter().rev().map(String::as_str).collect();
            self.problem.message = format!("`{}` {}", key.join("."), self.problem.message);
        }
        *self.problem
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
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number of at least 0".to_owned(),
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
    let number = wanted.ends_with("number") || wanted.starts_with("a whole number");
    match unexpected {
        Unexpected::Float(float)
            if number && float.fract() == 0.0 && (0.0..1e15).contains(float) =>
        {
            format!("write {float:.0}")
        }
        Unexpected::Str(text) if number && text.parse::<f64>().is_ok() => {
            format!("write it without quotes: {text}")
        }
        _ => format!("write {wanted}"),
    }
}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::of_value(Problem::new(format!("is refused: {message}")))
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = wanted(expected);
        let message = format!("should be {wanted}, but is {}", found(&unexpected));
        Self::of_value(Problem::new(message).help(rewritten(&unexpected, &wanted)))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(
            Problem::new(format!("`{field}` is missing"))
                .help(format!("add a value for `{field}` here")),
        )
    }
}
