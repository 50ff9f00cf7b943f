//! The pairs of a file, split and scaled, as batches to train on and sets to score on.

use std::sync::Arc;

use burn::tensor::{Device, FloatDType};
use gradnet_core::analysis::Claim;

use super::storage::{MEMORY, Storage};
use super::{
    ColumnNames, DataFacts, FileConfig, Finding, Similarity, Split, examination, place, scaling,
};
use crate::data::epochs::Epochs;
use crate::data::{Batch, FileDigests, PointSet, points_tensor};
use crate::files::FileError;

/// A file's pairs, read, split by the seed and ready to be scaled.
#[derive(Clone)]
pub struct FilePairs {
    storage: Arc<Storage>,
    split: Arc<Split>,
    similarity: Similarity,
    low: f64,
    high: f64,
    digest: String,
    columns: ColumnNames,
    findings: Vec<Finding>,
}

impl FilePairs {
    /// Reads the whole file once and checks every number in it.
    ///
    /// # Errors
    /// The first row that cannot be used, or too few rows for a batch of `batch` beside the other parts.
    pub fn read(config: &FileConfig, seed: u64, batch: usize) -> Result<Self, FileError> {
        let storage = Storage::read(config, MEMORY)?;
        let few = |(reason, remedy): (String, String)| FileError::Format {
            file: config.path.clone(),
            reason,
            remedy,
        };
        let shares = [config.validation, config.test];
        let split = Split::of_file(&config.path, storage.rows(), seed, shares, batch)?;
        let dim = storage.dim();
        let trained = split.trained();
        let similarity = match config.standardise {
            true => scaling::fit(&storage, &trained, dim, config.sign).map_err(few)?,
            false => Similarity {
                sign: config.sign,
                ..Similarity::identity(dim)
            },
        };
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        storage.each_row(|row, x, _| {
            if trained[row as usize] {
                for x in similarity.scale_points(x) {
                    (low, high) = (low.min(x.into()), high.max(x.into()));
                }
            }
        });
        Ok(Self {
            digest: storage.digest(),
            columns: config.columns()?.lasting(&config.path),
            storage: Arc::new(storage),
            split: Arc::new(split),
            similarity,
            low,
            high,
            findings: Vec::new(),
        })
    }

    /// Takes over how a run scaled the pairs, and whether they are still those it was trained on.
    ///
    /// Without this a run of an earlier version would be given gradients its weights do not know.
    pub(crate) fn adopt(&mut self, facts: &DataFacts) -> bool {
        let same = facts.digest == self.digest || facts.digest == self.storage.narrow_digest();
        if same {
            self.digest.clone_from(&facts.digest);
            self.similarity.clone_from(&facts.similarity);
            (self.low, self.high) = (facts.low, facts.high);
            self.findings.clone_from(&facts.findings);
        }
        same
    }

    /// Looks for what would ruin a fit of a network with this claim, and keeps it for [`facts`](Self::facts).
    ///
    /// `config` names the file, which is opened again to tell the line of a row at fault.
    pub fn examine(&mut self, config: &FileConfig, claim: Claim) {
        let (rows, dim) = (self.storage.rows(), self.storage.dim());
        let place = |row, column| {
            let second = config.gradient_path.as_ref().filter(|_| column >= dim);
            place::name(second.unwrap_or(&config.path), row, rows)
        };
        self.findings =
            examination::examine(&self.storage, &self.split, &self.similarity, claim, place);
    }

    /// What was found that would ruin a fit.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How the file was split and scaled, and what was found in it.
    pub fn facts(&self) -> DataFacts {
        DataFacts {
            rows: self.storage.rows(),
            digest: self.digest.clone(),
            training: self.split.training.len(),
            validation: self.split.validation.len(),
            test: self.split.test.len(),
            similarity: self.similarity.clone(),
            low: self.low,
            high: self.high,
            columns: self.columns.clone(),
            findings: self.findings.clone(),
            files: FileDigests::default(),
        }
    }

    /// The split.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The scaling.
    pub fn similarity(&self) -> &Similarity {
        &self.similarity
    }

    /// What a mean squared error of scaled gradients is multiplied by to be in the user's units: t squared.
    pub fn unit(&self) -> f64 {
        self.similarity.y_scale.powi(2)
    }

