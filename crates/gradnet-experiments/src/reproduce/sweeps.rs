//! The tables of the tasks that the paper does not have, as the sweeps of `configs/sweeps`, which `sweeps/` links to.

use std::path::Path;

use gradnet_train::sweep::{Sweep, SweepError};
use toml::{Table, Value};

/// A table of a task: the name of its file, and its text.
type Text = (&'static str, &'static str);

/// Scores from samples.
const SCORES: [Text; 3] = [
    ("scores", include_str!("sweeps/scores.toml")),
    (
        "scores_log_concave",
        include_str!("sweeps/scores_log_concave.toml"),
    ),
    ("score_losses", include_str!("sweeps/score_losses.toml")),
];

/// Dynamics from recorded paths.
const DYNAMICS: [Text; 1] = [("dynamics", include_str!("sweeps/dynamics.toml"))];

/// Optimal transport where the map is known.
const TRANSPORT: [Text; 1] = [("transport", include_str!("sweeps/transport.toml"))];

/// Regularizers of images, on pictures that are not part of the program.
const DENOISING: [Text; 1] = [("denoising", include_str!("sweeps/denoising.toml"))];

/// The folders of pictures inside the one that is named, and what each is for.
const FOLDERS: [(&str, &str); 3] = [
    ("images.train", "train"),
    ("images.validation", "set12"),
    ("images.test", "set68"),
];

/// A task with tables of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskTables {
    /// Scores from samples.
    Scores,
    /// Dynamics from recorded paths.
    Dynamics,
    /// Optimal transport where the map is known.
    Transport,
    /// Regularizers of images.
    Denoising,
}

impl TaskTables {
    /// Whether it reads pictures that are not part of the program.
    pub fn needs_images(self) -> bool {
        self == Self::Denoising
    }

    /// Its sweeps by name; with `quick` with budgets of a second a cell, which test the way and not the numbers.
    /// `images` is the folder of the pictures, for those that read some.
    ///
    /// # Errors
    /// [`SweepError::File`] if a file of the program is no sweep, which a test excludes.
    pub fn sweeps(
        self,
        quick: bool,
        images: Option<&Path>,
    ) -> Result<Vec<(&'static str, Sweep)>, SweepError> {
        let (texts, quick_cases): (&[Text], usize) = match self {
            Self::Denoising => (&DENOISING, 1),
            // Samples are drawn for every cell, which takes longer the more coordinates they have.
            Self::Scores => (&SCORES, 1),
            Self::Dynamics => (&DYNAMICS, 4),
            Self::Transport => (&TRANSPORT, 1),
        };
        let sweep = |(name, text): &Text| {
            let table: Table = text
                .parse()
                .unwrap_or_else(|error| panic!("sweeps are part of the program: {error}"));
            let mut table = if quick {
                shortened(table, quick_cases, self.few())
            } else {
                table
            };
            if let Some(images) = images.filter(|_| self.needs_images()) {
                read_from(&mut table, images);
            }
            Ok((*name, Sweep::from_table(table, Path::new(name))?))
        };
        texts.iter().map(sweep).collect()
    }

    /// The settings of a quick cell.
    fn few(self) -> Table {
        match self {
            Self::Denoising => toml::toml! {
                "train.steps" = 20
                "train.validation.every" = 10
                "train.batch" = 4
                "images.levels" = [25]
                "network.*.filters" = 4
                "network.*.size" = 5
            },
            _ => toml::toml! {
                "train.steps" = 20
                "train.validation.every" = 10
                "train.validation.points" = 200
                "evaluation.points" = 200
            },
        }
    }
}

/// Sets the folders of pictures, wherever the sweep's file stands.
fn read_from(table: &mut Table, images: &Path) {
    let images = std::path::absolute(images).unwrap_or_else(|_| images.into());
    let set = table.entry("set").or_insert_with(|| Table::new().into());
    if let Value::Table(set) = set {
        let folder = |name| images.join(name).display().to_string();
        set.extend(FOLDERS.map(|(key, name)| (key.to_owned(), folder(name).into())));
    }
}

