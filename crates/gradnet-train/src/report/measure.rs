//! What is measured of a run for its page.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::{
    Verification, double_precision, host, in_double_precision, jacobians, verify_module,
};

use super::map::{Map, SHOWN};
use crate::backend;
use crate::data::file::RunField;
use crate::data::{PointSet, points_tensor};
use crate::experiment::TaskConfig;
use crate::registry::PatchUnits;
use crate::run::{Run, RunError, Summary};
use crate::sample::{SampleError, SampleOptions, draw};
use crate::targets::Target;
use crate::task::dynamics::ShownPaths;
use crate::task::images::ShownPictures;
use crate::task::regression::{Exhibit, Shown};
use crate::task::{Criterion, Quantities};

/// Test points whose errors are shown.
const POINTS: usize = 5_000;

/// Nodes of the error map on each side, and of the arrows.
const MAP: usize = 48;
const ARROWS: usize = 15;

/// Samples that are shown of a density.
const SAMPLES: usize = 500;

/// Numbers in all the Jacobians looked at: eigenvalues of a 1024 x 1024 matrix take a second.
const JACOBIAN_ENTRIES: usize = 1 << 18;

/// A field on a regular grid of the plane, row after row from the smallest second coordinate up.
pub(super) struct PlaneField {
    /// Smallest and largest coordinate, of both axes, in the network's units.
    pub(super) range: (f64, f64),
    /// Points, and the learned field there.
    pub(super) arrows: Vec<[f64; 4]>,
    /// The target there, where it has a formula.
    pub(super) target_arrows: Option<Vec<[f64; 4]>>,
    /// The error's norm on the finer grid, `MAP` rows of `MAP`.
    pub(super) errors: Option<Vec<Vec<f64>>>,
    /// What a learned score says of its density.
    pub(super) density: Option<PlaneDensity>,
}

/// A density of the plane and samples of it, in the user's units.
pub(super) struct PlaneDensity {
    /// Ends of the first and of the second axis.
    pub(super) axes: [(f64, f64); 2],
    /// The density as a share of the largest, on the finer grid like the errors; where the potential is known.
    pub(super) values: Option<Vec<Vec<f64>>>,
    /// Samples drawn with the score, and samples of the data.
    pub(super) drawn: Vec<[f64; 2]>,
    pub(super) data: Vec<[f64; 2]>,
}

/// All of it.
pub(super) struct Measured {
    pub(super) verification: Verification,
    /// What the weights were chosen by.
    pub(super) criterion: Criterion,
    /// Norms of the errors at test points; none where the test has nothing to err from.
    pub(super) errors: Vec<f64>,
    /// Eigenvalues of the symmetric part of the Jacobian at a few test points, the largest first.
    pub(super) spectra: Vec<Vec<f64>>,
    pub(super) plane: Option<PlaneField>,
    /// Paths, where the run predicts any.
    pub(super) paths: Option<ShownPaths>,
    /// The map, where the run learned one.
    pub(super) map: Option<Map>,
    /// A picture that is denoised, and the units that do it, where the run learned that.
    pub(super) pictures: Option<ShownPictures>,
    pub(super) units: Option<PatchUnits>,
}

/// Measures the best weights of a run.
///
/// The network is looked at in its own units, in which 32 bits are enough; what is shown is in the user's.
pub(super) fn measure(
    run: &Run,
    summary: Option<&Summary>,
    device: &Device,
) -> Result<Measured, RunError> {
    let device = device.clone().without_autodiff();
    let field = run.field(&device)?;
    let (network, similarity) = (field.network(), field.similarity());
    let dim = field.dim();
    let task = run.task(&device)?;
    let criterion = task.criterion();
    let exhibit = task.exhibit(POINTS);
    let few = (JACOBIAN_ENTRIES / (dim * dim)).clamp(1, 16);
    // Eigenvalues near zero and the verdict must not be rounding: 64 bits on the processor.
    let processor = backend::host(&device);
    let Some(exhibit) = exhibit else {
        // Nothing but numbers, as of pictures: the guarantee is looked at where the task says.
        let region = run.experiment().task.region();
        let verification =
            verify_module(network, network.claim(), &processor, region, few.max(2), 0);
        return Ok(Measured {
            verification,
            criterion,
            errors: Vec::new(),
            spectra: Vec::new(),
            paths: task.shown_paths(network),
            map: None,
            pictures: task.shown_pictures(
                network,
                &summary.map_or(Quantities::new(), |summary| summary.scores.metrics.clone()),
            ),
            units: network.patch_units(),
            plane: None,
        });
    };
    let Exhibit {
        pairs: set,
        target,
        region,
        shows,
    } = exhibit;
    let errors = set.chunks().iter().flat_map(|chunk| {
        let error = network.forward(chunk.x.clone()) - chunk.y.clone();
        host(error.square().sum_dim(1).sqrt())
    });
    let errors = errors.map(|error| similarity.y_scale.abs() * error);
    let first = set.chunks().first().map(|chunk| {
        let rows = chunk.x.dims()[0].min(few);
        chunk.x.clone().narrow(0, 0, rows)
    });
    let exact = in_double_precision(run.network(&processor)?, &processor);
    let scale = similarity.jacobian_scale();
    let spectra = first.map_or(Vec::new(), |x| {
        let points = TensorData::new(host(x.clone()), x.dims());
        let x = Tensor::from_data(points, (&processor, double_precision(&processor)));
        let jacobians = jacobians(&exact, x);
        jacobians.iter().map(|j| spectrum(&(j * scale))).collect()
    });
    Ok(Measured {
        verification: verify_module(network, network.claim(), &processor, region, few.max(2), 0),
        criterion,
        errors: match shows {
            Shown::Errors => errors.collect(),
            Shown::Points => Vec::new(),
        },
        spectra,
        paths: task.shown_paths(&run.network(&device)?),
        map: task
            .shown_map(SHOWN)
            .map(|shown| Map::measure(&shown, &field, &device)),
        pictures: None,
        units: None,
        plane: match dim {
            2 => {
                let mut plane = plane(&field, target.as_deref(), &set, &device);
                if matches!(run.experiment().task, TaskConfig::Score(_)) {
                    plane.density = Some(density(run, &field, &set, plane.range, &device)?);
                }
                Some(plane)
            }
            _ => None,
        },
    })
}

