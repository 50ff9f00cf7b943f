//! Tied shells of tensors: see [`super::tied`] for their arithmetic.

use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
use burn_flex::FlexTensor;

use super::tensors::{FlexElement, Ordered, shaped, sizes, tensor, with_element};
use super::tied;
use crate::tied::{TiedActivation, TiedKernels, TiedKind, TiedSteps};

/// Runs `run` on a shell of tensors: x, W, then the parameters of the activation.
fn with_shell<E: FlexElement, R>(
    inputs: &[FlexTensor],
    kind: TiedKind,
    run: impl FnOnce(&tied::Shell<'_, E>) -> R,
) -> R {
    let inputs: Vec<Ordered> = inputs.iter().map(Ordered::new).collect();
    let ((batch, dim), (hidden, _)) = (sizes(&inputs[0].0), sizes(&inputs[1].0));
    let parameters = inputs[2..].iter().map(|parameter| {
        let shape = parameter.0.shape();
        let width = shape[shape.num_dims() - 1];
        tied::Parameter {
            values: parameter.elements(),
            lines: shape.num_elements() / width,
            share: hidden / width,
        }
    });
    run(&tied::Shell {
        x: inputs[0].elements(),
        w: inputs[1].elements(),
        batch,
        hidden,
        dim,
        kind,
        parameters: parameters.collect(),
    })
}

fn tied_forward<E: FlexElement>(
    inputs: &[FlexTensor],
    kind: TiedKind,
    keep: bool,
) -> (FlexTensor, Vec<tied::Hidden<FlexTensor>>) {
    let (y, hidden) = with_shell::<E, _>(inputs, kind, |shell| tied::tied(shell, keep));
    let flat = |elements: Vec<E>| {
        let size = elements.len();
        tensor(elements, [size])
    };
    let hidden = hidden.into_iter().map(|piece| piece.map(flat)).collect();
    (shaped(y, &inputs[0]), hidden)
}

fn tied_backward<E: FlexElement>(
    inputs: &[FlexTensor],
    kind: TiedKind,
    hidden: &[tied::Hidden<FlexTensor>],
    gradient: &FlexTensor,
    into_x: bool,
) -> (Option<FlexTensor>, Vec<FlexTensor>) {
    let gradient = Ordered::new(gradient);
    let hidden: Vec<_> = hidden
        .iter()
        .map(|piece| piece.each_ref().map(E::storage))
        .collect();
    let found = with_shell::<E, _>(inputs, kind, |shell| {
        tied::tied_backward(shell, &hidden, gradient.elements(), into_x)
    });
    let others = std::iter::once(found.w).chain(found.parameters);
    (
        found.x.map(|x| shaped(x, &inputs[0])),
        others
            .zip(&inputs[1..])
            .map(|(g, like)| shaped(g, like))
            .collect(),
    )
}

impl TiedKernels for Flex {
    fn tied(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        activation: TiedActivation<Self>,
    ) -> FloatTensor<Self> {
        let (kind, parameters, learned) = activation.into_parts();
        let inputs = [x, w]
            .into_iter()
            .chain(parameters)
            .chain(learned.into_iter().flatten());
        Self::tied_forward(&inputs.collect::<Vec<_>>(), kind, false).0
    }
}

impl TiedSteps for Flex {
    type Hidden = Vec<tied::Hidden<FlexTensor>>;

    fn tied_forward(
        inputs: &[FloatTensor<Self>],
        kind: TiedKind,
        keep: bool,
    ) -> (FloatTensor<Self>, Self::Hidden) {
        with_element!(inputs[0], E => tied_forward::<E>(inputs, kind, keep))
    }

    fn tied_backward(
        inputs: &[FloatTensor<Self>],
        kind: TiedKind,
        hidden: &Self::Hidden,
        gradient: FloatTensor<Self>,
        into_x: bool,
    ) -> (Option<FloatTensor<Self>>, Vec<FloatTensor<Self>>) {
        with_element!(inputs[0], E => tied_backward::<E>(inputs, kind, hidden, &gradient, into_x))
    }
}
