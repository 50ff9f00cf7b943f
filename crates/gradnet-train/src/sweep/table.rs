//! The table of a sweep.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::published::Published;
use super::{Filled, Sweep};
use crate::measure::{deviation, mean};
use crate::task::Quantities;

/// The table of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Its heading.
    pub title: String,
    /// What its numbers are.
    pub caption: String,
    /// Its lines, those to compare with at the end of each case.
    pub lines: Vec<Line>,
}

/// A row in a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The case.
    pub case: String,
    /// The label of the row, or the name of a row to compare with.
    pub row: String,
    /// What validation chose among what was varied.
    pub chosen: String,
    /// Trainable numbers; none of a row to compare with.
    pub parameters: Option<usize>,
    /// Seeds with a result.
    pub seeds: usize,
    /// Seeds whose run diverged.
    pub diverged: usize,
    /// The numbers by name: mean and standard deviation (n - 1) over the seeds.
    pub numbers: BTreeMap<String, Number>,
}

/// A number over several seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Number {
    /// The mean.
    pub mean: f64,
    /// The standard deviation (n - 1) over the seeds; none for a single one.
    pub std: Option<f64>,
    /// The unit.
    pub unit: String,
}

impl Table {
    /// The table of what is known.
    pub(super) fn new(sweep: &Sweep, filled: &[Filled<'_>]) -> Self {
        let of_case = filled.chunk_by(|a, b| a.place.case == b.place.case);
        let lines = of_case.flat_map(|case| {
            let mut lines: Vec<Line> = case.iter().map(Line::of).chain(compared(case)).collect();
            let name = &case[0].place.case;
            let of_case = |row: &&Published| row.case.as_ref().is_none_or(|case| case == name);
            let published = sweep.published.iter().filter(of_case);
            let published: Vec<Line> = published
                .map(|row| Line::published(row, name, &lines))
                .collect();
            lines.extend(published);
            lines
        });
        Self {
            title: sweep.title.clone(),
            caption: sweep.caption.clone(),
            lines: lines.collect(),
        }
    }

    /// The names of the numbers, in order.
    fn names(&self) -> Vec<(&str, &str)> {
        let numbers = self.lines.iter().flat_map(|line| &line.numbers);
        let names: BTreeMap<_, _> = numbers
            .map(|(name, n)| (name.as_str(), n.unit.as_str()))
            .collect();
        names.into_iter().collect()
    }

    /// The table as Markdown.
    pub fn markdown(&self) -> String {
        let names = self.names();
        let mut text = format!("## {}\n\n", self.title);
        if !self.caption.is_empty() {
            text += &format!("{}\n\n", self.caption);
        }
        text += "| case | row |";
        names
            .iter()
            .for_each(|(name, unit)| text += &format!(" {} |", headed(name, unit)));
        text += " parameters | seeds | chosen |\n|---|---|";
        text += &"--:|".repeat(names.len() + 2);
        text += "---|\n";
        for line in &self.lines {
            text += &format!("| {} | {} |", line.case, line.row);
            for (name, _) in &names {
                text += &format!(" {} |", line.numbers.get(*name).map_or("-".into(), shown));
            }
            let parameters = line.parameters.map_or("-".into(), |p| p.to_string());
            let seeds = match line.diverged {
                0 => line.seeds.to_string(),
                diverged => format!("{} ({diverged} diverged)", line.seeds),
            };
            text += &format!(" {parameters} | {seeds} | {} |\n", line.chosen);
        }
        text
    }

    /// The table's files: their ending and their text.
    pub(super) fn files(&self) -> [(&'static str, String); 3] {
        let json = serde_json::to_string_pretty(self);
        let json = json.expect("a table is texts and numbers, which JSON has") + "\n";
        [("md", self.markdown()), ("csv", self.csv()), ("json", json)]
    }

    fn csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names = self.names();
        let head = ["case", "row"].map(str::to_owned).into_iter();
        let numbers = names
            .iter()
            .flat_map(|(name, _)| [(*name).to_owned(), format!("{name}_std")]);
        let tail = ["parameters", "seeds", "diverged", "chosen"].map(str::to_owned);
        let mut lines = vec![head.chain(numbers).chain(tail).collect::<Vec<_>>()];
        for line in &self.lines {
            let numbers = names.iter().flat_map(|(name, _)| {
                let number = line.numbers.get(*name);
                let text =
                    |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
                [
                    text(number.map(|n| n.mean)),
                    text(number.and_then(|n| n.std)),
                ]
            });
            let parameters = line.parameters.map_or(String::new(), |p| p.to_string());
            let tail = [
                parameters,
                line.seeds.to_string(),
                line.diverged.to_string(),
                line.chosen.clone(),
            ];
            let head = [line.case.clone(), line.row.clone()];
            lines.push(head.into_iter().chain(numbers).chain(tail).collect());
        }
        let written = lines.iter().try_for_each(|line| writer.write_record(line));
        written.expect("writing to memory does not fail");
        let bytes = writer
            .into_inner()
            .expect("writing to memory does not fail");
        String::from_utf8(bytes).expect("texts are UTF-8")
    }
}

impl Line {
    fn of(filled: &Filled<'_>) -> Self {
        let results = filled.results();
        Self {
            case: filled.place.case.clone(),
            row: filled.place.row.clone(),
            chosen: filled.records[0].varied(),
            parameters: results.first().map(|result| result.parameters),
            seeds: results.len(),
            diverged: filled.records.len() - results.len(),
            numbers: over_seeds(results.iter().map(|result| result.quantities()).collect()),
        }
    }

