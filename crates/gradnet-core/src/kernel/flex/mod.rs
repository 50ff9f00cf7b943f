//! The kernels of the CPU backend Flex, for `f32` and `f64`.
//!
//! [`lanes`] chooses AVX-512, AVX2 or plain code when a kernel is called and [`rows`] cuts the work into pieces for
//! the current rayon pool; the rest is arithmetic on slices. Results do not depend on the number of threads. They may
//! differ in the last places between processors whose vectors differ in width.

mod adam;
mod cascade;
mod doubled;
mod lanes;
mod linear_spline;
mod mathematics;
mod matrix;
mod product;
mod rows;
mod shell;
mod softmax_modules;
mod softplus;
#[cfg(test)]
mod tests;
mod tied;
mod transpose;
mod units;
#[cfg(target_arch = "x86_64")]
mod x86;

use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{DType, TensorData};
use burn_flex::FlexTensor;

use super::extension::{BackwardKernels, FixedFunction, ForwardKernels, UpdateKernels};
use matrix::Matrix;

/// An element type of Flex that has kernels.
trait FlexElement: lanes::Element + burn::tensor::Element {
    /// The elements of a tensor that holds this type in order.
    fn slice(tensor: &FlexTensor) -> Option<&[Self]>;

    /// All elements of a tensor's memory, whatever part of it the tensor shows.
    fn storage(tensor: &FlexTensor) -> &[Self];

    /// All elements of a tensor's memory, to be written; copied first if another tensor shares it.
    fn memory(tensor: &mut FlexTensor) -> &mut [Self];
}

impl FlexElement for f32 {
    fn slice(tensor: &FlexTensor) -> Option<&[Self]> {
        tensor.as_slice()
    }

    fn storage(tensor: &FlexTensor) -> &[Self] {
        tensor.storage()
    }

    fn memory(tensor: &mut FlexTensor) -> &mut [Self] {
        tensor.storage_mut()
    }
}

impl FlexElement for f64 {
    fn slice(tensor: &FlexTensor) -> Option<&[Self]> {
        tensor.as_slice()
    }

    fn storage(tensor: &FlexTensor) -> &[Self] {
        tensor.storage()
    }

    fn memory(tensor: &mut FlexTensor) -> &mut [Self] {
        tensor.storage_mut()
    }
}

/// Picks the element type of a tensor; the public functions send no other here.
macro_rules! with_element {
    ($tensor:expr, $element:ident => $run:expr) => {
        match $tensor.dtype() {
            DType::F32 => {
                type $element = f32;
                $run
            }
            DType::F64 => {
                type $element = f64;
                $run
            }
            other => unreachable!("no kernel for {other:?}"),
        }
    };
}

use with_element;

/// A tensor whose elements lie in order.
struct Ordered(FlexTensor);

impl Ordered {
    fn new(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    fn elements<E: FlexElement>(&self) -> &[E] {
        match E::slice(&self.0) {
            Some(elements) => elements,
            None => unreachable!("a contiguous tensor of another element type"),
        }
    }
}

/// A tensor of `elements` in the shape of another.
fn shaped<E: FlexElement>(elements: Vec<E>, like: &FlexTensor) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(elements, like.shape()))
}

/// The sizes of a two-dimensional tensor.
fn sizes(tensor: &FlexTensor) -> (usize, usize) {
    let shape = tensor.shape();
    (shape[0], shape[1])
}

fn cascade<E: FlexElement>(
    w: &FlexTensor,
    parameters: [&FlexTensor; 3],
    learned: Option<[&FlexTensor; 2]>,
    function: FixedFunction,
) -> FlexTensor {
    let (layers, hidden) = sizes(parameters[0]);
    let w = Ordered::new(w);
    let [alpha, beta, bias] = parameters.map(Ordered::new);
    let learned = learned.map(|pair| pair.map(Ordered::new));
    let parameters = cascade::Parameters {
        layers,
        hidden,
        alpha: alpha.elements::<E>(),
        beta: beta.elements(),
        bias: bias.elements(),
        learned: learned.as_ref().map(|[a, b]| (a.elements(), b.elements())),
    };
    shaped(cascade::cascade(w.elements(), &parameters, function), &w.0)
}

