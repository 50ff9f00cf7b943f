//! Operators by name, with their tables from files.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use burn::tensor::{Tensor, TensorData};
use gradnet_core::image::{Blur, Fourier, Identity, ImageOperator, Mask, Matrix};

use super::RestoreError;
use crate::digest::Digest;
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
    /// `matrix:FILE` or `matrix:HEIGHTxWIDTH:FILE`: any matrix, a column for each pixel of a picture of that size, or
    /// of a square one.
    Matrix(Option<[usize; 2]>, PathBuf),
}

impl FromStr for OperatorChoice {
    type Err = RestoreError;

    fn from_str(text: &str) -> Result<Self, RestoreError> {
        let unknown = || RestoreError::Operator { text: text.into() };
        let (name, file) = match text.split_once(':') {
            Some((_, "")) => return Err(unknown()),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        match (name, file) {
            ("identity", None) => Ok(Self::Identity),
            ("blur", Some(file)) => Ok(Self::Blur(file)),
            ("mask", Some(file)) => Ok(Self::Mask(file)),
            ("fourier", Some(file)) => Ok(Self::Fourier(file)),
            ("matrix", Some(file)) => {
                let sized = file.to_str().and_then(|rest| {
                    let (size, file) = rest.split_once(':')?;
                    let (height, width) = size.split_once('x')?;
                    Some(([height.parse().ok()?, width.parse().ok()?], file.into()))
                });
                let of_size = |c: char| c.is_ascii_digit() || c == 'x';
                let is_size = |text: &str| !text.is_empty() && text.chars().all(of_size);
                let parts = file.to_str().and_then(|rest| rest.split_once(':'));
                match sized {
                    Some((size, file)) => Ok(Self::Matrix(Some(size), file)),
                    None if parts.is_some_and(|(size, _)| is_size(size)) => Err(unknown()),
                    None => Ok(Self::Matrix(None, file)),
                }
            }
            _ => Err(unknown()),
        }
    }
}

/// What a mask of frequencies is to a measurement.
pub(super) const REAL_AND_IMAGINARY: &str = "mask, for real and imaginary parts,";

/// The numbers of a table, with its rows and columns.
type Table = (Vec<f64>, [usize; 2]);

impl OperatorChoice {
    /// What it is called in `tuned.json`: its name, the size of its table and a digest of the numbers.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub(crate) fn key(&self) -> Result<String, RestoreError> {
        let Some((values, [rows, columns])) = self.table()? else {
            return Ok("identity".into());
        };
        let mut digest = Digest::default();
        for value in &values {
            digest.add(&value.to_le_bytes());
        }
        let of = match self {
            Self::Matrix(..) => {
                let [height, width] = self.picture(columns)?;
                format!(" of {height} x {width} pixels")
            }
            _ => String::new(),
        };
        let (name, digest) = (self.name(), digest.value());
        Ok(format!("{name} {rows} x {columns}{of} {digest:016x}"))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Blur(_) => "blur",
            Self::Mask(_) => "mask",
            Self::Fourier(_) => "fourier",
            Self::Matrix(..) => "matrix",
        }
    }

    /// The file with its numbers.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Identity => None,
            Self::Blur(file) | Self::Mask(file) | Self::Fourier(file) | Self::Matrix(_, file) => {
                Some(file)
            }
        }
    }

    /// The numbers in its file.
    fn table(&self) -> Result<Option<Table>, RestoreError> {
        Ok(self.file().map(read_table).transpose()?)
    }

    /// What it measures pictures between 0 and 1 as, without noise: the least and the largest number.
    pub(super) fn brightnesses(&self) -> Result<[f64; 2], RestoreError> {
        let Some((values, _)) = self.table()? else {
            return Ok([0.0, 1.0]);
        };
        let below = values.iter().map(|value| value.min(0.0));
        let above = values.iter().map(|value| value.max(0.0));
        Ok(match self {
            // A pixel is a sum over the kernel.
            Self::Blur(_) => [below.sum(), above.sum()],
            _ => [below.fold(0.0, f64::min), above.fold(0.0, f64::max)],
        })
    }

    /// The rows and columns of the pictures it takes, where it takes one size only.
    pub(super) fn size(&self) -> Result<Option<[usize; 2]>, RestoreError> {
        Ok(match self {
            Self::Identity | Self::Blur(_) => None,
            Self::Matrix(..) => match self.table()? {
                Some((_, [_, columns])) => Some(self.picture(columns)?),
                None => None,
            },
            Self::Mask(_) | Self::Fourier(_) => self.table()?.map(|(_, size)| size),
        })
    }

    /// The rows and columns of the pictures that a matrix with so many columns takes.
    fn picture(&self, columns: usize) -> Result<[usize; 2], RestoreError> {
        let size = match self {
            Self::Matrix(Some(size), _) => *size,
            _ => [columns.isqrt(); 2],
        };
        match size[0].checked_mul(size[1]) == Some(columns) {
            true => Ok(size),
            false => Err(RestoreError::MatrixSize { columns, size }),
        }
    }

    /// Whether what it measures is a picture, of brightnesses.
    pub(super) fn measures_pictures(&self) -> bool {
        !matches!(self, Self::Fourier(_) | Self::Matrix(..))
    }

    /// The operator for pictures of the size of `x`, `[1, height, width]`.
    pub(super) fn of_pictures(
        &self,
        x: &Tensor<3>,
    ) -> Result<Box<dyn ImageOperator>, RestoreError> {
        match self {
            Self::Fourier(_) => self.on(&Tensor::cat(vec![x.clone(), x.clone()], 1)),
            Self::Matrix(..) => {
                let rows = self.table()?.map_or(0, |(_, [rows, _])| rows);
                self.on(&Tensor::zeros([1, 1, rows], (&x.device(), x.dtype())))
            }
            _ => self.on(x),
        }
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
        let Some((values, size)) = self.table()? else {
            return Ok(Box::new(Identity));
        };
        if values.iter().all(|value| *value == 0.0) {
            let what = match self {
                Self::Blur(_) => "kernel",
                Self::Matrix(..) => "matrix",
                _ => "mask",
            };
            return Err(RestoreError::Zero { what });
        }
        Ok(match self {
            Self::Identity => Box::new(Identity),
            Self::Blur(_) => {
                fits("kernel", size, size[0] <= height && size[1] <= width)?;
                Box::new(Blur::new(&values, size, y))
            }
            Self::Mask(_) => {
                fits("mask", size, size == [height, width])?;
                Box::new(Mask::new(weights(values, size)))
            }
            Self::Fourier(_) => {
                let both = [2 * size[0], size[1]];
                fits(REAL_AND_IMAGINARY, both, both == [height, width])?;
                Box::new(Fourier::new(weights(values, size)))
            }
            Self::Matrix(..) => {
                let picture = self.picture(size[1])?;
                fits("matrix", size, size[0] == height * width)?;
                Box::new(Matrix::new(weights(values, size), picture))
            }
        })
    }
}
