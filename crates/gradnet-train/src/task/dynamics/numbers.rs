//! The numbers of a network, and of the rows to compare with.

use burn::module::Module;
use burn::tensor::{DType, FloatDType, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use gradnet_core::combine::Separated;

use super::coefficients::Coefficients;
use super::kind::Kind;
use super::paths::Path;
use super::predict::{Exact, LinearSystem, Predictor, stand_still};
use super::score::{Energy, Scorer, mean, square};
use super::task::{CHUNK, Dynamics, FRICTION, input_name};
use crate::backend;
use crate::registry::{Network, registry};
use crate::task::{Quantities, Quantity, Rows};

impl Dynamics {
    /// What a network predicts.
    pub(super) fn predictor<'a>(
        &'a self,
        field: &'a Network,
        coefficients: &'a Coefficients,
    ) -> Predictor<'a, Network> {
        Predictor {
            field,
            kind: self.config.kind,
            coefficients,
            substeps: self.config.substeps,
            units: &self.units,
            device: &self.device,
            dtype: FloatDType::F32,
        }
    }

    /// The numbers of a network.
    pub(super) fn numbers(&self, field: &Network) -> Quantities {
        let coefficients = self.coefficients(field);
        let predictor = self.predictor(field, &coefficients);
        let energy = self.energy(field);
        let learned = energy.as_ref().map(|energy| energy as Energy<'_>);
        let mut numbers = self.measure(&predictor, learned);
        if self.config.kind == Kind::Dissipative {
            numbers.insert(FRICTION.into(), Quantity::new(coefficients.friction, ""));
        }
        for i in 0..coefficients.inputs.nrows() {
            for j in 0..coefficients.inputs.ncols() {
                let value = coefficients.inputs[(i, j)] * self.units.y_scale;
                numbers.insert(input_name(i, j), Quantity::new(value, "state/time"));
            }
        }
        numbers
    }

    /// The rows to compare with.
    pub(super) fn rows(&self) -> Rows {
        let paths = self.test_paths();
        let truth = self.true_energy();
        let scorer = self.scorer(&paths, truth.as_ref().map(|energy| energy as Energy<'_>));
        let linear = LinearSystem::fit(&self.training(), &self.units);
        let rest = |picks: &[(&Path, usize)]| {
            picks
                .iter()
                .flat_map(|(path, n)| path.state(*n).to_vec())
                .collect()
        };
        let next = |picks: &[(&Path, usize)]| {
            let dim = self.paths.dim();
            picks
                .iter()
                .flat_map(|(path, n)| linear.path(path, *n, 1)[dim..].to_vec())
                .collect()
        };
        let row = |mut numbers: Quantities, one: Quantity| {
            numbers.insert("one_step_mse".into(), one);
            numbers
        };
        let mut rows = Rows::from([
            (
                "stand_still".into(),
                row(
                    scorer.score(&stand_still(&paths), None),
                    self.one_step(&paths, rest),
                ),
            ),
            (
                "linear_system".into(),
                row(
                    scorer.score(&linear.paths(&paths), None),
                    self.one_step(&paths, next),
                ),
            ),
        ]);
        if let Some(system) = &self.config.system {
            let field = Exact::new(system.name, self.units.clone());
            let kind = match system.name.friction() > 0.0 {
                true => Kind::Dissipative,
                false => self.config.kind,
            };
            let predictor = Predictor {
                field: &field,
                kind,
                coefficients: &Coefficients::given(system.name.friction(), self.paths.dim()),
                substeps: self.config.substeps,
                units: &self.units,
                device: &backend::host(&self.device),
                dtype: FloatDType::F64,
            };
            rows.insert("exact".into(), self.measure(&predictor, None));
        }
        rows
    }

    /// The learned energy in the paths' units, where the potential is known.
    pub(super) fn energy<'a>(
        &'a self,
        network: &'a Network,
    ) -> Option<impl Fn(&[f64]) -> f64 + 'a> {
        registry()
            .iter()
            .any(|entry| entry.name == network.name() && entry.potential)
            .then_some(move |x: &[f64]| {
                let point = TensorData::new(self.units.scale_points(x), [1, x.len()]);
                let point = Tensor::from_data(point, (&self.device, DType::F32));
                let value = energy_at(network, self.config.kind, point)
                    .map_or(f64::NAN, |value| host(value)[0]);
                self.units.potential_scale() * value
            })
    }

    fn scorer<'a>(&'a self, paths: &'a [&'a Path], energy: Option<Energy<'a>>) -> Scorer<'a> {
        let size = self.units.x_scale * (self.paths.dim() as f64).sqrt();
        Scorer {
            paths,
            size,
            energy,
        }
    }

    /// The samples of the test whose next is predicted.
    fn pairs<'a>(&self, paths: &[&'a Path]) -> Vec<(&'a Path, usize)> {
        let all = paths
            .iter()
            .flat_map(|path| (0..path.len() - 1).map(move |n| (*path, n)));
        all.take(self.tested).collect()
    }

    fn one_step(&self, paths: &[&Path], of: impl Fn(&[(&Path, usize)]) -> Vec<f64>) -> Quantity {
        let pairs = self.pairs(paths);
        let dim = self.paths.dim();
        let squares = pairs.chunks(CHUNK).flat_map(|chunk| {
            let next = of(chunk);
            let pairs = chunk.iter().zip(next.chunks(dim));
            pairs
                .map(|((path, n), found)| square(path.state(n + 1), found))
                .collect::<Vec<_>>()
        });
        Quantity {
            points: Some(pairs.len()),
            ..Quantity::new(mean(squares), "state^2")
        }
    }

    /// The numbers of a predictor.
    fn measure<F: VectorField + Module>(
        &self,
        predictor: &Predictor<F>,
        learned: Option<Energy<'_>>,
    ) -> Quantities {
        let paths = self.test_paths();
        let truth = self.true_energy();
        let truth = truth.as_ref().map(|energy| energy as Energy<'_>);
        let mut numbers = self
            .scorer(&paths, truth)
            .score(&predictor.paths(&paths), learned);
        let one = self.one_step(&paths, |picks| predictor.picks(picks, 1).swap_remove(1));
        numbers.insert("one_step_mse".into(), one);
        numbers
    }

    fn true_energy(&self) -> Option<impl Fn(&[f64]) -> f64> {
        let system = self.config.system.as_ref()?.name;
        Some(move |x: &[f64]| system.energy(x))
    }
}

/// The learned energy at points in the network's units.
pub(crate) fn energy_at(network: &Network, kind: Kind, x: Tensor<2>) -> Option<Tensor<1>> {
    if kind != Kind::Separable {
        return network.potential(x);
    }
    // F(q, 0) + F(0, p).
    let [of_q, of_p] = Separated::new(network.clone()).halves(&x);
    Some(network.potential(of_q)? + network.potential(of_p)?)
}
