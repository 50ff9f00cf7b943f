//! Rows that stand in the file several times, so that some are both trained on and held out.

use std::hash::{DefaultHasher, Hasher};

use super::Finding;
use crate::data::file::Split;
use crate::data::file::storage::Storage;

/// How many held-out rows are, number for number, also trained on.
///
/// Rows are compared by digests of 64 bits of which only those held out are kept: a file may have
/// more rows than memory has room for.
pub(super) fn examine(storage: &Storage, split: &Split) -> Option<Finding> {
    let digest_of = |row: u32| {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        storage.row(row, &mut x, &mut y);
        digest(&x, &y)
    };
    let mut held_out: Vec<(u64, bool)> = split
        .validation
        .iter()
        .chain(&split.test)
        .map(|row| (digest_of(*row), false))
        .collect();
    held_out.sort_unstable();
    let trained = split.trained();
    storage.each_row(|row, x, y| {
        if !trained[row as usize] {
            return;
        }
        let wanted = digest(x, y);
        let first = held_out.partition_point(|(found, _)| *found < wanted);
        for (found, repeated) in &mut held_out[first..] {
            if *found != wanted {
                break;
            }
            *repeated = true;
        }
    });
    let repeated = held_out.iter().filter(|(_, repeated)| *repeated).count();
    (repeated > 0).then(|| Finding {
        message: format!(
            "{repeated} of the {} rows held out are, number for number, also among the rows to \
            train on: the errors on them flatter",
            held_out.len()
        ),
        remedy: "keep each row once".into(),
    })
}

fn digest(x: &[f64], y: &[f64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for number in x.iter().chain(y) {
        // Minus zero is zero.
        hasher.write_u64((number + 0.0).to_bits());
    }
    hasher.finish()
}
