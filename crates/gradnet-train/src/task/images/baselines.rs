//! The rows to compare with: the noisy pictures, the best linear filter, total variation.

use burn::tensor::Device;
use rayon::prelude::*;

use super::crops::WHITE;
use super::psnr::{mean_psnr, psnr, trials};
use super::sets::Sets;
use super::tuning::{Measured, tuned};
use super::wiener::Wiener;
use super::{PSNR, middles, total_variation};
use crate::data::Stream;
use crate::task::{Quantities, Rows};

/// Steps of total variation: 0.01 dB from its limit.
const STEPS: usize = 60;

/// Ratios by which its strength is moved.
const RATIOS: [f64; 4] = [2.0, 1.4, 1.15, 1.06];

/// The rows of all noise levels.
pub(super) fn rows(sets: &Sets, levels: &[f64], seed: u64, device: &Device) -> Rows {
    let wiener = Wiener::of(&sets.train);
    let mut rows = Rows::new();
    let mut note = |row: &str, level: f64, values: &[f64]| {
        let row: &mut Quantities = rows.entry(row.into()).or_default();
        row.insert(format!("{PSNR}{level}"), mean_psnr(values));
    };
    let parts = middles(&sets.validation);
    for &level in levels {
        let test = pixels(trials(&sets.test, level, (seed, Stream::Test), device));
        let each = |restored: &(dyn Fn(&Pixels) -> Vec<f64> + Sync)| -> Vec<f64> {
            let psnr = |pixels: &Pixels| psnr(&pixels.clean, &restored(pixels));
            test.par_iter().map(psnr).collect()
        };
        note("noisy", level, &each(&|pixels| pixels.noisy.clone()));
        if let Some(filter) = wiener.filter(level / WHITE) {
            let restored = |pixels: &Pixels| wiener.apply(&filter, &pixels.noisy, pixels.size);
            note("wiener", level, &each(&restored));
        }
        let parts = pixels(trials(&parts, level, (seed, Stream::Validation), device));
        let variation = |pixels: &Pixels, strength: f64| {
            total_variation::denoised(&pixels.noisy, pixels.size, strength, STEPS)
        };
        let ([strength], _) = tuned([0.5 * level / WHITE], &RATIOS, |[strength]| {
            let psnr = |part: &Pixels| psnr(&part.clean, &variation(part, strength));
            parts.par_iter().map(psnr).sum::<f64>() / parts.len() as f64
        });
        note(
            "total_variation",
            level,
            &each(&|pixels| variation(pixels, strength)),
        );
    }
    rows
}

/// A noisy picture on the host.
struct Pixels {
    clean: Vec<f64>,
    noisy: Vec<f64>,
    size: [usize; 2],
}

fn pixels(trials: Vec<Measured>) -> Vec<Pixels> {
    let read = |trial: Measured| {
        let (noisy, size) = trial.pixels();
        Pixels {
            clean: trial.clean,
            noisy,
            size,
        }
    };
    trials.into_iter().map(read).collect()
}
