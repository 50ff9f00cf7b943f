//! Single layers with other units than tanh, fitted to one convex field (Rem. 1, Rem. 4, Cor. 7.1, and the CRR).
//!
//! `cargo run --release --example kinds_of_units`
//!
//! Scalar networks as units, free and monotone; modules weighed by the softplus and by an affine function of their own
//! potential; learned splines, the ridge baseline. Where the slopes of the units are bounded, the Lipschitz bound that
//! the weights give stands beside the steepest Jacobian met.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use gradnet_core::analysis::{Claim, Region, host, jacobians, verify};
use gradnet_core::combine::LipschitzField;
use gradnet_core::network::{
    Architecture, ConvexRidgeConfig, GradNetNeuralConfig, MGradNetMSigmoidConfig,
    MGradNetMSoftplusConfig, MGradNetNeuralConfig,
};
use gradnet_core::{GradientField, MonotoneField, ParameterSource, VectorField};

const DIM: usize = 2;
const STEPS: usize = 800;

/// The gradient of `x₁²/2 + ln(1 + e^(6 (x₁ + x₂ − 1)))/6`, which is convex.
fn target(x: Tensor<2>) -> Tensor<2> {
    let bend = burn::tensor::activation::sigmoid((x.clone().sum_dim(1) - 1.0) * 6.0);
    let linear = x.narrow(1, 0, 1);
    Tensor::cat(vec![linear + bend.clone(), bend], 1)
}

/// The network of these settings, fitted.
fn fitted<C: Architecture>(config: &C, device: &Device) -> C::Network
where
    C::Network: VectorField + Module,
{
    let training = device.clone().autodiff();
    let mut network = config.build(&mut ParameterSource::new(&training, 0));
    let mut optimizer = AdamConfig::new().init();
    for step in 0..STEPS {
        let x = Tensor::<2>::random([128, DIM], Distribution::Uniform(0.0, 1.0), &training);
        let loss = (network.forward(x.clone()) - target(x)).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        let rate = 0.02 * (1.0 - step as f64 / STEPS as f64);
        network = optimizer.step(rate, network, gradients);
    }
    network.valid()
}

/// Prints the error and whether the claim holds.
fn report(name: &str, network: &(impl VectorField + Module), claim: Claim, x: &Tensor<2>) {
    let error = (network.forward(x.clone()) - target(x.clone())).square();
    let checked = verify(network, claim, x, Region::default(), 16, 0);
    let mse = host(error.mean())[0];
    let parameters = network.num_params();
    let kept = if checked.passed { "kept" } else { "BROKEN" };
    println!(
        "{name:<34} {parameters:>4} parameters, mean square error {mse:.1e}, {claim:?}: {kept}"
    );
}

fn gradient(name: &str, network: &(impl GradientField + Module), x: &Tensor<2>) {
    report(name, network, Claim::Gradient, x);
}

fn monotone(name: &str, network: &(impl MonotoneField + Module), x: &Tensor<2>) {
    report(name, network, Claim::Monotone, x);
}

/// Prints the Lipschitz bound beside the steepest Jacobian at the points.
fn steepness(network: &impl LipschitzField, x: &Tensor<2>) {
    let met = jacobians(network, x.clone())
        .iter()
        .map(|jacobian| jacobian.singular_values().max())
        .fold(0.0, f64::max);
    let bound = host(network.lipschitz_bound())[0];
    println!(
        "{:>34} Lipschitz constant: at least {met:.2}, at most {bound:.2}",
        ""
    );
}

fn main() {
    let device = Device::flex();
    let x = Tensor::<2>::random([200, DIM], Distribution::Uniform(0.0, 1.0), &device);

    // Each of about 150 parameters.
    let free = fitted(&GradNetNeuralConfig::new(DIM).with_width(5), &device);
    gradient("Rem. 1: free scalar networks", &free, &x);
    steepness(&free, &x);
    let convex = fitted(&MGradNetNeuralConfig::new(DIM).with_width(5), &device);
    monotone("Rem. 4: nondecreasing ones", &convex, &x);
    steepness(&convex, &x);
    let splines = fitted(&ConvexRidgeConfig::new(DIM).with_width(3), &device);
    monotone("CRR: nondecreasing splines", &splines, &x);
    steepness(&splines, &x);

    // Weights that grow with the potential: convex, but with no bound on the slope.
    let softplus = fitted(&MGradNetMSoftplusConfig::new(DIM).with_width(11), &device);
    monotone("Cor. 7.1: rho = softplus", &softplus, &x);
    let affine = fitted(&MGradNetMSigmoidConfig::new(DIM).with_width(11), &device);
    monotone("Cor. 7.1: affine rho", &affine, &x);
}
