//! A run's field at the points of a file: in pieces, so that neither file need fit into memory.

mod columns;
mod error;

use std::path::Path;

use burn::tensor::Device;
use gradnet_core::VectorField;

use crate::backend::host;
use crate::data::file::{Beyond, RunField};
use crate::device_check::{Beside, Workload, lost};
use crate::experiment::TaskConfig;
use crate::files::{Part, RowReader, RowWriter};
use crate::run::{Run, RunError, check_output};
use crate::task::transport::Flow;
use columns::{open, parts, uneven};

pub use error::PredictError;

/// Points a piece; the field's hidden layers for them fit any memory.
const PIECE: usize = 500;

/// Jacobians computed in 64 bits too.
pub const COMPARED: usize = 16;

/// What is wanted at each point beside the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PredictOptions {
    /// Columns or arrays with the points. Default: those the run was trained on; if it named none, or the file has no
    /// names (`.npy`, CSV that begins with numbers), all columns but those that count the rows, or the array "x".
    pub x: Option<Vec<String>>,
    /// Whether the first line of a text file names the columns. Found out by default.
    pub header: Option<bool>,
    /// Whether the potential is written too.
    pub potential: bool,
    /// Whether the Jacobian is written too.
    pub jacobian: bool,
    /// Whether the logarithm of the density that a flow has learned is written too.
    pub log_density: bool,
    /// Whether the points that the field takes to those of the file are written instead.
    pub inverse: bool,
}

/// What was predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Predicted {
    /// The points.
    pub points: u64,
    /// How they lie to the points of the training file, in whose space a map begins; nothing without a file.
    pub beyond: Beyond,
    /// The difference of the first [`COMPARED`] Jacobians from those computed in 64 bits, relative in the 2-norm;
    /// `None` if none were asked for.
    pub jacobian_error: Option<f64>,
}

/// Writes the field of a run at every point of `input` to `output`.
///
/// `opened` is shown the columns of the points before the first is read; `told` hears after each piece how many points
/// are done, and of how many if the file's format knows.
///
/// # Errors
/// See [`PredictError`]; `output` is then as it was.
pub fn predict(
    run: &Run,
    device: &Device,
    input: &Path,
    output: &Path,
    options: &PredictOptions,
    opened: impl FnOnce(&RowReader),
    mut told: impl FnMut(u64, Option<u64>),
) -> Result<Predicted, PredictError> {
    check_output(output, &[input], std::slice::from_ref(run))?;
    let device = device.clone().without_autodiff();
    let field = run.field(&device)?;
    let dim = field.dim();
    if options.inverse && !field.is_invertible() {
        return Err(PredictError::NoInverse {
            network: field.network().name(),
            task: run.experiment().task.task(),
        });
    }
    let columns = run.columns()?;
    let mut reader = open(&columns, input, options, dim)?;
    if reader.width() != dim {
        return Err(uneven(input, &reader, dim, &columns)?.into());
    }
    let flow = flow(run, options)?;
    opened(&reader);
    let parts = parts(columns, dim, options);
    let mut unsolved = Vec::new();
    let mut writer = RowWriter::create(output, parts.clone())?;
    let total = reader.count();
    let facts = run.data_facts()?;
    let beyond = |points: &[f64]| facts.as_ref().map(|facts| facts.beyond(points));
    let (mut predicted, mut checked) = (Predicted::default(), 0);
    loop {
        let mut points = Vec::new();
        let rows = reader.read(PIECE, &mut points)?;
        if rows == 0 {
            break;
        }
        if rows != checked {
            let beside = Beside {
                potential: options.potential,
                jacobian: options.jacobian,
                most: usize::MAX,
            };
            check_device(&field, &points, rows, &device, beside)?;
            checked = rows;
        }
        if options.inverse {
            let found = field
                .inverse(&points, &device)
                .expect("the field was found to be invertible");
            let failed = found.failed.iter();
            let before = predicted.points;
            unsolved.extend(failed.map(|(row, residual)| (before + *row as u64 + 1, *residual)));
            finite(input, before, &parts, std::slice::from_ref(&found.x))?;
            predicted.beyond.add(beyond(&found.x).unwrap_or_default());
            writer.write(&[found.x])?;
            predicted.points += rows as u64;
            told(predicted.points, total);
            continue;
        }
        let mut values = values(&field, &points, &device, options)?;
        if let Some(flow) = &flow {
            values.push(flow.log_densities(&field, &points, &device));
        }
        finite(input, predicted.points, &parts, &values)?;
        writer.write(&values)?;
        let jacobians = values.get(1 + usize::from(options.potential));
        if let (true, Some(jacobians)) = (options.jacobian && predicted.points == 0, jacobians) {
            predicted.jacobian_error = Some(jacobian_error(&field, &points, jacobians, &device));
        }
        predicted.points += rows as u64;
        predicted.beyond.add(beyond(&points).unwrap_or_default());
        told(predicted.points, total);
    }
    lost().map_err(RunError::from)?;
    if let Some((_, residual)) = unsolved.first() {
        return Err(PredictError::Unsolved {
            input: input.into(),
            residual: *residual,
            rows: unsolved.iter().map(|(row, _)| *row).collect(),
        });
    }
    writer.finish()?;
    Ok(predicted)
}

