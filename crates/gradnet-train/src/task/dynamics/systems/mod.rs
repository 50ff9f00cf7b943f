//! Systems with known equations, whose paths are made by seed: what is learned can be held against the truth.
//!
//! | name | energy | equations |
//! |---|---|---|
//! | `pendulum` | `3 (1 − cos q) + p²` | Hamilton's (Greydanus et al., 2019) |
//! | `two_bodies` | Eq. (25) of the paper | Hamilton's, eight coordinates |
//! | `duffing` | `p²/2 − q²/2 + q⁴/4` | Hamilton's, two wells |
//! | `damped_oscillator` | `(q² + p²)/2` | with friction 0.2 on the momentum |
//!
//! Paths are integrated by the classical Runge-Kutta method in many small steps; the oscillator's are held against its
//! closed form.

mod damped_oscillator;
mod duffing;
mod follow;
mod pendulum;
mod two_bodies;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use follow::follow;

use super::paths::{Path, Paths};
use crate::data::{Stream, generator};

/// A system with known equations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// A pendulum.
    #[default]
    Pendulum,
    /// Two bodies that attract each other.
    TwoBodies,
    /// A mass between two wells.
    Duffing,
    /// A spring with friction.
    DampedOscillator,
}

/// How paths of a system are sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled {
    /// Paths.
    pub paths: usize,
    /// Samples a path, evenly spaced, both ends included.
    pub points: usize,
    /// The last time.
    pub end: f64,
    /// Standard deviation of the noise on every coordinate of every sample.
    pub noise: f64,
}

impl System {
    /// Names of the coordinates.
    pub fn states(self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::TwoBodies => &["x1", "x2", "y1", "y2", "px1", "px2", "py1", "py2"],
            _ => &["q", "p"],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The energy of a state.
    pub fn energy(self, x: &[f64]) -> f64 {
        match self {
            Self::Pendulum => pendulum::energy(x),
            Self::TwoBodies => two_bodies::energy(x),
            Self::Duffing => duffing::energy(x),
            Self::DampedOscillator => damped_oscillator::energy(x),
        }
    }

    /// The right-hand side of the equations, `dx/dt`.
    pub fn velocity(self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Pendulum => pendulum::velocity(x),
            Self::TwoBodies => two_bodies::velocity(x),
            Self::Duffing => duffing::velocity(x),
            Self::DampedOscillator => damped_oscillator::velocity(x),
        }
    }

    /// The friction on the momenta.
    pub fn friction(self) -> f64 {
        match self {
            Self::DampedOscillator => damped_oscillator::FRICTION,
            _ => 0.0,
        }
    }

    /// The gradient `(∂H/∂q, ∂H/∂p)` of the energy, from the equations.
    pub fn gradient(self, x: &[f64]) -> Vec<f64> {
        let velocity = self.velocity(x);
        let (of_q, of_p) = velocity.split_at(x.len() / 2);
        let forces = of_p.iter().zip(of_q).map(|(p, q)| -p - self.friction() * q);
        forces.chain(of_q.iter().copied()).collect()
    }

    /// What it is called in prose.
    pub fn title(self) -> &'static str {
        match self {
            Self::Pendulum => "Paths of a pendulum",
            Self::TwoBodies => "Paths of two bodies",
            Self::Duffing => "Paths of a mass between two wells",
            Self::DampedOscillator => "Paths of a damped oscillator",
        }
    }

    /// Its name in a config.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pendulum => "pendulum",
            Self::TwoBodies => "two_bodies",
            Self::Duffing => "duffing",
            Self::DampedOscillator => "damped_oscillator",
        }
    }

    /// Whether the energy is a convex function.
    pub fn is_convex(self) -> bool {
        self == Self::DampedOscillator
    }

    /// Samples of a path as they are usually taken: how many, and the last time.
    pub fn sampling(self) -> (usize, f64) {
        match self {
            Self::TwoBodies => (50, 20.0),
            Self::Pendulum => (45, 3.0),
            _ => (60, 6.0),
        }
    }

    /// A start of a training path.
    fn start(self, random: &mut impl Rng) -> Vec<f64> {
        match self {
            Self::Pendulum => on_circle(random, 1.3, 2.3),
            Self::TwoBodies => two_bodies::start(random),
            Self::Duffing => on_circle(random, 0.3, 1.8),
            Self::DampedOscillator => on_circle(random, 0.5, 2.0),
        }
    }

    /// A start of a test path.
    fn test_start(self, random: &mut impl Rng) -> Vec<f64> {
        match self {
            // |q| and |p| in 0.2 to 1.
            Self::Pendulum => (0..2)
                .map(|_| {
                    let size = random.random_range(0.2..1.0);
                    if random.random::<bool>() { size } else { -size }
                })
                .collect(),
            _ => self.start(random),
        }
    }

    /// Training paths of a seed, with noise.
    pub fn paths(self, sampled: Sampled, seed: u64) -> Paths {
        self.sampled(sampled, seed, Stream::Target)
    }

    /// Test paths of a seed.
    pub fn test_paths(self, sampled: Sampled, seed: u64) -> Paths {
        self.sampled(sampled, seed, Stream::Test)
    }

    fn sampled(self, sampled: Sampled, seed: u64, stream: Stream) -> Paths {
        let Sampled {
            paths,
            points,
            end,
            noise,
        } = sampled;
        let times: Vec<f64> = (0..points)
            .map(|i| end * i as f64 / (points - 1) as f64)
            .collect();
        let path = |index: usize| {
            let mut random = generator(seed, stream, index as u64);
            let start = match stream {
                Stream::Test => self.test_start(&mut random),
                _ => self.start(&mut random),
            };
            let mut states = follow(|_, x| self.velocity(x), start, &times).concat();
            for state in &mut states {
                *state += noise * random.sample::<f64, _>(StandardNormal);
            }
            Path {
                number: index as f64,
                times: times.clone(),
                states,
                inputs: Vec::new(),
            }
        };
        Paths {
            paths: (0..paths).map(path).collect(),
            states: self.states(),
            inputs: Vec::new(),
        }
    }
}

