//! Values that are no measurements: stand-ins for missing ones, such as -9999, and slips.

use super::{Finding, shown};
use crate::data::file::storage::Storage;

/// Magnitudes that stand for "missing" in the formats people have, the largest floats among them.
const STAND_INS: [f64; 20] = [
    999.0,
    9999.0,
    99999.0,
    999_999.0,
    9_999_999.0,
    99.9,
    999.9,
    9999.9,
    999.25,
    8888.0,
    32767.0,
    32768.0,
    2_147_483_647.0,
    2_147_483_648.0,
    1e20,
    1e30,
    1e35,
    1e36,
    9.969_209_968_386_869e36,
    3.402_823_466_385_288_6e38,
];

/// Rows by which the ordinary range of a column is judged.
const SAMPLE: usize = 4_096;

/// The values farthest out that are kept of each column.
const FARTHEST: usize = 16;

/// How many times farther out than the next, and than the quartiles are apart, a slip is.
const GAP: f64 = 20.0;

/// Rows without which nothing is ordinary.
const FEWEST: usize = 20;

/// Values that stick out of a column.
struct Odd {
    value: f64,
    first: u32,
    count: usize,
    /// The range of the other values.
    others: (f64, f64),
}

/// What is gathered about a column.
struct Column {
    middle: f64,
    /// The distance between the quartiles.
    spread: f64,
    /// Whether no value stands twice in the sample.
    distinct: bool,
    /// Stand-ins: value, first row and number.
    stand_ins: Vec<(f64, u32, usize)>,
    low: f64,
    high: f64,
    /// Distance from the middle, value and row of the others, the farthest first.
    farthest: Vec<(f64, f64, u32)>,
}

impl Column {
    fn new(mut sample: Vec<f64>) -> Self {
        sample.sort_by(f64::total_cmp);
        let quantile = |part: usize| sample.get(part * sample.len() / 4).copied().unwrap_or(0.0);
        Self {
            middle: quantile(2),
            spread: quantile(3) - quantile(1),
            distinct: sample.windows(2).all(|pair| pair[0] < pair[1]),
            stand_ins: Vec::new(),
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            farthest: Vec::new(),
        }
    }

    fn add(&mut self, row: u32, value: f64) {
        if is_stand_in(value) {
            match self
                .stand_ins
                .iter_mut()
                .find(|(known, ..)| *known == value)
            {
                Some((.., count)) => *count += 1,
                None => self.stand_ins.push((value, row, 1)),
            }
            return;
        }
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        let distance = (value - self.middle).abs();
        let place = self
            .farthest
            .partition_point(|(known, ..)| *known >= distance);
        if place < FARTHEST {
            self.farthest.insert(place, (distance, value, row));
            self.farthest.truncate(FARTHEST);
        }
    }

    /// A stand-in that lies outside the other values, or is the only value that comes again.
    fn stand_in(&self) -> Option<Odd> {
        let odd = |(value, _, count): &&(f64, u32, usize)| {
            if self.low > self.high {
                return false;
            }
            let gap = (self.low - value).max(value - self.high);
            // Where most values are the same, what the others span is the measure.
            let spread = match self.spread {
                0.0 => self.high - self.low,
                spread => spread,
            };
            gap > spread || (*count >= 3 && self.distinct)
        };
        let (value, first, count) = self.stand_ins.iter().find(odd)?;
        Some(Odd {
            value: *value,
            first: *first,
            count: *count,
            others: (self.low, self.high),
        })
    }

    /// The few values beyond a gap that no tail of a distribution has.
    fn slip(&self, rows: usize) -> Option<Odd> {
        let most = (rows / 100)
            .clamp(1, FARTHEST - 1)
            .min(self.farthest.len().saturating_sub(1));
        let count = (1..=most).find(|count| {
            let (inside, outside) = (self.farthest[*count].0, self.farthest[count - 1].0);
            inside > 0.0 && outside >= GAP * inside && outside >= GAP * self.spread
        })?;
        let inside = self.farthest[count].0;
        let (_, value, first) = self.farthest[0];
        Some(Odd {
            value,
            first,
            count,
            others: (
                self.low.max(self.middle - inside),
                self.high.min(self.middle + inside),
            ),
        })
    }
}

fn is_stand_in(value: f64) -> bool {
    let size = value.abs();
    size >= 99.0
        && STAND_INS
            .iter()
            .any(|known| (size - known).abs() <= 1e-7 * known)
}

/// The values that stick out, if any do; `place` gives a row of a column a name.
pub(super) fn examine(storage: &Storage, place: impl Fn(u32, usize) -> String) -> Vec<Finding> {
    let (rows, names) = (storage.rows(), storage.columns());
    if rows < FEWEST {
        return Vec::new();
    }
    let mut samples = vec![Vec::new(); names.len()];
    for row in (0..rows).step_by(rows.div_ceil(SAMPLE)) {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        storage.row(row as u32, &mut x, &mut y);
        for (sample, value) in samples.iter_mut().zip(x.into_iter().chain(y)) {
            if !is_stand_in(value) {
                sample.push(value);
            }
        }
    }
    let mut columns: Vec<Column> = samples.into_iter().map(Column::new).collect();
    storage.each_row(|row, x, y| {
        let values = x.iter().chain(y);
        columns
            .iter_mut()
            .zip(values)
            .for_each(|(column, value)| column.add(row, *value));
    });
    let odd = |column: &Column| column.stand_in().or_else(|| column.slip(rows));
    let found: Vec<(usize, Odd)> = columns
        .iter()
        .enumerate()
        .filter_map(|(place, column)| Some((place, odd(column)?)))
        .collect();
    let Some((column, odd)) = found.first() else {
        return Vec::new();
    };
    let again = match odd.count {
        1 => String::new(),
        count => format!(" and in {} more rows", count - 1),
    };
    let elsewhere = match found.len() {
        1 => String::new(),
        columns => format!("; {} more columns have such values", columns - 1),
    };
    let value = match odd.value.abs() < 1e15 {
        true => odd.value.to_string(),
        false => format!("{:e}", odd.value),
    };
    vec![Finding {
        message: format!(
            "{}, {}: {value} stands there{again}, where the others lie between {} and \
            {}{elsewhere}: such values alone decide the scale of the fit",
            place(odd.first, *column),
            names[*column],
            shown(odd.others.0),
            shown(odd.others.1)
        ),
        remedy: "remove the row if it stands for a missing value or is a slip".into(),
    }]
}