fn cascade_backward<E: FlexElement>(
    w: &FlexTensor,
    gradient: &FlexTensor,
    parameters: [&FlexTensor; 3],
    learned: Option<[&FlexTensor; 2]>,
    function: FixedFunction,
) -> ([FlexTensor; 4], Option<[FlexTensor; 2]>) {
    let (layers, hidden) = sizes(parameters[0]);
    let (w, gradient) = (Ordered::new(w), Ordered::new(gradient));
    let [alpha, beta, bias] = parameters.map(Ordered::new);
    let learned = learned.map(|pair| pair.map(Ordered::new));
    let parameters = cascade::Parameters {
        layers,
        hidden,
        alpha: alpha.elements::<E>(),
        beta: beta.elements(),
        bias: bias.elements(),
        learned: learned.as_ref().map(|[a, b]| (a.elements(), b.elements())),
    };
    let found = cascade::cascade_backward(w.elements(), gradient.elements(), &parameters, function);
    let like = |elements| shaped::<E>(elements, &alpha.0);
    (
        [
            shaped(found.w, &w.0),
            like(found.alpha),
            like(found.beta),
            like(found.bias),
        ],
        found.learned.map(|(a, b)| [like(a), like(b)]),
    )
}

fn softmax_modules<E: FlexElement>(
    z: &FlexTensor,
    parameters: [&FlexTensor; 2],
    learned: Option<[&FlexTensor; 2]>,
) -> FlexTensor {
    let z = Ordered::new(z);
    let [alpha, temperature] = parameters.map(Ordered::new);
    let learned = learned.map(|pair| pair.map(Ordered::new));
    let parameters = softmax_modules::Parameters {
        modules: alpha.0.shape()[0],
        alpha: alpha.elements::<E>(),
        temperature: temperature.elements(),
        learned: learned.as_ref().map(|[a, b]| (a.elements(), b.elements())),
    };
    let (_, hidden) = sizes(&z.0);
    shaped(
        softmax_modules::softmax_modules(z.elements(), &parameters, hidden),
        &z.0,
    )
}

fn softmax_modules_backward<E: FlexElement>(
    z: &FlexTensor,
    gradient: &FlexTensor,
    parameters: [&FlexTensor; 2],
    learned: Option<[&FlexTensor; 2]>,
) -> ([FlexTensor; 3], Option<[FlexTensor; 2]>) {
    let (z, gradient) = (Ordered::new(z), Ordered::new(gradient));
    let [alpha, temperature] = parameters.map(Ordered::new);
    let learned = learned.map(|pair| pair.map(Ordered::new));
    let parameters = softmax_modules::Parameters {
        modules: alpha.0.shape()[0],
        alpha: alpha.elements::<E>(),
        temperature: temperature.elements(),
        learned: learned.as_ref().map(|[a, b]| (a.elements(), b.elements())),
    };
    let (_, hidden) = sizes(&z.0);
    let found = softmax_modules::softmax_modules_backward(
        z.elements(),
        gradient.elements(),
        &parameters,
        hidden,
    );
    let like = |elements| shaped::<E>(elements, &alpha.0);
    (
        [
            shaped(found.z, &z.0),
            like(found.alpha),
            like(found.temperature),
        ],
        found.learned.map(|(a, b)| [like(a), like(b)]),
    )
}

fn splines<E: FlexElement>(coefficients: &Ordered, range: f64) -> linear_spline::Splines<'_, E> {
    let (_, knots) = sizes(&coefficients.0);
    linear_spline::Splines {
        coefficients: coefficients.elements(),
        knots,
        range: E::nearest(range),
        density: E::nearest((knots - 1) as f64 / (2.0 * range)),
    }
}

