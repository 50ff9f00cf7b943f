//! What a regularizer does beyond denoising: deblurring and inpainting, and how tight its certified bound is.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use gradnet_train::pictures::Picture;
use gradnet_train::restore::{OperatorChoice, RestoreError, score};
use gradnet_train::run::{Run, RunError};
use gradnet_train::sweep::Measure;
use gradnet_train::task::{Quantities, Quantity};
use serde_json::{Value, json};

/// Side of the box that blurs.
const BOX: usize = 9;

/// Side of the pictures that lose pixels: those that strength and scale are chosen on.
const SIDE: usize = 128;

/// The same in a quick run, whose pictures may be small.
const QUICK_SIDE: usize = 32;

/// Standard deviation of the noise, of 255.
const NOISE: f64 = 2.55;

/// Restores the test pictures from a blur by a box, and from half of their pixels.
#[derive(Clone, Debug)]
pub struct Restored {
    side: usize,
    /// The kernel and the mask, as files that `gradnet solve` takes too.
    operators: [(&'static str, PathBuf); 2],
}

impl Restored {
    /// Writes kernel and mask into a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn new(folder: &Path, quick: bool) -> Result<Self, RunError> {
        let side = if quick { QUICK_SIDE } else { SIDE };
        std::fs::create_dir_all(folder).map_err(|error| RunError::io("create", folder, error))?;
        let [kernel, mask] = ["kernel.npy", "mask.npy"].map(|name| folder.join(name));
        table(&kernel, BOX, |_| 1.0 / (BOX * BOX) as f32)?;
        table(&mask, side, |pixel| if is_lost(pixel) { 0.0 } else { 1.0 })?;
        Ok(Self {
            side,
            operators: [("deblurring", kernel), ("inpainting", mask)],
        })
    }
}

/// Whether the mask loses a pixel: the top bit of a multiplicative hash, which half of them have.
fn is_lost(pixel: usize) -> bool {
    (pixel as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 63 == 1
}

/// A square table of numbers.
fn table(file: &Path, side: usize, number: impl Fn(usize) -> f32) -> Result<(), RunError> {
    let picture = Picture {
        name: file.display().to_string(),
        height: side,
        width: side,
        planes: vec![(0..side * side).map(number).collect()],
        white: 1.0,
        bits: 16,
    };
    Ok(picture.write(file)?)
}

impl Measure for Restored {
    fn settings(&self) -> Value {
        json!({ "box": BOX, "mask": self.side, "noise": NOISE })
    }

    fn untold(&self) -> Value {
        Value::Null
    }

    fn measure(&self, run: &Run, device: &Device) -> Result<Value, RunError> {
        let mut found = Quantities::new();
        if let Some(summary) = run.summary()? {
            found.insert(
                "minutes".into(),
                Quantity::new(summary.wall_s / 60.0, "min"),
            );
            let metrics = &summary.scores.metrics;
            let [bound, power] =
                ["bound", "power"].map(|of| metrics.get(&format!("lipschitz_{of}")));
            if let (Some(bound), Some(power)) = (bound, power) {
                let ratio = bound.value / power.value;
                found.insert("lipschitz_ratio".into(), Quantity::new(ratio, ""));
            }
        }
        for (name, file) in &self.operators {
            let operator = match *name {
                "deblurring" => OperatorChoice::Blur(file.clone()),
                _ => OperatorChoice::Mask(file.clone()),
            };
            let restored = score(run, device, &operator, NOISE).map_err(|error| match error {
                RestoreError::Run(error) => error,
                RestoreError::File(error) => error.into(),
                error => RunError::Damaged {
                    path: run.path().into(),
                    reason: format!("{name}: {error}; {}", error.remedy()),
                },
            })?;
            found.insert(format!("{name}_db"), restored.psnr_db);
            found.insert(format!("{name}_measured_db"), restored.measured_db);
        }
        Ok(json!(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_pixels_are_lost_and_no_line_is() {
        let lost = (0..SIDE * SIDE).filter(|pixel| is_lost(*pixel)).count();
        assert!(lost.abs_diff(SIDE * SIDE / 2) < SIDE, "{lost}");
        for line in 0..SIDE {
            let [row, column] = [(1, SIDE), (SIDE, 1)].map(|(step, from)| {
                (0..SIDE)
                    .filter(|i| is_lost(line * from + i * step))
                    .count()
            });
            assert!(
                row.abs_diff(SIDE / 2) < SIDE / 4 && column.abs_diff(SIDE / 2) < SIDE / 4,
                "{line}: {row} {column}"
            );
        }
    }

    #[test]
    fn kernel_and_mask_are_as_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let restored = Restored::new(&folder.path().join("new"), true).unwrap();
        let [(_, kernel), (_, mask)] = &restored.operators;
        let kernel = Picture::read(kernel).unwrap();
        assert_eq!([kernel.height, kernel.width], [9, 9]);
        assert!((kernel.values().iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let mask = Picture::read(mask).unwrap();
        assert_eq!([mask.height, mask.width], [32, 32]);
        assert!(
            mask.values()
                .iter()
                .enumerate()
                .all(|(i, m)| (*m == 0.0) == is_lost(i))
        );
    }
}
