//! Which rows train, which choose the weights, which are the test: decided by the seed.

use std::path::Path;

use rand::seq::SliceRandom;

use crate::data::{Stream, generator};
use crate::files::FileError;
use crate::setting_error::SettingError;

/// Rows of the three parts, by their number in the file from 0, in random order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows to train on.
    pub training: Vec<u32>,
    /// Rows that choose the weights.
    pub validation: Vec<u32>,
    /// Rows that give the reported error.
    pub test: Vec<u32>,
}

impl Split {
    /// Splits `rows` rows; a part that is asked for has at least one row as long as there are three.
    pub fn new(rows: u32, seed: u64, validation: f64, test: f64) -> Self {
        let mut order: Vec<u32> = (0..rows).collect();
        order.shuffle(&mut generator(seed, Stream::Split, 0));
        let count = |share: f64| ((f64::from(rows) * share).round() as usize).max(1);
        let left = |order: &Vec<u32>, wanted: usize| order.len().saturating_sub(wanted);
        let test = order.split_off(left(&order, count(test)));
        let validation = order.split_off(left(&order, count(validation)));
        Self {
            training: order,
            validation,
            test,
        }
    }

    /// Splits the rows of a file by the shares `[validation, test]`.
    ///
    /// # Errors
    /// If there are more rows than 32 bits count, or too few to train on with batches of `batch`.
    pub(super) fn of_file(
        file: &Path,
        rows: usize,
        seed: u64,
        [validation, test]: [f64; 2],
        batch: usize,
    ) -> Result<Self, FileError> {
        let wrong = |reason, remedy: &str| FileError::Format {
            file: file.into(),
            reason,
            remedy: remedy.into(),
        };
        let Ok(count) = u32::try_from(rows) else {
            let reason = format!("it has {rows} rows, more than 4,294,967,295");
            return Err(wrong(reason, "split the file"));
        };
        let split = Self::new(count, seed, validation, test);
        match split.training.len() {
            trained if trained < batch => Err(wrong(
                format!(
                    "of its {rows} rows {trained} are left to train on, fewer than a batch of {batch}"
                ),
                "add rows, or lower train.batch",
            )),
            _ => Ok(split),
        }
    }

    /// Checks the shares of the rows that validate and test.
    ///
    /// # Errors
    /// The first that is not between 0 and 1, or the larger one if nothing is left to train on.
    pub(crate) fn check_shares(validation: f64, test: f64) -> Result<(), SettingError> {
        let share = |field: &'static str, value: f64| match value > 0.0 && value < 1.0 {
            true => Ok(()),
            false => Err(SettingError::Invalid {
                field,
                value: value.to_string(),
                requirement: "must be a share of the rows between 0 and 1".into(),
                remedy: format!("write {field} = 0.1 for every tenth row"),
            }),
        };
        share("validation", validation)?;
        share("test", test)?;
        if validation + test < 1.0 {
            return Ok(());
        }
        let shares = [("validation", validation), ("test", test)];
        let [(other, beside), (field, value)] = match validation > test {
            true => [shares[1], shares[0]],
            false => shares,
        };
        Err(SettingError::Invalid {
            field,
            value: value.to_string(),
            requirement: format!("must leave rows to train on beside {other} = {beside}"),
            remedy: "write validation = 0.1 and test = 0.1".into(),
        })
    }

    /// For every row of the file whether it is trained on.
    pub(crate) fn trained(&self) -> Vec<bool> {
        let rows = self.training.len() + self.validation.len() + self.test.len();
        let mut trained = vec![false; rows];
        self.training
            .iter()
            .for_each(|row| trained[*row as usize] = true);
        trained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part_and_the_seed_says_in_which() {
        let split = Split::new(1_000, 3, 0.2, 0.1);
        assert_eq!(
            (
                split.training.len(),
                split.validation.len(),
                split.test.len()
            ),
            (700, 200, 100)
        );
        let mut all = [&split.training[..], &split.validation, &split.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..1_000).collect::<Vec<_>>());
        assert_eq!(split, Split::new(1_000, 3, 0.2, 0.1));
        assert_ne!(split, Split::new(1_000, 4, 0.2, 0.1));
    }

    #[test]
    fn three_rows_are_enough_for_three_parts() {
        let split = Split::new(3, 0, 0.01, 0.01);
        assert_eq!((split.training.len(), split.validation.len()), (1, 1));
        assert!(Split::new(0, 0, 0.1, 0.1).training.is_empty());
    }
}
