//! The inputs of an operation as what its kernel takes.

use burn::backend::TensorMetadata;
use burn_flex::FlexTensor;

use super::tensors::{FlexElement, Ordered, sizes};
use super::{cascade, linear_spline, shell, softmax_modules};
use crate::{Cascade, FusedActivation, SoftmaxModules};

/// The inputs of an operation, in order.
pub(super) struct Inputs<'a, E> {
    pub(super) tensors: &'a [FlexTensor],
    pub(super) slices: Vec<&'a [E]>,
}

impl<'a, E: FlexElement> Inputs<'a, E> {
    pub(super) fn new(tensors: &'a [FlexTensor], ordered: &'a [Ordered]) -> Self {
        let slices = ordered.iter().map(Ordered::elements).collect();
        Self { tensors, slices }
    }

    pub(super) fn cascade(&self, kind: Cascade<()>) -> cascade::Parameters<'a, E> {
        cascade::Parameters {
            hidden: sizes(&self.tensors[0]).1,
            cascade: kind.of(self.slices[1..].iter().copied()),
        }
    }

    pub(super) fn softmax_modules<'b>(
        &self,
        kind: SoftmaxModules<()>,
        bias: &'b [E],
    ) -> softmax_modules::Parameters<'b, E>
    where
        'a: 'b,
    {
        softmax_modules::Parameters {
            bias,
            modules: kind.of(self.slices[1..].iter().copied()),
        }
    }

    /// No hidden bias.
    pub(super) fn zeros(&self) -> Vec<E> {
        vec![E::ZERO; sizes(&self.tensors[0]).1]
    }

    pub(super) fn splines(&self, range: f64) -> linear_spline::Splines<'a, E> {
        linear_spline::Splines::new(self.slices[1], sizes(&self.tensors[1]).1, range)
    }

    pub(super) fn shell(&self, kind: FusedActivation<(), ()>) -> shell::Shell<'a, E> {
        let ((batch, dim), (hidden, _)) = (sizes(&self.tensors[0]), sizes(&self.tensors[1]));
        let parameters = self.tensors.iter().zip(&self.slices).skip(2);
        let parameters = parameters.map(|(tensor, values)| {
            let shape = TensorMetadata::shape(tensor);
            let width = shape[shape.num_dims() - 1];
            shell::Parameter {
                values,
                lines: values.len() / width,
                share: hidden / width,
            }
        });
        shell::Shell {
            x: self.slices[0],
            w: self.slices[1],
            batch,
            hidden,
            dim,
            kind,
            parameters: parameters.collect(),
        }
    }
}
