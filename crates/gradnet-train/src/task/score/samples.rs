//! The samples of a run, split and scaled, and the noise that smooths them.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::config::NAMING;
use super::examination::examine;
use super::{Density, ScoreConfig};
use crate::data::file::{ColumnNames, DataFacts, PointTable, Similarity, Split};
use crate::data::{Epochs, FileDigests, Stream, generator};
use crate::digest::Digest;
use crate::files::FileError;
use crate::settings::{DataConfig, FixedData, Protocol};
use crate::task::TaskError;

/// Points in the network's units with the noise that is added to them: rows `x + s e` and, if there is noise, `x − s
/// e`.
pub(super) struct Noisy {
    /// Row after row; the second half has the other sign of the noise.
    pub(super) x: Vec<f64>,
    /// `±e`, row after row.
    pub(super) e: Vec<f64>,
}

/// Where samples come from.
enum Origin {
    Drawn {
        density: Density,
        fixed: Option<(Vec<f64>, Epochs)>,
    },
    Table {
        table: PointTable,
        split: Split,
        epochs: Epochs,
    },
}

/// The samples of a run.
pub(super) struct Samples {
    origin: Origin,
    dim: usize,
    seed: u64,
    batch: usize,
    similarity: Similarity,
    /// Deviation of the noise, in the network's units.
    pub(super) noise: f64,
    facts: DataFacts,
}

