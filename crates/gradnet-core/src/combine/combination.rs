//! Linear and conical combinations of fields of one kind: `f(x) = Σ_i c_i f_i(x)` (Rem. 2, Rem. 6).

use crate::field::{GradientField, MonotoneField, Potential, VectorField};
use crate::laplacian::{Laplacian, Trace};
use crate::sign::{NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use core::marker::PhantomData;

/// `Σ_i c_i f_i` with learned coefficients of sign `S`: a linear combination for
/// [`Free`](crate::sign::Free), a conical one for [`NonNegative`].
#[derive(Module, Debug)]
pub struct Combination<F: Module, S: Sign> {
    /// The fields, all of one dimension.
    pub fields: Vec<F>,
    /// The stored coefficients, `[fields]`.
    pub coefficients: Param<Tensor<1>>,
    #[module(skip)]
    sign: PhantomData<S>,
}

impl<F: VectorField + Module, S: Sign> Combination<F, S> {
    /// Combines fields, each with a coefficient of 1 to begin with.
    ///
    /// # Panics
    /// If there are no fields, or their dimensions differ.
    pub fn new(fields: Vec<F>, source: &ParameterSource) -> Self {
        let dim = fields.first().expect("a combination needs a field").dim();
        assert!(
            fields.iter().all(|field| field.dim() == dim),
            "the fields of a combination must have one dimension"
        );
        // softplus(ln(e − 1)) = 1
        let stored = if S::NONNEGATIVE {
            1.0_f64.exp_m1().ln()
        } else {
            1.0
        };
        Self {
            coefficients: source.constant([fields.len()], stored),
            fields,
            sign: PhantomData,
        }
    }

    /// `Σ_i c_i term(f_i)`.
    fn sum<const D: usize>(&self, term: impl Fn(&F) -> Tensor<D>) -> Tensor<D> {
        let coefficients = S::constrain(self.coefficients.val());
        self.fields
            .iter()
            .zip(0..)
            .map(|(field, index)| {
                let coefficient = coefficients.clone().narrow(0, index, 1);
                term(field) * coefficient.unsqueeze()
            })
            .reduce(|sum, next| sum + next)
            .expect("a combination has a field")
    }
}

impl<F: VectorField + Module, S: Sign> VectorField for Combination<F, S> {
    fn dim(&self) -> usize {
        self.fields[0].dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.sum(|field| field.forward(x.clone()))
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.sum(|field| field.jacobian_vector(x.clone(), v.clone()))
    }
}

impl<F: GradientField + Module, S: Sign> GradientField for Combination<F, S> {}
impl<F: MonotoneField + Module> MonotoneField for Combination<F, NonNegative> {}

impl<F: Potential + Module, S: Sign> Potential for Combination<F, S> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        self.sum(|field| field.potential(x.clone()))
    }
}

impl<F: Laplacian + Module, S: Sign> Laplacian for Combination<F, S> {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        self.sum(|field| field.laplacian(x.clone()))
    }

    fn trace(&self) -> Trace {
        let traces = self.fields.iter().map(Laplacian::trace);
        traces.max().unwrap_or(Trace::Closed)
    }
}
