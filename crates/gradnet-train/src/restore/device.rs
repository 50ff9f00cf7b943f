//! A device held against the processor before it restores a picture.

use burn::tensor::Tensor;
use gradnet_core::image::{ImageField, ImageOperator, ImagePotential};

use super::{OperatorChoice, RestoreError};
use crate::backend::{device_name, host};
use crate::device_check::{Comparison, DeviceFault, is_due, lost, values};
use crate::registry::{Lifted, Network};
use crate::run::{Run, RunError};

/// What a restoration computes at a measurement: its adjoint, the measurement of that, and there the regularizer and
/// its gradient.
type Quantities = [(&'static str, Vec<f32>); 4];

/// Holds `network`, and the operator for the measurement `y`, against the same on the processor. Nothing is done on the
/// processor itself.
///
/// # Errors
/// [`DeviceFault`] for the first quantity that differs, inside [`RunError`].
pub(super) fn check(
    run: &Run,
    network: &Network,
    operator: &OperatorChoice,
    y: &Tensor<3>,
) -> Result<(), RestoreError> {
    let device = y.device();
    if !is_due(&device) {
        return Ok(());
    }
    let host = host(&device);
    let on_host = run.network(&host)?;
    let (Some(field), Some(expected)) = (network.lifted(), on_host.lifted()) else {
        return Ok(());
    };
    let mut comparison = Comparison::new(device_name(&device));
    let found = {
        let operator = operator.on(y)?;
        comparison.settled(|| quantities(&field, operator.as_ref(), y))
    };
    let y = y.clone().to_device(&host);
    let expected = quantities(&expected, operator.on(&y)?.as_ref(), &y);
    compare(&mut comparison, &found, &expected).map_err(RunError::from)?;
    lost().map_err(RunError::from)?;
    Ok(())
}

fn quantities(field: &Lifted<'_>, operator: &dyn ImageOperator, y: &Tensor<3>) -> Quantities {
    let x = operator.adjoint(y.clone());
    [
        ("the operator's adjoint", values(x.clone())),
        ("the operator", values(operator.measure(x.clone()))),
        ("the regularizer", values(field.energy(x.clone()))),
        ("the regularizer's gradient", values(field.apply(x))),
    ]
}

fn compare(
    comparison: &mut Comparison,
    found: &Quantities,
    expected: &Quantities,
) -> Result<(), DeviceFault> {
    for ((quantity, found), (_, expected)) in found.iter().zip(expected) {
        comparison.whole(quantity, 1, found, expected)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(gradient: f32) -> Quantities {
        [
            ("the operator's adjoint", vec![0.5, 0.25]),
            ("the operator", vec![0.5, 0.25]),
            ("the regularizer", vec![3.0]),
            ("the regularizer's gradient", vec![gradient, 0.0]),
        ]
    }

    #[test]
    fn rounding_passes_and_another_gradient_is_told() {
        let mut comparison = Comparison::new("a device".into());
        compare(&mut comparison, &at(1.0 + 1e-6), &at(1.0)).unwrap();
        let fault = compare(&mut comparison, &at(1.01), &at(1.0)).unwrap_err();
        let message = fault.to_string();
        assert!(
            message.contains("the regularizer's gradient wrongly"),
            "{message}"
        );
    }
}
