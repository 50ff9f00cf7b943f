//! Numbers far from the origin, where 32 bits, in which they were stored, or 64, in which they are
//! read, leave few steps.

use super::{Finding, shown};
use crate::data::file::storage::Storage;

/// The rounding that is worth a word, as a share of a column's spread.
const COARSE: f64 = 1e-3;

/// What is known of a column.
#[derive(Clone, Copy)]
struct Column {
    low: f64,
    high: f64,
    /// Whether all its numbers are 32-bit floats, and whether all are whole.
    narrow: bool,
    whole: bool,
}

impl Column {
    const EMPTY: Self = Self {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
        narrow: true,
        whole: true,
    };

    fn add(&mut self, value: f64) {
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        self.narrow &= f64::from(value as f32) == value;
        self.whole &= value.fract() == 0.0;
    }

    /// The step between floats of this size, if it is coarse beside the range.
    fn step(&self) -> Option<f64> {
        let size = self.low.abs().max(self.high.abs());
        let step = match self.narrow {
            true => f64::from((size as f32).next_up()) - size,
            false => size.next_up() - size,
        };
        // Whole numbers up to 2^24, or 2^53, are floats: they may well be what was measured.
        let exact = self.whole && step <= 1.0;
        let range = self.high - self.low;
        (!exact && step > COARSE * range && range > 0.0).then_some(step)
    }
}

/// The first column whose numbers have lost digits before they were written.
pub(super) fn examine(storage: &Storage) -> Option<Finding> {
    let mut columns = vec![Column::EMPTY; storage.columns().len()];
    storage.each_row(|_, x, y| {
        let values = x.iter().chain(y);
        columns
            .iter_mut()
            .zip(values)
            .for_each(|(column, value)| column.add(*value));
    });
    let mut named = columns.iter().zip(storage.columns());
    let (column, name, step) =
        named.find_map(|(column, name)| Some((column, name, column.step()?)))?;
    let (stored, remedy) = match column.narrow {
        true => ("was stored with 32 bits", ", or write 64 bits"),
        false => ("is read in 64 bits", ""),
    };
    Some(Finding {
        message: format!(
            "{name} {stored}: between {:?} and {:?} they have steps of {}, {} % \
            of that range",
            column.low,
            column.high,
            shown(step),
            shown(100.0 * step / (column.high - column.low))
        ),
        remedy: format!("take the offset off before you write the file{remedy}"),
    })
}
