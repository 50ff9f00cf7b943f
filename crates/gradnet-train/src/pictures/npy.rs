//! One grey picture in a `.npy` file.

use std::path::Path;

use super::Picture;
use crate::files::{FileError, Part, RowReader, RowWriter, Selection};

/// The numbers of a file and how many rows and columns they have.
pub(super) fn table(file: &Path) -> Result<(Vec<f64>, [usize; 2]), FileError> {
    numbers(file).map_err(|mut error| {
        // Its rows are no points.
        match &mut error {
            FileError::Value { remedy, .. } => *remedy = "put a finite number there".into(),
            FileError::Column { remedy, .. } => {
                *remedy =
                    "save one table of rows and columns; a colour picture goes into a PNG".into();
            }
            _ => {}
        }
        error
    })
}

fn numbers(file: &Path) -> Result<(Vec<f64>, [usize; 2]), FileError> {
    let mut reader = RowReader::open(file, &Selection::All)?;
    let (width, mut values) = (reader.width(), Vec::new());
    while reader.read(ROWS, &mut values)? > 0 {}
    let height = values.len() / width.max(1);
    if height == 0 {
        return Err(FileError::Format {
            file: file.into(),
            reason: "it holds no numbers".into(),
            remedy: "save an array with rows and columns".into(),
        });
    }
    Ok((values, [height, width]))
}

pub(super) fn read(file: &Path, [darkest, brightest]: [f64; 2]) -> Result<Picture, FileError> {
    let (values, [height, width]) = table(file)?;
    let (low, high) = values
        .iter()
        .fold((0.0_f64, 0.0_f64), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
    let whole = high > 1.0 && values.iter().all(|value| value.fract() == 0.0);
    let white = if low >= darkest && high <= brightest && !whole {
        1.0
    } else if low >= 255.0 * darkest && high <= 255.0 * brightest {
        255.0
    } else {
        return Err(FileError::Format {
            file: file.into(),
            reason: format!("it holds numbers from {low} to {high}, which are no brightnesses"),
            remedy: "scale them so that black is 0 and white is 1, or 255".into(),
        });
    };
    Ok(Picture {
        name: file.display().to_string(),
        height,
        width,
        planes: vec![values.iter().map(|value| (value / white) as f32).collect()],
        white,
        bits: 16,
    })
}

/// Rows read at a time.
const ROWS: usize = 256;

pub(super) fn write(picture: &Picture, file: &Path) -> Result<(), FileError> {
    let [plane] = &picture.planes[..] else {
        return Err(FileError::Format {
            file: file.into(),
            reason: "it would have to hold three colours".into(),
            remedy: "write a colour picture to a .png file".into(),
        });
    };
    let part = Part {
        name: "picture".into(),
        shape: vec![picture.width],
        columns: (0..picture.width).map(|c| c.to_string()).collect(),
    };
    let mut writer = RowWriter::create(file, vec![part])?;
    let scaled = plane.iter().map(|value| value * picture.white as f32);
    writer.write(&[scaled.collect::<Vec<f32>>()])?;
    writer.finish()
}
