//! A task's own loss, gradients and validation, on a device and on the processor.

use crate::registry::Network;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;

use super::{Purpose, Task};
use crate::backend::{device_name, host};
use crate::device_check::{Agreement, Comparison, DeviceFault, ReadGradients, lost, values};

/// Holds a task on a device against the same task on the processor: the validation and, for a training, the first
/// step's loss and gradients.
///
/// # Errors
/// [`DeviceFault::Differs`] for the first quantity over [`ALLOWED`](crate::device_check::ALLOWED).
pub(super) fn check_lesson(
    network: &Network,
    (on_device, device): (&(impl Task<Network> + ?Sized), &Device),
    on_host: &(impl Task<Network> + ?Sized),
    purpose: Purpose,
) -> Result<Option<Agreement>, DeviceFault> {
    let device = device.clone().without_autodiff();
    let host = host(&device);
    let mut comparison = Comparison::new(device_name(&device));
    let found = comparison.settled(|| validation(on_device, network, &device));
    let expected = validation(on_host, network, &host);
    comparison.whole("the validation", 1, &[found], &[expected])?;
    if purpose == Purpose::Training {
        let found = comparison.settled(|| step(on_device, network, &device));
        let expected = step(on_host, network, &host);
        comparison.whole("the loss", 1, &found.0, &expected.0)?;
        comparison.whole("the gradients", 1, &found.1, &expected.1)?;
    }
    lost()?;
    Ok(comparison.largest())
}

fn validation(task: &(impl Task<Network> + ?Sized), network: &Network, device: &Device) -> f32 {
    let number = task.validate(&network.valid().to_device(device), &|| false);
    number.map_or(f32::NAN, |number| number as f32)
}

/// The first step's loss and gradients.
fn step(
    task: &(impl Task<Network> + ?Sized),
    network: &Network,
    device: &Device,
) -> (Vec<f32>, Vec<f32>) {
    let network = network.valid().to_device(device).train();
    let network = network.fork(&device.clone().autodiff());
    let loss = task.lesson(0)(&network);
    let value = values(loss.clone().without_autodiff());
    let gradients = GradientsParams::from_grads(loss.backward(), &network);
    let mut read = ReadGradients(&gradients, Vec::new());
    network.visit(&mut read);
    (value, read.1.concat())
}