fn spline<E: FlexElement>(z: &FlexTensor, coefficients: &FlexTensor, range: f64) -> FlexTensor {
    let (z, coefficients) = (Ordered::new(z), Ordered::new(coefficients));
    let splines = splines::<E>(&coefficients, range);
    shaped(linear_spline::linear_spline(z.elements(), &splines), &z.0)
}

fn spline_backward<E: FlexElement>(
    z: &FlexTensor,
    coefficients: &FlexTensor,
    gradient: &FlexTensor,
    range: f64,
) -> (FlexTensor, FlexTensor) {
    let (z, coefficients) = (Ordered::new(z), Ordered::new(coefficients));
    let gradient = Ordered::new(gradient);
    let splines = splines::<E>(&coefficients, range);
    let (into_z, into_coefficients) =
        linear_spline::linear_spline_backward(z.elements(), gradient.elements(), &splines);
    (
        shaped(into_z, &z.0),
        shaped(into_coefficients, &coefficients.0),
    )
}

fn softplus<E: FlexElement>(x: &FlexTensor) -> FlexTensor {
    let x = Ordered::new(x);
    shaped(softplus::softplus::<E>(x.elements()), &x.0)
}

fn softplus_backward<E: FlexElement>(x: &FlexTensor, gradient: &FlexTensor) -> FlexTensor {
    let (x, gradient) = (Ordered::new(x), Ordered::new(gradient));
    let into_x = softplus::softplus_backward::<E>(x.elements(), gradient.elements());
    shaped(into_x, &x.0)
}

/// A tensor whose rows or columns lie in order, copied if neither do.
fn in_lines(tensor: &FlexTensor) -> FlexTensor {
    let [rows, columns] = [0, 1].map(|axis| tensor.layout().strides()[axis]);
    if (rows >= 0 && columns == 1) || (rows == 1 && columns >= 0) {
        tensor.clone()
    } else {
        tensor.to_contiguous()
    }
}

/// Such a tensor as a matrix.
fn matrix<E: FlexElement>(tensor: &FlexTensor) -> Matrix<'_, E> {
    let layout = tensor.layout();
    let (rows, columns) = sizes(tensor);
    let elements = &E::storage(tensor)[layout.start_offset()..];
    let [down, right] = [0, 1].map(|axis| layout.strides()[axis].unsigned_abs());
    if right == 1 {
        Matrix::with_step(elements, [rows, columns], down)
    } else {
        Matrix::with_step(elements, [columns, rows], right).transposed()
    }
}

fn rows_of<E: FlexElement>(elements: Vec<E>, sizes: [usize; 2]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(elements, sizes))
}

fn product<E: FlexElement>(s: &FlexTensor, w: &FlexTensor) -> FlexTensor {
    let (rows, columns) = (sizes(s).0, sizes(w).1);
    let (s, w) = (in_lines(s), in_lines(w));
    rows_of(
        product::product::<E>(matrix(&s), matrix(&w)),
        [rows, columns],
    )
}

/// x Wᵀ, by way of W xᵀ where x is the smaller of the two.
fn product_transposed<E: FlexElement>(x: &FlexTensor, w: &FlexTensor) -> FlexTensor {
    let ((batch, dim), (hidden, _)) = (sizes(x), sizes(w));
    let (x, w) = (in_lines(x), in_lines(w));
    let (x, w) = (matrix::<E>(&x), matrix(&w));
    let elements = if batch < dim {
        transpose::transposed(&product::product(w, x.transposed()), hidden, batch)
    } else {
        product::product(x, w.transposed())
    };
    rows_of(elements, [batch, hidden])
}

impl ForwardKernels for Flex {
    fn softplus(x: FloatTensor<Self>) -> FloatTensor<Self> {
        with_element!(x, E => softplus::<E>(&x))
    }

    fn product(s: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        with_element!(s, E => product::<E>(&s, &w))
    }

