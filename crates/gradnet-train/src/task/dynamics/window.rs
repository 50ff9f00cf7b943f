//! Pieces of paths, side by side, on a device and in the network's units.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};

use super::coefficients::Coefficients;
use super::paths::Path;
use super::units;
use crate::data::file::Similarity;

/// As many samples of each of some paths, one after the other.
#[derive(Clone, Debug)]
pub struct Window {
    /// The states, a tensor `[rows, dim]` a sample.
    pub states: Vec<Tensor<2>>,
    /// The time from each sample to the next, `[rows, 1]`.
    pub steps: Vec<Tensor<2>>,
    /// The inputs between them, `[rows, inputs]`; empty where there are none.
    pub inputs: Vec<Tensor<2>>,
}

impl Window {
    /// The samples `first ..= first + length` of paths. A path that ends before stays at its last sample, in steps of
    /// no time.
    pub fn new(
        picks: &[(&Path, usize)],
        length: usize,
        units: &Similarity,
        device: &Device,
        dtype: FloatDType,
    ) -> Self {
        let rows = picks.len();
        let tensor = |values: Vec<f64>| {
            let width = values.len() / rows;
            Tensor::from_data(
                TensorData::new(values, [rows, width]),
                (device, dtype.into()),
            )
        };
        let last = |path: &Path| path.len() - 1;
        let states = (0..=length).map(|k| {
            let of = |(path, first): &(&Path, usize)| {
                units.inner_points(path.state((first + k).min(last(path))))
            };
            tensor(picks.iter().flat_map(of).collect())
        });
        let steps = (0..length).map(|k| {
            let of = |(path, first): &(&Path, usize)| match first + k < last(path) {
                true => path.step(first + k) / units::time(units),
                false => 0.0,
            };
            tensor(picks.iter().map(of).collect())
        });
        let has_inputs = picks.iter().any(|(path, _)| !path.inputs.is_empty());
        let inputs = (0..if has_inputs { length } else { 0 }).map(|k| {
            let of = |(path, first): &(&Path, usize)| path.input((first + k).min(last(path) - 1));
            tensor(picks.iter().flat_map(of).collect())
        });
        Self {
            states: states.collect(),
            steps: steps.collect(),
            inputs: inputs.collect(),
        }
    }

    /// Steps of time.
    pub fn length(&self) -> usize {
        self.steps.len()
    }

    /// `B u` of each step; `None` where there are no inputs.
    pub fn drives(&self, coefficients: &Coefficients) -> Vec<Option<Tensor<2>>> {
        (0..self.length())
            .map(|k| self.inputs.get(k).map(|u| coefficients.drive(u)))
            .collect()
    }
}

/// Where windows of `length` steps begin that cover `steps` of them: side by side, the last one ending with the path. A
/// path that is shorter has one window.
pub(super) fn cover(steps: usize, length: usize) -> Vec<usize> {
    let last = steps.saturating_sub(length);
    let mut starts: Vec<usize> = (0..=last).step_by(length).collect();
    if !last.is_multiple_of(length) {
        starts.push(last);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::cover;

    /// No window reaches beyond its path, where its last sample would count again and again.
    #[test]
    fn windows_cover_a_path_and_end_with_it() {
        assert_eq!(cover(44, 20), [0, 20, 24]);
        assert_eq!(cover(40, 20), [0, 20]);
        assert_eq!(cover(20, 20), [0]);
        assert_eq!(cover(7, 20), [0]);
        assert_eq!(cover(21, 20), [0, 1]);
    }
}
