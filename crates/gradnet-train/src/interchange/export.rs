//! A run's weights as plain arrays, and a description with which the function is rebuilt: docs/interchange.md does it in NumPy.
//!
//! For the paper's four networks the arrays are the weights as they are used (`alpha`, not what softplus makes it of), so that nothing but the
//! formula is needed; for all others the parameters under the names of their fields, as `gradnet-core` documents them.

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, activation::softplus};
use gradnet_core::TiedNetwork;
use gradnet_core::activation::CascadedActivation;
use gradnet_core::sign::Sign;
use serde::Serialize;

use crate::data::file::Similarity;
use crate::files::{FileError, Format, write_arrays};
use crate::registry::{NetworkConfig, Registered, ReleasedModular};
use crate::run::{Run, RunError, check_output, write_atomically};

/// Name, shape and numbers of an array.
type NamedArray = (String, Vec<usize>, Vec<f32>);

/// What is written beside the arrays.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    /// [`FORMAT`].
    format: &'static str,
    /// The network's registered name.
    pub network: &'static str,
    /// What it guarantees.
    claim: gradnet_core::analysis::Claim,
    /// Dimension of the points.
    pub dim: usize,
    /// Which formula of docs/interchange.md: "cascade", "modules", or "parameters" for the rest.
    kind: &'static str,
    /// The formula in one line.
    formula: &'static str,
    /// The function of the units or modules, where there is a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    /// Names and shapes of the arrays.
    arrays: Vec<(String, Vec<usize>)>,
    /// f(x) = constant + sign y_scale g((x - mean) / x_scale), if the run was trained on a data file.
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<Similarity>,
    /// The network's settings.
    settings: NetworkConfig,
    /// The arrays' file.
    #[serde(skip)]
    pub file: PathBuf,
    /// The description's file.
    #[serde(skip)]
    pub description: PathBuf,
}

/// What a description says of itself. The first format knew no constant and no sign.
const FORMAT: &str = "gradnet export 2";
const FORMATS: [&str; 2] = ["gradnet export 1", FORMAT];

const CASCADE: &str = "w = W x; z_0 = beta_0 w + bias_0; z_l = beta_l w + alpha_(l-1) s(z_(l-1)) + bias_l; f(x) = W' (alpha_(L-1) s(z_(L-1))) + output_bias";
const MODULES: &str = "f(x) = sum over m of alpha_m W_m' s(temperature_m (W_m x + b_m)) + output_bias, with s the softmax, or a_m softmax(u) - b_m softmax(-u)";
const INSIDE: &str = "f(x) = g(x) + matrix' matrix x + modulus x + bias, with g as the module of gradnet-core says that documents the network";
const PARAMETERS: &str =
    "as the module of gradnet-core says that documents the network; names are those of its fields";

/// Writes the arrays of a run's best weights to `to` (.safetensors or .npz), and the description beside it (.json).
///
/// # Errors
/// If the run cannot be read, a file cannot be written, or one is in the way: the run's data file, a file of a run, or a .json that no
/// export has written.
pub fn export(run: &Run, to: &Path, device: &Device) -> Result<Exported, RunError> {
    let description = to.with_extension("json");
    check_places(run, to, &description)?;
    let field = run.field(device)?;
    let network = field.network();
    let (kind, formula, function, arrays) = match (&network.linear, &network.registered) {
        (Some(_), _) => (
            "parameters inside a linear part",
            INSIDE,
            None,
            parameters(network),
        ),
        (None, Registered::GradNetC(network)) => cascade(network),
        (None, Registered::MGradNetC(network)) => cascade(network),
        (None, Registered::GradNetM(network)) => modules(network),
        (None, Registered::MGradNetM(network)) => modules(network),
        (None, other) => ("parameters", PARAMETERS, None, parameters(other)),
    };
    let exported = Exported {
        format: FORMAT,
        network: network.name(),
        claim: network.claim(),
        dim: run.experiment().dim(),
        kind,
        formula,
        function,
        arrays: arrays
            .iter()
            .map(|(name, shape, _)| (name.clone(), shape.clone()))
            .collect(),
        similarity: run.data_facts()?.map(|facts| facts.similarity),
        settings: run.experiment().network.clone(),
        file: to.into(),
        description: description.clone(),
    };
    write_arrays(to, &arrays)?;
    let mut text = serde_json::to_string_pretty(&exported)
        .map_err(|error| RunError::io("write", &description, error.into()))?;
    text.push('\n');
    write_atomically(&description, text.as_bytes())
        .map_err(|error| RunError::Data(FileError::write(&description, &error)))?;
    Ok(exported)
}

/// Refuses formats that do not hold named arrays, and places where something else is.
fn check_places(run: &Run, to: &Path, description: &Path) -> Result<(), FileError> {
    if !Format::of(to).is_ok_and(Format::has_arrays) {
        return Err(FileError::Format {
            file: to.into(),
            reason: "weights are not written in a format its name says".into(),
            remedy: "name it .safetensors or .npz".into(),
        });
    }
    for file in [to, description] {
        check_output(file, None, std::slice::from_ref(run))?;
    }
    if description.exists() && !is_description(description) {
        return Err(FileError::Format {
            file: description.into(),
            reason: "the description of the weights would replace this file, which is none".into(),
            remedy: "choose another name with --to, or move that file away".into(),
        });
    }
    Ok(())
}

/// Whether an export wrote this file.
fn is_description(file: &Path) -> bool {
    let value = std::fs::read(file)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    value.is_some_and(|value| FORMATS.iter().any(|format| value["format"] == *format))
}

fn array<const D: usize>(name: &str, tensor: Tensor<D>) -> NamedArray {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().iter::<f32>().collect();
    (name.to_owned(), shape, values)
}

type Rebuilt = (&'static str, &'static str, Option<String>, Vec<NamedArray>);

fn cascade<S: Sign>(network: &TiedNetwork<CascadedActivation<S>>) -> Rebuilt {
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
    ("cascade", CASCADE, Some(function), arrays)
}

fn modules<S: Sign>(network: &ReleasedModular<S>) -> Rebuilt {
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
    ("modules", MODULES, Some(function.to_owned()), arrays)
}

/// Every parameter under the path of its field.
fn parameters(network: &impl Module) -> Vec<NamedArray> {
    #[derive(Default)]
    struct Collector {
        path: Vec<String>,
        arrays: Vec<NamedArray>,
    }
    impl ModuleVisitor for Collector {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            // The first name is the network's own, which the description has already.
            let name = self.path.get(1..).unwrap_or_default().join(".");
            self.arrays.push(array(&name, parameter.val()));
        }
    }
    let mut collector = Collector::default();
    network.visit(&mut collector);
    collector.arrays
}
