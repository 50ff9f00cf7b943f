//! The tied shell as one operation against the portable activation between two of Burn's products.

use burn::tensor::{DType, Device, Tensor};

use super::{
    CascadeInputs, Draw, Found, Input, ModulesInputs, assert_close, differentiated, places,
    reference_device, tensor,
};
use crate::{FusedActivation, ScalarFunction, portable, tied_shell};

/// A batch, hidden units and a dimension: few and many rows, pieces that cut the units and pieces that cut the batch.
const SHELLS: [[usize; 3]; 5] = [
    [1, 8, 3],
    [7, 20, 5],
    [60, 332, 40],
    [30, 128, 300],
    [530, 68, 24],
];

/// x and W.
fn shell_inputs([batch, hidden, dim]: [usize; 3]) -> [Input; 2] {
    let mut draw = Draw(41 + (batch * hidden * dim) as u64);
    let scale = 1.0 / (dim as f64).sqrt();
    let (x, w) = (
        draw.uniform(batch * dim, -1.0, 1.0),
        draw.uniform(hidden * dim, -scale, scale),
    );
    [("x", x, vec![batch, dim]), ("w", w, vec![hidden, dim])]
}

type Shell = fn(Tensor<2>, Tensor<2>, Option<Tensor<1>>, FusedActivation) -> Tensor<2>;

fn in_parts(
    x: Tensor<2>,
    w: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: FusedActivation,
) -> Tensor<2> {
    let z = x.matmul(w.clone().transpose());
    let z = match bias {
        Some(bias) => z + bias.unsqueeze(),
        None => z,
    };
    let s = match activation {
        FusedActivation::Cascade(of) => portable::cascade(z, of),
        FusedActivation::SoftmaxModules(of) => portable::softmax_modules(z, of),
    };
    s.matmul(w)
}

/// The activation of a shell: layers and function of a cascade, or the number of modules and whether they are learned.
#[derive(Clone, Copy, Debug)]
enum Units {
    Cascade(usize, Option<ScalarFunction>),
    Modules(usize, bool),
}

fn run_shell(
    run: Shell,
    shape: [usize; 3],
    units: Units,
    with_bias: bool,
    (device, dtype): (&Device, DType),
) -> Found {
    let [_, hidden, _] = shape;
    let [x, w] = shell_inputs(shape).map(|input| tensor::<2>(&input, device, dtype));
    let mut twos = vec![("x", x.clone()), ("w", w.clone())];
    let mut ones = Vec::new();
    let activation = match units {
        Units::Cascade(layers, function) => {
            let inputs = CascadeInputs::new([1, hidden, layers], function);
            let (cascade, named) = inputs.tensors(device, dtype);
            twos.extend(named);
            FusedActivation::Cascade(cascade)
        }
        Units::Modules(modules, learned) => {
            let inputs = ModulesInputs::new([1, hidden / modules, modules], learned);
            let (of, named) = inputs.tensors(device, dtype);
            ones.extend(named);
            FusedActivation::SoftmaxModules(of)
        }
    };
    let bias = with_bias.then(|| {
        let numbers = Draw(51).uniform(hidden, -0.5, 0.5);
        let bias = tensor::<1>(&("hidden bias", numbers, vec![hidden]), device, dtype);
        ones.push(("hidden bias", bias.clone()));
        bias
    });
    differentiated(run(x, w, bias, activation), &twos, &ones)
}

#[test]
pub(super) fn a_tied_shell_is_its_activation_between_two_products() {
    let (device, dtype) = reference_device();
    let mut cases = vec![(Units::Cascade(3, Some(ScalarFunction::Softplus)), false)];
    cases.push((Units::Cascade(2, Some(ScalarFunction::Tanh)), true));
    cases.push((Units::Cascade(4, None), false));
    for (modules, learned) in [(1, false), (1, true), (4, false), (4, true)] {
        cases.push((Units::Modules(modules, learned), learned));
    }
    for shape in SHELLS {
        for (units, with_bias) in &cases {
            let at = (&device, dtype);
            let reference = run_shell(in_parts, shape, *units, *with_bias, at);
            for place in places() {
                let at = (&place.device, place.dtype);
                let found = run_shell(tied_shell, shape, *units, *with_bias, at);
                let case = format!("{}, {shape:?}, {units:?}, bias {with_bias}", place.name);
                assert_close(&found, &reference, place.tolerance, &case);
            }
        }
    }
}

/// Shells whose units and whose batch are cut, and one whose pieces' products are worth several threads, for the test
/// that the number of threads changes nothing.
pub(super) fn tied(at: (&Device, DType)) -> Vec<Found> {
    let mut found = Vec::new();
    for shape in [[60, 332, 40], [530, 68, 24], [100, 512, 400]] {
        for units in [Units::Cascade(4, None), Units::Modules(4, true)] {
            found.push(run_shell(tied_shell, shape, units, false, at));
        }
    }
    found
}
