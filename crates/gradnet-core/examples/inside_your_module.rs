//! An mGradNet-M inside your own Burn module: build it, train it, ask for its potential and Jacobian.
//!
//! `cargo run --release --example inside_your_module`
//!
//! The module learns the gradient of a convex function from samples of it. Its potential is convex
//! whatever the training does, because the type says so.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use gradnet_core::network::{MGradNetM, MGradNetMConfig};
use gradnet_core::{MonotoneField, Potential, VectorField};

/// A monotone map with a learned scale: your module, with gradnet's inside.
#[derive(Module, Debug)]
struct MonotoneMap {
    field: MGradNetM,
    log_scale: Param<Tensor<1>>,
}

impl MonotoneMap {
    fn init(dim: usize, device: &Device) -> Self {
        Self {
            field: MGradNetMConfig::new(dim).with_width(32).init(device),
            log_scale: Initializer::Zeros.init([1], device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.field.forward(x) * self.log_scale.val().exp().unsqueeze()
    }
}

/// The gradient of `x₁² + x₁x₂ + x₂² + ln(1 + e^(4 x₁))/4`, which is convex.
fn target(x: Tensor<2>) -> Tensor<2> {
    let (x1, x2) = (x.clone().narrow(1, 0, 1), x.narrow(1, 1, 1));
    let bend = burn::tensor::activation::sigmoid(x1.clone() * 4.0);
    Tensor::cat(vec![x1.clone() * 2.0 + x2.clone() + bend, x1 + x2 * 2.0], 1)
}

/// Only a field that is monotone by construction gets in here.
fn convex_potential(field: &(impl MonotoneField + Potential), x: Tensor<2>) -> Tensor<1> {
    field.potential(x)
}

fn main() {
    let device = Device::flex();
    let training = device.clone().autodiff();
    training.seed(0);
    let mut model = MonotoneMap::init(2, &training);
    let mut optimizer = AdamConfig::new().init();

    for step in 0..=2000 {
        let x = Tensor::<2>::random([256, 2], Distribution::Uniform(-1.0, 1.0), &training);
        let loss = (model.forward(x.clone()) - target(x)).square().mean();
        if step % 500 == 0 {
            println!(
                "step {step}: loss {:.2e}",
                loss.clone().into_scalar::<f32>()
            );
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(0.01, model, gradients);
    }

    let model = model.valid(); // no autodiff from here on
    let x = Tensor::<2>::from_floats([[0.3, -0.4], [-0.8, 0.5]], &device);
    println!("f(x)     {}", model.forward(x.clone()).to_data());
    println!(
        "F(x)     {}",
        convex_potential(&model.field, x.clone()).to_data()
    );
    let e1 = Tensor::<2>::from_floats([[1.0, 0.0], [1.0, 0.0]], &device);
    println!("J(x) e1  {}", model.field.jacobian_vector(x, e1).to_data());
}
