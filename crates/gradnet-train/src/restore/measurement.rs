//! A measurement in a file.

use std::path::Path;

use super::{OperatorChoice, RestoreError, RestoreOptions};
use crate::pictures::{Picture, read_table};

/// Deviations of the noise that numbers may lie beyond those without noise.
const FAR: f64 = 6.0;

/// The noise is told in parts of this.
const WHITE: f64 = 255.0;

/// What was measured, and how its file holds numbers: what is restored is written the same way.
pub(super) struct Measurement {
    /// The colours, row after row, each with its height and width.
    pub(super) planes: Vec<(Vec<f32>, [usize; 2])>,
    /// The number that is white.
    pub(super) white: f64,
    /// Bits of a number in a PNG file; 16 where the measurement is none.
    pub(super) bits: u8,
}

impl Measurement {
    pub(super) fn read(input: &Path, options: &RestoreOptions) -> Result<Self, RestoreError> {
        if options.operator.measures_pictures() {
            let [low, high] = options.operator.brightnesses()?;
            let noise = (FAR * options.noise / WHITE).max(1.0);
            let picture = Picture::read_within(input, [low - noise, high + noise])?;
            let size = [picture.height, picture.width];
            let planes = picture.planes.into_iter().map(|plane| (plane, size));
            return Ok(Self {
                planes: planes.collect(),
                white: picture.white,
                bits: picture.bits,
            });
        }
        let (values, size) = read_table(input)?;
        let size = match options.operator {
            OperatorChoice::Matrix(..) => [1, values.len()],
            _ => size,
        };
        let values = values.into_iter().map(|v| v as f32).collect();
        Ok(Self {
            planes: vec![(values, size)],
            white: 1.0,
            bits: 16,
        })
    }
}
