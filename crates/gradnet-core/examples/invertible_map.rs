//! An invertible map and its inverse: the gradient of a strongly convex function (Rem. 5) and of its conjugate.
//!
//! `cargo run --release --example invertible_map`
//!
//! With `μ x` added to a monotone network the map is a bijection: `inverse` finds the point for a value, `conjugate`
//! the value of the Fenchel dual there, `log_det_jacobian` the change of volume that a normalizing flow needs, and
//! `line_integral` the difference of potentials from values of the field alone (Lemma 6).

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::analysis::line_integral;
use gradnet_core::combine::StronglyMonotone;
use gradnet_core::inverse::InverseSettings;
use gradnet_core::network::MGradNetMConfig;
use gradnet_core::{ParameterSource, Potential, VectorField};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex();
    let mut source = ParameterSource::new(&device, 0).with_dtype(FloatDType::F64);
    let network = MGradNetMConfig::new(2)
        .with_width(16)
        .init_from(&mut source)?;
    let map = StronglyMonotone::new(network, 0.1);

    let x = source.uniform([3, 2], -1.0, 1.0).val();
    let y = map.forward(x.clone());
    let settings = InverseSettings {
        tolerance: 1e-10,
        ..Default::default()
    };
    let found = map.inverse(y.clone(), &settings)?;
    println!("x          {}", x.clone().to_data());
    println!("f^-1(f(x)) {}", found.x.to_data());
    println!("Newton steps: {}", found.steps);

    // Fenchel-Young, with equality: F(x) + F*(y) = <x, y> at y = f(x).
    let conjugate = map.conjugate(y.clone(), &settings)?;
    let inner: Tensor<1> = (x.clone() * y).sum_dim(1).squeeze_dim(1);
    println!(
        "F + F*     {}",
        (map.potential(x.clone()) + conjugate).to_data()
    );
    println!("<x, y>     {}", inner.to_data());

    println!("log det J  {:?}", map.log_det_jacobian(x.clone()));
    let work = line_integral(&map, x.zeros_like(), x.clone(), 1e-9)?;
    let difference = map.potential(x.clone()) - map.potential(x.zeros_like());
    println!("line integral of f from 0 to x: {work:?}");
    println!("F(x) - F(0):                    {}", difference.to_data());
    Ok(())
}
