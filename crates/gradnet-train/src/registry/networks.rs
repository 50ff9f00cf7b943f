//! The one list of networks. Tests, command line and docs are driven by it.
//!
//! To add a network: write its settings in `gradnet-core`, one line in `settings.rs`, and one entry in the list at the
//! end of this file; property tests, `gradnet list networks` and `--network` follow.

use super::error::RegistryError;
use super::network::Network;
use super::settings::*;
use super::size::{Describes, Settings, Size};
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use gradnet_core::analysis::Claim;
use gradnet_core::network::{self, Architecture};
use gradnet_core::{
    DenseJacobian, GradientField, Laplacian, MonotoneField, ParameterSource, Potential, Trace,
    VectorField,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A registered network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The name in config files and on the command line.
    pub name: &'static str,
    /// The name in the paper.
    pub title: &'static str,
    /// Where it stands in the paper.
    pub reference: &'static str,
    /// What it promises.
    pub claim: Claim,
    /// Whether its potential can be evaluated.
    pub potential: bool,
    /// One sentence on what it is.
    pub summary: &'static str,
}

/// The network that the library's settings `C` build.
type Built<C> = <C as Architecture>::Network;

/// All registered networks, the paper's own first.
pub fn registry() -> &'static [Entry] {
    ENTRIES
}

fn entry(name: &str) -> &'static Entry {
    ENTRIES
        .iter()
        .find(|entry| entry.name == name)
        .expect("every variant has an entry: one macro makes both")
}

impl NetworkConfig {
    /// The registry entry of the network.
    pub fn entry(&self) -> &'static Entry {
        entry(self.name())
    }
}

impl Registered {
    /// What the network promises of its Jacobian.
    pub fn claim(&self) -> Claim {
        entry(self.name()).claim
    }

    /// Takes what a network schedules over a run, such as a temperature, to where it is when the part `progress` of
    /// the run is done. Most networks schedule nothing.
    pub fn anneal(&mut self, progress: f64) {
        if let Self::MGradNetQuadratic(network) = self {
            network.field.field.activation.anneal(progress);
        }
    }

    /// What the network's settings add to a training loss, `[1]`, beside the error. Most networks add nothing.
    pub fn penalty(&self) -> Option<Tensor<1>> {
        match self {
            Self::Crr(network) => network.activation.penalty(),
            Self::Rr(network) => network.activation.penalty(),
            Self::PatchRidge(network) => network.field.activation.penalty(),
            Self::PatchWeakRidge(network) => network.field.activation.penalty(),
            _ => None,
        }
    }

    /// The matrix `V` of a linear part `VᵀV` that the network has of its own, `[rank, dim]`.
    pub fn own_linear_part(&mut self) -> Option<&mut Param<Tensor<2>>> {
        match self {
            Self::MGradNetCLinear(network) => Some(&mut network.field.matrix),
            Self::MGradNetMLinear(network) => Some(&mut network.field.matrix),
            Self::MGradNetQuadratic(network) => Some(&mut network.field.matrix),
            _ => None,
        }
    }

    /// Whether the potential costs about as much as the field; elsewhere it is a quadrature of over a hundred fields.
    pub fn has_cheap_potential(&self) -> bool {
        !matches!(
            self,
            Self::MGradNetC(_)
                | Self::GradNetC(_)
                | Self::MGradNetCNeural(_)
                | Self::GradNetCNeural(_)
                | Self::MGradNetCLinear(_)
                | Self::GradNetCLinear(_)
                | Self::IcgnMonteCarlo(_)
                | Self::Baseline(_)
        )
    }
}