    /// The points and gradients of some rows as the file has them, row after row.
    pub fn rows(&self, rows: &[u32]) -> (Vec<f64>, Vec<f64>) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in rows {
            self.storage.row(*row, &mut x, &mut y);
        }
        (x, y)
    }

    /// Scaled points and gradients of some rows.
    fn scaled(&self, rows: &[u32]) -> (Vec<f32>, Vec<f32>) {
        let (x, y) = self.rows(rows);
        (
            self.similarity.scale_points(&x),
            self.similarity.scale_gradients(&y),
        )
    }

    /// The mean gradient of the training rows, in the file's units.
    pub fn mean_gradient(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.similarity.mean.len()];
        let (trained, count) = (self.split.trained(), self.split.training.len() as f64);
        self.storage.each_row(|row, _, y| {
            if trained[row as usize] {
                mean.iter_mut()
                    .zip(y)
                    .for_each(|(mean, y)| *mean += y / count);
            }
        });
        mean
    }

    /// The mean over at most `most` of the rows given of `|y − constant|²`, in the file's units.
    pub fn mean_square_around(&self, constant: &[f64], rows: &[u32], most: usize) -> f64 {
        let rows = &rows[..rows.len().min(most)];
        let (_, y) = self.rows(rows);
        let squares = y.iter().zip(constant.iter().cycle());
        squares.map(|(y, c)| (y - c).powi(2)).sum::<f64>() / rows.len() as f64
    }

    /// At most `most` of the rows given, scaled, on a device. The rows of a split are in random order, so the first are
    /// as good as any.
    pub fn set(&self, rows: &[u32], most: usize, device: &Device) -> PointSet {
        let (x, y) = self.scaled(&rows[..rows.len().min(most)]);
        PointSet::from_pairs(&x, &y, self.similarity.mean.len(), device)
    }

    /// The batches of a run: shuffled epochs over the training rows.
    pub fn batches(&self, seed: u64, batch: usize, device: &Device) -> PairBatches {
        PairBatches {
            epochs: Epochs::new(self.split.training.clone(), seed),
            pairs: self.clone(),
            batch,
            device: device.clone(),
        }
    }
}

/// Batches of the training rows, scaled.
pub struct PairBatches {
    pairs: FilePairs,
    epochs: Epochs,
    batch: usize,
    device: Device,
}

impl PairBatches {
    /// The rows of the batch of step `step`, counted from 0.
    pub fn rows(&self, step: usize) -> Vec<u32> {
        self.epochs.batch(step, self.batch)
    }

    /// The batch of step `step`, counted from 0.
    pub fn batch(&self, step: usize) -> Batch {
        let (x, y) = self.pairs.scaled(&self.rows(step));
        let dim = self.pairs.similarity.mean.len();
        let tensor = |values| points_tensor(values, dim, &self.device, FloatDType::F32);
        Batch {
            x: tensor(x),
            y: tensor(y),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 200 rows of a field whose points and gradients have units of their own.
    fn pairs(folder: &std::path::Path, standardise: bool) -> FilePairs {
        let file = folder.join("pairs.csv");
        let text: String = (0..200)
            .map(|row| format!("{},{},{},{}\n", 100 + row, row % 7, 1000 * row, 500))
            .collect();
        std::fs::write(&file, format!("a,b,c,d\n{text}")).unwrap();
        let config = FileConfig {
            standardise,
            ..FileConfig::new(&file)
        };
        let config = config.inspect(folder).unwrap();
        assert_eq!(config.dim, Some(2));
        FilePairs::read(&config, 1, 10).unwrap()
    }

    fn numbers(tensor: burn::tensor::Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec::<f32>().unwrap()
    }

    #[test]
    fn scaled_training_rows_have_mean_zero_and_size_one() {
        let folder = tempfile::tempdir().unwrap();
        let pairs = pairs(folder.path(), true);
        let (x, y) = pairs.scaled(&pairs.split.training);
        let n = x.len() as f32;
        let squares = |v: &[f32]| v.iter().map(|v| v * v).sum::<f32>() / n;
        assert!((squares(&x) - 1.0).abs() < 1e-4, "{}", squares(&x));
        assert!((squares(&y) - 1.0).abs() < 1e-4, "{}", squares(&y));
        for column in 0..2 {
            let mean = x.iter().skip(column).step_by(2).sum::<f32>() / (n / 2.0);
            assert!(mean.abs() < 1e-4, "{mean}");
        }
        for column in 0..2 {
            let mean = y.iter().skip(column).step_by(2).sum::<f32>() / (n / 2.0);
            assert!(mean.abs() < 1e-4, "{mean}");
        }
        // The second column of the gradients is 500 everywhere: nothing is left of it.
        let constant = &pairs.similarity.constant;
        assert!((constant[1] - 500.0).abs() < 1e-9, "{constant:?}");
        assert_eq!(pairs.mean_gradient().len(), 2);
        let facts = pairs.facts();
        assert_eq!((facts.rows, facts.training, facts.test), (200, 160, 20));
        assert!(facts.low < -1.0 && facts.high > 1.0);
    }

    #[test]
    fn without_scaling_the_rows_are_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let pairs = pairs(folder.path(), false);
        let (x, y) = pairs.scaled(&[5]);
        assert_eq!((x, y), (vec![105.0, 5.0], vec![5000.0, 500.0]));
        assert_eq!(pairs.unit(), 1.0);
    }

    #[test]
    fn a_batch_of_pairs_is_a_function_of_its_step_and_an_epoch_visits_all_rows() {
        let folder = tempfile::tempdir().unwrap();
        let pairs = pairs(folder.path(), false);
        let device = Device::flex();
        let (ran, fresh) = (pairs.batches(1, 10, &device), pairs.batches(1, 10, &device));
        let mut seen: Vec<u32> = (0..16)
            .flat_map(|step| numbers(ran.batch(step).x))
            .step_by(2)
            .map(|x| x as u32 - 100)
            .collect();
        seen.sort_unstable();
        let mut all = pairs.split.training.clone();
        all.sort_unstable();
        assert_eq!(seen, all);
        assert_eq!(numbers(ran.batch(20).x), numbers(fresh.batch(20).x));
        assert_ne!(numbers(ran.batch(20).x), numbers(fresh.batch(21).x));
    }
}
