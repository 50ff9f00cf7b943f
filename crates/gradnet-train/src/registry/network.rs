//! A network as runs train it: a registered one, and the linear part around it where a task asks for one.
//!
//! A run of separable dynamics learned the separated field of its network, `(g_q(q, 0), g_p(0, p))`. What is read from
//! its folder is that field: whoever evaluates, checks, samples or exports it cannot take the bare network for it.

use super::linear_part::LinearPart;
use super::networks::Registered;
use super::noise_weights::NoiseWeights;
use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::analysis::{Claim, host};
use gradnet_core::combine::Separated;
use gradnet_core::{
    DenseJacobian, Laplacian, ParameterSource, Trace, VectorField, trace_by_products,
};

/// A registered network, alone or inside a [`LinearPart`]: `f(x) = g(x) + VᵀV x + μ x + b`; separated where a run
/// learned it so.
#[derive(Module, Debug)]
pub struct Network {
    /// `g`, the network of the registry.
    pub registered: Registered,
    /// The linear part, where a task asks for one.
    pub linear: Option<LinearPart>,
    /// Strength and scale of the regularizer, where a task learns them beside its gradient.
    pub noise_weights: Option<NoiseWeights>,
    is_separated: bool,
}

impl From<Registered> for Network {
    fn from(registered: Registered) -> Self {
        Self::new(registered, None)
    }
}

impl Network {
    /// A registered network, alone or inside a linear part.
    pub fn new(registered: Registered, linear: Option<LinearPart>) -> Self {
        Self {
            registered,
            linear,
            noise_weights: None,
            is_separated: false,
        }
    }

    /// The field `(f_q(q, 0), f_p(0, p))`, whose potential is `F(q, 0) + F(0, p)`: a gradient, or monotone, if `f` is.
    ///
    /// # Panics
    /// If the dimension is odd.
    pub fn separated(self) -> Self {
        Self {
            is_separated: true,
            ..Separated::new(self).field
        }
    }

    /// Whether the field is [`separated`](Self::separated).
    pub fn is_separated(&self) -> bool {
        self.is_separated
    }

    /// The field before it was separated.
    fn whole(&self) -> Self {
        Self::new(self.registered.clone(), self.linear.clone())
    }

    /// The network inside a linear part with this modulus. One that has a linear part of its own gets no second matrix.
    ///
    /// # Panics
    /// If `modulus` is not a positive number.
    pub fn with_linear_part(mut self, modulus: f64, source: &ParameterSource) -> Self {
        let with_matrix = self.registered.own_linear_part().is_none();
        let linear = LinearPart::new(self.dim(), with_matrix, modulus, source);
        self.linear = Some(linear);
        self
    }

    /// The network with strength and scale to be learned, from 1 on, or from the largest strength with which denoising
    /// is convex.
    pub fn with_noise_weights(self, source: &ParameterSource) -> Self {
        let weights = NoiseWeights::new(source).with_middle([self.first_strength(), 1.0]);
        Self {
            noise_weights: Some(weights),
            ..self
        }
    }

    /// Whether nothing is learned beside the registered network.
    pub(crate) fn is_alone(&self) -> bool {
        self.linear.is_none() && self.noise_weights.is_none()
    }

    /// The name of the registered network.
    pub fn name(&self) -> &'static str {
        self.registered.name()
    }

    /// What the network promises of its Jacobian; a linear part keeps it.
    pub fn claim(&self) -> Claim {
        self.registered.claim()
    }

    /// The potential, `[batch, dim] -> [batch]`, where it can be evaluated.
    pub fn potential(&self, x: Tensor<2>) -> Option<Tensor<1>> {
        if self.is_separated {
            let whole = Separated::new(self.whole());
            let [of_q, of_p] = whole.halves(&x).map(|half| whole.field.potential(half));
            return Some(of_q? + of_p?);
        }
        let potential = self.registered.potential(x.clone())?;
        Some(match &self.linear {
            None => potential,
            Some(linear) => potential + linear.potential(x),
        })
    }

    /// Takes what the network schedules over a run to where it is when the part `progress` of the run is done.
    pub fn anneal(&mut self, progress: f64) {
        self.registered.anneal(progress);
    }

    /// What the network's settings add to a training loss, `[1]`, beside the error. Most networks add nothing.
    pub fn penalty(&self) -> Option<Tensor<1>> {
        self.registered.penalty()
    }
}