networks! {
    MGradNetC "mgradnet_c": CascadeSettings => MGradNetCConfig,
        Monotone, potential closed,
        "mGradNet-C", "Eq. (16)-(17), Cor. 8.1",
        "a monotone deep scalar network for each hidden unit between tied weights";
    MGradNetM "mgradnet_m": ModularSettings => MGradNetMConfig,
        Monotone, potential closed,
        "mGradNet-M", "Eq. (13)-(14), Cor. 7.1",
        "a conical sum of softmax modules, rho = 1";
    GradNetC "gradnet_c": CascadeSettings => GradNetCConfig,
        Gradient, potential closed,
        "GradNet-C", "Eq. (16)-(17), Thm. 8",
        "a deep scalar network for each hidden unit between tied weights";
    GradNetM "gradnet_m": ModularSettings => GradNetMConfig,
        Gradient, potential closed,
        "GradNet-M", "Eq. (13)-(14), Thm. 7",
        "a linear combination of softmax modules, rho = 1";
    MGradNetMSoftplus "mgradnet_m_softplus": ModularSettings => MGradNetMSoftplusConfig,
        Monotone, potential closed,
        "mGradNet-M, rho = softplus", "Cor. 7.1, first example",
        "softmax modules weighed by the softplus of their LogSumExp";
    MGradNetMSigmoid "mgradnet_m_sigmoid": SigmoidModulesSettings => MGradNetMSigmoidConfig,
        Monotone, potential closed,
        "mGradNet-M, affine rho", "Cor. 7.1, second example",
        "sigmoid modules weighed by an affine function of their summed softplus";
    MGradNetSoftmax "mgradnet_softmax": SoftmaxSettings => MGradNetSoftmaxConfig,
        Monotone, potential closed,
        "mGradNet, scaled softmax", "Prop. 2, Thm. 1",
        "one layer with a scaled softmax, dense in the gradients of convex functions";
    MGradNet "mgradnet": SingleSettings => MGradNetConfig,
        Monotone, potential closed,
        "mGradNet", "Eq. (1), Prop. 2",
        "one layer with a nondecreasing elementwise activation";
    GradNet "gradnet": SingleSettings => GradNetConfig,
        Gradient, potential closed,
        "GradNet", "Eq. (1), Prop. 1, Thm. 3",
        "one layer with a scaled elementwise activation";
    GradNetDifference "gradnet_difference": DifferenceSettings => GradNetDifferenceConfig,
        Gradient, potential closed,
        "GradNet, difference", "Thm. 2",
        "the difference of two layers of scaled softmax";
    MGradNetTransformed "mgradnet_transformed": TransformedSettings => MGradNetTransformedConfig,
        Monotone, potential closed,
        "mGradNet, transformed", "Eq. (11), Thm. 6",
        "a monotone layer weighed by a nondecreasing function of its potential";
    GradNetTransformed "gradnet_transformed": TransformedSettings => GradNetTransformedConfig,
        Gradient, potential closed,
        "GradNet, transformed", "Eq. (11), Thm. 5",
        "a layer weighed by a function of its potential";
    MGradNetNeural "mgradnet_neural": NeuralSettings => MGradNetNeuralConfig,
        Monotone, potential closed,
        "mGradNet, neural activations", "Rem. 4, Lemma 5",
        "one layer whose units are nondecreasing scalar networks";
    GradNetNeural "gradnet_neural": NeuralSettings => GradNetNeuralConfig,
        Gradient, potential closed,
        "GradNet, neural activations", "Rem. 1, Eq. (6)",
        "one layer whose units are scalar networks";
    MGradNetCNeural "mgradnet_c_neural": NeuralCascadeSettings => MGradNetCNeuralConfig,
        Monotone, potential closed,
        "mGradNet-C, neural activations", "Cor. 8.1, Rem. 4",
        "a cascade whose units are nondecreasing scalar networks";
    GradNetCNeural "gradnet_c_neural": NeuralCascadeSettings => GradNetCNeuralConfig,
        Gradient, potential closed,
        "GradNet-C, neural activations", "Thm. 8, Cor. 3.1",
        "a cascade whose units are scalar networks";
    MGradNetQuadratic "mgradnet_quadratic": QuadraticSettings => MGradNetQuadraticConfig,
        Monotone, potential closed,
        "mGradNet, quadratics", "ours, after Lemma 3",
        "the gradient of a smooth maximum of convex quadratics";
    MGradNetCLinear "mgradnet_c_linear": PositivePartSettings<CascadeSettings> => MGradNetCLinearConfig,
        Monotone, potential closed,
        "mGradNet-C, linear part", "Cor. 8.1, Rem. 6, [14]",
        "mGradNet-C around a learned centre, and a positive semidefinite linear part";
    MGradNetMLinear "mgradnet_m_linear": PositivePartSettings<ModularSettings> => MGradNetMLinearConfig,
        Monotone, potential closed,
        "mGradNet-M, linear part", "Cor. 7.1, Rem. 6, [14]",
        "mGradNet-M around a learned centre, and a positive semidefinite linear part";
    GradNetCLinear "gradnet_c_linear": SymmetricPartSettings<CascadeSettings> => GradNetCLinearConfig,
        Gradient, potential closed,
        "GradNet-C, linear part", "Thm. 8, Rem. 2",
        "GradNet-C around a learned centre, and a symmetric linear part";
    GradNetMLinear "gradnet_m_linear": SymmetricPartSettings<ModularSettings> => GradNetMLinearConfig,
        Gradient, potential closed,
        "GradNet-M, linear part", "Thm. 7, Rem. 2",
        "GradNet-M around a learned centre, and a symmetric linear part";
    Icnn "icnn": IcnnSettings => IcnnConfig,
        Monotone, potential closed,
        "ICNN", "baseline [36]",
        "the gradient of an input convex network with softplus activations";
    IcnnQuadratic "icnn_quadratic": IcnnSettings => IcnnQuadraticConfig,
        Monotone, potential closed,
        "ICNN, quadratic skips", "after [36], Korotin et al.",
        "the gradient of an input convex network with quadratic skips";
    Icgn "icgn": IcgnSettings => IcgnConfig,
        Monotone, potential closed,
        "ICGN, exact", "baseline [29]",
        "the input convex gradient network, its integral in closed form";
    IcgnMonteCarlo "icgn_monte_carlo": IcgnSampledSettings => IcgnSampledConfig,
        Gradient, potential unknown,
        "ICGN, Monte-Carlo", "baseline [29], as the paper ran it",
        "the input convex gradient network, its integral a mean over random nodes";
    Crr "crr": RidgeSettings => ConvexRidgeConfig,
        Monotone, potential closed,
        "CRR", "baseline [34]",
        "one layer of learned nondecreasing linear splines";
    Rr "rr": RidgeSettings => RidgeConfig,
        Gradient, potential closed,
        "RR", "baseline [35] in the paper's use: the CRR unconstrained",
        "one layer of learned linear splines";
    PatchRidge "patch_ridge": PatchRidgeSettings => PatchRidgeConfig,
        Monotone, potential closed,
        "CRR, on patches", "baseline [34]",
        "learned nondecreasing linear splines on patches of images without their means";
    PatchWeakRidge "patch_weak_ridge": PatchWeakRidgeSettings => PatchWeakRidgeConfig,
        Gradient, potential closed,
        "WCRR, on patches", "baseline [35]",
        "learned linear splines that may fall, on patches of images without their means";
    PatchMGradNetM "patch_mgradnet_m": PatchModularSettings => PatchMGradNetMConfig,
        Monotone, potential closed,
        "mGradNet-M, on patches", "Cor. 7.1",
        "mGradNet-M on patches of images without their means";
    PatchGradNetM "patch_gradnet_m": PatchModularSettings => PatchGradNetMConfig,
        Gradient, potential closed,
        "GradNet-M, on patches", "Thm. 7",
        "GradNet-M on patches of images without their means";
    PatchGradNetC "patch_gradnet_c": PatchCascadeSettings => PatchGradNetCConfig,
        Gradient, potential closed,
        "GradNet-C, on patches", "Thm. 8",
        "GradNet-C on patches of images without their means";
    Mlp "mlp": MlpSettings => MlpConfig,
        Gradient, potential closed,
        "MLP", "baseline, App. A",
        "the gradient of a perceptron whose last layer is summed";
    Hamiltonian "hamiltonian": HamiltonianSettings => HamiltonianNetworkConfig,
        Gradient, potential closed,
        "Hamiltonian NN", "baseline [59]",
        "the gradient of a Hamiltonian on phase space, a perceptron with linear output";
    Baseline "baseline": BaselineSettings => BaselineNetworkConfig,
        None, potential unknown,
        "Baseline NN", "baseline [59]",
        "a perceptron that outputs a vector field, with no guarantee";
}