    /// A row of numbers from elsewhere, in the units of the other lines of its case.
    fn published(row: &Published, case: &str, others: &[Self]) -> Self {
        let unit = |name: &String| {
            let known = others.iter().find_map(|line| line.numbers.get(name));
            known.map_or(String::new(), |number| number.unit.clone())
        };
        let numbers = row.numbers.iter().map(|(name, mean)| {
            let number = Number {
                mean: *mean,
                std: None,
                unit: unit(name),
            };
            (name.clone(), number)
        });
        Self {
            case: case.into(),
            row: row.label.clone(),
            chosen: String::new(),
            parameters: None,
            seeds: 0,
            diverged: 0,
            numbers: numbers.collect(),
        }
    }
}

/// The rows to compare with in a case: once for all rows that have the same beside them, which are named where they are
/// not all.
fn compared(case: &[Filled<'_>]) -> Vec<Line> {
    let mut groups: Vec<(Vec<Line>, Vec<&str>)> = Vec::new();
    for filled in case {
        let (lines, row) = (baselines(filled), filled.place.row.as_str());
        match groups.iter_mut().find(|(known, _)| *known == lines) {
            Some((_, rows)) => rows.push(row),
            None if lines.is_empty() => {}
            None => groups.push((lines, vec![row])),
        }
    }
    let several = groups.len() > 1;
    let named = |(lines, rows): (Vec<Line>, Vec<&str>)| {
        let beside = format!(" (beside {})", rows.join(", "));
        lines.into_iter().map(move |line| match several {
            true => Line {
                row: line.row + &beside,
                ..line
            },
            false => line,
        })
    };
    groups.into_iter().flat_map(named).collect()
}

/// The rows to compare with, over the seeds of one network.
fn baselines(filled: &Filled<'_>) -> Vec<Line> {
    let results = filled.results();
    let names = results.iter().flat_map(|r| r.scores.baselines.keys());
    let names: BTreeSet<_> = names.collect();
    let line = |name: &String| {
        let rows: Vec<_> = results
            .iter()
            .filter_map(|r| r.scores.baselines.get(name))
            .collect();
        Line {
            case: filled.place.case.clone(),
            row: name.clone(),
            chosen: String::new(),
            parameters: None,
            seeds: rows.len(),
            diverged: 0,
            numbers: over_seeds(rows.into_iter().cloned().collect()),
        }
    };
    names.into_iter().map(line).collect()
}

fn over_seeds(seeds: Vec<Quantities>) -> BTreeMap<String, Number> {
    let mut values: BTreeMap<String, (Vec<f64>, String)> = BTreeMap::new();
    for (name, quantity) in seeds.into_iter().flatten() {
        let (values, unit) = values.entry(name).or_default();
        values.push(quantity.value);
        *unit = quantity.unit;
    }
    let number = |(name, (values, unit)): (String, (Vec<f64>, String))| {
        let (mean, std) = (mean(&values), deviation(&values));
        (name, Number { mean, std, unit })
    };
    values.into_iter().map(number).collect()
}

fn headed(name: &str, unit: &str) -> String {
    match unit {
        "" => name.to_owned(),
        unit => format!("{name} ({unit})"),
    }
}

fn shown(number: &Number) -> String {
    match number.std {
        Some(std) => format!("{} ± {}", rounded(number.mean), rounded(std)),
        None => rounded(number.mean),
    }
}

/// Three places, or three digits of what is smaller than they show.
fn rounded(value: f64) -> String {
    match value.abs() {
        size if size > 0.0 && size < 0.01 => format!("{value:.2e}"),
        _ => format!("{value:.3}"),
    }
}