/// A point at a random angle, its radius uniform between two.
fn on_circle(random: &mut impl Rng, least: f64, most: f64) -> Vec<f64> {
    let angle = random.random_range(0.0..std::f64::consts::TAU);
    let radius = random.random_range(least..most);
    vec![radius * angle.cos(), radius * angle.sin()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [System; 4] = [
        System::Pendulum,
        System::TwoBodies,
        System::Duffing,
        System::DampedOscillator,
    ];

    /// Hamilton's equations from central differences of the energy; friction 0.2 besides for the oscillator.
    #[test]
    fn the_equations_are_those_of_the_energy() {
        for system in ALL {
            let mut random = generator(1, Stream::Target, 0);
            let x = system.start(&mut random);
            let n = x.len() / 2;
            let slope = |i: usize| {
                let at = |by: f64| {
                    let mut x = x.clone();
                    x[i] += by;
                    system.energy(&x)
                };
                (at(1e-5) - at(-1e-5)) / 2e-5
            };
            let velocity = system.velocity(&x);
            let gradient = system.gradient(&x);
            for i in 0..n {
                let friction = if system == System::DampedOscillator {
                    0.2
                } else {
                    0.0
                };
                assert!(
                    (gradient[i] - slope(i)).abs() < 1e-8
                        && (gradient[n + i] - slope(n + i)).abs() < 1e-8
                );
                let expected = -slope(i) - friction * slope(n + i);
                assert!((velocity[i] - slope(n + i)).abs() < 1e-8, "{system:?}");
                assert!((velocity[n + i] - expected).abs() < 1e-8, "{system:?}");
            }
        }
    }

    #[test]
    fn energy_is_kept_along_paths_without_friction() {
        let sampled = Sampled {
            paths: 3,
            points: 11,
            end: 20.0,
            noise: 0.0,
        };
        for system in [System::Pendulum, System::TwoBodies, System::Duffing] {
            for path in system.paths(sampled, 4).paths {
                let (first, last) = (system.energy(path.state(0)), system.energy(path.state(10)));
                assert!((first - last).abs() < 1e-9, "{system:?}: {first} {last}");
            }
        }
    }

    /// `q'' + 0.2 q' + q = 0`: `q = e^(-t/10) (q0 cos wt + (p0 + q0/10)/w sin wt)` with `w = sqrt(0.99)`.
    #[test]
    fn the_oscillators_paths_are_its_closed_form() {
        let sampled = Sampled {
            paths: 2,
            points: 31,
            end: 15.0,
            noise: 0.0,
        };
        for path in System::DampedOscillator.paths(sampled, 9).paths {
            let (q0, p0, w) = (path.state(0)[0], path.state(0)[1], 0.99f64.sqrt());
            for (i, t) in path.times.iter().enumerate() {
                let turn = q0 * (w * t).cos() + (p0 + 0.1 * q0) / w * (w * t).sin();
                assert!((path.state(i)[0] - (-0.1 * t).exp() * turn).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_seed_says_which_paths_and_noise_has_its_size() {
        let clean = Sampled {
            paths: 40,
            points: 45,
            end: 3.0,
            noise: 0.0,
        };
        let noisy = Sampled {
            noise: 0.1,
            ..clean
        };
        let (a, b) = (
            System::Pendulum.paths(clean, 5),
            System::Pendulum.paths(noisy, 5),
        );
        assert_eq!(a, System::Pendulum.paths(clean, 5));
        assert_ne!(a, System::Pendulum.paths(clean, 6));
        let squares = a.paths.iter().zip(&b.paths).flat_map(|(a, b)| {
            let pairs = a.states.iter().zip(&b.states);
            pairs.map(|(a, b)| (a - b).powi(2)).collect::<Vec<_>>()
        });
        let squares: Vec<f64> = squares.collect();
        // 3,600 squares of mean 0.01 and standard deviation 0.0141: the mean's own is 0.00024.
        let mean = squares.iter().sum::<f64>() / squares.len() as f64;
        assert!((mean - 0.01).abs() < 1e-3, "{mean}");
    }
}
