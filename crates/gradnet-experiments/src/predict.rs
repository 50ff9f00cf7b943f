//! A run's field at the points of a file: in pieces, so that neither file need fit into memory.

use std::path::Path;

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::VectorField;

use crate::data::file::RunField;
use crate::data::points_tensor;
use crate::files::{FileError, Format, Part, RowReader, RowWriter, Selection};
use crate::run::{Run, RunError};
use crate::target::TargetConfig;

/// Points a piece; the field's hidden layers for them fit any memory.
const PIECE: usize = 500;

/// What is wanted at each point beside the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PredictOptions {
    /// Columns or arrays with the points. Default: those the run was trained on if the file has them, else all columns, or the array "x".
    pub x: Option<Vec<String>>,
    /// Whether the potential is written too.
    pub potential: bool,
    /// Whether the Jacobian is written too.
    pub jacobian: bool,
}

/// Why there are no predictions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The network's potential is not known.
    #[error("the potential of {network} is not known in closed form")]
    NoPotential {
        /// The network.
        network: &'static str,
    },
}

impl PredictError {
    /// What the user can do about it.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Run(error) => error.remedy(),
            Self::File(error) => Some(error.remedy().into()),
            Self::NoPotential { .. } => Some(
                "leave --potential out, or train a network that has one (`gradnet networks --json`)"
                    .into(),
            ),
        }
    }
}

/// Writes the field of a run at every point of `input` to `output`; the number of points.
///
/// `told` hears after each piece how many points are done, and of how many if the file's format knows.
///
/// # Errors
/// See [`PredictError`]; `output` is then as it was.
pub fn predict(
    run: &Run,
    device: &Device,
    input: &Path,
    output: &Path,
    options: &PredictOptions,
    mut told: impl FnMut(u64, Option<u64>),
) -> Result<u64, PredictError> {
    let field = run.field(device)?;
    let dim = field.dim();
    let mut reader = open(run, input, options)?;
    if reader.width() != dim {
        return Err(FileError::Format {
            file: input.into(),
            reason: format!(
                "a point has {} coordinates there ({}), the network wants {dim}",
                reader.width(),
                reader.names().join(", ")
            ),
            remedy: "name the columns or the array with the points: --x x1,x2".into(),
        }
        .into());
    }
    let mut writer = RowWriter::create(output, parts(run, dim, options))?;
    let total = reader.count();
    let mut done = 0;
    loop {
        let mut points = Vec::new();
        let rows = reader.read(PIECE, &mut points)?;
        if rows == 0 {
            break;
        }
        let x = points_tensor(
            points,
            dim,
            &device.clone().without_autodiff(),
            FloatDType::F32,
        );
        writer.write(&values(&field, x, options)?)?;
        done += rows as u64;
        told(done, total);
    }
    writer.finish()?;
    Ok(done)
}

/// Opens the columns or arrays with the points.
fn open(run: &Run, input: &Path, options: &PredictOptions) -> Result<RowReader, FileError> {
    if let Some(names) = &options.x {
        return RowReader::open(input, &Selection::Named(names.clone()));
    }
    let trained = match &run.experiment().target {
        TargetConfig::File(file) if !file.x.is_empty() => Some(file.x.clone()),
        _ => None,
    };
    let arrays = Format::of(input)?.has_arrays();
    let all = match arrays {
        true => Selection::Named(vec!["x".into()]),
        false => Selection::All,
    };
    match trained {
        Some(names) => {
            RowReader::open(input, &Selection::Named(names)).or_else(|error| match error {
                FileError::Column { .. } => RowReader::open(input, &all),
                other => Err(other),
            })
        }
        None => RowReader::open(input, &all),
    }
}

/// The parts of the output and their columns' names.
fn parts(run: &Run, dim: usize, options: &PredictOptions) -> Vec<Part> {
    let named = match &run.experiment().target {
        TargetConfig::File(file) if file.y.len() == dim => file.y.clone(),
        _ => (1..=dim).map(|i| format!("f{i}")).collect(),
    };
    let mut parts = vec![Part {
        name: "gradient".into(),
        shape: vec![dim],
        columns: named,
    }];
    if options.potential {
        parts.push(Part {
            name: "potential".into(),
            shape: vec![],
            columns: vec!["potential".into()],
        });
    }
    if options.jacobian {
        let pairs = (1..=dim).flat_map(|i| (1..=dim).map(move |j| format!("j{i}_{j}")));
        parts.push(Part {
            name: "jacobian".into(),
            shape: vec![dim, dim],
            columns: pairs.collect(),
        });
    }
    parts
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The field, and what else is wanted, at the rows of `x`.
fn values(
    field: &RunField,
    x: Tensor<2>,
    options: &PredictOptions,
) -> Result<Vec<Vec<f32>>, PredictError> {
    let mut values = vec![numbers(field.forward(x.clone()))];
    if options.potential {
        let potential = field
            .potential(x.clone())
            .ok_or_else(|| PredictError::NoPotential {
                network: field.network().name(),
            })?;
        values.push(numbers(potential));
    }
    if options.jacobian {
        let [rows, dim] = x.dims();
        let mut jacobians = vec![0.0; rows * dim * dim];
        for j in 0..dim {
            let mut direction = vec![0.0; rows * dim];
            direction
                .iter_mut()
                .skip(j)
                .step_by(dim)
                .for_each(|v| *v = 1.0);
            let direction = points_tensor(direction, dim, &x.device(), FloatDType::F32);
            // Column j of the Jacobian at every point.
            let column = numbers(field.jacobian_vector(x.clone(), direction));
            for (place, value) in column.into_iter().enumerate() {
                jacobians[place * dim + j] = value;
            }
        }
        values.push(jacobians);
    }
    Ok(values)
}
