//! `[transport.files]`: samples of two distributions in two tables.
//!
//! ```text
//! x' = (x − m)/s,  y' = (y − c)/t       mean and size of each side's training rows
//! f(x) = c + t g((x − m)/s)             what a network g is in the user's units
//! ```
//!
//! One number scales each side: optimal for x' and y' is then optimal for x and y, since `⟨x, y⟩` is `s t ⟨x', y'⟩` up
//! to terms that no coupling changes. The two tables may have different numbers of rows; each is split by the run's
//! seed.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pair::{Pair, Part, Side};
use super::two_tables::{check_differ, paired};
use crate::data::file::{ColumnNames, DataFacts, Finding, PointTable, Similarity, Split, absolute};
use crate::data::{Epochs, FileDigests, Stream, derived_seed};
use crate::files::{FileError, Naming};
use crate::settings::Protocol;
use crate::task::score;

pub(super) const NAMING: Naming = Naming {
    columns: "columns and target_columns under [transport.files], or --x and --y",
    table: "[transport.files]",
};

/// What can be done about coordinates in different units.
pub(super) const UNLIKE: &str = "divide each column by a number of its own, the same in source and target, so that all spread alike, and multiply predictions by it: \
                      the map is then optimal for the distances of the divided points";

/// Settings of `[transport.files]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["source"]))]
pub struct FilesConfig {
    /// Coordinates of a point; found from the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// The points that are moved: .csv, .tsv, .npy, .npz, .parquet or .safetensors; relative to the config's folder.
    pub source: PathBuf,
    /// The points they are moved to. Without them `transport.loss.kind` must be "likelihood", which moves the source to
    /// `N(0, I)`.
    #[serde(skip_serializing_if = "is_not_given")]
    pub target: PathBuf,
    /// Columns or arrays of both files with the coordinates. Default: all columns but those that count rows, or the
    /// array "x".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The target's, where they have other names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_columns: Vec<String>,
    /// Whether the first line of a text file names the columns. Found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Share of each file's rows that choose the weights. Default 0.1.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub validation: f64,
    /// Share of each file's rows that are the test. Default 0.1.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub test: f64,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            source: PathBuf::new(),
            target: PathBuf::new(),
            columns: Vec::new(),
            target_columns: Vec::new(),
            header: None,
            validation: 0.1,
            test: 0.1,
            dim: None,
        }
    }
}

/// Whether no file is named.
fn is_not_given(path: &Path) -> bool {
    path.as_os_str().is_empty()
}

impl FilesConfig {
    /// Whether there is a file of the points that the source is moved to.
    pub(super) fn has_target(&self) -> bool {
        !is_not_given(&self.target)
    }

    /// The file of a side and its columns.
    fn side(&self, side: Side) -> (&Path, &[String]) {
        match side {
            Side::Source => (&self.source, &self.columns),
            Side::Target if self.target_columns.is_empty() => (&self.target, &self.columns),
            Side::Target => (&self.target, &self.target_columns),
        }
    }

    /// Makes the paths absolute, and finds the dimension from the first rows. The key at fault comes with an error.
    pub(super) fn locate(&mut self, base: &Path) -> Result<(), (&'static str, FileError)> {
        let of = |key| move |error| (key, error);
        self.source = absolute(&self.source, base).map_err(of("source"))?;
        if self.has_target() {
            self.target = absolute(&self.target, base).map_err(of("target"))?;
        }
        let is_there = self.source.exists() && (!self.has_target() || self.target.exists());
        // A run's config has the dimension: its weights can be used without the files.
        if self.dim.is_some() && !is_there {
            return Ok(());
        }
        let found = |side| {
            let (file, columns) = self.side(side);
            PointTable::columns(file, columns, NAMING.reading(self.header))
        };
        let (from, dim) = found(Side::Source).map_err(of("source"))?;
        if !self.has_target() {
            return self
                .agree(dim, &self.source, "source")
                .map(|()| self.dim = Some(dim));
        }
        let (to, other) = found(Side::Target).map_err(of("target"))?;
        let uneven = |reason: String| {
            let error = FileError::Format {
                file: self.target.clone(),
                reason,
                remedy: "name the same coordinates of both: columns = [\"x1\", ..], and target_columns where the target's names differ".into(),
            };
            ("target", error)
        };
        if dim != other {
            return Err(uneven(format!(
                "its points have {other} coordinates, those of {} have {dim}",
                self.source.display()
            )));
        }
        // Columns that nobody named would be paired with the wrong ones.
        let place = |name: &String| to.x.iter().position(|other| other == name);
        let mut places = from.x.iter().map(place).enumerate();
        let moved = places.find_map(|(here, there)| Some((here, there.filter(|at| *at != here)?)));
        if let Some((here, there)) = moved.filter(|_| self.columns.is_empty()) {
            return Err(uneven(format!(
                "its column `{}` is coordinate {}, that of {} is coordinate {}",
                from.x[here],
                there + 1,
                self.source.display(),
                here + 1
            )));
        }
        self.agree(dim, &self.target, "target")?;
        self.dim = Some(dim);
        Ok(())
    }

