//! Values that the command line lists in help and completion, and numbers with bounds.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};
use gradnet_train::backend::Backend;
use gradnet_train::experiment;
use gradnet_train::registry::{RELEASED, registry};

/// A name among those that are listed. Another one is refused later, with the nearest of them.
#[derive(Clone)]
pub(super) struct Names(fn() -> Vec<&'static str>);

/// The registered networks.
pub(super) fn networks() -> Names {
    Names(|| registry().iter().map(|entry| entry.name).collect())
}

/// The networks whose weights can be imported.
pub(super) fn released() -> Names {
    Names(|| RELEASED.to_vec())
}

/// The tasks that a config can be written for.
pub(super) fn templates() -> Names {
    Names(|| {
        experiment::templates()
            .into_iter()
            .map(|(task, _)| task)
            .collect()
    })
}

/// The backends, compiled in or not.
pub(super) fn backends() -> Names {
    Names(|| Backend::ALL.into_iter().map(Backend::name).collect())
}

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

/// A number that is not 0.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

/// A number above 0.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("must be a number above 0".into()),
    }
}

/// A time in seconds.
pub(super) fn positive_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(seconds),
        _ => Err("must be a number of seconds above 0, at most 3600".into()),
    }
}
