//! Pictures: read from PNG and `.npy`, written as either, or drawn.
//!
//! Numbers are brightnesses, 0 black and 1 white. A PNG of 8 or 16 bits is divided by its largest number. White is 1 or
//! 255 in a `.npy` file, which holds one grey picture, `[height, width]`: 1 if all numbers lie in [-1, 2], since noise
//! leads beyond black and white, unless they are whole numbers above 1; else 255, if they lie in [-255, 510]. A picture
//! of three colours becomes grey, where grey is asked for, by the weights of Rec. 601: 0.299 R + 0.587 G + 0.114 B.

mod drawn;
mod folder;
mod npy;
mod png;

use std::path::Path;

pub use drawn::dead_leaves;
pub use folder::{pictures_in, read_folder};
pub(crate) use png::grey_png;

use crate::files::FileError;

/// A picture of one or three colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// What it is called in messages: its path, or what drew it.
    pub name: String,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// One plane for grey, three for red, green and blue; each `height × width` brightnesses, row after row.
    pub planes: Vec<Vec<f32>>,
    /// The number that is white in its `.npy` file, the one it was read from or is written to: 1 or 255.
    pub white: f64,
    /// Bits of a number in its PNG file, the one it was read from or is written to: 8 or 16.
    pub bits: u8,
}

impl Picture {
    /// Reads a picture.
    ///
    /// # Errors
    /// What is wrong with the file: no picture, transparent, numbers that are no brightnesses.
    pub fn read(file: &Path) -> Result<Self, FileError> {
        Self::read_within(file, [-1.0, 2.0])
    }

    /// Reads a picture, or what was measured of one: where white is 1, numbers lie between these.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_within(file: &Path, brightnesses: [f64; 2]) -> Result<Self, FileError> {
        match end(file).as_str() {
            "png" => png::read(file),
            "npy" => npy::read(file, brightnesses),
            _ => Err(unknown(file)),
        }
    }

    /// Writes the picture, a PNG in its [`bits`](Self::bits) with brightnesses cut at 0 and 1.
    ///
    /// # Errors
    /// If the name ends on another format, or the place cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), FileError> {
        Self::check_output(file)?;
        match end(file).as_str() {
            "png" => png::write(self, file),
            _ => npy::write(self, file),
        }
    }

    /// Refuses a name to write to that ends on another format.
    ///
    /// # Errors
    /// What to name it.
    pub fn check_output(file: &Path) -> Result<(), FileError> {
        match end(file).as_str() {
            "png" | "npy" => Ok(()),
            _ => Err(FileError::unknown(file, |_| "name it .png or .npy".into())),
        }
    }

    /// The picture without its colours.
    pub fn grey(mut self) -> Self {
        if let [red, green, blue] = &self.planes[..] {
            let pixels = red.iter().zip(green).zip(blue);
            let grey = pixels.map(|((r, g), b)| 0.299 * r + 0.587 * g + 0.114 * b);
            self.planes = vec![grey.collect()];
        }
        self
    }

    /// The first plane: all there is of a grey picture.
    pub fn values(&self) -> &[f32] {
        &self.planes[0]
    }
}

/// The numbers of a table, such as a kernel or a mask, and its rows and columns: those of a `.npy` file, or of the one
/// array in a `.npz` file, as they are, those of a PNG from 0 to 1.
///
/// # Errors
/// What is wrong with the file.
pub fn read_table(file: &Path) -> Result<(Vec<f64>, [usize; 2]), FileError> {
    if ["npy", "npz"].contains(&end(file).as_str()) {
        return npy::table(file);
    }
    let picture = Picture::read(file)?.grey();
    let values = picture.values().iter().map(|value| f64::from(*value));
    Ok((values.collect(), [picture.height, picture.width]))
}

/// The end of a file's name, in small letters.
fn end(file: &Path) -> String {
    let end = file.extension().map(|end| end.to_string_lossy());
    end.map_or(String::new(), |end| end.to_ascii_lowercase())
}

/// A file whose name says that it is no picture.
fn unknown(file: &Path) -> FileError {
    FileError::Format {
        file: file.into(),
        reason: "its name does not end on .png or .npy".into(),
        remedy: "convert the picture to PNG (8 or 16 bits, grey or colour) or save it with np.save"
            .into(),
    }
}

#[cfg(test)]
mod tests;
