//! The Laplacian of every registered network: its value against the diagonal of the Jacobian, its gradients by the
//! parameters against central differences.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::analysis::{host, jacobians};
use gradnet_core::combine::{Combination, StronglyMonotone, Sum};
use gradnet_core::network::{Architecture, GradNetCConfig, MGradNetMConfig};
use gradnet_core::sign::Free;
use gradnet_core::{Laplacian, ParameterSource, Trace, VectorField, trace_by_products};
use gradnet_train::registry::{Network, NetworkConfig, Size, registry};

const DIM: usize = 4;

fn source(device: &Device) -> ParameterSource {
    ParameterSource::new(device, 7).with_dtype(FloatDType::F64)
}

fn points(rows: usize, device: &Device) -> Tensor<2> {
    let values: Vec<f64> = (0..rows * DIM)
        .map(|i| (1.3 * i as f64).sin() * 1.2)
        .collect();
    Tensor::from_data(TensorData::new(values, [rows, DIM]), (device, DType::F64))
}

fn network(name: &str, device: &Device) -> Network {
    let config = NetworkConfig::from_name(name)
        .unwrap()
        .with_size(Size::Width(6));
    config.init(DIM, &mut source(device)).unwrap()
}

#[track_caller]
fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-3_f64, |size, e| size.max(e.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() <= tolerance * size,
            "{what}: {found} for {expected}"
        );
    }
}

/// A finite mean over random nodes is another function at each call.
fn same_function(name: &str) -> bool {
    name != "icgn_monte_carlo"
}

#[track_caller]
fn assert_is_the_trace(what: &str, field: &impl Laplacian, x: Tensor<2>) {
    let diagonal: Vec<f64> = jacobians(field, x.clone())
        .iter()
        .map(|j| j.trace())
        .collect();
    assert_close(what, &host(field.laplacian(x.clone())), &diagonal, 1e-11);
    assert_close(what, &host(trace_by_products(field, x)), &diagonal, 1e-12);
}

#[test]
fn the_laplacian_is_the_trace_of_the_jacobian() {
    let device = Device::flex();
    for entry in registry().iter().filter(|entry| same_function(entry.name)) {
        assert_is_the_trace(
            entry.name,
            &network(entry.name, &device),
            points(7, &device),
        );
    }
    let mut source = source(&device);
    let cascade =
        |source: &mut ParameterSource| GradNetCConfig::new(DIM).with_width(5).build(source);
    let modules =
        |source: &mut ParameterSource| MGradNetMConfig::new(DIM).with_width(6).build(source);
    let sum = Sum::new(cascade(&mut source), modules(&mut source));
    assert_is_the_trace("a sum", &sum, points(3, &device));
    let strongly = StronglyMonotone::new(modules(&mut source), 0.7);
    assert_is_the_trace("a strongly monotone field", &strongly, points(3, &device));
    let fields = vec![cascade(&mut source), cascade(&mut source)];
    let combined = Combination::<_, Free>::new(fields, &source);
    assert_is_the_trace("a combination", &combined, points(3, &device));
}

/// Moves all parameters by `step` along a direction of sines.
struct Move {
    step: f64,
    count: usize,
}

impl Move {
    fn direction(&mut self, shape: Vec<usize>) -> TensorData {
        let numbers: usize = shape.iter().product();
        let values: Vec<f64> = (self.count..self.count + numbers)
            .map(|i| (0.7 * i as f64 + 0.3).sin())
            .collect();
        self.count += numbers;
        TensorData::new(values, shape)
    }
}

impl ModuleMapper for Move {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let direction = self.direction(param.dims().to_vec());
        let step = self.step;
        param.map(|value| {
            let along = Tensor::<D>::from_data(direction, (&value.device(), DType::F64));
            value + along * step
        })
    }
}

/// The product of the gradients with that direction.
struct Along<'a>(&'a GradientsParams, Move, f64);

impl ModuleVisitor for Along<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let direction = self.1.direction(param.dims().to_vec());
        if let Some(gradient) = self.0.get::<D>(param.id) {
            let along = Tensor::<D>::from_data(direction, (&gradient.device(), DType::F64));
            self.2 += host((gradient * along).sum())[0];
        }
    }
}

/// Exact score matching needs them: half the squared norm and the trace, differentiated by the parameters.
#[test]
fn gradients_of_a_loss_with_the_laplacian_reach_the_parameters() {
    let device = Device::flex().autodiff();
    for entry in registry().iter().filter(|entry| same_function(entry.name)) {
        let network = network(entry.name, &device);
        if network.trace() == Trace::Jumps {
            continue;
        }
        let x = points(5, &device);
        let loss = |network: &Network| {
            let squares: Tensor<1> = network
                .forward(x.clone())
                .square()
                .sum_dim(1)
                .squeeze_dim(1);
            (squares * 0.5 + network.laplacian(x.clone())).mean()
        };
        let gradients = GradientsParams::from_grads(loss(&network).backward(), &network);
        let mut along = Along(
            &gradients,
            Move {
                step: 0.0,
                count: 0,
            },
            0.0,
        );
        network.visit(&mut along);
        let moved = |step: f64| {
            let moved = network.clone().map(&mut Move { step, count: 0 });
            host(loss(&moved))[0]
        };
        let h = 1e-5;
        let difference = (moved(h) - moved(-h)) / (2.0 * h);
        assert!(
            difference.abs() > 1e-6,
            "{}: the loss does not depend on the parameters",
            entry.name
        );
        assert_close(entry.name, &[along.2], &[difference], 1e-6);
    }
}

#[test]
fn which_traces_are_closed() {
    let device = Device::flex();
    let trace = |name| network(name, &device).trace();
    assert_eq!(trace("gradnet_c"), Trace::Closed);
    assert_eq!(trace("mgradnet_m_softplus"), Trace::Closed);
    assert_eq!(trace("gradnet_m_linear"), Trace::Closed);
    assert_eq!(
        (trace("mlp"), trace("icnn")),
        (Trace::Products, Trace::Products)
    );
    assert_eq!((trace("rr"), trace("crr")), (Trace::Jumps, Trace::Jumps));
}
