//! A maximum of quadratics, learned by one: the LogSumExp of quadratics with a temperature that rises.
//!
//! `cargo run --release --example maximum_of_quadratics`
//!
//! The field is the gradient of max(x₁² + x₂²/4, x₁²/4 + x₂²) round the middle of the unit square: two linear maps with
//! a jump between them, across the diagonals. The network has one block for each. Its temperature starts low, so that
//! both blocks learn from all points, and rises until each point belongs to one block; `anneal` moves it along.

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use gradnet_core::activation::TemperatureSchedule;
use gradnet_core::network::MGradNetQuadraticConfig;
use gradnet_core::{Potential, VectorField};

/// The gradient of the larger of the two quadratics.
fn target(x: Tensor<2>) -> Tensor<2> {
    let z = x - 0.5;
    let (z1, z2) = (z.clone().narrow(1, 0, 1), z.narrow(1, 1, 1));
    let first = z1.clone().abs().greater(z2.clone().abs());
    let steep = Tensor::cat(vec![z1.clone() * 2.0, z2.clone() * 0.5], 1);
    let flat = Tensor::cat(vec![z1 * 0.5, z2 * 2.0], 1);
    let shape = flat.dims();
    flat.mask_where(first.expand(shape), steep)
}

fn main() {
    let device = Device::flex();
    let training = device.clone().autodiff();
    training.seed(0);
    let rising = TemperatureSchedule {
        from: 5.0,
        to: 1000.0,
        over: 1.0,
    };
    let mut network = MGradNetQuadraticConfig::new(2)
        .with_width(4)
        .with_blocks(2)
        .with_temperature(rising)
        .init(&training);
    let mut optimizer = AdamConfig::new().init();
    let steps = 3000;
    for step in 0..steps {
        let progress = step as f64 / steps as f64;
        network.field.field.activation.anneal(progress);
        let x = Tensor::<2>::random([256, 2], Distribution::Uniform(0.0, 1.0), &training);
        let loss = (network.forward(x.clone()) - target(x)).square().mean();
        if step % 500 == 0 {
            println!(
                "step {step}: loss {:.1e}",
                loss.clone().into_scalar::<f32>()
            );
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(0.01 * (1.0 - progress), network, gradients);
    }

    let network = network.valid();
    let x = Tensor::<2>::from_floats([[0.9, 0.6], [0.4, 0.1]], &device);
    println!("f(x)   {}", network.forward(x.clone()).to_data());
    println!("target {}", target(x.clone()).to_data());
    println!("F(x)   {}", network.potential(x).to_data());
}
