//! The tied shell as one operation against the portable activation between two of Burn's products.

use burn::tensor::{DType, Device, Tensor};

use super::{
    Draw, Found, Input, Place, assert_close, cascade_inputs, differentiated, places,
    reference_device, tensor,
};
use crate::{CascadeFunction, portable, tied_cascade, tied_softmax_modules};

/// A batch, hidden units and a dimension: few and many rows, pieces that cut the units and pieces that cut the batch.
const SHELLS: [[usize; 3]; 5] = [
    [1, 8, 3],
    [7, 20, 5],
    [60, 332, 40],
    [30, 128, 300],
    [530, 68, 24],
];

/// On a GPU a shell is composed of its parts, which have tests of their own.
fn places_of_shells() -> Vec<Place> {
    let all = places().into_iter();
    all.filter(|place| !place.name.starts_with("wgpu"))
        .collect()
}

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

/// A shell, from x, W and the parameters of a cascade.
type Cascade = fn([Tensor<2>; 5], CascadeFunction) -> Tensor<2>;

fn run_cascade(
    run: Cascade,
    shape: [usize; 3],
    (layers, function): (usize, Option<CascadeFunction>),
    (device, dtype): (&Device, DType),
) -> Found {
    let [x, w] = shell_inputs(shape).map(|input| tensor::<2>(&input, device, dtype));
    let inputs = cascade_inputs(1, shape[1], layers);
    let [_, alpha, beta, bias, a, b] =
        std::array::from_fn(|i| tensor::<2>(&inputs[i], device, dtype));
    let mut named = vec![
        ("x", x.clone()),
        ("w", w.clone()),
        ("alpha", alpha.clone()),
        ("beta", beta.clone()),
        ("bias", bias.clone()),
    ];
    let function = function.unwrap_or_else(|| {
        named.extend([("a", a.clone()), ("b", b.clone())]);
        CascadeFunction::Learned { a, b }
    });
    differentiated(run([x, w, alpha, beta, bias], function), &named, &[])
}

fn whole_cascade([x, w, alpha, beta, bias]: [Tensor<2>; 5], f: CascadeFunction) -> Tensor<2> {
    tied_cascade(x, w, alpha, beta, bias, f)
}

fn cascade_in_parts([x, w, alpha, beta, bias]: [Tensor<2>; 5], f: CascadeFunction) -> Tensor<2> {
    let z = x.matmul(w.clone().transpose());
    portable::cascade(z, alpha, beta, bias, f).matmul(w)
}

#[test]
fn a_tied_cascade_is_a_cascade_between_two_products() {
    let (device, dtype) = reference_device();
    for shape in SHELLS {
        for units in [(3, Some(CascadeFunction::Softplus)), (4, None)] {
            let at = (&device, dtype);
            let reference = run_cascade(cascade_in_parts, shape, units.clone(), at);
            for place in places_of_shells() {
                let at = (&place.device, place.dtype);
                let found = run_cascade(whole_cascade, shape, units.clone(), at);
                let case = format!("{}, {shape:?}, layers and function {units:?}", place.name);
                assert_close(&found, &reference, place.tolerance, &case);
            }
        }
    }
}

/// A shell, from x, W, the hidden bias, α, the temperature, a and b.
type Modules = fn([Tensor<2>; 2], [Tensor<1>; 5], bool) -> Tensor<2>;

fn run_modules(
    run: Modules,
    shape: [usize; 3],
    modules: usize,
    learned: bool,
    (device, dtype): (&Device, DType),
) -> Found {
    let [_, hidden, _] = shape;
    let [x, w] = shell_inputs(shape).map(|input| tensor::<2>(&input, device, dtype));
    let mut draw = Draw(51 + (hidden * modules) as u64);
    let all = [
        ("hidden bias", -0.5, 0.5, hidden),
        ("alpha", 0.5, 1.5, modules),
        ("temperature", 0.5, 2.0, modules),
        ("a", 0.5, 1.5, modules),
        ("b", -1.0, 1.0, modules),
    ]
    .map(|(name, low, high, size)| {
        let input = (name, draw.uniform(size, low, high), vec![size]);
        (name, tensor::<1>(&input, device, dtype))
    });
    let named = if learned { &all[..] } else { &all[..3] };
    let twos = [("x", x.clone()), ("w", w.clone())];
    let parameters = all.clone().map(|(_, tensor)| tensor);
    differentiated(run([x, w], parameters, learned), &twos, named)
}

fn whole_modules(
    [x, w]: [Tensor<2>; 2],
    [bias, alpha, temperature, a, b]: [Tensor<1>; 5],
    learned: bool,
) -> Tensor<2> {
    tied_softmax_modules(x, w, bias, alpha, temperature, learned.then_some((a, b)))
}

fn modules_in_parts(
    [x, w]: [Tensor<2>; 2],
    [bias, alpha, temperature, a, b]: [Tensor<1>; 5],
    learned: bool,
) -> Tensor<2> {
    let [modules] = alpha.dims();
    let (a, b) = learned.then_some((a, b)).unzip();
    let z = x.matmul(w.clone().transpose()) + bias.unsqueeze();
    portable::softmax_modules(z, alpha, temperature, a, b, modules).matmul(w)
}

#[test]
fn tied_softmax_modules_are_modules_between_two_products() {
    let (device, dtype) = reference_device();
    for shape in SHELLS {
        for (modules, learned) in [(1, false), (1, true), (4, false), (4, true)] {
            let at = (&device, dtype);
            let reference = run_modules(modules_in_parts, shape, modules, learned, at);
            for place in places_of_shells() {
                let at = (&place.device, place.dtype);
                let found = run_modules(whole_modules, shape, modules, learned, at);
                let case = format!("{}, {shape:?}, {modules} modules, {learned}", place.name);
                assert_close(&found, &reference, place.tolerance, &case);
            }
        }
    }
}

/// Shells whose units and whose batch are cut, for the test that the number of threads changes nothing.
pub(super) fn tied(at: (&Device, DType)) -> [Found; 4] {
    let cascade = |shape| run_cascade(whole_cascade, shape, (4, None), at);
    let modules = |shape| run_modules(whole_modules, shape, 4, true, at);
    let [units, batch] = [[60, 332, 40], [530, 68, 24]];
    [
        cascade(units),
        cascade(batch),
        modules(units),
        modules(batch),
    ]
}
