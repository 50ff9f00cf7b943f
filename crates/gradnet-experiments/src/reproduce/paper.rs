//! The paper's tables as sweeps, with what the paper prints beside them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use crate::two_body::Horizon;
use gradnet_train::sweep::{Place, Sweep, SweepError};

/// A table of the paper: a sweep file with a table `[paper]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Paper {
    /// Its name on the command line and in the results.
    pub name: &'static str,
    /// What the paper prints, and of what.
    pub published: Published,
    /// How far predicted orbits are followed.
    pub horizon: Horizon,
    /// The sweep as its file has it.
    sweep: Table,
}

/// What the paper prints, and of what.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// What is measured.
    #[serde(default)]
    pub measure: Quantity,
    /// The unit of the published numbers.
    #[serde(default)]
    pub unit: Unit,
    /// The errors of fields by the label of their row, one a case.
    #[serde(default)]
    pub published_db: BTreeMap<String, Vec<f64>>,
    /// The errors of predicted orbits by the label of their row.
    #[serde(default)]
    pub published_orbits: BTreeMap<String, OrbitErrors>,
}

/// Published errors of predicted orbits.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrbitErrors {
    /// Of the positions.
    pub coordinate_mse_db: f64,
    /// Of the energy.
    pub energy_mse_db: f64,
}

/// What a table measures of a trained network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// The error of the field at test points.
    #[default]
    Field,
    /// The errors of predicted orbits as well.
    Orbits,
}

/// The unit of published numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// `10 log10` of the mean squared error.
    #[default]
    Mse,
    /// `10 log10` of its root.
    Rmse,
}

/// A part of a table: some of its networks and dimensions, and how many seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Registered names of the networks; all if not given.
    pub networks: Option<Vec<String>>,
    /// Dimensions; all if not given.
    pub dims: Option<Vec<usize>>,
    /// Seeds, where they are not the table's.
    pub seeds: Option<usize>,
}

/// The tables by name, with their text.
const TABLES: [(&str, &str); 5] = [
    ("table1", include_str!("tables/table1.toml")),
    ("table2", include_str!("tables/table2.toml")),
    ("table3", include_str!("tables/table3.toml")),
    ("toy-convex", include_str!("tables/toy_convex.toml")),
    ("toy-nonconvex", include_str!("tables/toy_nonconvex.toml")),
];

