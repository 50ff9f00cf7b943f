//! Moving averages of the weights: `train.average`.
//!
//! ```text
//! a_0 = w_0,    a_k = d_k a_{k−1} + (1 − d_k) w_k,    d_k = min(β, (1 + k)/(10 + k))
//! ```
//!
//! with the weights `w_k` after step `k`. The early `d_k` forget the initial weights, as in TensorFlow's
//! `ExponentialMovingAverage`. The average is over the parameters as they are stored. Each class of networks takes
//! any numbers there, so that an average is a network of the same class.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The average of the weights of a field.
pub(super) struct Average {
    decay: f64,
    /// Steps averaged over.
    steps: usize,
    /// The average of each parameter, flat and without autodiff, in the order of the module.
    values: Vec<Tensor<1>>,
}

impl Average {
    /// The average `field` after `steps` steps, which for 0 are the initial weights.
    pub(super) fn new<F: Module>(field: &F, decay: f64, steps: usize) -> Self {
        Self {
            decay,
            steps,
            values: values(field),
        }
    }

    /// Takes in the weights after another step.
    pub(super) fn update<F: Module>(&mut self, field: &F) {
        self.steps += 1;
        let decay = decay(self.decay, self.steps);
        for (average, now) in self.values.iter_mut().zip(values(field)) {
            *average = average.clone() * decay + now * (1.0 - decay);
        }
    }

    /// The field with the averaged weights, without autodiff.
    pub(super) fn of<F: Module>(&self, field: &F) -> F {
        let mut give = Give(self.values.iter());
        field.clone().valid().map(&mut give)
    }
}

/// `d_k`.
fn decay(most: f64, step: usize) -> f64 {
    let step = step as f64;
    most.min((1.0 + step) / (10.0 + step))
}

fn values<F: Module>(field: &F) -> Vec<Tensor<1>> {
    let mut take = Take(Vec::new());
    field.visit(&mut take);
    take.0
}

struct Take(Vec<Tensor<1>>);

impl ModuleVisitor for Take {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = parameter.val().without_autodiff();
        let numbers = value.shape().num_elements();
        self.0.push(value.reshape([numbers]));
    }
}

struct Give<'a>(std::slice::Iter<'a, Tensor<1>>);

impl ModuleMapper for Give<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let average = self.0.next().expect("a module keeps its parameters");
        parameter.map(|value| average.clone().reshape(value.shape()))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use gradnet_core::VectorField;
    use gradnet_core::network::MGradNetMConfig;

    use super::super::Learner;
    use super::*;
    use crate::settings::TrainConfig;
    use crate::task::Regression;
    use crate::task::regression::FormulaPairs;
    use crate::training::optimizer;

    fn numbers<F: Module>(field: &F) -> Vec<f64> {
        let flat = values(field).into_iter();
        flat.flat_map(|value| value.into_data().iter::<f64>().collect::<Vec<_>>())
            .collect()
    }

    /// By hand from the weights after each step, in 64 bits: the first steps have d_k = 2/11, 3/12, .. and later ones
    /// β.
    #[test]
    fn the_average_is_its_formula() {
        let device = Device::flex().autodiff();
        let train = TrainConfig {
            average: Some(0.6),
            ..TrainConfig::default()
        };
        let pairs = FormulaPairs::named("quartic_polynomial", &train, &device).unwrap();
        device.seed(0);
        let field = MGradNetMConfig::new(2).with_width(5).init(&device);
        let task = std::sync::Arc::new(Regression::new(pairs));
        let mut expected = numbers(&field);
        let learner = Learner::new(field, task, optimizer(&train));
        let mut learner = learner.averaged_by(train.average, None);
        for step in 1..=40_usize {
            let lesson = learner.lessons(step - 1..step).next().unwrap();
            let _ = learner.step(lesson, 0.0, 0.05);
            let k = step as f64;
            let d = if k < 12.5 {
                (1.0 + k) / (10.0 + k)
            } else {
                0.6
            };
            for (average, now) in expected.iter_mut().zip(numbers(learner.field())) {
                *average = d * *average + (1.0 - d) * now;
            }
        }
        let averaged = learner.result();
        let found = numbers(&averaged);
        let scale = expected.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (found - expected).abs() < 1e-5 * scale,
                "{found} {expected}"
            );
        }
        let apart = |other: &[f64]| {
            let pairs = found.iter().zip(other);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        assert!(apart(&numbers(learner.field())) > 1e-3 * scale);
        let x = Tensor::<2>::from_floats([[0.2, 0.7]], &Device::flex());
        assert!(!averaged.forward(x).device().is_autodiff());
    }

    /// Stopped after 7 of 20 steps and continued from the average of then.
    #[test]
    fn an_average_that_is_continued_is_the_same() {
        let device = Device::flex().autodiff();
        device.seed(1);
        let fields: Vec<_> = (0..20)
            .map(|_| MGradNetMConfig::new(2).with_width(3).init(&device))
            .collect();
        let mut whole = Average::new(&fields[0], 0.9, 0);
        fields.iter().for_each(|field| whole.update(field));
        let mut first = Average::new(&fields[0], 0.9, 0);
        fields[..7].iter().for_each(|field| first.update(field));
        let mut second = Average::new(&first.of(&fields[0]), 0.9, 7);
        fields[7..].iter().for_each(|field| second.update(field));
        assert_eq!(
            numbers(&second.of(&fields[3])),
            numbers(&whole.of(&fields[3]))
        );
    }
}