    /// Refuses a file of `found` coordinates where the config states another number.
    fn agree(
        &self,
        found: usize,
        file: &Path,
        key: &'static str,
    ) -> Result<(), (&'static str, FileError)> {
        match self.dim {
            Some(stated) if stated != found => Err((
                key,
                FileError::Format {
                    file: file.into(),
                    reason: format!("its points have {found} coordinates, not dim = {stated}"),
                    remedy: "leave dim out: it is found from the files".into(),
                },
            )),
            _ => Ok(()),
        }
    }

    /// What is read, and what was assumed of it.
    pub(super) fn reads(&self) -> Vec<String> {
        let found = |side| {
            let (file, columns) = self.side(side);
            let found = PointTable::columns(file, columns, NAMING.reading(self.header)).ok();
            found.map(|(columns, _)| (columns.told(file), columns.lasting(file).x))
        };
        let target = self.has_target().then(|| found(Side::Target)).flatten();
        match (found(Side::Source), target) {
            (None, _) => Vec::new(),
            (Some((source, _)), None) => source,
            (Some((source, from)), Some((target, to))) => {
                [source, target, paired(&from, &to)].concat()
            }
        }
    }

    /// Reads the files; without a target the units of the source's images are the network's own.
    pub(super) fn pair(&self, protocol: &Protocol) -> Result<FilesPair, FileError> {
        let seeds = [protocol.seed, derived_seed(protocol.seed, Stream::Split)];
        let read = |side: Side| -> Result<(Sample, (Vec<f64>, f64)), FileError> {
            let (file, columns) = self.side(side);
            let table = PointTable::read(file, columns, NAMING.reading(self.header))?;
            let shares = [self.validation, self.test];
            // Not by the same order: rows of the same number may belong together, and would be held out together.
            let seed = seeds[side as usize];
            let split = table.split(seed, shares, protocol.train.batch)?;
            let scale = table.mean_and_size(&split)?;
            let epochs = Epochs::new(split.training.clone(), seed);
            Ok((
                Sample {
                    table,
                    split,
                    epochs,
                },
                scale,
            ))
        };
        let (source, (mean, x_scale)) = read(Side::Source)?;
        if !self.has_target() {
            return Ok(FilesPair {
                findings: source.table.examine(&source.split, score::UNLIKE),
                similarity: Similarity {
                    mean,
                    x_scale,
                    ..Similarity::identity(source.table.dim())
                },
                sides: vec![source],
            });
        }
        let (target, (constant, y_scale)) = read(Side::Target)?;
        check_differ([&self.source, &self.target], [&source.table, &target.table])?;
        let findings = [&source, &target].map(|side| side.table.examine(&side.split, UNLIKE));
        Ok(FilesPair {
            findings: findings.concat(),
            sides: vec![source, target],
            similarity: Similarity {
                mean,
                x_scale,
                y_scale,
                constant,
                sign: 1,
            },
        })
    }
}

/// One table, split.
struct Sample {
    table: PointTable,
    split: Split,
    epochs: Epochs,
}

/// Two tables, or the source's alone, which [`super::standard_normal::ToStandardNormal`] gives a target.
pub(super) struct FilesPair {
    sides: Vec<Sample>,
    similarity: Similarity,
    findings: Vec<Finding>,
}

impl Pair for FilesPair {
    fn dim(&self) -> usize {
        self.similarity.mean.len()
    }

    fn points(&self, side: Side, part: Part, count: usize) -> Vec<f64> {
        let sample = &self.sides[side as usize];
        let split = &sample.split;
        let first = |rows: &[u32]| rows[..rows.len().min(count)].to_vec();
        let rows = match part {
            Part::Step(step) => sample.epochs.batch(step, count),
            Part::Reference => first(&split.training),
            Part::Validation => first(&split.validation),
            Part::Test => first(&split.test),
        };
        let points = sample.table.points(&rows);
        let scaled = match side {
            Side::Source => self.similarity.scale_points(&points),
            Side::Target => self.similarity.scale_gradients(&points),
        };
        scaled.into_iter().map(f64::from).collect()
    }

    fn test_row(&self, place: usize) -> Option<String> {
        let source = &self.sides[0];
        Some(source.table.place(*source.split.test.get(place)?))
    }

    fn similarity(&self) -> Similarity {
        self.similarity.clone()
    }

    fn facts(&self) -> Option<DataFacts> {
        let source = &self.sides[0];
        let digests = self
            .sides
            .iter()
            .map(|side| side.table.digest().to_string());
        let training = self.points(Side::Source, Part::Reference, usize::MAX);
        let bound = |worse: fn(f64, f64) -> f64| training.iter().copied().fold(f64::NAN, worse);
        Some(DataFacts {
            rows: source.table.rows(),
            digest: digests.collect::<Vec<_>>().join(" "),
            training: source.split.training.len(),
            validation: source.split.validation.len(),
            test: source.split.test.len(),
            similarity: self.similarity.clone(),
            low: bound(f64::min),
            high: bound(f64::max),
            columns: ColumnNames {
                x: source.table.names().to_vec(),
                y: self
                    .sides
                    .get(1)
                    .map_or(Vec::new(), |side| side.table.names().to_vec()),
            },
            findings: self.findings.clone(),
            files: FileDigests::default(),
        })
    }
}