impl VectorField for Network {
    fn dim(&self) -> usize {
        self.registered.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        if self.is_separated {
            return Separated::new(self.whole()).forward(x);
        }
        match &self.linear {
            None => self.registered.forward(x),
            Some(linear) => self.registered.forward(x.clone()) + linear.forward(x),
        }
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        if self.is_separated {
            return Separated::new(self.whole()).jacobian_vector(x, v);
        }
        let Some(linear) = &self.linear else {
            return self.registered.jacobian_vector(x, v);
        };
        self.registered.jacobian_vector(x, v.clone()) + linear.product(v)
    }

    fn dense_jacobian(&self) -> Option<DenseJacobian> {
        if self.is_separated {
            return None;
        }
        let of_network = self.registered.dense_jacobian()?;
        Some(match &self.linear {
            None => of_network,
            Some(linear) => of_network.plus(&host(linear.jacobian())),
        })
    }
}

impl Laplacian for Network {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        match &self.linear {
            _ if self.is_separated => trace_by_products(self, x),
            None => self.registered.laplacian(x),
            Some(linear) => self.registered.laplacian(x) + linear.trace(),
        }
    }

    fn trace(&self) -> Trace {
        match self.is_separated {
            true => self.registered.trace().max(Trace::Products),
            false => self.registered.trace(),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, FloatDType, TensorData};
    use gradnet_core::analysis::{jacobians, relative_asymmetry, smallest_eigenvalue};
    use gradnet_core::inverse::InverseSettings;

    use super::super::linear_part::with_values;
    use super::super::{NetworkConfig, Size, registry};
    use super::*;

    const DIM: usize = 3;

    /// A network in 64 bits inside `VᵀV x + 0.1 x + b`.
    fn inside(name: &str) -> Network {
        let mut source = ParameterSource::new(&Device::flex(), 3).with_dtype(FloatDType::F64);
        let config = NetworkConfig::from_name(name)
            .unwrap()
            .with_size(Size::Width(4));
        let network = config.init(DIM, &mut source).unwrap();
        let mut network = network.with_linear_part(0.1, &source);
        let linear = network.linear.as_mut().unwrap();
        let matrix: Vec<f64> = (0..9).map(|i| f64::from(i).sin()).collect();
        linear.matrix = linear.matrix.take().map(|v| with_values(v, &matrix));
        linear.bias = with_values(linear.bias.clone(), &[0.3, -0.7, 1.1]);
        network
    }

    fn points(numbers: &[f64]) -> Tensor<2> {
        let data = TensorData::new(numbers.to_vec(), [numbers.len() / DIM, DIM]);
        Tensor::from_data(data, (&Device::flex(), FloatDType::F64.into()))
    }

    fn monotone() -> impl Iterator<Item = &'static str> {
        let entries = registry().iter();
        let entries = entries.filter(|entry| entry.claim == Claim::Monotone);
        entries.map(|entry| entry.name)
    }

    #[test]
    fn every_monotone_network_has_a_potential() {
        for entry in registry() {
            assert!(
                entry.claim != Claim::Monotone || entry.potential,
                "{}",
                entry.name
            );
        }
    }

    #[test]
    fn the_field_inside_is_the_gradient_of_its_potential_and_its_jacobian_is_at_least_the_modulus()
    {
        let x = [0.2, -0.4, 0.9];
        for name in monotone() {
            let network = inside(name);
            let gradient = host(network.forward(points(&x)));
            for i in 0..DIM {
                let at = |by: f64| {
                    let mut moved = x;
                    moved[i] += by;
                    host(network.potential(points(&moved)).unwrap())[0]
                };
                let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!(
                    (slope - gradient[i]).abs() < 1e-6,
                    "{name}: {slope} {}",
                    gradient[i]
                );
            }
            let trace = host(network.laplacian(points(&x)))[0];
            for jacobian in jacobians(&network, points(&x)) {
                assert!((trace - jacobian.trace()).abs() < 1e-6, "{name}: {trace}");
                assert!(relative_asymmetry(&jacobian) < 1e-9, "{name}");
                assert!(smallest_eigenvalue(&jacobian) > 0.1 - 1e-9, "{name}");
            }
        }
    }

    #[test]
    fn the_jacobian_is_that_of_central_differences_and_the_inverse_leads_back() {
        let x = [0.2, -0.4, 0.9, -1.5, 0.3, 2.0];
        for name in ["mgradnet_m", "mgradnet_c", "mgradnet_m_linear", "icnn"] {
            let network = inside(name);
            let v = points(&[0.5, 1.0, -2.0, 0.1, 0.0, 1.0]);
            let ahead = network.forward(points(&x) + v.clone() * 1e-6);
            let behind = network.forward(points(&x) - v.clone() * 1e-6);
            let slopes = host((ahead - behind) / 2e-6);
            for (found, slope) in host(network.jacobian_vector(points(&x), v))
                .iter()
                .zip(slopes)
            {
                assert!((found - slope).abs() < 1e-6, "{name}: {found} {slope}");
            }
            let field = network.strongly_monotone().unwrap();
            let settings = InverseSettings {
                tolerance: 1e-10,
                ..InverseSettings::default()
            };
            let back = field
                .inverse(network.forward(points(&x)), &settings)
                .unwrap();
            for (found, x) in host(back.x).iter().zip(x) {
                assert!((found - x).abs() < 1e-7, "{name}: {found} {x}");
            }
        }
    }

    /// Each number against differences of the one before it, for a separated field, alone and inside a linear part.
    #[test]
    fn a_separated_network_is_the_gradient_of_a_sum_in_every_way_of_asking() {
        let even = |name: &str, linear: bool| {
            let mut source = ParameterSource::new(&Device::flex(), 5).with_dtype(FloatDType::F64);
            let config = NetworkConfig::from_name(name).unwrap();
            let network = config.with_size(Size::Width(6)).init(2, &mut source);
            match linear {
                false => network.unwrap(),
                true => network.unwrap().with_linear_part(0.1, &source),
            }
        };
        let point = |x: [f64; 2]| {
            Tensor::<2>::from_data(
                TensorData::new(x.to_vec(), [1, 2]),
                (&Device::flex(), FloatDType::F64.into()),
            )
        };
        let (x, step) = ([0.5, -0.75], 1e-4);
        for (name, linear) in [
            ("gradnet_c", false),
            ("mgradnet_m", false),
            ("mgradnet_m", true),
        ] {
            let whole = even(name, linear);
            let network = whole.clone().separated();
            assert!(network.is_separated() && !whole.is_separated());
            let value = |x: [f64; 2]| host(network.forward(point(x)));
            let gradient = value(x);
            assert_ne!(gradient, host(whole.forward(point(x))), "{name}");
            let jacobian = &jacobians(&network, point(x))[0];
            for j in 0..2 {
                let moved = |by: f64| {
                    let mut x = x;
                    x[j] += by;
                    x
                };
                let energy = |by| host(network.potential(point(moved(by))).unwrap())[0];
                let slope = (energy(step) - energy(-step)) / (2.0 * step);
                assert!((slope - gradient[j]).abs() < 1e-6, "{name}: {slope}");
                for i in 0..2 {
                    let slope = (value(moved(step))[i] - value(moved(-step))[i]) / (2.0 * step);
                    assert!((slope - jacobian[(i, j)]).abs() < 1e-6, "{name}");
                }
            }
            assert_eq!([jacobian[(0, 1)], jacobian[(1, 0)]], [0.0, 0.0], "{name}");
            let trace = host(network.laplacian(point(x)))[0];
            assert!((trace - jacobian.trace()).abs() < 1e-12, "{name}: {trace}");
            // Separating twice changes nothing.
            assert_eq!(
                value(x),
                host(Separated::new(network.clone()).forward(point(x)))
            );
            if linear {
                let field = network.strongly_monotone().unwrap();
                let settings = InverseSettings {
                    tolerance: 1e-10,
                    ..InverseSettings::default()
                };
                let back = field.inverse(network.forward(point(x)), &settings).unwrap();
                for (found, x) in host(back.x).iter().zip(x) {
                    assert!((found - x).abs() < 1e-7, "{found} {x}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_monotone_or_has_no_linear_part_is_not_invertible_by_type() {
        assert!(inside("gradnet_m").strongly_monotone().is_none());
        let alone = Network::from(inside("mgradnet_m").registered);
        assert!(alone.strongly_monotone().is_none());
    }

    #[test]
    fn a_network_with_a_linear_part_of_its_own_gets_no_second_one() {
        for (name, expected) in [("mgradnet_m_linear", false), ("mgradnet_m", true)] {
            let linear = inside(name).linear.unwrap();
            assert_eq!(linear.matrix.is_some(), expected, "{name}");
        }
    }
}
