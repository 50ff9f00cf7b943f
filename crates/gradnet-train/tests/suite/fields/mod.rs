//! Rows of fields, files of them and fits to those, for the tests of what used to ruin a fit.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use burn::tensor::Device;
use gradnet_train::backend::Backend;
use gradnet_train::config::{self, Overrides};
use gradnet_train::training::Progress;
use gradnet_train::{Run, Summary, TrainOptions, train};
use tempfile::TempDir;

/// A point and the field there.
pub type Row = (Vec<f64>, Vec<f64>);

/// Uniform numbers in [0, 1), the same for a seed.
pub fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Normal numbers by Box and Muller.
pub fn normal(seed: u64) -> impl FnMut() -> f64 {
    let mut uniform = random(seed);
    move || {
        let (a, b) = (1.0 - uniform(), uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// Rows of a field at points whose coordinates are drawn one by one.
pub fn rows(
    count: usize,
    dim: usize,
    mut coordinate: impl FnMut() -> f64,
    field: impl Fn(&[f64]) -> Vec<f64>,
) -> Vec<Row> {
    let point = |_| (0..dim).map(|_| coordinate()).collect::<Vec<f64>>();
    let points: Vec<Vec<f64>> = (0..count).map(point).collect();
    let value = |x: Vec<f64>| {
        let y = field(&x);
        (x, y)
    };
    points.into_iter().map(value).collect()
}

/// The gradient of `Σ ln cosh(4 x_i)/4 + (Σ x_i)²/10`, which is convex.
pub fn convex(x: &[f64]) -> Vec<f64> {
    let sum: f64 = x.iter().sum();
    x.iter().map(|x| (4.0 * x).tanh() + 0.2 * sum).collect()
}

/// Uniform points in the cube [-1, 1]^dim with the convex field.
pub fn convex_rows(seed: u64, dim: usize) -> Vec<Row> {
    let mut uniform = random(seed);
    rows(400, dim, || 2.0 * uniform() - 1.0, convex)
}

/// Each coordinate of the points and of the gradients changed.
pub fn changed(rows: &[Row], x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> Vec<Row> {
    let each =
        |values: &[f64], change: &dyn Fn(f64) -> f64| values.iter().map(|v| change(*v)).collect();
    rows.iter()
        .map(|row| (each(&row.0, &x), each(&row.1, &y)))
        .collect()
}

/// A CSV file with columns x1, .. and g1, ..
pub fn write_csv(file: &Path, rows: &[Row]) {
    let dim = rows[0].0.len();
    let names = |letter: &str| {
        (1..=dim)
            .map(|i| format!("{letter}{i}"))
            .collect::<Vec<_>>()
    };
    let mut text = [names("x"), names("g")].concat().join(",");
    for (x, y) in rows {
        let numbers: Vec<String> = x
            .iter()
            .chain(y)
            .map(|number| format!("{number:e}"))
            .collect();
        text.push('\n');
        text.push_str(&numbers.join(","));
    }
    text.push('\n');
    fs::write(file, text).unwrap();
}

/// Keeps what a run warns of.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Progress for Warnings {
    fn warn(&mut self, message: &str) {
        self.0.lock().unwrap().push(message.to_owned());
    }
}

/// A fit to rows, with what it warned of.
pub struct Fit {
    pub folder: TempDir,
    pub summary: Summary,
    pub warnings: Vec<String>,
}

impl Fit {
    /// A short training of a network of width 10 on the rows; `settings` are lines of `[data.file]`.
    pub fn new(rows: &[Row], network: &str, settings: &str, steps: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_csv(&folder.path().join("pairs.csv"), rows);
        let text = format!(
            "schema = 1
name = \"fit\"
[data.file]
path = \"pairs.csv\"
{settings}
[network.{network}]
width = 10
[train]
steps = {steps}
batch = 20
learning_rate = 0.03
schedule = \"cosine\"
checkpoint_every = 0
[train.validation]
every = 50
"
        );
        let config = folder.path().join("fit.toml");
        fs::write(&config, text).unwrap();
        let experiment = config::load(&config, &Overrides::default()).unwrap();
        let warnings = Warnings::default();
        let options = TrainOptions {
            progress: Box::new(warnings.clone()),
            ..TrainOptions::new(Backend::Flex)
        };
        let out = folder.path().join("run");
        let summary = train(&experiment, &Device::flex(), &out, options).unwrap();
        let warnings = warnings.0.lock().unwrap().clone();
        Self {
            folder,
            summary,
            warnings,
        }
    }

    /// The error of the test rows.
    pub fn db(&self) -> f64 {
        self.summary.test().mse_db_mean
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    pub fn run(&self) -> Run {
        Run::open(&self.path()).unwrap()
    }
}
