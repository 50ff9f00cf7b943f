//! A table as Markdown, CSV and JSON.

use std::fmt::Write;

use serde::Serialize;

use super::super::Results;
use super::{FieldRow, OrbitRow, Rows, Table};
use gradnet_train::run::{RunError, write_with_folder};

impl Table {
    /// Writes `tables/NAME.md`, `.csv` and `.json` into the results folder.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, results: &Results) -> Result<(), RunError> {
        let path = |ending: &str| {
            let folder = results.folder().join("tables");
            folder.join(format!("{}.{ending}", self.name))
        };
        let json = serde_json::to_string_pretty(self)
            .map_err(|error| RunError::io("write", &path("json"), error.into()))?;
        write_with_folder(&path("json"), (json + "\n").as_bytes())?;
        write_with_folder(&path("md"), self.markdown().as_bytes())?;
        write_with_folder(&path("csv"), self.csv()?.as_bytes())
    }

    /// The table as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "## {}\n\n{}\n\nOurs, the published number in brackets:\n\n{}\nIn detail:\n\n",
            self.title,
            self.caption,
            self.overview()
        );
        match &self.rows {
            Rows::Field(rows) => self.field_markdown(&mut text, rows),
            Rows::Orbits(rows) => orbit_markdown(&mut text, rows),
        }
        text
    }

    /// The table at a glance: a row a network, a column a dimension or an error, ours with the published number in
    /// brackets.
    pub fn overview(&self) -> String {
        match &self.rows {
            Rows::Field(rows) => self.field_overview(rows),
            Rows::Orbits(rows) => orbit_overview(rows),
        }
    }

    fn field_overview(&self, rows: &[FieldRow]) -> String {
        let scale = if self.rmse { 0.5 } else { 1.0 };
        let (mut labels, mut dims) = (Vec::new(), Vec::new());
        for row in rows {
            if !labels.contains(&row.label.as_str()) {
                labels.push(&row.label);
            }
            if !dims.contains(&row.dim) {
                dims.push(row.dim);
            }
        }
        let heads: Vec<String> = dims.iter().map(|dim| format!(" d = {dim} |")).collect();
        let mut text = format!(
            "| network |{}\n|---|{}\n",
            heads.concat(),
            "--:|".repeat(dims.len())
        );
        for label in labels {
            let cells = dims.iter().map(|dim| {
                let row = rows
                    .iter()
                    .find(|row| row.label == label && row.dim == *dim);
                row.map_or("  |".into(), |row| {
                    let error = row.mse_db_mean * scale;
                    format!(" {error:.2}{} |", published(row.published_db))
                })
            });
            line(
                &mut text,
                format_args!("| {label} |{}", cells.collect::<String>()),
            );
        }
        text
    }

    fn field_markdown(&self, text: &mut String, rows: &[FieldRow]) {
        // The root's decibels are half the square's.
        let scale = if self.rmse { 0.5 } else { 1.0 };
        let unit = if self.rmse { "RMSE, dB" } else { "MSE, dB" };
        line(
            text,
            format_args!(
                "| d | network | {unit} | published | std over draws | std over seeds | seeds | parameters | rate |"
            ),
        );
        line(text, "|--:|---|--:|--:|--:|--:|--:|--:|--:|");
        for row in rows {
            let spread = |std: Option<f64>| cell(std.map(|std| std * scale), 2);
            let error = row.mse_db_mean * scale;
            let rate = row.learning_rate.map_or(String::new(), |r| r.to_string());
            line(
                text,
                format_args!(
                    "| {} | {} | {error:.2} | {} | {} | {} | {} | {} | {rate} |",
                    row.dim,
                    row.label,
                    cell(row.published_db, 2),
                    spread(row.mse_db_std_draws),
                    spread(row.mse_db_std_seeds),
                    row.seeds,
                    row.parameters,
                ),
            );
        }
    }

    /// The table as CSV, one line per row.
    ///
    /// # Errors
    /// If a row cannot be written, which memory alone could prevent.
    pub fn csv(&self) -> Result<String, RunError> {
        let failed = |reason: String| RunError::Damaged {
            path: format!("{}.csv", self.name).into(),
            reason,
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        match &self.rows {
            Rows::Field(rows) => {
                for row in rows {
                    let written = writer.serialize(row);
                    written.map_err(|error| failed(error.to_string()))?;
                }
            }
            Rows::Orbits(rows) => {
                for row in rows {
                    let written = writer.serialize(FlatOrbitRow::from(row));
                    written.map_err(|error| failed(error.to_string()))?;
                }
            }
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| failed(error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
    }
}

fn orbit_overview(rows: &[OrbitRow]) -> String {
    let mut text =
        "| network | positions | positions to t = 20 | energy |\n|---|--:|--:|--:|\n".to_owned();
    for row in rows {
        line(
            &mut text,
            format_args!(
                "| {} | {:.2}{} | {} | {:.2}{} |",
                row.label,
                row.coordinate_mse_db_mean,
                published(row.published_coordinate_db),
                cell(row.early_coordinate_mse_db_mean, 2),
                row.energy_mse_db_mean,
                published(row.published_energy_db),
            ),
        );
    }
    text
}

/// The published number in brackets, where there is one.
fn published(number: Option<f64>) -> String {
    number.map_or(String::new(), |number| format!(" ({number:.2})"))
}

/// Adds a line; writing to a string cannot fail.
fn line(text: &mut String, line: impl std::fmt::Display) {
    let _ = writeln!(text, "{line}");
}

fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or(String::new(), |value| format!("{value:.digits$}"))
}

fn orbit_markdown(text: &mut String, rows: &[OrbitRow]) {
    line(
        text,
        "| network | positions, MSE dB | published | positions to t = 20 | energy, MSE dB | published | std over seeds (positions, energy) | seeds | lost orbits | parameters | chosen |",
    );
    line(text, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|");
    for row in rows {
        let chosen = row.candidate.as_ref().map_or(String::new(), |candidate| {
            let mut chosen = format!("rate {}", candidate.learning_rate);
            chosen += &format!(", batch {}", candidate.batch);
            for (key, value) in &candidate.settings {
                chosen += &format!(", {key} {}", value.to_string().replace('"', ""));
            }
            chosen
        });
        let early = row
            .early_coordinate_mse_db_mean
            .zip(row.early_coordinate_mse_db_std)
            .map_or(String::new(), |(mean, std)| format!("{mean:.2} ± {std:.2}"));
        let seeds = match (row.coordinate_mse_db_std_seeds, row.energy_mse_db_std_seeds) {
            (Some(coordinate), Some(energy)) => format!("{coordinate:.2}, {energy:.2}"),
            _ => String::new(),
        };
        line(
            text,
            format_args!(
                "| {} | {:.2} ± {:.2} | {} | {early} | {:.2} ± {:.2} | {} | {seeds} | {} | {} | {} | {chosen} |",
                row.label,
                row.coordinate_mse_db_mean,
                row.coordinate_mse_db_std,
                cell(row.published_coordinate_db, 2),
                row.energy_mse_db_mean,
                row.energy_mse_db_std,
                cell(row.published_energy_db, 2),
                row.seeds,
                row.lost_orbits,
                row.parameters,
            ),
        );
    }
}

/// An [`OrbitRow`] without nested values, for CSV.
#[derive(Serialize)]
struct FlatOrbitRow<'a> {
    label: &'a str,
    network: &'a str,
    parameters: usize,
    learning_rate: Option<f64>,
    batch: Option<usize>,
    settings: String,
    coordinate_mse_db_mean: f64,
    coordinate_mse_db_std: f64,
    coordinate_mse_db_std_seeds: Option<f64>,
    early_coordinate_mse_db_mean: Option<f64>,
    early_coordinate_mse_db_std: Option<f64>,
    energy_mse_db_mean: f64,
    energy_mse_db_std: f64,
    energy_mse_db_std_seeds: Option<f64>,
    lost_orbits: usize,
    seeds: usize,
    published_coordinate_db: Option<f64>,
    published_energy_db: Option<f64>,
}

impl<'a> From<&'a OrbitRow> for FlatOrbitRow<'a> {
    fn from(row: &'a OrbitRow) -> Self {
        let candidate = row.candidate.as_ref();
        let settings = candidate.map_or(String::new(), |candidate| {
            let pairs = candidate.settings.iter();
            let pairs: Vec<_> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
            pairs.join(" ").replace('"', "")
        });
        Self {
            label: &row.label,
            network: &row.network,
            parameters: row.parameters,
            learning_rate: candidate.map(|candidate| candidate.learning_rate),
            batch: candidate.map(|candidate| candidate.batch),
            settings,
            coordinate_mse_db_mean: row.coordinate_mse_db_mean,
            coordinate_mse_db_std: row.coordinate_mse_db_std,
            coordinate_mse_db_std_seeds: row.coordinate_mse_db_std_seeds,
            early_coordinate_mse_db_mean: row.early_coordinate_mse_db_mean,
            early_coordinate_mse_db_std: row.early_coordinate_mse_db_std,
            energy_mse_db_mean: row.energy_mse_db_mean,
            energy_mse_db_std: row.energy_mse_db_std,
            energy_mse_db_std_seeds: row.energy_mse_db_std_seeds,
            lost_orbits: row.lost_orbits,
            seeds: row.seeds,
            published_coordinate_db: row.published_coordinate_db,
            published_energy_db: row.published_energy_db,
        }
    }
}
