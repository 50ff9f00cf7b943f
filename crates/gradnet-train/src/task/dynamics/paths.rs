//! Recorded paths: times, states and inputs, one row per sample.

use crate::digest::Digest;

/// One path: what was recorded of one system from one start.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Its number in the file.
    pub number: f64,
    /// The times of its samples, ascending; steps may be uneven.
    pub times: Vec<f64>,
    /// The states, sample after sample.
    pub states: Vec<f64>,
    /// The inputs, sample after sample; empty where there are none.
    pub inputs: Vec<f64>,
}

/// Paths of one system.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// The paths.
    pub paths: Vec<Path>,
    /// Names of the coordinates of a state.
    pub states: Vec<String>,
    /// Names of the inputs.
    pub inputs: Vec<String>,
}

impl Path {
    /// Samples.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The state of a sample.
    pub fn state(&self, sample: usize) -> &[f64] {
        let dim = self.states.len() / self.len();
        &self.states[sample * dim..(sample + 1) * dim]
    }

    /// The inputs between a sample and the next: the mean of both.
    pub fn input(&self, sample: usize) -> Vec<f64> {
        let width = self.inputs.len() / self.len();
        let at = |sample: usize| &self.inputs[sample * width..(sample + 1) * width];
        let pairs = at(sample).iter().zip(at(sample + 1));
        pairs.map(|(now, next)| 0.5 * (now + next)).collect()
    }

    /// The time from a sample to the next.
    pub fn step(&self, sample: usize) -> f64 {
        self.times[sample + 1] - self.times[sample]
    }
}

impl Paths {
    /// Coordinates of a state.
    pub fn dim(&self) -> usize {
        self.states.len()
    }

    /// Samples of all paths.
    pub fn samples(&self) -> usize {
        self.paths.iter().map(Path::len).sum()
    }

    /// The samples of the paths with these numbers, in order.
    pub fn some(&self, which: &[u32]) -> Vec<&Path> {
        which
            .iter()
            .map(|path| &self.paths[*path as usize])
            .collect()
    }

    /// A digest of all their numbers.
    pub fn digest(&self) -> String {
        let mut digest = Digest::default();
        for path in &self.paths {
            let numbers = [path.number].into_iter().chain(
                path.times
                    .iter()
                    .chain(&path.states)
                    .chain(&path.inputs)
                    .copied(),
            );
            numbers.for_each(|number| digest.add(&number.to_le_bytes()));
        }
        format!("{:016x}", digest.value())
    }
}
