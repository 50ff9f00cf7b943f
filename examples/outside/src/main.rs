//! A crate that depends on `gradnet-core` and `burn` and on nothing else of gradnet: a monotone network learns the
//! gradient of `‖x‖⁴/4`, which is `‖x‖² x`.

use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use gradnet_core::network::{MGradNetM, MGradNetMConfig};
use gradnet_core::{MonotoneField, VectorField};

fn error(network: &MGradNetM, x: Tensor<2>) -> Tensor<1> {
    let target = x.clone() * x.clone().square().sum_dim(1);
    (network.forward(x) - target).square().mean()
}

fn is_monotone(_: &impl MonotoneField) {}

fn main() {
    let device = Device::flex().autodiff();
    device.seed(0);
    let points = || Tensor::random([256, 3], Distribution::Uniform(-1.0, 1.0), &device);
    let mut network = MGradNetMConfig::new(3).with_width(32).init(&device);
    let mut optimizer = AdamConfig::new().init();

    let before: f32 = error(&network, points()).into_scalar();
    for _ in 0..50 {
        let gradients = error(&network, points()).backward();
        let gradients = GradientsParams::from_grads(gradients, &network);
        network = optimizer.step(0.02, network, gradients);
    }
    let after: f32 = error(&network, points()).into_scalar();

    is_monotone(&network);
    println!("mean squared error {before:.3} before 50 steps, {after:.3} after");
    assert!(after < 0.5 * before, "nothing was learned");
}
