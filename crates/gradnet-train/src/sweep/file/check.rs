//! What a sweep file must be before any cell of it is looked at.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;

use super::{Seeds, Sweep};

impl Sweep {
    /// What is wrong with it, and what to do.
    pub(super) fn check(&self) -> Result<(), (String, &'static str)> {
        let rows: Vec<_> = self.rows.iter().map(|row| row.label.as_str()).collect();
        if rows.is_empty() {
            return Err(("it has no rows".into(), "add [[rows]] with a label"));
        }
        let twice = |what: &str, name: &dyn Display| {
            let remedy = "each row, case and seed is one line or column of the table: give it once";
            Err((format!("it has the {what} {name} twice"), remedy))
        };
        if let Some(label) = repeated(rows) {
            return twice("row", &format_args!("{label:?}"));
        }
        if let Some(name) = repeated(self.cases.iter().map(|case| case.name.as_str())) {
            return twice("case", &format_args!("{name:?}"));
        }
        let seeds = self.cases.iter().filter_map(|case| case.seeds.as_ref());
        for seeds in seeds.chain([&self.seeds]).map(Seeds::list) {
            if seeds.is_empty() {
                let remedy = "write seeds = 1, or a list such as seeds = [0, 1]";
                return Err(("it has no seeds".into(), remedy));
            }
            if let Some(seed) = repeated(seeds) {
                return twice("seed", &seed);
            }
        }
        let known = |case: &String| self.cases.iter().any(|known| known.name == *case);
        let cases = self.published.iter().filter_map(|row| row.case.as_ref());
        if let Some(case) = cases.into_iter().find(|case| !known(case)) {
            return Err((
                format!("a row of [[published]] is of the case {case:?}, which there is not"),
                "name one of the [[cases]], or leave `case` out to show the row in each",
            ));
        }
        let varied = self.rows.iter().map(|row| &row.vary).chain([&self.vary]);
        for (key, values) in varied.clone().flatten() {
            if values.as_array().is_none_or(Vec::is_empty) {
                return Err((
                    format!("`vary` of {key:?} is {values}, no list of values"),
                    "write a list, such as [0.01, 0.001]",
                ));
            }
        }
        self.check_starts()?;
        let set = self.rows.iter().map(|row| &row.set).chain([&self.set]);
        let mut tables = set
            .chain(self.cases.iter().map(|case| &case.set))
            .chain(varied);
        if tables.any(|table| table.contains_key("seed")) {
            return Err((
                "`set` or `vary` has a \"seed\", which would take the place of the sweep's seeds"
                    .into(),
                "write it into seeds = [...] at the top of the file",
            ));
        }
        Ok(())
    }
}

/// The first that is there twice.
fn repeated<T: Copy + Eq + Hash>(all: impl IntoIterator<Item = T>) -> Option<T> {
    let mut seen = HashSet::new();
    all.into_iter().find(|one| !seen.insert(*one))
}
