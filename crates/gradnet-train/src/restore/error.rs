//! Why there is no restored picture.

use std::path::PathBuf;

use super::operator::REAL_AND_IMAGINARY;
use crate::files::FileError;
use crate::run::RunError;

/// Why there is no restored picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No operator has this name.
    #[error("there is no operator `{text}`")]
    Operator {
        /// What was asked for.
        text: String,
    },
    /// The operator does not fit the measurement.
    #[error("the {what} has {rows} x {columns} numbers, but the measurement {height} x {width}")]
    Fit {
        /// The operator's table.
        what: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
        /// Rows of the measurement.
        height: usize,
        /// Columns of the measurement.
        width: usize,
    },
    /// The operator measures nothing.
    #[error("the {what} is zero everywhere: it measures nothing of a picture")]
    Zero {
        /// The operator's table.
        what: &'static str,
    },
    /// A matrix does not fit the size of its pictures.
    #[error("the matrix has {columns} columns, but a picture of {} x {} has {} pixels", size[0], size[1], size[0].saturating_mul(size[1]))]
    MatrixSize {
        /// Its columns.
        columns: usize,
        /// Rows and columns of a picture.
        size: [usize; 2],
    },
    /// No validation picture is as large as the operator wants it.
    #[error(
        "the operator takes pictures of {height} x {width} pixels, and no validation picture is as large"
    )]
    TooLarge {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// The picture is smaller than a patch.
    #[error(
        "the picture has {height} x {width} pixels, but the regularizer looks at patches of {side} x {side}"
    )]
    SmallerThanPatch {
        /// Rows of the picture.
        height: usize,
        /// Columns of the picture.
        width: usize,
        /// The side of a patch.
        side: usize,
    },
    /// The noise level is no level.
    #[error("the noise is {value}, but it must be a number above 0")]
    Noise {
        /// What was given.
        value: f64,
    },
    /// Strength or scale is out of range.
    #[error("the {name} is {value}, but it must be a number above 0")]
    Weight {
        /// Which of the two.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// The run has chosen neither strength nor scale.
    #[error("{} has no strength and scale that its validation pictures chose", run.display())]
    Untuned {
        /// The run's folder.
        run: PathBuf,
    },
    /// The noise is far from what the regularizer was trained and tested with.
    #[error(
        "the noise is {value}, but this run was trained and tested with noise from {low} to {high} only"
    )]
    OutOfRange {
        /// What was given.
        value: f64,
        /// The least level that the run knows.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// The numbers have left those that can be written.
    #[error("the restored picture is not finite")]
    NotFinite,
}

impl RestoreError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Run(error) => error.remedy(),
            Self::File(error) => error.remedy().into(),
            Self::Operator { .. } => {
                "write identity, blur:kernel.npy, mask:mask.npy, fourier:mask.npy, matrix:A.npy or matrix:32x48:A.npy".into()
            }
            Self::Fit { what: "mask", .. } => "a mask has the size of the picture".into(),
            Self::Fit {
                what: REAL_AND_IMAGINARY,
                ..
            } => {
                "the measurement holds the real parts above the imaginary parts, twice the mask's rows".into()
            }
            Self::Zero { .. } => "check its file".into(),
            Self::Fit { what: "matrix", .. } => {
                "a matrix has a row for each number of the measurement and a column for each pixel".into()
            }
            Self::MatrixSize { .. } => {
                "say the rows and columns of the picture: matrix:32x48:A.npy; without them it is a square".into()
            }
            Self::TooLarge { .. } => {
                "give the run larger validation pictures, or give --strength and --scale to `gradnet solve`".into()
            }
            Self::SmallerThanPatch { .. } => {
                "give a larger picture, or train a regularizer with a smaller `size`".into()
            }
            Self::Fit { .. } => "a kernel may not be larger than the picture".into(),
            Self::Noise { .. } => "give its standard deviation, of 255, such as --noise 2.55".into(),
            Self::Weight { .. } => "leave it out to take what the run has chosen".into(),
            Self::Untuned { .. } => {
                "choose them with `gradnet tune RUN --noise LEVEL`, or give --strength and --scale".into()
            }
            Self::OutOfRange { .. } => {
                "give --strength and --scale, choose them with `gradnet tune`, or train with images.noise and images.levels around this noise; it is the \
                 standard deviation of brightnesses from 0 to 255"
                    .into()
            }
            Self::NotFinite => "lower --strength, or check the measurement and the operator".into(),
        }
    }
}
