//! Where a map begins: near the Bures map.
//!
//! ```text
//! VᵀV = 0.7 A,   then g is fitted to  x ↦ n + A (x − m) − (VᵀV + μ) x − b  by a short regression on points of P
//! ```
//!
//! with the Bures map `n + A (x − m)`, and `b = n − 0.7 A m` to begin with. So the network has a part of the map from
//! the first step on, and not the noise of its initial weights. A network that has a matrix V of its own begins with
//! 0.7 A there and is fitted as a whole.

use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::VectorField;
use gradnet_core::kernel::FusedAdam;

use super::bures::{Bures, symmetric_power};
use crate::data::points_tensor;
use crate::registry::{Network, with_values};

/// The part of the Bures map that the matrix holds.
const PART: f64 = 0.7;
/// Steps of the regression, its learning rate at first, and points a step.
const STEPS: usize = 300;
const RATE: f64 = 0.01;
const BATCH: usize = 256;

/// The network near the Bures map; `points` are of the source, row after row.
pub(super) fn near(
    bures: &Bures,
    mut network: Network,
    points: &[f64],
    device: &Device,
) -> Network {
    let dim = network.dim();
    let held = bures.matrix() * PART;
    // Symmetric, so that its rows are its columns.
    let root = symmetric_power(&held, 0.5);
    if let Some(matrix) = network.registered.own_linear_part() {
        let rank = matrix.dims()[0];
        // A lower rank holds the largest directions only; the regression does the rest.
        if rank == dim {
            *matrix = with_values(matrix.clone(), root.as_slice());
        }
    }
    let has_matrix = network
        .linear
        .as_ref()
        .is_some_and(|linear| linear.matrix.is_some());
    if let Some(linear) = &mut network.linear {
        let matrix = linear.matrix.take();
        linear.matrix = matrix.map(|matrix| with_values(matrix, root.as_slice()));
        if has_matrix {
            let bias = bures.offset(PART);
            linear.bias = with_values(linear.bias.clone(), bias.as_slice());
        }
    }
    fitted(bures, network, points, has_matrix, device)
}

/// The regression; with a matrix outside the network only the network moves.
fn fitted(
    bures: &Bures,
    mut network: Network,
    points: &[f64],
    network_alone: bool,
    device: &Device,
) -> Network {
    let dim = network.dim();
    let device = device.clone().without_autodiff();
    let values = bures.forward(points);
    let tensor = |rows: &[f64]| -> Tensor<2> {
        let rows = rows.iter().map(|value| *value as f32).collect();
        points_tensor(rows, dim, &device, FloatDType::F32)
    };
    let batches: Vec<_> = points
        .chunks(BATCH * dim)
        .zip(values.chunks(BATCH * dim))
        .map(|(x, y)| (tensor(x), tensor(y)))
        .collect();
    let mut optimizer = ModuleOptimizer::from(FusedAdam::default());
    for (step, (x, y)) in (0..STEPS).zip(batches.iter().cycle()) {
        let loss = (network.forward(x.clone()) - y.clone()).square().mean();
        let rate = RATE * 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / STEPS as f64).cos());
        let gradients = loss.backward();
        if network_alone {
            let gradients = GradientsParams::from_grads(gradients, &network.registered);
            network.registered = optimizer.step(rate, network.registered, gradients);
        } else {
            let gradients = GradientsParams::from_grads(gradients, &network);
            network = optimizer.step(rate, network, gradients);
        }
    }
    network
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use gradnet_core::ParameterSource;
    use gradnet_core::analysis::host;

    use super::super::mixture::MixtureConfig;
    use super::super::pair::{Pair, Part, Side};
    use super::*;
    use crate::registry::{NetworkConfig, Size};

    #[test]
    fn every_kind_of_network_begins_near_the_bures_map() {
        let pair = MixtureConfig::default().pair(1);
        let [x, y] =
            [Side::Source, Side::Target].map(|side| pair.points(side, Part::Reference, 2_000));
        let bures = Bures::fit(&x, &y, 2);
        let device = Device::flex();
        for name in [
            "mgradnet_m",
            "mgradnet_c",
            "mgradnet_m_linear",
            "mgradnet_quadratic",
            "icnn",
        ] {
            let mut source = ParameterSource::new(&device.clone().autodiff(), 4);
            let config = NetworkConfig::from_name(name)
                .unwrap()
                .with_size(Size::Width(16));
            let network = config
                .init(2, &mut source)
                .unwrap()
                .with_linear_part(1e-3, &source);
            let network = near(&bures, network, &x, &device).valid();
            let test = pair.points(Side::Source, Part::Test, 500);
            let points = test.iter().map(|x| *x as f32).collect();
            let images = host(network.forward(points_tensor(points, 2, &device, FloatDType::F32)));
            let errors = images
                .iter()
                .zip(bures.forward(&test))
                .map(|(a, b)| (a - b).powi(2));
            let error = errors.sum::<f64>() / 500.0;
            // Q has variance 2: below a twentieth of it.
            assert!(error < 0.1, "{name}: {error}");
        }
    }
}
