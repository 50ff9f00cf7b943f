//! The kernels of the CPU backend Flex, for `f32` and `f64`.
//!
//! [`lanes`] chooses AVX-512, AVX2 or plain code when a kernel is called and [`pieces`] hands the work in parts to
//! the current rayon pool; the rest is arithmetic on slices. Results do not depend on the number of threads. They may
//! differ in the last places between processors whose vectors differ in width.

mod adam;
mod cascade;
mod doubled;
mod hidden;
mod lanes;
mod linear_spline;
mod mathematics;
mod matrix;
mod mean_squared_error;
mod pieces;
mod product;
mod rows;
mod shell;
#[cfg(target_arch = "x86_64")]
mod single16;
mod softmax_modules;
mod softplus;
mod tensors;
#[cfg(test)]
mod tests;
mod tied;
mod transpose;
mod units;
#[cfg(target_arch = "x86_64")]
mod x86;

use burn::backend::{Flex, tensor::FloatTensor};
use burn_flex::FlexTensor;

use super::extension::{BackwardKernels, FixedFunction, ForwardKernels, UpdateKernels};
use product::Threads;
use tensors::{FlexElement, Ordered, in_lines, matrix, shaped, sizes, tensor, whole, with_element};

/// Runs `run` on the input and the parameters of a cascade.
fn with_cascade<E: FlexElement, R>(
    w: &FlexTensor,
    parameters: [&FlexTensor; 3],
    learned: Option<[&FlexTensor; 2]>,
    run: impl FnOnce(&[E], &cascade::Parameters<'_, E>) -> R,
) -> R {
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
    run(w.elements(), &parameters)
}

fn cascade<E: FlexElement>(
    w: &FlexTensor,
    parameters: [&FlexTensor; 3],
    learned: Option<[&FlexTensor; 2]>,
    function: FixedFunction,
) -> FlexTensor {
    let values = with_cascade::<E, _>(w, parameters, learned, |w, p| {
        cascade::cascade(w, p, function)
    });
    shaped(values, w)
}

fn cascade_backward<E: FlexElement>(
    w: &FlexTensor,
    gradient: FlexTensor,
    parameters: [&FlexTensor; 3],
    learned: Option<[&FlexTensor; 2]>,
    function: FixedFunction,
) -> ([FlexTensor; 4], Option<[FlexTensor; 2]>) {
    let mut gradient = whole(gradient);
    let found = with_cascade::<E, _>(w, parameters, learned, |w, p| {
        cascade::cascade_backward(w, E::memory(&mut gradient), p, function)
    });
    let like = |elements| shaped::<E>(elements, parameters[0]);
    (
        [
            gradient,
            like(found.alpha),
            like(found.beta),
            like(found.bias),
        ],
        found.learned.map(|(a, b)| [like(a), like(b)]),
    )
}

/// Runs `run` on the input and the parameters of softmax modules.
fn with_modules<E: FlexElement, R>(
    z: &FlexTensor,
    parameters: [&FlexTensor; 2],
    learned: Option<[&FlexTensor; 2]>,
    run: impl FnOnce(&[E], &softmax_modules::Parameters<'_, E>) -> R,
) -> R {
    let z = Ordered::new(z);
    let [alpha, temperature] = parameters.map(Ordered::new);
    let learned = learned.map(|pair| pair.map(Ordered::new));
    let bias = vec![E::ZERO; sizes(&z.0).1];
    let parameters = softmax_modules::Parameters {
        bias: &bias,
        alpha: alpha.elements::<E>(),
        temperature: temperature.elements(),
        learned: learned.as_ref().map(|[a, b]| (a.elements(), b.elements())),
    };
    run(z.elements(), &parameters)
}

fn softmax_modules<E: FlexElement>(
    z: &FlexTensor,
    parameters: [&FlexTensor; 2],
    learned: Option<[&FlexTensor; 2]>,
) -> FlexTensor {
    let run = softmax_modules::softmax_modules;
    let values = with_modules::<E, _>(z, parameters, learned, run);
    shaped(values, z)
}

fn softmax_modules_backward<E: FlexElement>(
    z: &FlexTensor,
    gradient: FlexTensor,
    parameters: [&FlexTensor; 2],
    learned: Option<[&FlexTensor; 2]>,
) -> ([FlexTensor; 3], Option<[FlexTensor; 2]>) {
    let mut gradient = whole(gradient);
    let found = with_modules::<E, _>(z, parameters, learned, |z, p| {
        softmax_modules::softmax_modules_backward(z, E::memory(&mut gradient), p)
    });
    let like = |elements| shaped::<E>(elements, parameters[0]);
    (
        [gradient, like(found.alpha), like(found.temperature)],
        found.learned.map(|[a, b]| [like(a), like(b)]),
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
    gradient: FlexTensor,
    range: f64,
) -> (FlexTensor, FlexTensor) {
    let (z, coefficients) = (Ordered::new(z), Ordered::new(coefficients));
    let mut gradient = whole(gradient);
    let splines = splines::<E>(&coefficients, range);
    let memory = E::memory(&mut gradient);
    let found = linear_spline::linear_spline_backward(z.elements(), memory, &splines);
    (gradient, shaped(found, &coefficients.0))
}

fn softplus<E: FlexElement>(x: &FlexTensor) -> FlexTensor {
    let x = Ordered::new(x);
    shaped(softplus::softplus::<E>(x.elements()), &x.0)
}

fn softplus_backward<E: FlexElement>(x: &FlexTensor, gradient: FlexTensor) -> FlexTensor {
    let (x, mut gradient) = (Ordered::new(x), whole(gradient));
    softplus::softplus_backward::<E>(x.elements(), E::memory(&mut gradient));
    gradient
}

fn mean_squared_error<E: FlexElement>(y: &FlexTensor, t: &FlexTensor) -> FlexTensor {
    let (y, t) = (Ordered::new(y), Ordered::new(t));
    let mean = mean_squared_error::mean_squared_error::<E>(y.elements(), t.elements());
    tensor(vec![mean], [1])
}

fn mean_squared_error_backward<E: FlexElement>(
    y: &FlexTensor,
    t: &FlexTensor,
    gradient: &FlexTensor,
) -> FlexTensor {
    let [y, t, gradient] = [y, t, gradient].map(Ordered::new);
    let gradient = gradient.elements::<E>()[0];
    let found =
        mean_squared_error::mean_squared_error_backward(y.elements(), t.elements(), gradient);
    shaped(found, &y.0)
}

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

impl ForwardKernels for Flex {
    fn softplus(x: FloatTensor<Self>) -> FloatTensor<Self> {
        with_element!(x, E => softplus::<E>(&x))
    }

    fn mean_squared_error(y: FloatTensor<Self>, t: FloatTensor<Self>) -> FloatTensor<Self> {
        with_element!(y, E => mean_squared_error::<E>(&y, &t))
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
        with_element!(x, E => softplus_backward::<E>(&x, gradient))
    }

    fn mean_squared_error_backward(
        y: FloatTensor<Self>,
        t: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        with_element!(y, E => mean_squared_error_backward::<E>(&y, &t, &gradient))
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
            w, E => cascade_backward::<E>(&w, gradient, fixed, None, function)
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
            w, E => cascade_backward::<E>(&w, gradient, fixed, learned, FixedFunction::Tanh)
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
            z, E => softmax_modules_backward::<E>(&z, gradient, [&alpha, &temperature], None)
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
            z, E => softmax_modules_backward::<E>(&z, gradient, fixed, Some([&a, &b]))
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
        with_element!(z, E => spline_backward::<E>(&z, &coefficients, gradient, range))
    }
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
