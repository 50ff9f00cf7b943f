//! A run's weights as plain arrays, and a description with which the function is rebuilt: docs/interchange.md does it
//! in NumPy.
//!
//! For the paper's four networks the arrays are the weights as they are used (`alpha`, not what softplus makes it of),
//! so that nothing but the formula is needed; for all others the parameters under the names of their fields, as
//! `gradnet-core` documents them.

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use gradnet_core::image::LipschitzImageField;
use serde::Serialize;

use super::form::{Form, check_places};
use super::onnx;
use super::plain::{NamedArray, Plain, array};
use crate::data::file::Similarity;
use crate::files::{FileError, write_arrays};
use crate::registry::{Network, NetworkConfig};
use crate::run::{Run, RunError, write_atomically};

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
    /// Which formula of docs/interchange.md: "cascade", "modules", or "parameters" for the rest; "separated .." for the
    /// separated field.
    kind: String,
    /// The formula in one line.
    formula: String,
    /// The function of the units or modules, where there is a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    /// Names and shapes of the arrays.
    arrays: Vec<(String, Vec<usize>)>,
    /// f(x) = constant + sign y_scale g((x - mean) / x_scale), if the run was trained on a data file.
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity: Option<Similarity>,
    /// Of a regularizer of images: the certified bound on the Lipschitz constant of its gradient.
    #[serde(skip_serializing_if = "Option::is_none")]
    lipschitz_bound: Option<f64>,
    /// The network's settings.
    settings: NetworkConfig,
    /// The files that were written.
    #[serde(skip)]
    pub files: Vec<PathBuf>,
}

/// What a description says of itself. The first format knew no constant and no sign, the second no linear part.
const FORMAT: &str = "gradnet export 3";
pub(super) const FORMATS: [&str; 3] = ["gradnet export 1", "gradnet export 2", FORMAT];

/// The module that `-o NAME.py` writes.
const TORCH: &str = include_str!("torch.py");

const SEPARATED: &str = "f(q, p) = (h_q(q, 0), h_p(0, p)), the gradient of F(q, 0) + F(0, p), with the positions' half of h at (q, 0) and the momenta's at (0, p), and h as f in: ";
const INSIDE: &str = "f(x) = g(x) + matrix' matrix x + modulus x + bias, with g as the module of gradnet-core says that documents the network";
const PARAMETERS: &str =
    "as the module of gradnet-core says that documents the network; names are those of its fields";

/// Writes the best weights of a run, in the form that the name of `to` says.
///
/// | name | what is written |
/// |---|---|
/// | `.safetensors`, `.npz` | the arrays, and the description beside them (`.json`) |
/// | `.onnx` | an ONNX model with the weights, for the paper's four networks |
/// | `.py` | a PyTorch module, and the arrays and the description that it loads, for the same networks |
///
/// # Errors
/// If the run cannot be read, its network has no such form, a file cannot be written, or one is in the way: the run's
/// data file, a file of a run, or one that no export has written.
pub fn export(run: &Run, to: &Path, device: &Device) -> Result<Exported, RunError> {
    let form = Form::of(to)?;
    check_places(run, form, to)?;
    let field = run.field(device)?;
    let network = field.network();
    let plain = Plain::of(network);
    let similarity = run.data_facts()?.map(|facts| facts.similarity);
    if form != Form::Arrays && network.is_separated() {
        return Err(separated(to).into());
    }
    match (form, &plain) {
        (Form::Arrays, _) | (Form::Torch, Some(_)) => {}
        (Form::Onnx, Some(plain)) => {
            let model = onnx::model(plain, run.experiment().dim(), similarity.as_ref());
            write(to, &model)?;
        }
        (_, None) => return Err(no_formula(network, to).into()),
    }
    let files = form.files(to);
    let (exported, arrays) = described(run, network, plain, similarity, files);
    if form == Form::Onnx {
        return Ok(exported);
    }
    write_arrays(form.arrays(to).as_path(), &arrays)?;
    let description = to.with_extension("json");
    let mut text = serde_json::to_string_pretty(&exported)
        .map_err(|error| RunError::io("write", &description, error.into()))?;
    text.push('\n');
    write(&description, text.as_bytes())?;
    if let Form::Torch = form {
        let name = to.file_stem().unwrap_or_default().to_string_lossy();
        write(to, TORCH.replace("NAME", &name).as_bytes())?;
    }
    Ok(exported)
}

/// The description of a network, and its arrays.
fn described(
    run: &Run,
    network: &Network,
    plain: Option<Plain>,
    similarity: Option<Similarity>,
    files: Vec<PathBuf>,
) -> (Exported, Vec<NamedArray>) {
    let (kind, formula, function, arrays) = match plain {
        Some(plain) => {
            let formula = plain.formula;
            (
                formula.name(),
                formula.text(),
                Some(plain.function),
                plain.arrays,
            )
        }
        None if network.linear.is_some() => {
            let kind = "parameters inside a linear part";
            (kind, INSIDE, None, parameters(network))
        }
        None => (
            "parameters",
            PARAMETERS,
            None,
            parameters(&network.registered),
        ),
    };
    let (kind, formula) = match network.is_separated() {
        true => (format!("separated {kind}"), format!("{SEPARATED}{formula}")),
        false => (kind.to_owned(), formula.to_owned()),
    };
    let shape = |(name, shape, _): &NamedArray| (name.clone(), shape.clone());
    let exported = Exported {
        format: FORMAT,
        network: network.name(),
        claim: network.claim(),
        dim: run.experiment().dim(),
        kind,
        formula,
        function,
        arrays: arrays.iter().map(shape).collect(),
        similarity,
        lipschitz_bound: network.lifted().map(|field| field.lipschitz()),
        settings: run.experiment().network.clone(),
        files,
    };
    (exported, arrays)
}

/// A network that has arrays only.
fn no_formula(network: &Network, to: &Path) -> FileError {
    FileError::Format {
        file: to.into(),
        reason: format!(
            "{} is written as arrays only; models are written of gradnet_c, gradnet_m, mgradnet_c and mgradnet_m",
            network.name()
        ),
        remedy: "name it .safetensors or .npz, or train one of the four".into(),
    }
}

/// A model of the bare network would be another field.
fn separated(to: &Path) -> FileError {
    FileError::Format {
        file: to.into(),
        reason:
            "the field of separable dynamics, (h_q(q, 0), h_p(0, p)), is written as arrays only"
                .into(),
        remedy: "name it .safetensors or .npz; docs/interchange.md has the code that reads them"
            .into(),
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), FileError> {
    write_atomically(file, bytes).map_err(|error| FileError::write(file, &error))
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