/// The density that a score is of, on the region of the samples.
fn density(
    run: &Run,
    field: &RunField,
    set: &PointSet,
    range: (f64, f64),
    device: &Device,
) -> Result<PlaneDensity, RunError> {
    let similarity = field.similarity();
    let pairs = |points: &[f64]| points.chunks_exact(2).map(|x| [x[0], x[1]]).collect();
    let inside = set.chunks().iter().flat_map(|chunk| host(chunk.x.clone()));
    let inside: Vec<f64> = inside.take(2 * SAMPLES).collect();
    let corners = similarity.unscale_points(&[range.0, range.0, range.1, range.1]);
    let fine = similarity.unscale_points(&grid(MAP, range));
    let values = field.potentials(&fine, device).map(|potentials| {
        let largest = potentials.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let shares: Vec<f64> = potentials.iter().map(|p| (p - largest).exp()).collect();
        shares.chunks(MAP).map(<[f64]>::to_vec).collect()
    });
    let options = SampleOptions {
        count: SAMPLES,
        steps: 500,
        seed: run.experiment().seed,
    };
    let drawn = draw(run, device, options).map_err(|error| match error {
        SampleError::Run(error) => error,
        error => RunError::NotARun {
            path: run.path().into(),
            reason: error.to_string(),
        },
    })?;
    Ok(PlaneDensity {
        axes: [(corners[0], corners[2]), (corners[1], corners[3])],
        values,
        drawn: pairs(&drawn.0),
        data: pairs(&similarity.unscale_points(&inside)),
    })
}

fn spectrum(jacobian: &nalgebra::DMatrix<f64>) -> Vec<f64> {
    let symmetric = (jacobian + jacobian.transpose()) * 0.5;
    let mut values: Vec<f64> = symmetric.symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

fn plane(
    field: &RunField,
    target: Option<&dyn Target>,
    set: &PointSet,
    device: &Device,
) -> PlaneField {
    let similarity = field.similarity();
    let inside = match target {
        Some(_) => (0.0, 1.0),
        None => {
            let numbers = set.chunks().iter().flat_map(|chunk| host(chunk.x.clone()));
            numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| {
                (l.min(x), h.max(x))
            })
        }
    };
    let coarse = similarity.unscale_points(&grid(ARROWS, inside));
    let tensor = |points: &[f64]| {
        let numbers = points.iter().map(|x| *x as f32).collect();
        points_tensor(numbers, 2, device, FloatDType::F32)
    };
    let arrows = |y: &[f64]| -> Vec<[f64; 4]> {
        let pairs = coarse.chunks(2).zip(y.chunks(2));
        pairs.map(|(x, y)| [x[0], x[1], y[0], y[1]]).collect()
    };
    let errors = target.map(|target| {
        let fine = tensor(&grid(MAP, inside));
        let error = field.forward(fine.clone()) - target.gradient(fine);
        let norms = host(error.square().sum_dim(1).sqrt());
        norms.chunks(MAP).map(<[f64]>::to_vec).collect()
    });
    PlaneField {
        range: inside,
        arrows: arrows(&field.values(&coarse, device)),
        target_arrows: target.map(|target| arrows(&host(target.gradient(tensor(&coarse))))),
        errors,
        density: None,
    }
}

/// The middles of `side` x `side` cells, row after row upwards.
fn grid(side: usize, (low, high): (f64, f64)) -> Vec<f64> {
    let node = |i: usize| low + (high - low) * (i as f64 + 0.5) / side as f64;
    (0..side)
        .flat_map(|j| (0..side).flat_map(move |i| [node(i), node(j)]))
        .collect()
}
