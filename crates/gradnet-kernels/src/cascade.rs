//! The cascade of Eq. (16)-(17): a deep scalar network per hidden unit, all of its layers in one pass.

use burn::tensor::Tensor;

use super::operands::Operands;
use super::operation::{Operation, parameters};
use super::{ScalarFunction, has_kernels, portable};

/// The parameters of a cascade, `[layers, hidden]` each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cascade<T = Tensor<2>> {
    /// Output scales α.
    pub alpha: T,
    /// Input scales β.
    pub beta: T,
    /// Biases b.
    pub bias: T,
    /// The scalar function of every layer.
    pub function: CascadeFunction<T>,
}

/// The scalar function f of every layer of a cascade.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CascadeFunction<T = Tensor<2>> {
    /// The same function in every layer and unit.
    Fixed(ScalarFunction),
    /// f_l(z) = a_l tanh z + b_l (z − tanh z), learned per layer and hidden unit (Sec. VII).
    Learned {
        /// Weight of tanh z.
        a: T,
        /// Weight of z − tanh z.
        b: T,
    },
}

/// Evaluates the cascade of Eq. (16)-(17) on every hidden unit.
///
/// With f_l the function of layer l, and w one entry of the first argument,
///
/// z_0 = β_0 w + b_0, z_{l+1} = β_{l+1} w + α_l f_l(z_l) + b_{l+1}, result = α_{L−1} f_{L−1}(z_{L−1}).
///
/// Differentiable in `w` and in every parameter.
///
/// # Shapes
/// - `w`: `[batch, hidden]`, the products W x
/// - every parameter: `[layers, hidden]`
/// - output: `[batch, hidden]`
///
/// # Panics
/// If the shapes or the float types disagree, or there is no layer or no unit.
pub fn cascade(w: Tensor<2>, cascade: Cascade) -> Tensor<2> {
    cascade.check(w.dims()[1]);
    let (operands, w) = Operands::new("cascade", w);
    let cascade = cascade.map(|name, parameter| operands.with(name, parameter));
    let y = if has_kernels(&w) {
        let operation = Operation::Cascade(cascade.kind());
        operation.run(cascade.after([w]))
    } else {
        portable::cascade(w, cascade)
    };
    operands.rounded(y)
}

impl<T> Cascade<T> {
    /// What `of` makes of each parameter, which it gets by name.
    pub(crate) fn map<U>(self, mut of: impl FnMut(&'static str, T) -> U) -> Cascade<U> {
        Cascade {
            alpha: of("alpha", self.alpha),
            beta: of("beta", self.beta),
            bias: of("bias", self.bias),
            function: match self.function {
                CascadeFunction::Fixed(function) => CascadeFunction::Fixed(function),
                CascadeFunction::Learned { a, b } => CascadeFunction::Learned {
                    a: of("a", a),
                    b: of("b", b),
                },
            },
        }
    }

    /// The parameters by reference.
    pub(crate) fn as_ref(&self) -> Cascade<&T> {
        Cascade {
            alpha: &self.alpha,
            beta: &self.beta,
            bias: &self.bias,
            function: match &self.function {
                CascadeFunction::Fixed(function) => CascadeFunction::Fixed(*function),
                CascadeFunction::Learned { a, b } => CascadeFunction::Learned { a, b },
            },
        }
    }
}

parameters!(Cascade);

impl Cascade {
    /// Panics unless the parameters are those of a cascade of `hidden` units.
    pub(crate) fn check(&self, hidden: usize) {
        let [layers, _] = self.alpha.dims();
        assert!(
            layers > 0 && hidden > 0,
            "a cascade needs at least one layer and one hidden unit"
        );
        self.as_ref().map(|name, parameter| {
            assert_eq!(
                parameter.dims(),
                [layers, hidden],
                "`{name}` of a cascade must be [layers, hidden]"
            );
        });
    }
}

impl CascadeFunction {
    /// f_l(z) and f_l'(z) of a layer.
    ///
    /// # Shapes
    /// `z` and both: `[batch, hidden]`
    pub fn with_derivative(&self, layer: usize, z: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        match self {
            Self::Fixed(function) => (function.value(z.clone()), function.derivative(z)),
            Self::Learned { a, b } => {
                let (a, b) = (row(a, layer), row(b, layer));
                let tanh = z.clone().tanh();
                let square = tanh.clone().square();
                let value = tanh.clone() * a.clone() + (z - tanh) * b.clone();
                (value, a * (1.0 - square.clone()) + b * square)
            }
        }
    }

    /// f_l(z) of a layer.
    ///
    /// # Shapes
    /// `z` and the output: `[batch, hidden]`
    pub fn value(&self, layer: usize, z: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Fixed(function) => function.value(z),
            Self::Learned { a, b } => {
                let tanh = z.clone().tanh();
                tanh.clone() * row(a, layer) + (z - tanh) * row(b, layer)
            }
        }
    }
}

/// The parameter of a layer, `[1, hidden]`.
pub(crate) fn row(parameter: &Tensor<2>, layer: usize) -> Tensor<2> {
    parameter.clone().narrow(0, layer, 1)
}
