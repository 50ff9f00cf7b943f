//! The kernels of the CPU backend Flex, for `f32` and `f64`.
//!
//! [`vectors`](crate::vectors) choose the widest of the processor when a kernel is called and [`pieces`] hands the work
//! in parts to the current rayon pool; the rest is arithmetic on slices. Results do not depend on the number of
//! threads. They may differ in the last places between processors whose vectors differ in width.

mod adam;
mod cascade;
mod hidden;
mod inputs;
mod linear_spline;
mod matrix;
mod mean_squared_error;
mod patches;
mod pieces;
mod product;
mod rows;
mod shell;
mod softmax_modules;
mod softplus;
mod tensors;
#[cfg(test)]
mod tests;
mod thin;
mod transpose;
mod units;

use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
use burn_flex::FlexTensor;

use super::FusedActivation;
use super::backend::{Differentiable, Operations, Tensors, Updates};
use super::operation::{Factors, Operation};
use inputs::Inputs;
pub(crate) use pieces::each_piece;
use product::Threads;
use tensors::{FlexElement, Ordered, in_lines, matrix, shaped, sizes, tensor, whole, with_element};

/// What the pieces of a shell keep; other operations keep nothing.
type Kept = Vec<shell::Hidden<FlexTensor>>;

fn product<E: FlexElement>(s: &FlexTensor, w: &FlexTensor) -> FlexTensor {
    let (rows, columns) = (sizes(s).0, sizes(w).1);
    let (s, w) = (in_lines(s), in_lines(w));
    tensor(
        product::product::<E>(matrix(&s), matrix(&w), Threads::Pool),
        [rows, columns],
    )
}

/// x Wᵀ, by way of W xᵀ where x is the smaller of the two.
fn product_transposed<E: FlexElement>(x: &FlexTensor, w: &FlexTensor) -> FlexTensor {
    let ((batch, dim), (hidden, _)) = (sizes(x), sizes(w));
    let (x, w) = (in_lines(x), in_lines(w));
    let (x, w) = (matrix::<E>(&x), matrix(&w));
    let elements = if batch < dim {
        let turned = product::product(w, x.transposed(), Threads::Pool);
        pieces::written(batch * hidden, |output| {
            transpose::transpose(&turned, [hidden, batch], batch, output);
        })
    } else {
        product::product(x, w.transposed(), Threads::Pool)
    };
    tensor(elements, [batch, hidden])
}

/// The operations on patches of images.
fn on_patches<E: FlexElement>(inputs: &Inputs<'_, E>, operation: Operation) -> Option<FlexTensor> {
    let shape = |index: usize| TensorMetadata::shape(&inputs.tensors[index]);
    let with_side = |images: usize, side: usize| {
        let [batch, height, width] = shape(images).dims();
        patches::Images {
            batch,
            height,
            width,
            side,
        }
    };
    let of_rows = |side: usize, height: usize, width: usize| patches::Images {
        batch: shape(0)[0] / (height * width).max(1),
        height,
        width,
        side,
    };
    let side_of_kernels = || shape(1)[1].isqrt();
    let first = inputs.slices[0];
    let rows = |images: patches::Images| images.batch * images.height * images.width;
    Some(match operation {
        Operation::PatchProducts => {
            let images = with_side(0, side_of_kernels());
            let found = patches::products(images, first, inputs.slices[1]);
            tensor(found, [rows(images), shape(1)[0]])
        }
        Operation::PatchSums { height, width } => {
            let images = of_rows(side_of_kernels(), height, width);
            let found = patches::sums(images, first, inputs.slices[1]);
            tensor(found, [images.batch, height, width])
        }
        Operation::PatchMoments { side } => {
            let found = patches::moments(with_side(1, side), first, inputs.slices[1]);
            tensor(found, [shape(0)[1], side * side])
        }
        Operation::Patches { side } => {
            let images = with_side(0, side);
            tensor(patches::patches(images, first), [rows(images), side * side])
        }
        Operation::Overlaps {
            side,
            height,
            width,
        } => {
            let images = of_rows(side, height, width);
            let found = patches::overlaps(images, first);
            tensor(found, [images.batch, height, width])
        }
        _ => return None,
    })
}

fn forward<E: FlexElement>(
    tensors: &[FlexTensor],
    operation: Operation,
    keep: bool,
) -> (FlexTensor, Kept) {
    match operation {
        Operation::Product => return (product::<E>(&tensors[0], &tensors[1]), Vec::new()),
        Operation::ProductTransposed => {
            return (
                product_transposed::<E>(&tensors[0], &tensors[1]),
                Vec::new(),
            );
        }
        Operation::JacobianVector(kind) => {
            return (jacobian_vector::<E>(tensors, kind), Vec::new());
        }
        _ => {}
    }
    let ordered: Vec<Ordered> = tensors.iter().map(Ordered::new).collect();
    let inputs = Inputs::<E>::new(tensors, &ordered);
    if let Some(found) = on_patches(&inputs, operation) {
        return (found, Vec::new());
    }
    let first = inputs.slices[0];
    let values = match operation {
        Operation::Cascade(kind) => cascade::cascade(first, &inputs.cascade(kind)),
        Operation::SoftmaxModules(kind) => {
            let bias = inputs.zeros();
            softmax_modules::softmax_modules(first, &inputs.softmax_modules(kind, &bias))
        }
        Operation::SoftmaxMaxima => {
            let ((batch, hidden), temperatures) = (sizes(&tensors[0]), inputs.slices[1]);
            let found = softmax_modules::softmax_maxima(first, hidden, temperatures);
            return (tensor(found, [batch, 2 * temperatures.len()]), Vec::new());
        }
        Operation::LinearSpline { range } => {
            linear_spline::linear_spline(first, &inputs.splines(range))
        }
        Operation::Softplus => softplus::softplus(first),
        Operation::MeanSquaredError => {
            let mean = mean_squared_error::mean_squared_error(first, inputs.slices[1]);
            return (tensor(vec![mean], [1]), Vec::new());
        }
        Operation::Shell(kind) => {
            let (y, kept) = shell::shell(&inputs.shell(kind), keep);
            let flat = |elements: Vec<E>| {
                let size = elements.len();
                tensor(elements, [size])
            };
            let kept = kept.into_iter().map(|piece| piece.map(flat)).collect();
            return (shaped(y, &tensors[0]), kept);
        }
        other => unreachable!("{other:?} has returned above"),
    };
    (shaped(values, &tensors[0]), Vec::new())
}

