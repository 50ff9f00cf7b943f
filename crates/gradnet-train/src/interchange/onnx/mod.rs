//! A field as an ONNX model: input `x` `[n, d]`, output `f` `[n, d]`, both of 64 bits.
//!
//! ```text
//! f(x) = constant + sign y_scale g((x − mean) / x_scale)      the change of units in 64 bits, g in 32
//! ```
//!
//! The formulas of `g` are those of docs/interchange.md. `interchange::an_onnx_model_gives_what_predict_gives` compares
//! the model in ONNX Runtime with the field.

mod graph;
mod proto;

use prost::Message;

use super::plain::{Formula, Plain};
use crate::data::file::Similarity;
use graph::GraphBuilder;
use proto::{Attribute, Model, OperatorSet};

/// The version of the operators: that of ONNX 1.12, which runtimes since 2022 know.
const OPERATORS: i64 = 17;
const REPRESENTATION: i64 = 8;

/// The model as a file has it.
pub(super) fn model(plain: &Plain, dim: usize, similarity: Option<&Similarity>) -> Vec<u8> {
    let mut graph = GraphBuilder::default();
    let identity = Similarity::identity(dim);
    let Similarity {
        mean,
        x_scale,
        y_scale,
        constant,
        sign,
    } = similarity.unwrap_or(&identity);
    let mean = graph.doubles("mean", mean);
    let x_scale = graph.doubles("x_scale", &[*x_scale]);
    let centred = graph.node("Sub", &["x", &mean]);
    let inside = graph.node("Div", &[&centred, &x_scale]);
    let inside = graph.narrowed(&inside);

    let outside = field(&mut graph, plain, &inside);

    let outside = graph.widened(&outside);
    let y_scale = graph.doubles("y_scale", &[f64::from(*sign) * y_scale]);
    let scaled = graph.node("Mul", &[&outside, &y_scale]);
    let constant = graph.doubles("constant", constant);
    graph.output("Add", &[&scaled, &constant], "f");
    let model = Model {
        ir_version: REPRESENTATION,
        producer_name: "gradnet".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: "f(x) = constant + sign y_scale g((x - mean) / x_scale)".into(),
        graph: Some(graph.finish(dim)),
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: OPERATORS,
        }],
    };
    model.encode_to_vec()
}

/// `g(x) = formula(x) + x linear + output_bias`.
fn field(graph: &mut GraphBuilder, plain: &Plain, x: &str) -> String {
    for array in &plain.arrays {
        graph.array(array);
    }
    let mut terms = match plain.formula {
        Formula::Cascade => vec![cascade(graph, plain, x)],
        Formula::Modules => modules(graph, plain, x),
    };
    if plain.has("linear") {
        terms.push(graph.node("MatMul", &[x, "linear"]));
    }
    if plain.has("output_bias") {
        terms.push("output_bias".into());
    }
    let sum = terms
        .into_iter()
        .reduce(|sum, term| graph.node("Add", &[&sum, &term]));
    sum.expect("a formula has a term")
}

/// `Wᵀ (α_L ⊙ s(z_L))`, `z_l = β_l ⊙ w + α_{l−1} ⊙ s(z_{l−1}) + bias_l`.
fn cascade(graph: &mut GraphBuilder, plain: &Plain, x: &str) -> String {
    let w = graph.with("Gemm", &[x, "W"], vec![Attribute::of("transB", 1)]);
    let mut output: Option<String> = None;
    for layer in 0..plain.shape("alpha")[0] {
        let [alpha, beta, bias] = ["alpha", "beta", "bias"].map(|name| graph.row(name, layer));
        let mut z = graph.node("Mul", &[&w, &beta]);
        z = graph.node("Add", &[&z, &bias]);
        if let Some(before) = output {
            z = graph.node("Add", &[&z, &before]);
        }
        let unit = match plain.unit {
            // Fixed functions have the names of ONNX's operators.
            Some(function) => graph.node(&format!("{function:?}"), &[&z]),
            None => {
                let [a, b] = ["a", "b"].map(|name| graph.row(name, layer));
                let bounded = graph.node("Tanh", &[&z]);
                let rest = graph.node("Sub", &[&z, &bounded]);
                let bounded = graph.node("Mul", &[&bounded, &a]);
                let rest = graph.node("Mul", &[&rest, &b]);
                graph.node("Add", &[&bounded, &rest])
            }
        };
        output = Some(graph.node("Mul", &[&unit, &alpha]));
    }
    let output = output.expect("a cascade has a layer");
    graph.node("MatMul", &[&output, "W"])
}

/// `α_m W_mᵀ s(temperature_m (W_m x + bias_m))` for each module.
fn modules(graph: &mut GraphBuilder, plain: &Plain, x: &str) -> Vec<String> {
    let last = || vec![Attribute::of("axis", -1)];
    let module = |m| {
        let [weight, alpha, temperature] =
            ["W", "alpha", "temperature"].map(|name| graph.row(name, m));
        let mut u = graph.with("Gemm", &[x, &weight], vec![Attribute::of("transB", 1)]);
        if plain.has("bias") {
            let bias = graph.row("bias", m);
            u = graph.node("Add", &[&u, &bias]);
        }
        u = graph.node("Mul", &[&u, &temperature]);
        let mut s = graph.with("Softmax", &[&u], last());
        if plain.has("a") {
            let [a, b] = ["a", "b"].map(|name| graph.row(name, m));
            let opposite = graph.node("Neg", &[&u]);
            let softmin = graph.with("Softmax", &[&opposite], last());
            let softmin = graph.node("Mul", &[&softmin, &b]);
            s = graph.node("Mul", &[&s, &a]);
            s = graph.node("Sub", &[&s, &softmin]);
        }
        let weighed = graph.node("Mul", &[&s, &alpha]);
        graph.node("MatMul", &[&weighed, &weight])
    };
    (0..plain.shape("alpha")[0]).map(module).collect()
}
