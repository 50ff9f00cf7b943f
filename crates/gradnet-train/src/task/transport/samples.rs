//! Points and networks on which the losses are tested, in 64 bits.

use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use gradnet_core::ParameterSource;

use crate::registry::{Network, NetworkConfig, Registered, Size, with_values};

/// The least slope of the maps.
pub(super) const MODULUS: f64 = 0.01;

/// Points in the plane, row after row.
pub(super) fn tensor(rows: &[f64]) -> Tensor<2> {
    let data = TensorData::new(rows.to_vec(), [rows.len() / 2, 2]);
    Tensor::from_data(data, (&Device::flex(), FloatDType::F64.into()))
}

/// Four points of P, and four of Q.
pub(super) fn points() -> [Tensor<2>; 2] {
    [
        tensor(&[0.3, -0.2, 1.1, 0.4, -0.7, 0.9, 0.0, -1.3]),
        tensor(&[1.0, 0.1, -0.4, 2.0, 0.3, 0.3, -1.0, -0.6]),
    ]
}

/// A network inside `VᵀV x + MODULUS x + b`, that of each name always the same.
pub(super) fn network(name: &str, matrix: &[f64], bias: &[f64]) -> Network {
    let device = Device::flex().autodiff();
    let mut source = ParameterSource::new(&device, 2).with_dtype(FloatDType::F64);
    let config = NetworkConfig::from_name(name)
        .unwrap()
        .with_size(Size::Width(5));
    let network = config.init(2, &mut source).unwrap();
    let mut network = network.with_linear_part(MODULUS, &source);
    let linear = network.linear.as_mut().unwrap();
    linear.matrix = linear.matrix.take().map(|v| with_values(v, matrix));
    linear.bias = with_values(linear.bias.clone(), bias);
    network
}

/// An mGradNet-M whose shell is zero, which leaves the linear part.
pub(super) fn linear_alone(mut network: Network) -> Network {
    let Registered::MGradNetM(inner) = &mut network.registered else {
        panic!("not the network asked for");
    };
    let count = inner.weight.dims().iter().product::<usize>();
    inner.weight = with_values(inner.weight.clone(), &vec![0.0; count]);
    let bias = inner.output_bias.take();
    inner.output_bias = bias.map(|bias| with_values(bias, &[0.0, 0.0]));
    network
}
