//! Subgradients of a convex function with kinks (Sec. V-D), and the smooth networks that tend to them (Lemma 8).
//!
//! `cargo run --release --example subgradients`
//!
//! The shell around the hardmax is a subgradient of a maximum of affine functions, here of `max(|x₁|, |x₂|)`, on the
//! kinks too; the shell around a softmax comes near it as the temperature rises.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use gradnet_core::activation::HardmaxActivation;
use gradnet_core::{ParameterSource, Potential, TiedNetwork, VectorField};

fn main() {
    let device = Device::flex();
    let mut source = ParameterSource::new(&device, 0);
    let slopes = vec![1.0, 0.0, -1.0, 0.0, 0.0, 1.0, 0.0, -1.0];
    let mut norm = TiedNetwork::new([4, 2], HardmaxActivation, &mut source);
    norm.weight = source.values([4, 2], slopes);

    // Off the kinks, on a diagonal, and at the origin, where all four slopes tie.
    let x = Tensor::<2>::from_floats([[0.3, -0.9], [0.5, 0.5], [0.0, 0.0]], &device);
    println!("F(x)        {}", norm.potential(x.clone()).to_data());
    println!("subgradient {}", norm.forward(x.clone()).to_data());

    for temperature in [4.0, 40.0, 400.0] {
        let w = norm.weight.val();
        let z = x.clone().matmul(w.clone().transpose()) * temperature;
        let gradient = softmax(z, 1).matmul(w);
        println!("softmax, temperature {temperature}: {}", gradient.to_data());
    }
}
