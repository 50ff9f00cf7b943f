//! A network whose entry in the registry says monotone, as a type: what inverses and conjugates ask for.

use super::network::Network;
use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::analysis::Claim;
use gradnet_core::combine::StronglyMonotone;
use gradnet_core::{DenseJacobian, GradientField, MonotoneField, Potential, VectorField};

/// A network that claims to be monotone; nothing else makes one.
#[derive(Module, Debug)]
pub struct MonotoneNetwork {
    network: Network,
}

impl Network {
    /// The network with the `μ x` of its linear part as a type; `None` if it is not monotone or has no linear part.
    pub fn strongly_monotone(&self) -> Option<StronglyMonotone<MonotoneNetwork>> {
        let linear = self.linear.as_ref()?;
        let modulus = linear.modulus();
        let mut network = self.clone();
        network.linear = Some(linear.clone().without_modulus());
        Some(StronglyMonotone::new(network.monotone()?, modulus))
    }

    /// The network as a type that promises what its claim does; `None` if it does not claim to be monotone.
    pub fn monotone(self) -> Option<MonotoneNetwork> {
        (self.claim() == Claim::Monotone).then_some(MonotoneNetwork { network: self })
    }
}

impl VectorField for MonotoneNetwork {
    fn dim(&self) -> usize {
        self.network.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.network.forward(x)
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.network.jacobian_vector(x, v)
    }

    fn dense_jacobian(&self) -> Option<DenseJacobian> {
        self.network.dense_jacobian()
    }
}

impl GradientField for MonotoneNetwork {}
impl MonotoneField for MonotoneNetwork {}

impl Potential for MonotoneNetwork {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let potential = self.network.potential(x);
        potential.expect("every monotone entry of the registry has a potential, as its test says")
    }
}
