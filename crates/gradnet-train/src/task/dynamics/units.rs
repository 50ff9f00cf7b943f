//! The change of units that keeps the structure, fitted to the training paths.
//!
//! ```text
//! x' = (x − m) / s,    t' = t / τ,    H'(x') = H(x) τ / s²,    ∇H(x) = (s/τ) ∇'H'(x')
//! ```
//!
//! `m` is the mean state, `s` the root mean square of its coordinates' deviations, one number for all of them, and `τ`
//! the time in which a state moves by `s`. Then `dx'/dt' = S ∇'H'(x') + (τ/s) B u` with the same `S` for every kind,
//! and the same friction.
//!
//! What is allowed: `q' = q/a`, `p' = p/b` keeps Hamilton's equations, with `H' = H/(a b)`, for any two numbers; but
//! the gradient becomes `(∂H/∂q, ∂H/∂p) = (b ∂H'/∂q', a ∂H'/∂p')`, which is a multiple of `∇'H'` only for `a = b`, and
//! a gradient flow allows no other choice. A scale for each coordinate allows neither. So it is one number, and then
//! `gradnet predict` gives the gradient in the paths' units and `verify` its symmetry. Momenta in other units than
//! positions are best brought to a like size before.

use super::paths::Path;
use crate::data::file::Similarity;

/// Why states cannot be scaled: the reason and the remedy.
pub type Refusal = (String, String);

/// The similarity of training paths; the time `τ` is `x_scale / y_scale`.
///
/// Velocities are taken over `span` samples, since over one they may be noise.
///
/// # Errors
/// If no state moves, or numbers are beyond what can be squared.
pub fn fit(paths: &[&Path], span: usize) -> Result<Similarity, Refusal> {
    let dim = paths
        .first()
        .map_or(0, |path| path.states.len() / path.len());
    let samples: usize = paths.iter().map(|path| path.len()).sum();
    let rows = || paths.iter().flat_map(|path| path.states.chunks(dim));
    let mut mean = vec![0.0; dim];
    for row in rows() {
        mean.iter_mut()
            .zip(row)
            .for_each(|(mean, x)| *mean += x / samples as f64);
    }
    let count = (samples * dim) as f64;
    let squares =
        rows().flat_map(|row| row.iter().zip(&mean).map(|(x, m)| (x - m).powi(2) / count));
    let x_scale = squares.sum::<f64>().sqrt();
    let (mut moved, mut moves) = (0.0, 0usize);
    for path in paths {
        let span = span.clamp(1, path.len() - 1);
        for sample in 0..path.len() - span {
            let time = path.times[sample + span] - path.times[sample];
            let pairs = path.state(sample).iter().zip(path.state(sample + span));
            moved += pairs.map(|(a, b)| ((b - a) / time).powi(2)).sum::<f64>();
            moves += dim;
        }
    }
    let y_scale = (moved / moves as f64).sqrt();
    let fits = |size: f64| (1e-100..1e100).contains(&size);
    match (fits(x_scale), fits(y_scale)) {
        (true, true) => Ok(Similarity {
            mean,
            x_scale,
            y_scale,
            constant: vec![0.0; dim],
            sign: 1,
        }),
        _ if x_scale == 0.0 || y_scale == 0.0 => Err((
            "no state in it ever moves".into(),
            "check the columns named in state: nothing can be learned from rest".into(),
        )),
        _ => Err((
            format!(
                "its states have a spread of {x_scale:e} and a speed of {y_scale:e}, beyond what can be computed with"
            ),
            "write states and times in other units".into(),
        )),
    }
}

/// What a run goes on with: the units it noted, or the same ones fitted again.
///
/// A number read back from JSON may be off in its last place, which a resumed run must not be. Units that differ by
/// more were fitted on another machine, and are those of the weights.
pub fn kept(fitted: Similarity, noted: Option<&Similarity>) -> Similarity {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-13 * a.abs();
    let is_same = |noted: &Similarity| {
        let scales = near(noted.x_scale, fitted.x_scale) && near(noted.y_scale, fitted.y_scale);
        let mut means = noted.mean.iter().zip(&fitted.mean);
        // A mean may be near 0, where its own size says nothing.
        scales && means.all(|(a, b)| (a - b).abs() <= 1e-13 * (a.abs() + noted.x_scale))
    };
    match noted {
        Some(noted) if !is_same(noted) => noted.clone(),
        _ => fitted,
    }
}

