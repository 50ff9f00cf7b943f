//! `tuned.json`: strengths and scales of a regularizer that validation pictures chose after the training.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::write::write_json;
use super::{Run, RunError, RunFolder};
use crate::digest::Digest;

/// Strength and scale of a regularizer for one operator and noise level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuned {
    /// What pictures go through: its name, and a digest of its numbers.
    pub operator: String,
    /// Standard deviation of the noise, of 255.
    pub noise: f64,
    /// `λ`.
    pub strength: f64,
    /// `μ`.
    pub scale: f64,
    /// The mean PSNR of the validation pictures with them.
    pub psnr_db: f64,
    /// How many pictures these were.
    pub pictures: usize,
}

/// The file: choices, and which weights they were made for.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    weights: String,
    tuned: Vec<Tuned>,
}

impl Run {
    /// A digest of the weights in their file.
    fn weights_digest(&self) -> Result<String, RunError> {
        let path = self.path().join(RunFolder::WEIGHTS);
        let bytes = std::fs::read(&path).map_err(|error| RunError::io("read", &path, error))?;
        Ok(format!("{:016x}", Digest::of(&bytes)))
    }

    /// What was tuned for the weights as they are; nothing of what was tuned for others.
    ///
    /// # Errors
    /// If a file is there but cannot be read.
    pub fn tuned(&self) -> Result<Vec<Tuned>, RunError> {
        let path = self.path().join(RunFolder::TUNED);
        let document = read(&path)?;
        match document.weights == self.weights_digest()? {
            true => Ok(document.tuned),
            false => Ok(Vec::new()),
        }
    }

    /// Notes what was tuned; of one operator and noise level the last choice stays.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn note_tuned(&self, choice: Tuned) -> Result<(), RunError> {
        let mut tuned = self.tuned()?;
        tuned.retain(|old| (&old.operator, old.noise) != (&choice.operator, choice.noise));
        tuned.push(choice);
        let document = Document {
            weights: self.weights_digest()?,
            tuned,
        };
        write_json(&self.path().join(RunFolder::TUNED), &document)
    }
}

fn read(path: &Path) -> Result<Document, RunError> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Document::default()),
        read => read.map_err(|error| RunError::io("read", path, error))?,
    };
    serde_json::from_str(&text).map_err(|error| RunError::Damaged {
        path: path.into(),
        reason: error.to_string(),
    })
}
