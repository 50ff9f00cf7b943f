//! The column with potentials: energies beside forces.

use super::FileConfig;
use crate::files::{FileError, RowReader, Selection, Wanted};
use crate::setting_error::SettingError;

/// Rows read at a time.
const CHUNK: usize = 4_096;

impl FileConfig {
    /// Checks what is said of potentials.
    pub(super) fn check_potential(&self) -> Result<(), SettingError> {
        let invalid = |field, value: String, requirement: &str, remedy: &str| {
            Err(SettingError::Invalid {
                field,
                value,
                requirement: requirement.into(),
                remedy: remedy.into(),
            })
        };
        let weights = [
            ("gradient_weight", self.gradient_weight),
            ("potential_weight", self.potential_weight),
        ];
        for (field, weight) in weights {
            if !(weight.is_finite() && weight >= 0.0) {
                return invalid(
                    field,
                    weight.to_string(),
                    "must be a number that is not negative",
                    "leave it out: 1 weighs the scaled errors of gradients and potentials alike",
                );
            }
        }
        let Some(name) = &self.potential else {
            return match weights.into_iter().find(|(_, weight)| *weight != 1.0) {
                Some((field, weight)) => invalid(
                    field,
                    weight.to_string(),
                    "has a meaning beside a potential only",
                    "name the column with potential = \"E\", or leave it out",
                ),
                None => Ok(()),
            };
        };
        if self.gradient_weight + self.potential_weight == 0.0 {
            return invalid(
                "gradient_weight",
                "0".into(),
                "must not be 0 beside potential_weight = 0",
                "give one of them a weight",
            );
        }
        // Without names the columns are halved, and the potential would be among them.
        if self.x.is_empty() || self.y.is_empty() {
            return invalid(
                "potential",
                format!("\"{name}\""),
                "needs the other columns named",
                "add x = [...] and y = [...] with the columns of points and gradients",
            );
        }
        Ok(())
    }

    /// The reader of the potentials.
    pub(super) fn open_potential(&self) -> Result<Option<RowReader>, FileError> {
        let Some(name) = &self.potential else {
            return Ok(None);
        };
        let selection = Selection::Named(vec![name.clone()]);
        let reader = RowReader::open_with(&self.path, &selection, self.reading(Wanted::Any))?;
        match reader.width() {
            1 => Ok(Some(reader)),
            width => Err(FileError::Column {
                file: self.path.clone(),
                what: "array",
                name: name.clone(),
                requirement: format!("has {width} numbers a row, not one"),
                remedy: "save one potential for each point".into(),
            }),
        }
    }

    /// The potential of each row, where a column has them.
    ///
    /// # Errors
    /// The first row that cannot be used.
    pub fn potentials(&self) -> Result<Option<Vec<f64>>, FileError> {
        let Some(mut reader) = self.open_potential()? else {
            return Ok(None);
        };
        let mut potentials = Vec::new();
        while reader.read(CHUNK, &mut potentials)? > 0 {}
        Ok(Some(potentials))
    }
}
