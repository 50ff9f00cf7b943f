//! The paper's four networks as arrays that a formula of docs/interchange.md takes: the weights as they are used
//! (`alpha`, not what softplus makes it of), with the linear part that a task puts around them as one matrix.

use burn::tensor::{Tensor, activation::softplus};
use gradnet_core::TiedNetwork;
use gradnet_core::activation::{CascadedActivation, ScalarFunction};
use gradnet_core::sign::Sign;

use crate::registry::{LinearPart, Network, Registered, ReleasedModular};

/// Name, shape and numbers of an array.
pub(crate) type NamedArray = (String, Vec<usize>, Vec<f32>);

/// Which formula the arrays go into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Formula {
    Cascade,
    Modules,
}

impl Formula {
    /// Its name in a description.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cascade => "cascade",
            Self::Modules => "modules",
        }
    }

    /// The formula in one line.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Cascade => {
                "w = W x; z_0 = beta_0 w + bias_0; z_l = beta_l w + alpha_(l-1) s(z_(l-1)) + bias_l; \
                 f(x) = W' (alpha_(L-1) s(z_(L-1))) + linear x + output_bias"
            }
            Self::Modules => {
                "f(x) = sum over m of alpha_m W_m' s(temperature_m (W_m x + b_m)) + linear x + output_bias, \
                 with s the softmax, or a_m softmax(u) - b_m softmax(-u)"
            }
        }
    }
}

/// A network as a formula and its arrays.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) formula: Formula,
    /// The function of the units or modules.
    pub(crate) function: String,
    /// The function of the units, where it is a fixed one.
    pub(crate) unit: Option<ScalarFunction>,
    pub(crate) arrays: Vec<NamedArray>,
}

impl Plain {
    /// The network as arrays, if it is one of the four.
    pub(crate) fn of(network: &Network) -> Option<Self> {
        let mut plain = match &network.registered {
            Registered::GradNetC(network) => cascade(network),
            Registered::MGradNetC(network) => cascade(network),
            Registered::GradNetM(network) => modules(network),
            Registered::MGradNetM(network) => modules(network),
            _ => return None,
        };
        if let Some(linear) = &network.linear {
            plain.add_linear(linear);
        }
        Some(plain)
    }

    /// Whether there is an array of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.arrays.iter().any(|(other, ..)| other == name)
    }

    /// The shape of an array that there is.
    pub(super) fn shape(&self, name: &str) -> &[usize] {
        let found = self.arrays.iter().find(|(other, ..)| other == name);
        &found.expect("the formula's arrays are there").1
    }

    /// `VᵀV + μ` as the array `linear`; `b` goes into the bias.
    fn add_linear(&mut self, linear: &LinearPart) {
        let bias = linear.bias.val();
        let [dim] = bias.dims();
        let identity = Tensor::<2>::eye(dim, &bias.device()) * linear.modulus();
        let matrix = match &linear.matrix {
            None => identity,
            Some(matrix) => matrix.val().transpose().matmul(matrix.val()) + identity,
        };
        self.arrays.push(array("linear", matrix));
        let (name, shape, values) = array("output_bias", bias);
        match self.arrays.iter_mut().find(|(other, ..)| *other == name) {
            Some((.., sums)) => sums
                .iter_mut()
                .zip(values)
                .for_each(|(sum, value)| *sum += value),
            None => self.arrays.push((name, shape, values)),
        }
    }
}

/// A tensor's numbers under a name.
pub(super) fn array<const D: usize>(name: &str, tensor: Tensor<D>) -> NamedArray {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().iter::<f32>().collect();
    (name.to_owned(), shape, values)
}

fn cascade<S: Sign>(network: &TiedNetwork<CascadedActivation<S>>) -> Plain {
    let units = &network.activation;
    let mut arrays = vec![
        array("W", network.weight.val()),
        array("alpha", S::constrain(units.alpha.val())),
        array("beta", S::constrain(units.beta.val())),
        array("bias", units.bias.val()),
    ];
    if let Some(bias) = &network.output_bias {
        arrays.push(array("output_bias", bias.val()));
    }
    if let Some(learned) = &units.learned {
        arrays.push(array("a", S::constrain(learned.a.val())));
        arrays.push(array("b", S::constrain(learned.b.val())));
    }
    let function = match units.fixed_function() {
        None => "learned: a tanh z + b (z - tanh z)".to_owned(),
        Some(fixed) => format!("{fixed:?}").to_lowercase(),
    };
    Plain {
        formula: Formula::Cascade,
        function,
        unit: units.fixed_function(),
        arrays,
    }
}

fn modules<S: Sign>(network: &ReleasedModular<S>) -> Plain {
    let block = &network.activation.block;
    let [count] = block.temperature.dims();
    let [units, dim] = network.weight.dims();
    let width = units / count;
    let mut arrays = vec![
        array("W", network.weight.val().reshape([count, width, dim])),
        array("alpha", S::constrain(network.activation.alpha.val())),
        array("temperature", softplus(block.temperature.val(), 1.0)),
    ];
    if let Some(bias) = &network.hidden_bias {
        arrays.push(array("bias", bias.val().reshape([count, width])));
    }
    if let Some(bias) = &network.output_bias {
        arrays.push(array("output_bias", bias.val()));
    }
    let function = match &block.mix {
        None => "softmax",
        Some((a, b)) => {
            arrays.push(array("a", S::constrain(a.val())));
            arrays.push(array("b", S::constrain(b.val())));
            "learned: a softmax(u) - b softmax(-u)"
        }
    };
    Plain {
        formula: Formula::Modules,
        function: function.to_owned(),
        unit: None,
        arrays,
    }
}
