//! Which rows train, which choose the weights, which are the test: decided by the seed.

use rand::seq::SliceRandom;

use crate::data::{Stream, generator};

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
