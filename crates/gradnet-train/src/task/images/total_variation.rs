//! Denoising by total variation, `argmin_x ½‖x − y‖² + λ Σ_i |∇x_i|` (Rudin, Osher, Fatemi, 1992).
//!
//! By accelerated projected gradients on the dual (Beck, Teboulle, "Fast Gradient-Based Algorithms for Constrained
//! Total Variation Image Denoising", IEEE TIP 2009): `x = y − λ ∇ᵀ p` with `|p_i| ≤ 1`, step `1/(8 λ)`.

/// A number for each pixel down and one across.
type Pairs = Vec<[f64; 2]>;

/// Differences to the pixel below and to the right, 0 at the border.
fn differences(x: &[f64], [height, width]: [usize; 2]) -> Pairs {
    let pixel = |i: usize| {
        let (row, column) = (i / width, i % width);
        let down = if row + 1 < height {
            x[i + width] - x[i]
        } else {
            0.0
        };
        let right = if column + 1 < width {
            x[i + 1] - x[i]
        } else {
            0.0
        };
        [down, right]
    };
    (0..height * width).map(pixel).collect()
}

/// The adjoint of [`differences`].
fn adjoint(p: &[[f64; 2]], [height, width]: [usize; 2]) -> Vec<f64> {
    let pixel = |i: usize| {
        let (row, column) = (i / width, i % width);
        let mut sum = 0.0;
        if row + 1 < height {
            sum -= p[i][0];
        }
        if row > 0 {
            sum += p[i - width][0];
        }
        if column + 1 < width {
            sum -= p[i][1];
        }
        if column > 0 {
            sum += p[i - 1][1];
        }
        sum
    };
    (0..height * width).map(pixel).collect()
}

/// The denoised picture, after `steps` steps.
pub(super) fn denoised(noisy: &[f64], size: [usize; 2], strength: f64, steps: usize) -> Vec<f64> {
    let primal = |p: &[[f64; 2]]| -> Vec<f64> {
        let back = adjoint(p, size);
        noisy
            .iter()
            .zip(back)
            .map(|(y, b)| y - strength * b)
            .collect()
    };
    let mut p: Pairs = vec![[0.0; 2]; noisy.len()];
    let (mut ahead, mut inertia) = (p.clone(), 1.0_f64);
    for _ in 0..steps {
        let x = primal(&ahead);
        let moved = ahead.iter().zip(differences(&x, size)).map(|(p, d)| {
            let [a, b] = [0, 1].map(|i| p[i] + d[i] / (8.0 * strength));
            let length = a.hypot(b).max(1.0);
            [a / length, b / length]
        });
        let next: Pairs = moved.collect();
        let after = 0.5 * (1.0 + (1.0 + 4.0 * inertia * inertia).sqrt());
        let momentum = (inertia - 1.0) / after;
        ahead = next
            .iter()
            .zip(&p)
            .map(|(new, old)| [0, 1].map(|i| new[i] + momentum * (new[i] - old[i])))
            .collect();
        (p, inertia) = (next, after);
    }
    primal(&p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f64> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 31 + 3) as f64 * 0.618_034).fract())
            .collect()
    }

    #[test]
    fn the_adjoint_is_the_adjoint() {
        let size = [6, 5];
        let (x, p) = (numbers(30, 1), numbers(60, 2));
        let p: Pairs = p.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect();
        let left: f64 = differences(&x, size)
            .iter()
            .zip(&p)
            .map(|(d, p)| d[0] * p[0] + d[1] * p[1])
            .sum();
        let right: f64 = adjoint(&p, size).iter().zip(&x).map(|(a, x)| a * x).sum();
        assert!((left - right).abs() < 1e-12);
    }

    /// A step of height 1 in one row of n pixels moves by λ/(n/2) on both sides: the closed form.
    #[test]
    fn a_step_shrinks_by_the_closed_form() {
        let noisy: Vec<f64> = (0..20).map(|i| f64::from(i >= 10)).collect();
        let found = denoised(&noisy, [1, 20], 0.5, 3000);
        for (i, value) in found.iter().enumerate() {
            let expected = if i >= 10 { 0.95 } else { 0.05 };
            assert!((value - expected).abs() < 1e-3, "{value} {expected}");
        }
    }

    /// The objective is not lower anywhere nearby.
    #[test]
    fn no_picture_nearby_is_better() {
        let (size, strength) = ([7, 6], 0.1);
        let noisy = numbers(42, 5);
        let objective = |x: &[f64]| {
            let fit: f64 = x
                .iter()
                .zip(&noisy)
                .map(|(x, y)| 0.5 * (x - y).powi(2))
                .sum();
            let variation: f64 = differences(x, size).iter().map(|d| d[0].hypot(d[1])).sum();
            fit + strength * variation
        };
        let best = denoised(&noisy, size, strength, 4000);
        for seed in 0..20 {
            let other: Vec<f64> = best
                .iter()
                .zip(numbers(42, seed))
                .map(|(x, r)| x + 0.02 * (r - 0.5))
                .collect();
            assert!(objective(&other) > objective(&best) - 1e-6);
        }
    }
}
