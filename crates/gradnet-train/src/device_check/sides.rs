//! What is computed alike on a device and on the processor.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::kernel::{FusedAdam, mean_squared_error};

use super::DeviceFault;
use crate::data::points_tensor;
use crate::registry::Network;
use crate::targets::{Target, TargetConfig};

/// The step of the update that is compared: so long that the parameters' own rounding does not count.
const RATE: f64 = 0.1;

/// A training step, read back.
pub(super) struct Step {
    /// The loss.
    pub(super) loss: f32,
    /// The gradient of each parameter, in the order of the module.
    pub(super) gradients: Vec<Vec<f32>>,
}

/// Numbers between -1 and 1 without a pattern.
fn wave(index: usize) -> f32 {
    (1.0 + 0.7 * index as f32).cos()
}

/// A network and its target on one device.
pub(super) struct Side {
    /// With autodiff, for the gradients.
    network: Network,
    target: Option<Box<dyn Target>>,
    device: Device,
}

impl Side {
    pub(super) fn new(
        network: &Network,
        target: Option<&TargetConfig>,
        device: &Device,
    ) -> Result<Self, DeviceFault> {
        let network = network.valid().to_device(device).train();
        Ok(Self {
            network: network.fork(&device.clone().autodiff()),
            target: target.map(|target| target.init(device)).transpose()?,
            device: device.clone(),
        })
    }

    fn tensor(&self, points: &[f32], device: &Device) -> Tensor<2> {
        points_tensor(points.to_vec(), self.network.dim(), device, FloatDType::F32)
    }

    /// The target's gradient at the points.
    pub(super) fn target(&self, points: &[f32]) -> Option<Vec<f32>> {
        let target = self.target.as_ref()?;
        Some(values(target.gradient(self.tensor(points, &self.device))))
    }

    /// The field at the points.
    pub(super) fn field(&self, points: &[f32]) -> Vec<f32> {
        values(
            self.network
                .valid()
                .forward(self.tensor(points, &self.device)),
        )
    }

    /// The potential at the points, if the network has one.
    pub(super) fn potential(&self, points: &[f32]) -> Option<Vec<f32>> {
        let points = self.tensor(points, &self.device);
        self.network.valid().potential(points).map(values)
    }

    /// The Jacobian at each point times one and the same direction in which no coordinate is zero.
    pub(super) fn product(&self, points: &[f32]) -> Vec<f32> {
        let direction: Vec<f32> = (0..points.len())
            .map(|index| wave(index % self.network.dim()))
            .collect();
        let [points, direction] =
            [points, &direction[..]].map(|values| self.tensor(values, &self.device));
        values(self.network.valid().jacobian_vector(points, direction))
    }

    /// Loss and gradients at the points, against values that no field has learned: beside its own target a trained
    /// field's residual is all rounding.
    pub(super) fn step(&self, points: &[f32], size: usize) -> Step {
        let device = self.device.clone().autodiff();
        let y: Vec<f32> = (0..points.len()).map(wave).collect();
        let y = Tensor::from_data(TensorData::new(y, [size, self.network.dim()]), &device);
        let loss = mean_squared_error(self.network.forward(self.tensor(points, &device)), y);
        let value = values(loss.clone().without_autodiff());
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        let mut read = ReadGradients(&gradients, Vec::new());
        self.network.visit(&mut read);
        Step {
            loss: value.first().copied().unwrap_or(f32::NAN),
            gradients: read.1,
        }
    }

    /// What two steps of the optimizer along the given gradients change, all parameters one after another.
    pub(super) fn update(&self, gradients: &[Vec<f32>]) -> Vec<f32> {
        let mut optimizer = ModuleOptimizer::from(FusedAdam::default());
        let mut network = self.network.clone();
        for _ in 0..2 {
            let mut given = GiveGradients {
                values: gradients.iter(),
                device: self.device.clone(),
                given: GradientsParams::new(),
            };
            network.visit(&mut given);
            network = optimizer.step(RATE, network, given.given);
        }
        let [before, after] = [&self.network, &network].map(|network| {
            let mut read = ReadParameters(Vec::new());
            network.visit(&mut read);
            read.0
        });
        after.iter().zip(&before).map(|(a, b)| a - b).collect()
    }
}

/// The numbers of a tensor.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The gradient of each parameter, in the order of the module.
pub(crate) struct ReadGradients<'a>(pub(crate) &'a GradientsParams, pub(crate) Vec<Vec<f32>>);

impl ModuleVisitor for ReadGradients<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let gradient = self.0.get::<D>(parameter.id);
        self.1.push(gradient.map(values).unwrap_or_default());
    }
}

struct ReadParameters(Vec<f32>);

impl ModuleVisitor for ReadParameters {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        self.0.extend(values(parameter.val().without_autodiff()));
    }
}

/// Hands out gradients in the order of the module.
struct GiveGradients<'a> {
    values: std::slice::Iter<'a, Vec<f32>>,
    device: Device,
    given: GradientsParams,
}

impl ModuleVisitor for GiveGradients<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let shape = parameter.val().shape();
        if let Some(values) = self.values.next().filter(|values| !values.is_empty()) {
            let data = TensorData::new(values.clone(), shape);
            self.given
                .register(parameter.id, Tensor::<D>::from_data(data, &self.device));
        }
    }
}
