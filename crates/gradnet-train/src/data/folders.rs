//! What folders of files held that a run learned from, so that a change is noticed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::files::FileError;

/// The contents of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderContents {
    /// The folder.
    pub path: PathBuf,
    /// Files in it that are read.
    pub files: usize,
    /// A digest of all their numbers in order, in hexadecimal.
    pub digest: String,
}

/// The folders of a run by their keys in the config: `data.json` of a run on folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The folders.
    pub folders: BTreeMap<String, FolderContents>,
}

impl Contents {
    /// One digest of all folders, in hexadecimal.
    pub fn digest(&self) -> String {
        let digests: Vec<&str> = self.folders.values().map(|f| &f.digest[..]).collect();
        digests.join("-")
    }

    /// Refuses the first folder that no longer holds what it held before; where it lies does not matter.
    ///
    /// # Errors
    /// The folder, and what is known of the change.
    pub fn same_as(&self, before: &Self) -> Result<(), FileError> {
        for (key, now) in &self.folders {
            let Some(then) = before.folders.get(key) else {
                continue;
            };
            if now.digest == then.digest {
                continue;
            }
            let change = match now.files == then.files {
                true => format!("one of its {} pictures has changed", now.files),
                false => format!(
                    "it had {} pictures then and has {} now",
                    then.files, now.files
                ),
            };
            return Err(FileError::Format {
                file: now.path.clone(),
                reason: format!(
                    "it does not hold what the run was trained with as {key}: {change}"
                ),
                remedy: "restore the pictures, or train anew with `gradnet train`".into(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(files: usize, digest: &str, path: &str) -> Contents {
        let folder = FolderContents {
            path: path.into(),
            files,
            digest: digest.into(),
        };
        Contents {
            folders: BTreeMap::from([("images.train".to_owned(), folder)]),
        }
    }

    #[test]
    fn a_change_is_told_with_what_is_known_of_it_and_a_move_is_none() {
        let before = contents(3, "a", "here");
        assert!(contents(3, "a", "there").same_as(&before).is_ok());
        let error = |now: Contents| now.same_as(&before).unwrap_err().to_string();
        let more = error(contents(4, "b", "here"));
        assert!(more.contains("had 3 pictures then and has 4 now"), "{more}");
        let other = error(contents(3, "b", "here"));
        assert!(
            other.contains("one of its 3 pictures has changed"),
            "{other}"
        );
        assert!(
            other.contains("images.train") && other.contains("here"),
            "{other}"
        );
    }
}