/// The gradient of ⟨σ(z), v⟩ by z, of the inputs z, v and the parameters.
fn jacobian_vector<E: FlexElement>(
    tensors: &[FlexTensor],
    kind: FusedActivation<(), ()>,
) -> FlexTensor {
    let mut inputs = tensors.to_vec();
    let v = inputs.remove(1);
    let operation = match kind {
        FusedActivation::Cascade(kind) => Operation::Cascade(kind),
        FusedActivation::SoftmaxModules(kind) => Operation::SoftmaxModules(kind),
    };
    let mut found = gradients::<E>(&inputs, Kept::new(), v, operation, &[]);
    match found.swap_remove(0) {
        Some(of_z) => of_z,
        None => unreachable!("the gradient of z is always found"),
    }
}

fn gradients<E: FlexElement>(
    tensors: &[FlexTensor],
    kept: Kept,
    gradient: FlexTensor,
    operation: Operation,
    wanted: &[bool],
) -> Vec<Option<FlexTensor>> {
    let ordered: Vec<Ordered> = tensors.iter().map(Ordered::new).collect();
    let inputs = Inputs::<E>::new(tensors, &ordered);
    let first = inputs.slices[0];
    match operation {
        Operation::MeanSquaredError => {
            let gradient = Ordered::new(&gradient).elements::<E>()[0];
            let other = inputs.slices[1];
            let of = mean_squared_error::mean_squared_error_backward;
            let pairs = [[first, other], [other, first]];
            let found = pairs
                .into_iter()
                .zip(wanted)
                .map(|([y, t], wanted)| wanted.then(|| shaped(of(y, t, gradient), &tensors[0])));
            return found.collect();
        }
        Operation::Shell(kind) => {
            let gradient = Ordered::new(&gradient);
            let kept: Vec<_> = kept
                .iter()
                .map(|piece| piece.each_ref().map(E::storage))
                .collect();
            let shell = inputs.shell(kind);
            let found = shell::shell_backward(&shell, &kept, gradient.elements(), wanted[0]);
            let others = std::iter::once(found.w).chain(found.parameters).map(Some);
            let all = std::iter::once(found.x).chain(others).zip(tensors);
            return all
                .map(|(found, like)| Some(shaped(found?, like)))
                .collect();
        }
        _ => {}
    }
    let mut into_first = whole(gradient);
    let memory = E::memory(&mut into_first);
    let others = match operation {
        Operation::Cascade(kind) => {
            cascade::cascade_backward(first, memory, &inputs.cascade(kind)).into_list()
        }
        Operation::SoftmaxModules(kind) => {
            let bias = inputs.zeros();
            let p = inputs.softmax_modules(kind, &bias);
            let found = softmax_modules::softmax_modules_backward(first, memory, &p);
            found.modules.into_list()
        }
        Operation::LinearSpline { range } => {
            let splines = inputs.splines(range);
            vec![linear_spline::linear_spline_backward(
                first, memory, &splines,
            )]
        }
        Operation::Softplus => {
            softplus::softplus_backward(first, memory);
            Vec::new()
        }
        other => unreachable!("{other:?} has its gradients elsewhere"),
    };
    let others = others.into_iter().zip(&tensors[1..]);
    let others = others.map(|(found, like)| Some(shaped(found, like)));
    std::iter::once(Some(into_first)).chain(others).collect()
}

impl Operations for Flex {
    fn run(inputs: Tensors<Self>, operation: Operation) -> FloatTensor<Self> {
        let inputs = Vec::from(inputs);
        with_element!(inputs[0], E => forward::<E>(&inputs, operation, false).0)
    }
}

impl Differentiable for Flex {
    type Kept = Kept;

    fn run_and_keep(inputs: Vec<FloatTensor<Self>>, operation: Operation) -> (FlexTensor, Kept) {
        with_element!(inputs[0], E => forward::<E>(&inputs, operation, true))
    }

    fn gradients(
        inputs: Vec<FloatTensor<Self>>,
        kept: Kept,
        gradient: FloatTensor<Self>,
        operation: Operation,
        wanted: &[bool],
    ) -> Vec<Option<FloatTensor<Self>>> {
        with_element!(inputs[0], E => gradients::<E>(&inputs, kept, gradient, operation, wanted))
    }
}

impl Updates for Flex {
    fn adam(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment_1: FloatTensor<Self>,
        moment_2: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let gradient = Ordered::new(&gradient);
        let [mut parameter, mut moment_1, mut moment_2] =
            [parameter, moment_1, moment_2].map(whole);
        with_element!(parameter, E => adam::adam::<E>(
            E::memory(&mut parameter),
            gradient.elements(),
            E::memory(&mut moment_1),
            E::memory(&mut moment_2),
            factors.into(),
        ));
        (parameter, moment_1, moment_2)
    }
}
