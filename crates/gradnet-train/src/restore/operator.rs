//! Operators by name, with their tables from files.

use std::path::PathBuf;
use std::str::FromStr;

use burn::tensor::{Tensor, TensorData};
use gradnet_core::image::{Blur, Fourier, Identity, ImageOperator, Mask};

use super::RestoreError;
use crate::pictures::read_table;

/// An operator as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorChoice {
    /// `identity`: noise alone.
    Identity,
    /// `blur:FILE`: convolution with the kernel in a file, zeros beyond the border.
    Blur(PathBuf),
    /// `mask:FILE`: each pixel times the number in a file, 0 where it is lost.
    Mask(PathBuf),
    /// `fourier:FILE`: the unitary discrete Fourier transform times the mask in a file.
    Fourier(PathBuf),
}

impl FromStr for OperatorChoice {
    type Err = RestoreError;

    fn from_str(text: &str) -> Result<Self, RestoreError> {
        let (name, file) = match text.split_once(':') {
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        match (name, file) {
            ("identity", None) => Ok(Self::Identity),
            ("blur", Some(file)) => Ok(Self::Blur(file)),
            ("mask", Some(file)) => Ok(Self::Mask(file)),
            ("fourier", Some(file)) => Ok(Self::Fourier(file)),
            _ => Err(RestoreError::Operator { text: text.into() }),
        }
    }
}

impl OperatorChoice {
    /// Whether what it measures is a picture, of brightnesses.
    pub(super) fn measures_pictures(&self) -> bool {
        !matches!(self, Self::Fourier(_))
    }

    /// The operator for measurements of the size of `y`, `[1, height, width]`.
    pub(super) fn on(&self, y: &Tensor<3>) -> Result<Box<dyn ImageOperator>, RestoreError> {
        let [_, height, width] = y.dims();
        let fits = |what: &'static str, [rows, columns]: [usize; 2], good: bool| match good {
            true => Ok(()),
            false => Err(RestoreError::Fit {
                what,
                rows,
                columns,
                height,
                width,
            }),
        };
        let weights = |values: Vec<f64>, size: [usize; 2]| {
            Tensor::<2>::from_data(TensorData::new(values, size), (&y.device(), y.dtype()))
        };
        Ok(match self {
            Self::Identity => Box::new(Identity),
            Self::Blur(file) => {
                let (kernel, size) = read_table(file)?;
                fits("kernel", size, size[0] <= height && size[1] <= width)?;
                Box::new(Blur::new(&kernel, size, y))
            }
            Self::Mask(file) => {
                let (values, size) = read_table(file)?;
                fits("mask", size, size == [height, width])?;
                Box::new(Mask::new(weights(values, size)))
            }
            Self::Fourier(file) => {
                let (values, size) = read_table(file)?;
                fits("mask", size, [2 * size[0], size[1]] == [height, width])?;
                Box::new(Fourier::new(weights(values, size)))
            }
        })
    }
}
