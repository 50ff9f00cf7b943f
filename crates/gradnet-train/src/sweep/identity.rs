//! What a record is the record of: everything that decides its numbers but the machine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{fmt, io};

use serde::Serialize;

use crate::data::file_digest;
use crate::digest::Digest;
use crate::experiment::Experiment;

/// The version of what the program makes of an experiment. A change after which the same experiment comes to other
/// numbers, by more than rounding, raises it: older records are then no longer found.
pub const NUMBERS: u32 = 1;

/// Digests of the files an experiment reads, by path.
pub type Contents = BTreeMap<PathBuf, String>;

/// Everything that decides the numbers of a record but the machine, its backend included: backends agree to rounding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Identity<'a> {
    pub(super) numbers: u32,
    /// The resolved experiment without its name.
    experiment: Experiment,
    files: &'a Contents,
}

impl<'a> Identity<'a> {
    pub(super) fn new(numbers: u32, experiment: &Experiment, files: &'a Contents) -> Self {
        Self {
            numbers,
            experiment: experiment.unnamed(),
            files,
        }
    }

    /// A number for a file's name: it tells identities apart, it proves nothing.
    pub(super) fn digest(&self) -> u64 {
        let text = serde_json::to_string(self)
            .expect("an experiment is tables of texts and finite numbers, which JSON has");
        Digest::of(text.as_bytes())
    }
}

/// A file or folder that an experiment reads, and that cannot be read.
#[derive(Debug)]
pub(super) struct Unread {
    /// The setting that names it.
    key: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, path, error } = self;
        match path.as_os_str().is_empty() {
            true => write!(f, "`{key}` is empty"),
            false => {
                let path = path.display();
                write!(f, "`{key}` asks for {path}, which cannot be read: {error}")
            }
        }
    }
}

/// Reads files for their digests, each once.
#[derive(Debug, Default)]
pub(super) struct Reader(Contents);

impl Reader {
    /// The digests of all files that an experiment reads.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub(super) fn contents(&mut self, experiment: &Experiment) -> Result<Contents, Unread> {
        let mut digests = Contents::new();
        for (key, path) in experiment.task.files() {
            let digest = match self.0.get(&path) {
                Some(known) => known.clone(),
                None => match file_digest(&path) {
                    Ok(digest) => digest.unwrap_or_default(),
                    Err(error) => return Err(Unread { key, path, error }),
                },
            };
            self.0.insert(path.clone(), digest.clone());
            digests.insert(path, digest);
        }
        Ok(digests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_but_the_name_of_the_experiment_decides() {
        let config = "schema = 1\nname = \"one\"\n[target.quartic_polynomial]\n[network.mgradnet_m]\nwidth = 4";
        let experiment = crate::config::parse("one", config, &Default::default())
            .unwrap()
            .into_inner();
        let none = Contents::new();
        let digest = |experiment: &Experiment| Identity::new(1, experiment, &none).digest();
        let mut renamed = experiment.clone();
        renamed.name = "other".into();
        assert_eq!(digest(&renamed), digest(&experiment));
        let changes: [fn(&mut Experiment); 6] = [
            |e| e.seed += 1,
            |e| e.allow_misfit ^= true,
            |e| e.train.steps += 1,
            |e| e.train.clip_norm = Some(1.0),
            |e| e.train.validation.points += 1,
            |e| e.evaluation.linear_points += 1,
        ];
        let mut digests: Vec<_> = changes
            .iter()
            .map(|change| {
                let mut other = experiment.clone();
                change(&mut other);
                digest(&other)
            })
            .collect();
        let file = Contents::from([("data.csv".into(), "1".into())]);
        digests.push(Identity::new(1, &experiment, &file).digest());
        digests.push(Identity::new(2, &experiment, &none).digest());
        digests.push(digest(&experiment));
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), 9);
    }
}