/// `τ`, in the unit of the times.
pub fn time(units: &Similarity) -> f64 {
    units.x_scale / units.y_scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::dynamics::kind::Kind;
    use crate::task::dynamics::systems::{Sampled, System};

    fn scaled() -> Similarity {
        let sampled = Sampled {
            paths: 5,
            points: 45,
            end: 3.0,
            noise: 0.0,
        };
        let paths = System::Duffing.paths(sampled, 1);
        fit(&paths.some(&[0, 1, 2, 3, 4]), 1).unwrap()
    }

    fn slopes(energy: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
        let slope = |i: usize| {
            let at = |by: f64| {
                let mut x = x.to_vec();
                x[i] += by;
                energy(&x)
            };
            (at(1e-6) - at(-1e-6)) / 2e-6
        };
        (0..x.len()).map(slope).collect()
    }

    /// Hamilton's equations of `H'` in the scaled units give the velocity of the true system: the chain rule, by
    /// differences.
    #[test]
    fn one_number_keeps_hamiltons_equations_and_the_gradient() {
        let units = scaled();
        let (s, tau) = (units.x_scale, time(&units));
        let outside = |x: &[f64]| units.unscale_points(x);
        let inner = [0.4, -0.9];
        let energy = |x: &[f64]| System::Duffing.energy(&outside(x)) * tau / (s * s);
        let gradient = slopes(energy, &inner);
        let velocity = System::Duffing.velocity(&outside(&inner));
        for (found, expected) in Kind::Hamiltonian.turned(&gradient).iter().zip(&velocity) {
            assert!((found - expected * tau / s).abs() < 1e-8);
        }
        let true_gradient = slopes(|x| System::Duffing.energy(x), &outside(&inner));
        for (found, expected) in units
            .unscale_gradients(&gradient)
            .iter()
            .zip(&true_gradient)
        {
            assert!((found - expected).abs() < 1e-7);
        }
    }

    /// `q' = q/a, p' = p/b`, `H' = H/(a b)`: the equations stay, and the gradient is no multiple of the scaled one.
    #[test]
    fn two_numbers_keep_the_equations_only() {
        let (a, b) = (0.5, 3.0);
        let outside = |x: &[f64]| vec![a * x[0], b * x[1]];
        let inner = [0.4, -0.9];
        let gradient = slopes(|x| System::Pendulum.energy(&outside(x)) / (a * b), &inner);
        let velocity = System::Pendulum.velocity(&outside(&inner));
        let turned = Kind::Hamiltonian.turned(&gradient);
        assert!(
            (turned[0] - velocity[0] / a).abs() < 1e-8
                && (turned[1] - velocity[1] / b).abs() < 1e-8
        );
        let truth = slopes(|x| System::Pendulum.energy(x), &outside(&inner));
        assert!((truth[0] / gradient[0] - truth[1] / gradient[1]).abs() > 1.0);
    }

    /// A scale for each of four coordinates, `x' = x/c`: no `H'` has Hamilton's equations, for the matrix `C⁻¹ S C⁻¹`
    /// of the scaled ones is no multiple of `S`.
    #[test]
    fn a_number_for_each_coordinate_keeps_nothing() {
        let c = [1.0, 2.0, 3.0, 4.0];
        let entries = [(0, 2), (1, 3)].map(|(i, j)| 1.0 / (c[i] * c[j]));
        assert_eq!(entries, [1.0 / 3.0, 1.0 / 8.0]);
    }

    #[test]
    fn scaled_states_and_speeds_have_size_one() {
        let sampled = Sampled {
            paths: 9,
            points: 60,
            end: 6.0,
            noise: 0.0,
        };
        let paths = System::DampedOscillator.paths(sampled, 2);
        let which: Vec<u32> = (0..9).collect();
        let units = fit(&paths.some(&which), 1).unwrap();
        let states: Vec<f32> = paths
            .paths
            .iter()
            .flat_map(|path| units.scale_points(&path.states))
            .collect();
        let square =
            states.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / states.len() as f64;
        assert!((square - 1.0).abs() < 1e-5, "{square}");
        // The oscillator's speed is its radius, but for friction.
        assert!((time(&units) - 1.0).abs() < 0.05, "{}", time(&units));
    }

    #[test]
    fn units_read_back_are_the_fitted_ones_and_those_of_another_machine_are_kept() {
        let fitted = scaled();
        let mut read = fitted.clone();
        read.x_scale = f64::from_bits(read.x_scale.to_bits() + 1);
        read.mean[0] = f64::from_bits(read.mean[0].to_bits() + 1);
        assert_eq!(kept(fitted.clone(), Some(&read)), fitted);
        read.x_scale *= 1.0 + 1e-10;
        assert_eq!(kept(fitted.clone(), Some(&read)), read);
        assert_eq!(kept(fitted.clone(), None), fitted);
    }

    #[test]
    fn paths_at_rest_are_refused() {
        let rest = Path {
            number: 0.0,
            times: vec![0.0, 1.0],
            states: vec![1.0, 2.0, 1.0, 2.0],
            inputs: vec![],
        };
        assert!(fit(&[&rest], 1).unwrap_err().0.contains("ever moves"));
    }
}