impl Samples {
    /// Reads or prepares the samples; `sign` is -1 for a network that models minus the score.
    pub(super) fn new(
        config: &ScoreConfig,
        protocol: &Protocol,
        sign: f64,
    ) -> Result<Self, TaskError> {
        let (seed, batch) = (protocol.seed, protocol.train.batch);
        let (origin, (mean, size)) = match config {
            ScoreConfig::Density(settings) => {
                settings.check()?;
                let density = settings.density();
                let fixed = match protocol.train.data {
                    DataConfig::Fixed(FixedData { points }) => {
                        let mut random = generator(seed, Stream::Training, 0);
                        let rows = Epochs::new((0..points as u32).collect(), seed);
                        Some((density.draw(&mut random, points), rows))
                    }
                    DataConfig::Online => None,
                };
                let units = density.mean_and_size();
                (Origin::Drawn { density, fixed }, units)
            }
            ScoreConfig::File(settings) => {
                settings.check()?;
                let table =
                    PointTable::read(&settings.path, &settings.x, NAMING.reading(settings.header))?;
                let shares = [settings.validation, settings.test];
                let split = table.split(seed, shares, batch)?;
                let units = table.mean_and_size(&split)?;
                let epochs = Epochs::new(split.training.clone(), seed);
                (
                    Origin::Table {
                        table,
                        split,
                        epochs,
                    },
                    units,
                )
            }
        };
        let dim = mean.len();
        let (mean, scale, noise) = match config.standardise() {
            true => (mean, size, config.noise()),
            false => (vec![0.0; dim], 1.0, config.noise() * size),
        };
        let similarity = Similarity {
            mean,
            x_scale: scale,
            y_scale: sign / scale,
            constant: vec![0.0; dim],
            sign: 1,
        };
        let facts = facts(&origin, &similarity, noise)?;
        Ok(Self {
            origin,
            dim,
            seed,
            batch,
            similarity,
            noise,
            facts,
        })
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    pub(super) fn similarity(&self) -> &Similarity {
        &self.similarity
    }

    pub(super) fn facts(&self) -> &DataFacts {
        &self.facts
    }

    /// The density, where it is known.
    pub(super) fn density(&self) -> Option<&Density> {
        match &self.origin {
            Origin::Drawn { density, .. } => Some(density),
            Origin::Table { .. } => None,
        }
    }

    /// The samples of step `step`: a pure function of seed and step.
    pub(super) fn lesson(&self, step: usize) -> Noisy {
        let mut random = generator(self.seed, Stream::Training, step as u64 + 1);
        let points = match &self.origin {
            Origin::Drawn {
                density,
                fixed: None,
            } => density.draw(&mut random, self.batch),
            Origin::Drawn {
                fixed: Some((points, epochs)),
                ..
            } => {
                let rows = epochs.batch(step, self.batch);
                let row = |row: u32| &points[row as usize * self.dim..][..self.dim];
                rows.into_iter().flat_map(row).copied().collect()
            }
            Origin::Table { table, epochs, .. } => table.points(&epochs.batch(step, self.batch)),
        };
        self.with_noise(&points, &mut random)
    }

    /// At most `most` of the samples that choose the weights.
    pub(super) fn validation(&self, most: usize) -> Noisy {
        self.held_out(Stream::Validation, 0, most)
    }

    /// At most `most` of the samples that are the test, with the noise of a draw.
    pub(super) fn test(&self, draw: usize, most: usize) -> Noisy {
        self.held_out(Stream::Test, draw as u64, most)
    }

    fn held_out(&self, stream: Stream, draw: u64, most: usize) -> Noisy {
        let mut random = generator(self.seed, stream, draw);
        let points = match &self.origin {
            Origin::Drawn { density, .. } => density.draw(&mut random, most),
            Origin::Table { table, split, .. } => {
                let rows = match stream {
                    Stream::Validation => &split.validation,
                    _ => &split.test,
                };
                table.points(&rows[..rows.len().min(most)])
            }
        };
        self.with_noise(&points, &mut random)
    }

    /// At most `most` training samples without noise, in the network's units.
    pub(super) fn clean(&self, most: usize) -> Vec<f64> {
        let points = match &self.origin {
            Origin::Drawn { density, .. } => {
                density.draw(&mut generator(self.seed, Stream::Reference, 0), most)
            }
            Origin::Table { table, split, .. } => {
                table.points(&split.training[..split.training.len().min(most)])
            }
        };
        self.similarity.inner_points(&points)
    }

    /// At most `most` samples with noise, in the network's units: other ones than the test's, of the same distribution.
    pub(super) fn others(&self, most: usize) -> Vec<f64> {
        let mut random = generator(self.seed, Stream::Reference, 1);
        let clean = self.clean(most);
        let noise = |x| {
            let e: f64 = StandardNormal.sample(&mut random);
            x + self.noise * e
        };
        clean.into_iter().map(noise).collect()
    }

    fn with_noise(&self, points: &[f64], random: &mut impl Rng) -> Noisy {
        let points = self.similarity.inner_points(points);
        if self.noise == 0.0 {
            let e = vec![0.0; points.len()];
            return Noisy { x: points, e };
        }
        let e: Vec<f64> = points
            .iter()
            .map(|_| StandardNormal.sample(random))
            .collect();
        let moved = |sign: f64| {
            let moved = points.iter().zip(&e);
            moved.map(move |(x, e)| x + sign * self.noise * e)
        };
        let x = moved(1.0).chain(moved(-1.0)).collect();
        let e = e.iter().copied().chain(e.iter().map(|e| -e)).collect();
        Noisy { x, e }
    }
}

/// What a run folder notes of the samples.
fn facts(origin: &Origin, similarity: &Similarity, noise: f64) -> Result<DataFacts, FileError> {
    let dim = similarity.mean.len();
    let scaled = |points: &[f64]| -> Vec<f64> {
        let scaled = similarity.scale_points(points);
        scaled.into_iter().map(f64::from).collect()
    };
    let mut columns = ColumnNames::default();
    let (points, rows, digest, findings) = match origin {
        Origin::Drawn { density, .. } => {
            let points = density.draw(&mut generator(0, Stream::TargetScale, 0), 2_000);
            let mut digest = Digest::default();
            points.iter().for_each(|x| digest.add(&x.to_le_bytes()));
            let digest = format!("{:016x}", digest.value());
            (scaled(&points), [0; 4], digest, Vec::new())
        }
        Origin::Table { table, split, .. } => {
            columns.x = table.names().to_vec();
            let points = table.points(&split.training);
            let findings = examine(table, split, noise * similarity.x_scale)?;
            let counts = [
                table.rows(),
                split.training.len(),
                split.validation.len(),
                split.test.len(),
            ];
            (scaled(&points), counts, table.digest(), findings)
        }
    };
    debug_assert!(points.len().is_multiple_of(dim));
    let (low, high) = points
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(*x), high.max(*x))
        });
    let [rows, training, validation, test] = rows;
    Ok(DataFacts {
        rows,
        digest,
        training,
        validation,
        test,
        similarity: similarity.clone(),
        low,
        high,
        columns,
        findings,
        files: FileDigests::default(),
    })
}