    fn product_transposed(x: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        with_element!(x, E => product_transposed::<E>(&x, &w))
    }

    fn cascade_fixed(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        function: FixedFunction,
    ) -> FloatTensor<Self> {
        with_element!(w, E => cascade::<E>(&w, [&alpha, &beta, &bias], None, function))
    }

    fn cascade_learned(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let fixed = [&alpha, &beta, &bias];
        with_element!(w, E => cascade::<E>(&w, fixed, Some([&a, &b]), FixedFunction::Tanh))
    }

    fn softmax_scaled(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        with_element!(z, E => softmax_modules::<E>(&z, [&alpha, &temperature], None))
    }

    fn softmax_learned(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        with_element!(z, E => softmax_modules::<E>(&z, [&alpha, &temperature], Some([&a, &b])))
    }

    fn spline(
        z: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        range: f64,
    ) -> FloatTensor<Self> {
        with_element!(z, E => spline::<E>(&z, &coefficients, range))
    }
}

impl BackwardKernels for Flex {
    fn softplus_backward(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        with_element!(x, E => softplus_backward::<E>(&x, &gradient))
    }

    fn cascade_fixed_backward(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        function: FixedFunction,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let fixed = [&alpha, &beta, &bias];
        let (fixed, _) = with_element!(
            w, E => cascade_backward::<E>(&w, &gradient, fixed, None, function)
        );
        fixed.into()
    }

    fn cascade_learned_backward(
        w: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let fixed = [&alpha, &beta, &bias];
        let learned = Some([&a, &b]);
        let found = with_element!(
            w, E => cascade_backward::<E>(&w, &gradient, fixed, learned, FixedFunction::Tanh)
        );
        let ([w, alpha, beta, bias], Some([a, b])) = found else {
            unreachable!("a learned function has gradients")
        };
        (w, alpha, beta, bias, a, b)
    }

    fn softmax_scaled_backward(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (fixed, _) = with_element!(
            z, E => softmax_modules_backward::<E>(&z, &gradient, [&alpha, &temperature], None)
        );
        fixed.into()
    }

    fn softmax_learned_backward(
        z: FloatTensor<Self>,
        alpha: FloatTensor<Self>,
        temperature: FloatTensor<Self>,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let fixed = [&alpha, &temperature];
        let found = with_element!(
            z, E => softmax_modules_backward::<E>(&z, &gradient, fixed, Some([&a, &b]))
        );
        let ([z, alpha, temperature], Some([a, b])) = found else {
            unreachable!("softmax minus softmin has gradients")
        };
        (z, alpha, temperature, a, b)
    }

    fn spline_backward(
        z: FloatTensor<Self>,
        coefficients: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        range: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        with_element!(z, E => spline_backward::<E>(&z, &coefficients, &gradient, range))
    }
}

/// A tensor that covers its memory in order, copied if it does not.
fn whole(tensor: FlexTensor) -> FlexTensor {
    // The borrowing form holds a second reference, which would make the write copy.
    let ordered = tensor.to_contiguous();
    drop(tensor);
    ordered
}

impl UpdateKernels for Flex {
    fn adam(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment_1: FloatTensor<Self>,
        moment_2: FloatTensor<Self>,
        beta_1: f32,
        beta_2: f32,
        scale: f32,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let gradient = Ordered::new(&gradient);
        let [mut parameter, mut moment_1, mut moment_2] =
            [parameter, moment_1, moment_2].map(whole);
        let factors = adam::Factors {
            beta_1: beta_1.into(),
            beta_2: beta_2.into(),
            scale: scale.into(),
            epsilon: epsilon.into(),
        };
        with_element!(parameter, E => adam::adam::<E>(
            E::memory(&mut parameter),
            gradient.elements(),
            E::memory(&mut moment_1),
            E::memory(&mut moment_2),
            factors,
        ));
        (parameter, moment_1, moment_2)
    }
}