impl Paper {
    /// The names of all tables, in the paper's order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLES.iter().map(|(name, _)| *name)
    }

    /// The table of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        let (name, text) = TABLES.iter().find(|(known, _)| *known == name)?;
        let read = || {
            let mut sweep: Table = text.parse()?;
            let published = sweep.remove("paper").unwrap_or(Table::new().into());
            Ok::<_, toml::de::Error>(Self {
                name,
                published: published.try_into()?,
                horizon: Horizon::default(),
                sweep,
            })
        };
        Some(read().unwrap_or_else(|error| panic!("tables are part of the program: {error}")))
    }

    /// The table's heading.
    pub fn title(&self) -> &str {
        text(&self.sweep, "title")
    }

    /// What its numbers are.
    pub fn caption(&self) -> &str {
        text(&self.sweep, "caption")
    }

    /// The labels of its rows with the registered names of their networks.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        tables(&self.sweep, "rows").map(|row| (text(row, "label"), text(row, "network")))
    }

    /// The dimensions of its cases; none where the target has its own.
    pub fn dims(&self) -> Vec<usize> {
        tables(&self.sweep, "cases").filter_map(dim).collect()
    }

    /// The published error of a field in a place.
    pub fn published_db(&self, place: &Place) -> Option<f64> {
        let case = tables(&self.sweep, "cases").position(|case| text(case, "name") == place.case);
        let published = self.published.published_db.get(&place.row)?;
        published.get(case.unwrap_or(0)).copied()
    }

    /// What it has to fill, every cell checked.
    ///
    /// # Errors
    /// The first cell that cannot be run.
    pub fn places(&self) -> Result<Vec<Place>, SweepError> {
        Sweep::from_table(self.sweep.clone(), Path::new(self.name))?.places()
    }

    /// A part of it.
    pub fn select(&self, selection: &Selection) -> Self {
        let mut part = self.clone();
        if let Some(networks) = &selection.networks {
            let asked = |row: &Table| networks.iter().any(|name| name == text(row, "network"));
            retain(&mut part.sweep, "rows", asked);
        }
        if let Some(dims) = &selection.dims {
            let asked = |case: &Table| dim(case).is_none_or(|dim| dims.contains(&dim));
            retain(&mut part.sweep, "cases", asked);
        }
        if let Some(seeds) = selection.seeds {
            part.seed(seeds);
        }
        part
    }

    /// All of it, with at least the seeds of a selection.
    pub fn whole(&self, selection: &Selection) -> Self {
        let mut whole = self.clone();
        let Some(seeds) = selection.seeds else {
            return whole;
        };
        let more = |table: &mut Table| {
            let known = table.get("seeds").and_then(Value::as_integer);
            if let Some(known) = known {
                table.insert("seeds".into(), known.max(seeds as i64).into());
            }
        };
        more(&mut whole.sweep);
        tables_mut(&mut whole.sweep, "cases").for_each(more);
        whole
    }

    /// Gives every case so many seeds.
    fn seed(&mut self, seeds: usize) {
        let seeds = Value::from(seeds as i64);
        for case in tables_mut(&mut self.sweep, "cases") {
            case.insert("seeds".into(), seeds.clone());
        }
        self.sweep.insert("seeds".into(), seeds);
    }

    /// The same with budgets so small that a cell takes a second or less: a test of the way, not of the numbers.
    pub fn quick(mut self) -> Self {
        let title = format!("{} (quick: not the paper's budgets)", self.title());
        let caption = "A test of the way with small budgets; the numbers mean nothing.";
        self.sweep.insert("title".into(), title.into());
        self.sweep.insert("caption".into(), caption.into());
        if let Some(Value::Array(cases)) = self.sweep.get_mut("cases") {
            cases.truncate(1);
        }
        self.seed(2);
        shorten(&mut self.sweep);
        for row in tables_mut(&mut self.sweep, "rows") {
            shorten(row);
            if let Some(Value::Table(set)) = row.get_mut("set")
                && let Some(steps) = set.get_mut("train.steps")
            {
                *steps = 120.into();
            }
        }
        let fixed = self.sweep["base"]["train"].get("data").is_some();
        let mut set = toml::toml! {
            "train.steps" = 60
            "train.validation.every" = 20
            "train.validation.points" = 200
            "evaluation.points" = 400
            "evaluation.linear_points" = 500
        };
        if fixed {
            set.insert("train.data.fixed.points".into(), 5_000.into());
        } else {
            set.insert("evaluation.draws".into(), 2.into());
        }
        self.sweep.insert("set".into(), set.into());
        self.horizon = Horizon {
            end: 2.0,
            points: 50,
        };
        self
    }
}

/// Leaves of what is varied one value, of learning rates the second and third.
fn shorten(table: &mut Table) {
    let Some(Value::Table(vary)) = table.get_mut("vary") else {
        return;
    };
    for (key, values) in vary {
        if let Value::Array(values) = values {
            if key == "train.learning_rate" && values.len() > 1 {
                values.remove(0);
                values.truncate(2);
            } else {
                values.truncate(1);
            }
        }
    }
}

/// The text of a key, which the tables of the program have.
fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The dimension that a case sets.
fn dim(case: &Table) -> Option<usize> {
    let mut set = case.get("set")?.as_table()?.iter();
    let (_, dim) = set.find(|(key, _)| key.ends_with(".dim"))?;
    usize::try_from(dim.as_integer()?).ok()
}

fn tables<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    let all = table.get(key).and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_table)
}

fn tables_mut<'a>(table: &'a mut Table, key: &str) -> impl Iterator<Item = &'a mut Table> {
    let all = table.get_mut(key).and_then(Value::as_array_mut);
    all.into_iter().flatten().filter_map(Value::as_table_mut)
}

fn retain(table: &mut Table, key: &str, keeps: impl Fn(&Table) -> bool) {
    if let Some(all) = table.get_mut(key).and_then(Value::as_array_mut) {
        all.retain(|one| one.as_table().is_some_and(&keeps));
    }
}