/// The same with one seed, the first of everything varied, the first cases, and few steps.
fn shortened(mut table: Table, cases: usize, few: Table) -> Table {
    let title = table
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let title = format!("{title} (quick: not the budgets of the table)");
    table.insert("title".into(), title.into());
    let caption = "A test of the way with small budgets; the numbers mean nothing.";
    table.insert("caption".into(), caption.into());
    table.insert("seeds".into(), 1.into());
    let parts = ["rows", "cases"].map(|key| {
        let all = table.remove(key);
        let Some(Value::Array(mut all)) = all else {
            return (key, Value::Array(Vec::new()));
        };
        if key == "cases" {
            all.truncate(cases);
        }
        for part in all.iter_mut().filter_map(Value::as_table_mut) {
            first_of_each(part);
            part.remove("seeds");
            if let Some(Value::Table(set)) = part.get_mut("set") {
                set.retain(|key, _| !few.contains_key(key));
            }
        }
        (key, Value::Array(all))
    });
    for (key, all) in parts {
        if all.as_array().is_some_and(|all| !all.is_empty()) {
            table.insert(key.into(), all);
        }
    }
    first_of_each(&mut table);
    let set = table.entry("set").or_insert_with(|| Table::new().into());
    if let Value::Table(set) = set {
        set.extend(few);
    }
    table
}

/// Leaves of each list of values the first.
fn first_of_each(table: &mut Table) {
    if let Some(Value::Table(vary)) = table.get_mut("vary") {
        for (_, values) in vary.iter_mut() {
            if let Value::Array(values) = values {
                values.truncate(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradnet_train::data::{Stream, generator};
    use gradnet_train::pictures::dead_leaves;

    const EVERY: [TaskTables; 4] = [
        TaskTables::Scores,
        TaskTables::Dynamics,
        TaskTables::Transport,
        TaskTables::Denoising,
    ];

    /// A picture in each of the folders.
    fn images() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (seed, (_, name)) in FOLDERS.iter().enumerate() {
            let of = folder.path().join(name);
            std::fs::create_dir(&of).unwrap();
            let mut random = generator(seed as u64, Stream::Test, 0);
            let picture = dead_leaves(String::new(), 48, &mut random);
            picture.write(&of.join("a.png")).unwrap();
        }
        folder
    }

    #[test]
    fn every_sweep_reads_and_every_cell_of_it_is_a_run_that_can_start() {
        let images = images();
        for tables in EVERY {
            for (name, sweep) in tables.sweeps(false, Some(images.path())).unwrap() {
                let whole = sweep.places().unwrap();
                // A regularizer of images trains and tests for an hour.
                let least = if tables.needs_images() { 1 } else { 2 };
                assert!(
                    whole.iter().all(|place| place.candidates[0].len() >= least),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn a_quick_sweep_has_the_same_rows_with_one_short_cell_each() {
        let images = images();
        for tables in EVERY {
            let sweeps = |quick| tables.sweeps(quick, Some(images.path())).unwrap();
            for ((name, whole), (_, quick)) in sweeps(false).into_iter().zip(sweeps(true)) {
                let (whole, quick) = (whole.places().unwrap(), quick.places().unwrap());
                let places = whole.iter().zip(&quick);
                let same = places.filter(|(a, b)| (&a.row, &a.case) == (&b.row, &b.case));
                assert_eq!(same.count(), quick.len(), "{name}");
                for place in &quick {
                    assert_eq!(place.candidates.len(), 1, "{name}");
                    assert_eq!(place.candidates[0].len(), 1, "{name}");
                    assert_eq!(place.candidates[0][0].experiment.train.steps, 20, "{name}");
                }
            }
        }
    }
}
