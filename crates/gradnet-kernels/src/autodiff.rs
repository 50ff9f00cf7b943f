//! The step that every fused operation records on an autodiff device.

use burn::backend::{
    Autodiff, TensorMetadata,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    tensor::FloatTensor,
};

use super::backend::{Differentiable, Operations, Tensors, with_array};
use super::operation::Operation;

/// The backward step of an operation.
#[derive(Debug)]
struct Step(Operation);

impl<B: Differentiable, const N: usize> Backward<B, N> for Step {
    type State = (Vec<FloatTensor<B>>, B::Kept);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        gradients: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (inputs, kept) = ops.state;
        let gradient = gradients.consume::<B>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = match self.0 {
            Operation::Product => of_product::<B>(inputs, gradient, &wanted),
            Operation::ProductTransposed => of_transposed_product::<B>(inputs, gradient, &wanted),
            Operation::PatchProducts => of_patch_products::<B>(inputs, gradient, &wanted),
            Operation::PatchSums { .. } => of_patch_sums::<B>(inputs, gradient, &wanted),
            Operation::Patches { side } => of_patches::<B>(inputs, gradient, side),
            Operation::Overlaps { side, .. } => {
                vec![Some(B::run(
                    vec![gradient].into(),
                    Operation::Patches { side },
                ))]
            }
            operation => B::gradients(inputs, kept, gradient, operation, &wanted),
        };
        for (parent, value) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(value)) = (parent, value) {
                gradients.register::<B>(parent.id, value);
            }
        }
    }
}

/// Of s W: ∂s = g Wᵀ, ∂W = sᵀ g.
fn of_product<B: Differentiable>(
    inputs: Vec<FloatTensor<B>>,
    gradient: FloatTensor<B>,
    wanted: &[bool],
) -> Vec<Option<FloatTensor<B>>> {
    let (s, w) = (inputs[0].clone(), inputs[1].clone());
    let run = |a, b, operation| B::run(vec![a, b].into(), operation);
    let into_w = wanted[1].then(|| {
        run(
            B::float_swap_dims(s, 0, 1),
            gradient.clone(),
            Operation::Product,
        )
    });
    let into_s = wanted[0].then(|| run(gradient, w, Operation::ProductTransposed));
    vec![into_s, into_w]
}

/// Of x Wᵀ: ∂x = g W, ∂W = gᵀ x. Data has no gradient, and its product is not small.
fn of_transposed_product<B: Differentiable>(
    inputs: Vec<FloatTensor<B>>,
    gradient: FloatTensor<B>,
    wanted: &[bool],
) -> Vec<Option<FloatTensor<B>>> {
    let (x, w) = (inputs[0].clone(), inputs[1].clone());
    let product = |a, b| B::run(vec![a, b].into(), Operation::Product);
    let into_x = wanted[0].then(|| product(gradient.clone(), w));
    let into_w = wanted[1].then(|| product(B::float_swap_dims(gradient, 0, 1), x));
    vec![into_x, into_w]
}

/// Of z = H x: ∂x = Hᵀ g, ∂w_c = Σ_i g_ic P_i x.
fn of_patch_products<B: Differentiable>(
    inputs: Vec<FloatTensor<B>>,
    gradient: FloatTensor<B>,
    wanted: &[bool],
) -> Vec<Option<FloatTensor<B>>> {
    let (x, kernels) = (inputs[0].clone(), inputs[1].clone());
    let [_, height, width] = x.shape().dims();
    let side = kernels.shape()[1].isqrt();
    let run = |a, b, operation| B::run(vec![a, b].into(), operation);
    let into_x = wanted[0].then(|| {
        let sums = Operation::PatchSums { height, width };
        run(gradient.clone(), kernels, sums)
    });
    let into_kernels = wanted[1].then(|| run(gradient, x, Operation::PatchMoments { side }));
    vec![into_x, into_kernels]
}

/// Of y = Hᵀ z: ∂z = H g, ∂w_c = Σ_i z_ic P_i g.
fn of_patch_sums<B: Differentiable>(
    inputs: Vec<FloatTensor<B>>,
    gradient: FloatTensor<B>,
    wanted: &[bool],
) -> Vec<Option<FloatTensor<B>>> {
    let (rows, kernels) = (inputs[0].clone(), inputs[1].clone());
    let side = kernels.shape()[1].isqrt();
    let run = |a, b, operation| B::run(vec![a, b].into(), operation);
    let into_rows = wanted[0].then(|| run(gradient.clone(), kernels, Operation::PatchProducts));
    let into_kernels = wanted[1].then(|| run(rows, gradient, Operation::PatchMoments { side }));
    vec![into_rows, into_kernels]
}

/// Of the patches: their overlaps.
fn of_patches<B: Differentiable>(
    inputs: Vec<FloatTensor<B>>,
    gradient: FloatTensor<B>,
    side: usize,
) -> Vec<Option<FloatTensor<B>>> {
    let [_, height, width] = inputs[0].shape().dims();
    let operation = Operation::Overlaps {
        side,
        height,
        width,
    };
    vec![Some(B::run(vec![gradient].into(), operation))]
}

fn record<B: Differentiable, C: CheckpointStrategy, const N: usize>(
    inputs: [FloatTensor<Autodiff<B, C>>; N],
    operation: Operation,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs = Vec::from(inputs.map(|input| input.into_primitive()));
    let step = Backward::<B, N>::prepare::<C>(Step(operation), nodes);
    match step.compute_bound().stateful() {
        OpsKind::Tracked(step) => {
            let (output, kept) = B::run_and_keep(inputs.clone(), operation);
            step.finish((inputs, kept), output)
        }
        OpsKind::UnTracked(step) => step.finish(B::run(inputs.into(), operation)),
    }
}

impl<B: Differentiable, C: CheckpointStrategy> Operations for Autodiff<B, C> {
    fn run(inputs: Tensors<Self>, operation: Operation) -> FloatTensor<Self> {
        with_array!(inputs, inputs => record::<B, C, _>(inputs, operation))
    }
}
