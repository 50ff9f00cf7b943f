//! The pairs of a file, split and scaled, as batches to train on and sets to score on.

use std::sync::Arc;

use burn::tensor::{Device, FloatDType};

use super::storage::Storage;
use super::{DataFacts, FileConfig, Similarity, Split};
use crate::data::epochs::Epochs;
use crate::data::{Batch, BatchSource, PointSet, points_tensor};
use crate::files::FileError;

/// Bytes of pairs that are kept in memory; more are mapped, which the system keeps in memory as long as it has room.
const MEMORY: usize = 1 << 26;

/// A file's pairs, read, split by the seed and ready to be scaled.
#[derive(Clone)]
pub struct FilePairs {
    storage: Arc<Storage>,
    split: Arc<Split>,
    similarity: Similarity,
    low: f64,
    high: f64,
    digest: String,
}

impl FilePairs {
    /// Reads the whole file once and checks every number in it.
    ///
    /// # Errors
    /// The first row that cannot be used, or too few rows for a batch of `batch` beside the other parts.
    pub fn read(config: &FileConfig, seed: u64, batch: usize) -> Result<Self, FileError> {
        let storage = Storage::read(config, MEMORY)?;
        let few = |reason: String, remedy: String| FileError::Format {
            file: config.path.clone(),
            reason,
            remedy,
        };
        let Ok(rows) = u32::try_from(storage.rows()) else {
            return Err(few(
                format!("it has {} rows, more than 4,294,967,295", storage.rows()),
                "split the file".into(),
            ));
        };
        let split = Split::new(rows, seed, config.validation, config.test);
        if split.training.len() < batch {
            return Err(few(
                format!(
                    "of its {rows} rows {} are left to train on, fewer than a batch of {batch}",
                    split.training.len()
                ),
                "add rows, or lower train.batch".into(),
            ));
        }
        let mut pairs = Self {
            digest: storage.digest(),
            storage: Arc::new(storage),
            split: Arc::new(split),
            similarity: Similarity::identity(config.dim.unwrap_or_default()),
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        };
        if config.standardise {
            pairs.similarity = pairs.fit();
            let size = pairs
                .similarity
                .mean
                .iter()
                .fold(0.0, |size: f64, m| size.max(m.abs()));
            // Differences below the last bit of a 32-bit float are rounding.
            if pairs.similarity.x_scale <= f64::from(f32::EPSILON) * size {
                return Err(few(
                    "all its points are the same".into(),
                    "a field cannot be learned from one point: check the columns named in x".into(),
                ));
            }
        }
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        pairs.each_training_row(|x, _| {
            let mut x = x.to_vec();
            pairs.similarity.scale_points(&mut x);
            for x in x {
                (low, high) = (low.min(x.into()), high.max(x.into()));
            }
        });
        (pairs.low, pairs.high) = (low, high);
        Ok(pairs)
    }

    /// Mean point and scales of the training rows.
    fn fit(&self) -> Similarity {
        let rows = self.split.training.len() as f64;
        let dim = self.similarity.mean.len();
        let mut mean = vec![0.0; dim];
        let mut y_squares = 0.0;
        self.each_training_row(|x, y| {
            mean.iter_mut()
                .zip(x)
                .for_each(|(mean, x)| *mean += f64::from(*x) / rows);
            y_squares += y.iter().map(|y| f64::from(*y).powi(2)).sum::<f64>();
        });
        let mut x_squares = 0.0;
        self.each_training_row(|x, _| {
            let squares = x
                .iter()
                .zip(&mean)
                .map(|(x, m)| (f64::from(*x) - m).powi(2));
            x_squares += squares.sum::<f64>();
        });
        let root = |squares: f64| (squares / (rows * dim as f64)).sqrt();
        Similarity {
            mean,
            x_scale: root(x_squares),
            // A field that is zero everywhere needs no scale.
            y_scale: Some(root(y_squares))
                .filter(|scale| *scale > 0.0)
                .unwrap_or(1.0),
        }
    }

    fn each_training_row(&self, mut look: impl FnMut(&[f32], &[f32])) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in &self.split.training {
            x.clear();
            y.clear();
            self.storage.row(*row, &mut x, &mut y);
            look(&x, &y);
        }
    }

    /// The digest of the file's numbers.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// How the file was split and scaled.
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

    /// Scaled points and gradients of some rows.
    fn scaled(&self, rows: &[u32]) -> (Vec<f32>, Vec<f32>) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in rows {
            self.storage.row(*row, &mut x, &mut y);
        }
        self.similarity.scale_points(&mut x);
        self.similarity.scale_gradients(&mut y);
        (x, y)
    }

    /// At most `most` of the rows given, scaled, on a device. The rows of a split are in random order, so the first are as good as any.
    pub fn set(&self, rows: &[u32], most: usize, device: &Device) -> PointSet {
        let (x, y) = self.scaled(&rows[..rows.len().min(most)]);
        PointSet::from_pairs(&x, &y, self.similarity.mean.len(), device)
    }

    /// At most `most` of the rows given, in the file's units, on a device.
    pub fn raw_set(&self, rows: &[u32], most: usize, device: &Device) -> PointSet {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for row in rows.iter().take(most) {
            self.storage.row(*row, &mut x, &mut y);
        }
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

impl BatchSource for PairBatches {
    fn batch(&self, step: usize) -> Batch {
        let (x, y) = self.pairs.scaled(&self.epochs.batch(step, self.batch));
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
        // One scale for both columns: the second stays as much smaller than the first as it was.
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
