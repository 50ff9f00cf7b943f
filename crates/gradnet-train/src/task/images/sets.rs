//! The pictures to train on, to choose by and to test with: split by file, and no picture in two of them.

use std::collections::BTreeMap;
use std::path::Path;

use super::config::{ImagesConfig, is_empty};
use crate::data::{Contents, FolderContents, Stream, generator};
use crate::digest::Digest;
use crate::files::FileError;
use crate::pictures::{Picture, dead_leaves, read_folder};
use crate::setting_error::SettingError;
use crate::task::TaskError;

/// The pictures of a run.
pub struct Sets {
    /// To train on.
    pub train: Vec<Picture>,
    /// To choose weights, strength and scale by.
    pub validation: Vec<Picture>,
    /// To test with.
    pub test: Vec<Picture>,
}

/// Refuses a folder without a name.
fn named(key: &'static str, folder: &Path) -> Result<(), TaskError> {
    if !is_empty(folder) {
        return Ok(());
    }
    Err(TaskError::Setting(SettingError::Invalid {
        field: key,
        value: "\"\"".into(),
        requirement: "must name a folder of .png or .npy pictures".into(),
        remedy: format!("write the folder in the config, or give it with --set {key}=FOLDER"),
    }))
}

/// Side of a drawn picture.
const DRAWN_SIDE: usize = 96;

impl Sets {
    /// Reads the folders, or draws the pictures.
    ///
    /// # Errors
    /// If a folder is not named or has no pictures, a training picture is smaller than a crop, or a picture is in two
    /// folders.
    pub fn of(config: &ImagesConfig, seed: u64) -> Result<Self, TaskError> {
        if config.drawn > 0 {
            return Ok(Self::drawn(config.drawn, seed));
        }
        for (key, folder) in config.folders() {
            named(key, folder)?;
        }
        let sets = Self {
            train: read_folder(&config.train)?,
            validation: read_folder(&config.validation)?,
            test: read_folder(&config.test)?,
        };
        let least = |picture: &&Picture| picture.height.min(picture.width) < config.patch;
        if let Some(small) = sets.train.iter().find(least) {
            return Err(TaskError::Data(FileError::Format {
                file: Path::new(&small.name).into(),
                reason: format!(
                    "it has {} x {} pixels, fewer than a crop of images.patch = {}",
                    small.height, small.width, config.patch
                ),
                remedy: "lower images.patch, or take the picture out of the folder".into(),
            }));
        }
        sets.apart()?;
        Ok(sets)
    }

    /// Refuses a picture that is smaller than a patch of `side × side` pixels.
    ///
    /// # Errors
    /// [`TaskError::Data`] with the picture.
    pub(super) fn hold_patches(&self, side: usize) -> Result<(), TaskError> {
        let mut all = [&self.train, &self.validation, &self.test]
            .into_iter()
            .flatten();
        let Some(small) = all.find(|picture| picture.height.min(picture.width) < side) else {
            return Ok(());
        };
        Err(TaskError::Data(FileError::Format {
            file: Path::new(&small.name).into(),
            reason: format!(
                "it has {} x {} pixels, fewer than a patch of the network, {side} x {side}",
                small.height, small.width
            ),
            remedy: "lower the network's size, or take the picture out of the folder".into(),
        }))
    }

    /// The validation pictures alone.
    ///
    /// # Errors
    /// As [`of`](Self::of), of their folder.
    pub(crate) fn validation_of(
        config: &ImagesConfig,
        seed: u64,
    ) -> Result<Vec<Picture>, TaskError> {
        if config.drawn > 0 {
            return Ok(Self::drawn(config.drawn, seed).validation);
        }
        named("images.validation", &config.validation)?;
        Ok(read_folder(&config.validation)?)
    }

    /// The test pictures alone.
    ///
    /// # Errors
    /// As [`of`](Self::of), of their folder.
    pub(crate) fn test_of(config: &ImagesConfig, seed: u64) -> Result<Vec<Picture>, TaskError> {
        if config.drawn > 0 {
            return Ok(Self::drawn(config.drawn, seed).test);
        }
        named("images.test", &config.test)?;
        Ok(read_folder(&config.test)?)
    }

    /// Drawn pictures: the run's seed decides them.
    fn drawn(count: usize, seed: u64) -> Self {
        let draw = |index: usize| {
            let mut random = generator(seed, Stream::Target, index as u64);
            dead_leaves(format!("drawn picture {index}"), DRAWN_SIDE, &mut random)
        };
        let less = count / 4;
        Self {
            train: (0..count).map(draw).collect(),
            validation: (count..count + less).map(draw).collect(),
            test: (count + less..count + 2 * less).map(draw).collect(),
        }
    }

    /// What the folders hold; `None` for drawn pictures.
    pub fn contents(&self, config: &ImagesConfig) -> Option<Contents> {
        if config.drawn > 0 {
            return None;
        }
        let sets = [&self.train, &self.validation, &self.test];
        let folder = |((key, path), pictures): ((&str, &Path), &Vec<Picture>)| {
            let mut digest = Digest::default();
            for picture in pictures {
                for side in [picture.height, picture.width] {
                    digest.add(&(side as u64).to_le_bytes());
                }
                let values = picture.values().iter();
                values.for_each(|value| digest.add(&value.to_le_bytes()));
            }
            let contents = FolderContents {
                path: path.into(),
                files: pictures.len(),
                digest: format!("{:016x}", digest.value()),
            };
            (key.to_owned(), contents)
        };
        Some(Contents {
            folders: config.folders().into_iter().zip(sets).map(folder).collect(),
        })
    }

    /// Refuses a picture that is in two of the sets.
    pub(super) fn apart(&self) -> Result<(), FileError> {
        let mut seen: BTreeMap<u64, (usize, &str)> = BTreeMap::new();
        for (set, pictures) in [&self.train, &self.validation, &self.test]
            .iter()
            .enumerate()
        {
            for picture in *pictures {
                let mut digest = Digest::default();
                for value in picture.values() {
                    digest.add(&value.to_le_bytes());
                }
                match seen.insert(digest.value(), (set, &picture.name)) {
                    Some((other, name)) if other != set => {
                        return Err(FileError::Format {
                            file: Path::new(&picture.name).into(),
                            reason: format!("it is the same picture as {name}"),
                            remedy: "a picture may be in one of the three folders only: what was seen in training tests nothing"
                                .into(),
                        });
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