/// The flow whose density is asked for.
fn flow(run: &Run, options: &PredictOptions) -> Result<Option<Flow>, PredictError> {
    let flow = match &run.experiment().task {
        TaskConfig::Transport(transport) => transport.flow()?,
        _ => None,
    };
    match (options.log_density, flow) {
        (false, _) => Ok(None),
        (true, Some(flow)) => Ok(Some(flow)),
        (true, None) => Err(PredictError::NoDensity),
    }
}

/// How far the first Jacobians are from those in 64 bits.
fn jacobian_error(field: &RunField, points: &[f64], jacobians: &[f64], device: &Device) -> f64 {
    let (host, dim) = (host(device), field.dim());
    let some = &points[..points.len().min(COMPARED * dim)];
    let exact = field.in_double_precision(&host).jacobians(some, &host);
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    let difference = squares(&mut exact.iter().zip(jacobians).map(|(a, b)| a - b)).sqrt();
    let norm = squares(&mut exact.iter().copied()).sqrt();
    if norm > 0.0 { difference / norm } else { 0.0 }
}

/// Holds the device against the processor for a piece of so many rows.
fn check_device(
    field: &RunField,
    points: &[f64],
    rows: usize,
    device: &Device,
    beside: Beside,
) -> Result<(), RunError> {
    let workload = Workload {
        network: field.network(),
        target: None,
        points: &field.similarity().scale_points(points),
        training: &[],
        scoring: &[rows],
        beside,
    };
    workload.check(device)?;
    Ok(())
}

/// Refuses the first row with a number that is not finite; `before` rows came before these.
fn finite(
    input: &Path,
    before: u64,
    parts: &[Part],
    values: &[Vec<f64>],
) -> Result<(), PredictError> {
    let bad = parts.iter().zip(values).filter_map(|(part, values)| {
        let place = values.iter().position(|value| !value.is_finite())?;
        let (row, column) = (place / part.columns.len(), place % part.columns.len());
        Some((row, part.columns[column].clone(), values[place]))
    });
    match bad.min_by_key(|(row, ..)| *row) {
        None => Ok(()),
        Some((row, column, value)) => Err(PredictError::NotFinite {
            input: input.into(),
            row: before + row as u64 + 1,
            column,
            value,
        }),
    }
}

/// The field, and what else is wanted, at points row after row.
fn values(
    field: &RunField,
    x: &[f64],
    device: &Device,
    options: &PredictOptions,
) -> Result<Vec<Vec<f64>>, PredictError> {
    let mut values = vec![field.values(x, device)];
    if options.potential {
        let potential = field.potentials(x, device);
        values.push(potential.ok_or_else(|| PredictError::NoPotential {
            network: field.network().name(),
        })?);
    }
    if options.jacobian {
        values.push(field.jacobians(x, device));
    }
    Ok(values)
}
