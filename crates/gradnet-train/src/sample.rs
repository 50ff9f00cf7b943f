//! Samples of the density that a run has learned, into a file: [Langevin chains](crate::sampling) with the score, or
//! the inverse of a flow.

use std::path::Path;

use burn::tensor::Device;
use gradnet_core::VectorField;

use crate::data::file::Beyond;
use crate::device_check::lost;
use crate::experiment::TaskConfig;
use crate::files::{FileError, Part, RowWriter};
use crate::measure::{effective_sample_size, split_r_hat};
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
    /// The [split R̂](split_r_hat) of the coordinate where it is largest; `None` if chains are too short for one.
    pub r_hat: Option<f64>,
    /// How they lie to the samples of training.
    pub beyond: Beyond,
}

impl Sampled {
    /// Whether chains stay in different parts of the density, or have not come to rest: the spread over all chains is
    /// at least half as large again as within a half of one. Twenty samples a chain depend on each other, so that
    /// values up to 1.2 are common where chains do mix.
    pub fn chains_disagree(&self) -> bool {
        self.r_hat.is_some_and(|r_hat| r_hat > 1.5)
    }
}

const TRAIN_ONE: &str = "train one: [score.file] with samples of your own (docs/scores.md), or [transport.files] with the \
    loss likelihood (docs/transport.md)";

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
    /// The inverse of too many draws was not found.
    #[error("the inverse was not found for {unsolved} of {drawn} draws, too many to draw anew")]
    Unsolved {
        /// Draws without an inverse.
        unsolved: usize,
        /// All draws.
        drawn: usize,
    },
}

impl SampleError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Run(error) => error.remedy(),
            Self::File(error) => error.remedy().into(),
            Self::Unsolved { .. } => {
                "train longer, or at a smaller rate: `gradnet verify` says what is known of the map"
                    .into()
            }
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
    check_output(output, &[], std::slice::from_ref(run))?;
    let mut writer = RowWriter::create(output, vec![part(run)?])?;
    let (points, sampled) = draw(run, device, options)?;
    writer.write(&[points])?;
    writer.finish()?;
    Ok(sampled)
}

/// Draws independent samples of the density of a flow, the exact inverse of draws of q, and writes them to `output` in
/// the units of the source. Returns how many draws of q had no inverse that was found, others took their places; and
/// how the samples lie to those of training.
///
/// # Errors
/// See [`SampleError`]; `output` is then as it was.
pub fn sample_flow(
    run: &Run,
    device: &Device,
    output: &Path,
    count: usize,
    seed: u64,
) -> Result<(usize, Beyond), SampleError> {
    check_output(output, &[], std::slice::from_ref(run))?;
    let mut writer = RowWriter::create(output, vec![part(run)?])?;
    let device = device.clone().without_autodiff();
    let flow = match &run.experiment().task {
        TaskConfig::Transport(transport) => transport.flow()?,
        _ => None,
    };
    let field = run.field(&device)?;
    let drawn = flow.and_then(|flow| flow.draw(&field, count, seed, &device));
    let drawn = drawn.ok_or_else(|| not_sampled(run))?;
    lost().map_err(RunError::from)?;
    if drawn.missing > 0 {
        return Err(SampleError::Unsolved {
            unsolved: drawn.drawn_anew,
            drawn: drawn.drawn_anew + count - drawn.missing,
        });
    }
    let facts = run.data_facts()?;
    let beyond = facts.map(|facts| facts.beyond(&drawn.points));
    writer.write(&[drawn.points])?;
    writer.finish()?;
    Ok((drawn.drawn_anew, beyond.unwrap_or_default()))
}

/// Of a run that learned something else.
fn not_sampled(run: &Run) -> SampleError {
    let requirement = "only a score, or a flow to a known density, can be sampled";
    run.other_task(requirement, TRAIN_ONE).into()
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
        return Err(not_sampled(run));
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
    let mut effective = options.count as f64;
    let mut r_hat = None;
    for axis in 0..dim {
        let along = walked.samples.iter().skip(axis).step_by(dim);
        let along: Vec<f64> = along.copied().collect();
        effective = effective.min(effective_sample_size(&along, chains.kept));
        r_hat = split_r_hat(&along, chains.kept)
            .into_iter()
            .chain(r_hat)
            .reduce(f64::max);
    }
    let mut points = facts.similarity.unscale_points(&walked.samples);
    points.truncate(options.count * dim);
    let sampled = Sampled {
        count: options.count,
        chains: count,
        acceptance: walked.acceptance,
        effective,
        r_hat,
        beyond: facts.beyond(&points),
    };
    Ok((points, sampled))
}

/// The array with the samples, its columns named as those that were learned from, if they were named.
fn part(run: &Run) -> Result<Part, RunError> {
    let dim = run.experiment().dim();
    let given = run.columns()?.x;
    let columns = match given.len() == dim {
        true => given,
        false => (1..=dim).map(|axis| format!("x{axis}")).collect(),
    };
    Ok(Part {
        name: "x".into(),
        shape: vec![dim],
        columns,
    })
}
