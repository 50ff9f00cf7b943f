//! One page about one run or several, with nothing to fetch: configuration, training curve, the numbers beside the
//! reference rows, what the network guarantees and what was measured of it, and pictures of what the task learns.
//!
//! | file | what it draws |
//! |---|---|
//! | `curves` | what chose the weights, over the steps |
//! | `plots` | a field in the plane, a density, errors, eigenvalues |
//! | `map`, `paths`, `denoising` | what transport, dynamics and denoising have besides |
//! | `panel` | the field of a run in the plane, live |
//! | `address`, `names`, `table` | pictures in the page, names of axes, tables |
//!
//! Pictures are drawn here (SVG, PNG). The page's own script sorts the comparison, reads the curves at a step one
//! chooses, and evaluates the field of a run in the plane in its live panel.

mod address;
mod curves;
mod denoising;
#[cfg(test)]
mod drawn;
mod map;
mod measure;
mod names;
mod panel;
mod paths;
mod plots;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use gradnet_core::analysis::Verification;
use minijinja::{Environment, Value, context};
use serde::Serialize;

use crate::data::file::Finding;
use crate::files::FileError;
use crate::measure::four_digits;
use crate::run::{Metrics, Run, RunError, Scores, Summary, write_atomically};
use crate::task::Criterion;
use address::Picture;
use curves::Course;
use denoising::Strip;
use measure::Measured;
use names::Names;
use panel::Panel;
use table::Table;

const PANEL_SCRIPT: &str = include_str!("panel.js");
const PANEL_STYLE: &str = include_str!("panel.css");

/// What the page says of one run.
#[derive(Clone, Debug, Serialize)]
struct Section {
    folder: String,
    name: String,
    network: &'static str,
    title: &'static str,
    guarantee: &'static str,
    /// What was learned from what.
    heading: String,
    /// The task's name in results.
    task: &'static str,
    /// What the weights were chosen by, and its unit.
    criterion: &'static str,
    unit: &'static str,
    #[serde(skip)]
    chosen_by: Criterion,
    dim: usize,
    seed: u64,
    config: String,
    summary: Option<Summary>,
    verification: Verification,
    metrics: Vec<Metrics>,
    /// The step whose weights are kept, and their validation.
    kept: Option<(usize, f64)>,
    kept_text: Option<String>,
    findings: Vec<Finding>,
    pictures: Vec<Picture>,
    strips: Vec<Strip>,
    tables: Vec<Table>,
    /// Names of the coordinates of points and of values.
    names: [Vec<String>; 2],
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
    let courses: Vec<Course<'_>> = sections.iter().map(Section::course).collect();
    let curves = curves::curves(&courses);
    let failed = |error: serde_json::Error| RunError::io("write", output, error.into());
    let data = serde_json::to_string(&sections_data(&sections))
        .map_err(failed)?
        // Nothing in the data can end the script element it stands in.
        .replace('<', "\\u003c");
    let shown_sections = template_value(serde_json::to_value(&sections).map_err(failed)?);
    let shown_curves = template_value(serde_json::to_value(&curves).map_err(failed)?);
    let mut environment = Environment::new();
    environment.add_filter("digits", four_digits);
    let rendered = environment
        .add_template("report.html", include_str!("report.html"))
        .and_then(|()| environment.get_template("report.html"))
        .and_then(|template| {
            template.render(context! {
                title => title(&sections),
                version => env!("CARGO_PKG_VERSION"),
                sections => shown_sections,
                curves => shown_curves,
                tested => sections.iter().any(Section::is_tested),
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
        [only] => only.heading.clone(),
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
                "unit": section.unit,
            });
            if let Some(panel) = &section.panel {
                data["panel"] = serde_json::json!(panel);
            }
            data
        })
        .collect()
}

impl Section {
    /// Whether it has the test error of a regression.
    fn is_tested(&self) -> bool {
        let summary = self.summary.as_ref();
        summary.is_some_and(|summary| summary.scores.test().is_some())
    }

    /// Its training.
    fn course(&self) -> Course<'_> {
        Course {
            name: &self.name,
            criterion: self.chosen_by,
            metrics: &self.metrics,
            kept: self.kept,
        }
    }
}

fn section(run: &Run, device: &Device) -> Result<Section, RunError> {
    let experiment = run.experiment();
    let entry = experiment.network.entry();
    let summary = run.summary()?;
    let measured = measure::measure(run, summary.as_ref(), device)?;
    let metrics = run.metrics()?;
    let field = run.field(&device.clone().without_autodiff())?;
    let names = names_of(run, &measured)?;
    let (panel, no_panel) = match panel::panel(run, &field, &measured, &names) {
        Some(Ok(panel)) => (Some(panel), None),
        Some(Err(reason)) => (None, Some(reason)),
        None => (None, None),
    };
    let result = summary.as_ref().map(|summary| summary.validation.value());
    let kept = curves::kept(&metrics, result);
    let (strips, pictures, tables) = shown(&measured, summary.as_ref(), &names);
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
        heading: experiment.task.heading(),
        task: experiment.task.task(),
        criterion: measured.criterion.title,
        unit: curves::unit_text(measured.criterion.unit),
        chosen_by: measured.criterion,
        dim: experiment.dim(),
        seed: experiment.seed,
        config: experiment.to_toml(),
        kept,
        kept_text: kept.map(|(_, validation)| four_digits(validation)),
        summary,
        verification: measured.verification.clone(),
        metrics,
        findings: run.data_facts()?.map_or(Vec::new(), |facts| facts.findings),
        strips,
        pictures,
        tables,
        shows_panel: panel.is_some(),
        shows_inverse: panel.as_ref().is_some_and(Panel::is_invertible),
        shows_clouds: panel.as_ref().is_some_and(Panel::has_clouds),
        names: names.all().map(<[String]>::to_vec),
        panel,
        no_panel,
    })
}

/// What the coordinates of a run are called.
fn names_of(run: &Run, measured: &Measured) -> Result<Names, RunError> {
    let (mut columns, dim) = (run.columns()?, run.experiment().dim());
    if let Some(paths) = &measured.paths {
        columns.x.clone_from(&paths.names);
    }
    Ok(match measured.map {
        Some(_) => Names::of_a_map(columns, dim),
        None => Names::new(columns, dim),
    })
}

/// The pictures and tables of a run.
fn shown(
    measured: &Measured,
    summary: Option<&Summary>,
    names: &Names,
) -> (Vec<Strip>, Vec<Picture>, Vec<Table>) {
    let (mut pictures, mut tables) = (plots::pictures(measured, names), Vec::new());
    tables.extend(measured.map.as_ref().and_then(|map| map.worst(names)));
    let Some(denoised) = &measured.pictures else {
        return (Vec::new(), pictures, tables);
    };
    let none = Scores::default();
    let scores = summary.map_or(&none, |summary| &summary.scores);
    let levels: Vec<f64> = denoised.levels.iter().map(|level| level.level).collect();
    pictures.extend(denoising::psnr_by_noise(
        &levels,
        &scores.metrics,
        &scores.baselines,
    ));
    pictures.extend(measured.units.as_ref().map(denoising::filters));
    tables.extend(denoising::certificate(denoised, &scores.metrics));
    (denoising::strips(denoised), pictures, tables)
}
