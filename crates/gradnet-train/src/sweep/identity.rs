//! What a record is the record of: everything that decides its numbers but the machine.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::digest::Digest;
use crate::experiment::Experiment;

/// The version of what the program makes of an experiment. A change after which the same experiment comes to other numbers, by more than
/// rounding, raises it: older records are then no longer found.
pub const NUMBERS: u32 = 1;

/// Digests of the files an experiment reads, by path.
pub type Contents = BTreeMap<PathBuf, String>;

/// Everything that decides the numbers of a record but the machine, its backend included: backends agree to rounding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Identity<'a> {
    numbers: u32,
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

/// Reads files for their digests, each once.
#[derive(Debug, Default)]
pub(super) struct Reader(Contents);

impl Reader {
    /// The digests of all files that an experiment reads.
    ///
    /// # Errors
    /// The first file that cannot be read.
    pub(super) fn contents(
        &mut self,
        experiment: &Experiment,
    ) -> Result<Contents, (PathBuf, io::Error)> {
        let paths = experiment.task.files();
        let digest = |path: &Path| -> Result<_, (PathBuf, io::Error)> {
            let known = self.0.get(path).cloned();
            let digest = match known {
                Some(digest) => digest,
                None => digest(path).map_err(|error| (path.to_owned(), error))?,
            };
            self.0.insert(path.to_owned(), digest.clone());
            Ok((path.to_owned(), digest))
        };
        paths.into_iter().map(digest).collect()
    }
}

/// The digest of a file, or of all names and files in a folder.
fn digest(path: &Path) -> io::Result<String> {
    let mut digest = Digest::default();
    add(path, &mut digest)?;
    Ok(format!("{:016x}", digest.value()))
}

fn add(path: &Path, digest: &mut Digest) -> io::Result<()> {
    if path.is_dir() {
        let mut inside = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?;
        inside.sort();
        for path in inside {
            let name = path.file_name().unwrap_or_default();
            digest.add(name.as_encoded_bytes());
            digest.add(b"/");
            add(&path, digest)?;
        }
        return Ok(());
    }
    let mut file = File::open(path)?;
    let mut part = vec![0; 1 << 20];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(()),
            read => digest.add(&part[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_or_name_in_a_folder_changes_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("inside");
        fs::create_dir(&inside).unwrap();
        fs::write(inside.join("a"), "1").unwrap();
        fs::write(folder.path().join("b"), "2").unwrap();
        let first = digest(folder.path()).unwrap();
        assert_eq!(digest(folder.path()).unwrap(), first);
        fs::write(inside.join("a"), "3").unwrap();
        let changed = digest(folder.path()).unwrap();
        assert_ne!(changed, first);
        fs::rename(inside.join("a"), inside.join("c")).unwrap();
        assert_ne!(digest(folder.path()).unwrap(), changed);
        assert!(digest(&folder.path().join("none")).is_err());
    }

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
