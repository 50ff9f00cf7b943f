//! The live panel of a run in the plane: its field in the form that `panel.js` evaluates in the page.
//!
//! ```text
//! f(x) = c + σ t g((x − m)/s)        F(x) = s t G((x − m)/s) + σ ⟨c, x − m⟩        f(x) = y by Newton's method
//! ```
//!
//! `g` is one of the formulas of docs/interchange.md, and the arrays are those of an export. The page computes in 64
//! bits with the weights of 32. `tests/suite/panel.rs` of gradnet-cli compares its numbers with those of `gradnet
//! predict`.

use std::collections::BTreeMap;

use gradnet_core::analysis::Region;
use gradnet_core::kernel::quadrature::ray_nodes;
use serde::Serialize;

use super::measure::Measured;
use super::names::Names;
use crate::data::file::{RunField, Similarity};
use crate::interchange::{Formula, Plain};
use crate::run::Run;

/// Weights that a page takes along: as text they are a megabyte, and the field at a thousand points takes a tenth of a
/// second.
const MOST_WEIGHTS: usize = 100_000;

/// Points of a cloud.
const CLOUD: usize = 400;

/// What the page's script gets.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Panel {
    formula: &'static str,
    function: String,
    arrays: BTreeMap<String, Array>,
    /// Whether the field is `(h_q(q, 0), h_p(0, p))`.
    separated: bool,
    /// Whether `predict --inverse` has an inverse.
    invertible: bool,
    similarity: Similarity,
    /// Places in `[0, 1]` and weights of the integral that is the potential of a cascade's unit.
    nodes: Vec<(f64, f64)>,
    /// Ends of both axes, in the user's units.
    axes: [[f64; 2]; 2],
    /// Samples of the source of a transport, in the user's units, and of its target.
    clouds: Option<[Vec<[f64; 2]>; 2]>,
    /// Names of the coordinates of points, and of values.
    names: [Vec<String>; 2],
}

#[derive(Clone, Debug, Serialize)]
struct Array {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Panel {
    pub(super) fn is_invertible(&self) -> bool {
        self.invertible
    }

    pub(super) fn has_clouds(&self) -> bool {
        self.clouds.is_some()
    }
}

/// The panel of a run, or the sentence why it has none; `None` beyond the plane.
pub(super) fn panel(
    run: &Run,
    field: &RunField,
    measured: &Measured,
    names: &Names,
) -> Option<Result<Panel, String>> {
    let task = &run.experiment().task;
    if run.experiment().dim() != 2 || task.on_patches() {
        return None;
    }
    let network = field.network();
    let Some(plain) = Plain::of(network) else {
        return Some(Err(format!(
            "There is no live panel: the page knows the formulas of gradnet_c, gradnet_m, mgradnet_c and mgradnet_m, and \
             this run has {}. gradnet predict evaluates every network.",
            network.name()
        )));
    };
    let count: usize = plain.arrays.iter().map(|(.., values)| values.len()).sum();
    if count > MOST_WEIGHTS {
        return Some(Err(format!(
            "There is no live panel: the network has {count} weights, and a page takes at most {MOST_WEIGHTS}."
        )));
    }
    let similarity = field.similarity();
    let (low, high) = match (&measured.plane, task.region()) {
        (Some(plane), _) => plane.range,
        (None, Region { low, high }) => (low, high),
    };
    let corners = similarity.unscale_points(&[low, low, high, high]);
    Some(Ok(Panel {
        formula: plain.formula.name(),
        nodes: match plain.formula {
            Formula::Cascade => ray_nodes().collect(),
            Formula::Modules => Vec::new(),
        },
        function: match plain.unit {
            Some(unit) => format!("{unit:?}").to_lowercase(),
            None if plain.has("a") => "learned".into(),
            None => "softmax".into(),
        },
        arrays: plain
            .arrays
            .into_iter()
            .map(|(name, shape, values)| (name, Array { shape, values }))
            .collect(),
        separated: network.is_separated(),
        invertible: network.strongly_monotone().is_some(),
        similarity: similarity.clone(),
        axes: [[corners[0], corners[2]], [corners[1], corners[3]]],
        names: names.all().map(<[String]>::to_vec),
        clouds: measured.map.as_ref().map(|map| map.clouds(CLOUD)),
    }))
}

#[cfg(test)]
mod tests {
    use gradnet_core::activation::ScalarFunction;

    /// A function that the script lacks would be a panel that shows nothing.
    #[test]
    fn the_script_has_every_function_that_units_may_have() {
        let script = include_str!("panel.js");
        for function in ScalarFunction::ALL {
            let name = format!("{function:?}").to_lowercase();
            assert!(script.contains(&format!("\n  {name}: z => [")), "{name}");
        }
    }
}
