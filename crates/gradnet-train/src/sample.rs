//! Samples of the density that a run has learned the score of, into a file: [Langevin chains](crate::sampling) with the run's network.

use std::path::Path;

use burn::tensor::Device;
use gradnet_core::VectorField;

use crate::device_check::lost;
use crate::experiment::TaskConfig;
use crate::files::{FileError, Part, RowWriter};
use crate::measure::effective_sample_size;
use crate::run::{Run, RunError, check_output};
use crate::sampling::{Chains, walk};

/// Samples a chain gives where many are asked for, and chains at most.
const KEPT: usize = 20;
const MOST_CHAINS: usize = 500;

/// How samples are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleOptions {
    /// Samples.
    pub count: usize,
    /// Steps before the first sample of a chain, and a fiftieth of it from one to the next.
    pub steps: usize,
    /// Seed of the chains.
    pub seed: u64,
}

/// What was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    /// Samples written.
    pub count: usize,
    /// Chains they are of.
    pub chains: usize,
    /// The share of accepted proposals; `None` for a network without a potential, whose steps cannot be refused.
    pub acceptance: Option<f64>,
    /// Independent samples that tell as much of the mean, of the coordinate where they are fewest.
    pub effective: f64,
}

const TRAIN_A_SCORE: &str = "train one: `gradnet train configs/score_moons.toml`, or [score.file] with samples of your own \
    (docs/scores.md)";

/// Why there are no samples.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl SampleError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Run(error) => error.remedy(),
            Self::File(error) => error.remedy().into(),
        }
    }
}

/// Draws samples with the score of a run and writes them to `output`, in the units of its data.
///
/// # Errors
/// See [`SampleError`]; `output` is then as it was.
pub fn sample(
    run: &Run,
    device: &Device,
    output: &Path,
    options: SampleOptions,
) -> Result<Sampled, SampleError> {
    check_output(output, None, std::slice::from_ref(run))?;
    let mut writer = RowWriter::create(output, vec![part(run)])?;
    let (points, sampled) = draw(run, device, options)?;
    writer.write(&[points])?;
    writer.finish()?;
    Ok(sampled)
}

/// Draws samples with the score of a run, row after row in the units of its data.
///
/// # Errors
/// If the run cannot be read, or learned no score.
pub fn draw(
    run: &Run,
    device: &Device,
    options: SampleOptions,
) -> Result<(Vec<f64>, Sampled), SampleError> {
    let TaskConfig::Score(score) = &run.experiment().task else {
        return Err(run
            .other_task("only a score can be sampled", TRAIN_A_SCORE)
            .into());
    };
    let device = device.clone().without_autodiff();
    let network = run.network(&device)?;
    let dim = network.dim();
    let facts = run.kept_facts()?;
    // A monotone network has minus the score and minus the log density.
    let sign = facts.similarity.y_scale.signum();
    let count = options.count.div_ceil(KEPT).clamp(1, MOST_CHAINS);
    let size = match score.standardise() {
        true => 1.0,
        false => (facts.high - facts.low) / 5.0,
    };
    let middle = f64::midpoint(facts.low, facts.high);
    let chains = Chains {
        count,
        warm_up: options.steps,
        kept: options.count.div_ceil(count),
        thinning: (options.steps / 50).max(1),
        step_size: Chains::step_size(score.noise()) * size * size,
        start: (middle, (facts.high - facts.low) / 5.0),
        seed: options.seed,
    };
    let walked = walk(&chains, dim, &device, |x| {
        let log_density = network.potential(x.clone());
        let score = network.forward(x) * sign;
        (score, log_density.map(|value| value * sign))
    });
    lost().map_err(RunError::from)?;
    let effective = (0..dim).map(|axis| {
        let along = walked.samples.iter().skip(axis).step_by(dim);
        let along: Vec<f64> = along.copied().collect();
        effective_sample_size(&along, chains.kept)
    });
    let effective = effective.fold(options.count as f64, f64::min);
    let mut points = facts.similarity.unscale_points(&walked.samples);
    points.truncate(options.count * dim);
    let sampled = Sampled {
        count: options.count,
        chains: count,
        acceptance: walked.acceptance,
        effective,
    };
    Ok((points, sampled))
}

/// The array with the samples, its columns named as those that were learned from, if they were named.
fn part(run: &Run) -> Part {
    let dim = run.experiment().dim();
    let (given, _) = run.experiment().task.columns();
    let columns = match given.len() == dim {
        true => given.to_vec(),
        false => (1..=dim).map(|axis| format!("x{axis}")).collect(),
    };
    Part {
        name: "x".into(),
        shape: vec![dim],
        columns,
    }
}
