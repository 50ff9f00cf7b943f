//! A task's own loss, gradients and validation, on a device and on the processor.

use crate::registry::Network;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Device;

use super::{Purpose, Task};
use crate::backend::{device_name, host};
use crate::device_check::{
    Agreement, Comparison, DeviceFault, ReadGradients, lost, settled, values,
};

/// Holds a task on a device against the same task on the processor: the validation and, for a training, the first step's loss and gradients.
///
/// For tasks that have nothing more particular to compare, such as the field at given points.
///
/// # Errors
/// [`DeviceFault::Differs`] for the first quantity over [`ALLOWED`](crate::device_check::ALLOWED).
pub fn check_lesson(
    network: &Network,
    (on_device, device): (&dyn Task<Network>, &Device),
    on_host: &dyn Task<Network>,
    purpose: Purpose,
) -> Result<Option<Agreement>, DeviceFault> {
    let device = device.clone().without_autodiff();
    let host = host(&device);
    let mut comparison = Comparison::new(device_name(&device));
    let place = |device: &Device| network.valid().to_device(device);
    let validation = |task: &dyn Task<Network>, device: &Device| {
        let number = task.validate(&place(device), &|| false);
        number.map_or(f32::NAN, |number| number as f32)
    };
    comparison.whole(
        "the validation",
        1,
        &[settled(|| validation(on_device, &device))],
        &[validation(on_host, &host)],
    )?;
    if purpose == Purpose::Training {
        let step = |task: &dyn Task<Network>, device: &Device| {
            let network = place(device).train().fork(&device.clone().autodiff());
            let loss = task.lesson(0)(&network);
            let value = values(loss.clone().without_autodiff());
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            let mut read = ReadGradients(&gradients, Vec::new());
            network.visit(&mut read);
            (value, read.1.concat())
        };
        let found = settled(|| step(on_device, &device));
        let expected = step(on_host, &host);
        comparison.whole("the loss", 1, &found.0, &expected.0)?;
        comparison.whole("the gradients", 1, &found.1, &expected.1)?;
    }
    lost()?;
    Ok(comparison.largest())
}
