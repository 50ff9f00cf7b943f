//! The files that `config init` asks for: those that the tasks name, an option each.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use gradnet_train::experiment::templates;

/// The files by the names of their options.
#[derive(Debug)]
pub struct Inputs {
    /// The files that were given.
    pub files: BTreeMap<String, PathBuf>,
}

/// The options with their help, which says of each task what it takes.
fn options() -> BTreeMap<&'static str, String> {
    let mut options: BTreeMap<&'static str, String> = BTreeMap::new();
    for (task, template) in templates() {
        for input in template.inputs {
            let help = options.entry(input.name).or_default();
            if !help.is_empty() {
                help.push_str("; ");
            }
            help.push_str(&format!("{task}: {}", input.help));
        }
    }
    options
}

impl FromArgMatches for Inputs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = options().into_keys().filter_map(|name| {
            let file = matches.get_one::<PathBuf>(name)?;
            Some((name.to_owned(), file.clone()))
        });
        Ok(Self {
            files: given.collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Inputs {
    fn augment_args(command: Command) -> Command {
        options()
            .into_iter()
            .fold(command, |command, (name, help)| {
                command.arg(
                    Arg::new(name)
                        .long(name)
                        .value_name("PATH")
                        .help(help)
                        .value_parser(value_parser!(PathBuf)),
                )
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
