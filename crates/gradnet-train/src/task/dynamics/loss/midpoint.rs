//! The midpoint loss: difference quotients as velocities.
//!
//! ```text
//! mean over samples and coordinates of ((x_{n+1} − x_n)/h − S g((x_n + x_{n+1})/2) − B u)²
//! ```
//!
//! Each sample and the next are one step of the implicit midpoint rule, as in Jin et al., "SympNets" (2020), and Zhu et
//! al., "Deep Hamiltonian networks based on symplectic integrators" (2020). It is a regression and the fastest of the
//! losses, with a bias of order `h²`; noise of size `e` in the samples is noise of size `e √2/h` in the quotients,
//! which the rollout loss avoids.

use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::VectorField;

use crate::task::dynamics::coefficients::Coefficients;
use crate::task::dynamics::flow::gradient;
use crate::task::dynamics::kind::Kind;
use crate::task::dynamics::window::Window;

/// The loss over the steps of a window, `[1]`. Steps of no time do not count.
pub fn midpoint<F: VectorField + Module>(
    field: &F,
    kind: Kind,
    coefficients: &Coefficients,
    window: &Window,
) -> Tensor<1> {
    let length = window.length();
    let all = |tensors: &[Tensor<2>]| Tensor::cat(tensors.to_vec(), 0);
    let (before, after) = (all(&window.states[..length]), all(&window.states[1..]));
    let steps = all(&window.steps);
    let rests = steps.clone().equal_elem(0.0);
    let quotients = (after.clone() - before.clone()) / steps.mask_fill(rests, 1.0);
    let driven = match window.inputs.is_empty() {
        true => quotients,
        false => quotients - coefficients.drive(&all(&window.inputs)),
    };
    let g = gradient(field, kind, (before + after) * 0.5);
    (driven - kind.apply(g, coefficients.friction))
        .square()
        .mean()
}
