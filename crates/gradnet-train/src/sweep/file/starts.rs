//! Rows that begin with the weights of others.

use super::{Row, Sweep, refused};
use crate::sweep::{Cell, Place, SweepError};
use crate::training::WHAT_BEGINS;

impl Row {
    /// The cells that it begins with in a case, one a seed, among the places above it.
    pub(super) fn starts<'p>(&self, case: &str, places: &'p [Place]) -> Option<&'p [Cell]> {
        let start = self.start.as_ref()?;
        let mut places = places.iter();
        let place = places.find(|place| place.row == *start && place.case == case)?;
        Some(&place.candidates[0])
    }
}

impl Sweep {
    /// What is wrong with the rows that begin with others, and what to do.
    pub(super) fn check_starts(&self) -> Result<(), (String, &'static str)> {
        for (place, row) in self.rows.iter().enumerate() {
            let Some(start) = &row.start else { continue };
            let wrong =
                |what: &str| format!("the row {:?} starts from {start:?}, {what}", row.label);
            let before = self.rows[..place]
                .iter()
                .find(|other| other.label == *start);
            let Some(before) = before else {
                let remedy = "name the label of a row above it";
                return Err((wrong("which is no row above it"), remedy));
            };
            if !before.vary.is_empty() || !self.vary.is_empty() {
                let remedy =
                    "give that row one value of each setting, or write `vary` into other rows";
                return Err((wrong("which has several candidates"), remedy));
            }
        }
        Ok(())
    }

    /// The cell, begun with the weights of another if its row says so.
    pub(super) fn begun(&self, cell: Cell, start: Option<&Cell>) -> Result<Cell, SweepError> {
        let Some(start) = start else {
            return Ok(cell);
        };
        let [of, before] = [&cell, start].map(|cell| &cell.experiment.network);
        if before.begins(of) && start.experiment.task.on_patches() {
            return Ok(cell.beginning_with(start));
        }
        let reason = format!(
            "the row {:?} cannot begin with the weights of {:?}, whose network is another",
            cell.row, start.row
        );
        let remedy = format!("name a row that is {WHAT_BEGINS}");
        Err(refused(&self.file, &reason, &remedy))
    }
}
