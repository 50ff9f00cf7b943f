//! One page about one run or several, with nothing to fetch: configuration, training curve, test error beside the reference rows, what the network
//! guarantees and what was measured of it, and pictures of the field or, beyond the plane, of its errors and Jacobians.
//!
//! Pictures are drawn here (SVG). The page's own script sorts the comparison, reads the curves at a step one chooses,
//! and evaluates the field of a run in the plane in its live panel.

mod measure;
mod panel;
mod paths;
mod plots;

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use gradnet_core::analysis::Verification;
use minijinja::{Environment, Value, context};
use serde::Serialize;

use crate::data::file::Finding;
use crate::files::FileError;
use crate::run::{Metrics, Run, RunError, Summary, write_atomically};
use panel::Panel;

const PANEL_SCRIPT: &str = include_str!("panel.js");
const PANEL_STYLE: &str = include_str!("panel.css");

/// A picture as the page holds it.
#[derive(Clone, Debug, Serialize)]
struct Picture {
    /// `data:image/svg+xml,...`
    source: String,
    /// What it shows, also for those who do not see it.
    caption: String,
}

/// What the page says of one run.
#[derive(Clone, Debug, Serialize)]
struct Section {
    folder: String,
    name: String,
    network: &'static str,
    title: &'static str,
    guarantee: &'static str,
    target: &'static str,
    dim: usize,
    seed: u64,
    config: String,
    summary: Option<Summary>,
    verification: Verification,
    metrics: Vec<Metrics>,
    best: Option<f64>,
    findings: Vec<Finding>,
    pictures: Vec<Picture>,
    /// What the panel evaluates; the script gets it.
    #[serde(skip)]
    panel: Option<Panel>,
    /// Whether there is a panel, whether it has an inverse and clouds, or why there is none.
    shows_panel: bool,
    shows_inverse: bool,
    shows_clouds: bool,
    no_panel: Option<String>,
}

/// Writes the page.
///
/// # Errors
/// If a run cannot be read, or the page cannot be written.
pub fn report(runs: &[Run], output: &Path, device: &Device) -> Result<(), RunError> {
    let sections: Vec<Section> = runs
        .iter()
        .map(|run| section(run, device))
        .collect::<Result<_, _>>()?;
    let curves = plots::curves(
        sections
            .iter()
            .map(|section| (section.name.as_str(), section.metrics.as_slice())),
    );
    let failed = |error: serde_json::Error| RunError::io("write", output, error.into());
    let data = serde_json::to_string(&sections_data(&sections))
        .map_err(failed)?
        // Nothing in the data can end the script element it stands in.
        .replace('<', "\\u003c");
    let shown_sections = template_value(serde_json::to_value(&sections).map_err(failed)?);
    let shown_curves = template_value(serde_json::to_value(&curves).map_err(failed)?);
    let mut environment = Environment::new();
    let rendered = environment
        .add_template("report.html", include_str!("report.html"))
        .and_then(|()| environment.get_template("report.html"))
        .and_then(|template| {
            template.render(context! {
                title => title(&sections),
                version => env!("CARGO_PKG_VERSION"),
                sections => shown_sections,
                curves => shown_curves,
                panels => sections.iter().any(|section| section.panel.is_some()),
                panel_script => PANEL_SCRIPT,
                panel_style => PANEL_STYLE,
                data,
            })
        });
    let page = rendered.map_err(|error| RunError::Damaged {
        path: output.into(),
        reason: format!("the page cannot be made: {error}"),
    })?;
    write_atomically(output, page.as_bytes())
        .map_err(|error| RunError::Data(FileError::write(output, &error)))
}

/// JSON as a template takes it.
fn template_value(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(value) => Value::from(value),
        serde_json::Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(()),
        },
        serde_json::Value::String(text) => Value::from(text),
        serde_json::Value::Array(values) => values.into_iter().map(template_value).collect(),
        serde_json::Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, template_value(value)))
            .collect::<BTreeMap<String, Value>>()
            .into(),
    }
}

fn title(sections: &[Section]) -> String {
    match sections {
        [only] => format!("{}: {} on {}", only.name, only.title, only.target),
        many => format!("{} runs compared", many.len()),
    }
}

/// What the script and whoever reads the page by program get.
fn sections_data(sections: &[Section]) -> Vec<serde_json::Value> {
    sections
        .iter()
        .map(|section| {
            let mut data = serde_json::json!({
                "name": section.name,
                "folder": section.folder,
                "summary": section.summary,
                "metrics": section.metrics,
            });
            if let Some(panel) = &section.panel {
                data["panel"] = serde_json::json!(panel);
            }
            data
        })
        .collect()
}

fn section(run: &Run, device: &Device) -> Result<Section, RunError> {
    let experiment = run.experiment();
    let entry = experiment.network.entry();
    let measured = measure::measure(run, device)?;
    let metrics = run.metrics()?;
    let field = run.field(&device.clone().without_autodiff())?;
    let (panel, no_panel) = match panel::panel(run, &field, &measured) {
        Some(Ok(panel)) => (Some(panel), None),
        Some(Err(reason)) => (None, Some(reason)),
        None => (None, None),
    };
    Ok(Section {
        folder: run.path().display().to_string(),
        name: experiment.name.clone(),
        network: entry.name,
        title: entry.title,
        guarantee: match entry.claim {
            gradnet_core::analysis::Claim::Monotone => "the gradient of a convex function",
            gradnet_core::analysis::Claim::Gradient => "the gradient of a function",
            _ => "nothing",
        },
        target: experiment.task.title(),
        dim: experiment.dim(),
        seed: experiment.seed,
        config: experiment.to_toml(),
        summary: run.summary()?,
        verification: measured.verification.clone(),
        best: metrics
            .iter()
            .map(|line| line.validation.value())
            .reduce(f64::min),
        metrics,
        findings: run.data_facts()?.map_or(Vec::new(), |facts| facts.findings),
        pictures: plots::pictures(&measured),
        shows_panel: panel.is_some(),
        shows_inverse: panel.as_ref().is_some_and(Panel::is_invertible),
        shows_clouds: panel.as_ref().is_some_and(Panel::has_clouds),
        panel,
        no_panel,
    })
}
