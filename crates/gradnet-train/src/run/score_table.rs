//! A result as people read it: its numbers beside those of the rows, and the rows that beat it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Scores;
use crate::measure::four_digits;
use crate::task::{Headline, Quantity};

/// The numbers of a result, with four digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreTable {
    /// The names of the numbers that some row has too, with their units, after an empty one.
    pub head: Vec<String>,
    /// The name and the numbers of the network and of each row, those that bound all others last.
    pub rows: Vec<Vec<String>>,
    /// What is known of the network alone: name and number.
    pub alone: Vec<[String; 2]>,
    /// What the numbers were measured on, a sentence; none where the task's name says it.
    pub tested: Option<String>,
}

impl ScoreTable {
    /// The table of a result that is judged by `headline`.
    pub fn new(scores: &Scores, headline: &Headline) -> Self {
        let own = &scores.metrics;
        let columns: BTreeMap<_, _> = scores.baselines.values().flatten().chain(own).collect();
        let in_a_row = |name: &str| scores.baselines.values().any(|row| row.contains_key(name));
        let columns: Vec<_> = columns
            .into_iter()
            .filter(|(name, _)| in_a_row(name))
            .collect();
        let head = columns
            .iter()
            .map(|(name, quantity)| match quantity.unit.as_str() {
                "" => name.to_string(),
                unit => format!("{name} ({unit})"),
            });
        let mut rows = vec![("network", own)];
        rows.extend(
            scores
                .baselines
                .iter()
                .map(|(row, numbers)| (row.as_str(), numbers)),
        );
        rows.sort_by_key(|(row, _)| headline.bounds.contains(row));
        let cells = |(row, numbers): (&str, &BTreeMap<String, Quantity>)| {
            let cell = |(name, _): &(&String, _)| numbers.get(*name).map_or("-".into(), cell);
            std::iter::once(row.into())
                .chain(columns.iter().map(cell))
                .collect()
        };
        let alone = own.iter().filter(|(name, _)| !in_a_row(name));
        let drawn = own
            .values()
            .find_map(|number| Some((number.draws?, number.points?)));
        Self {
            head: std::iter::once(String::new()).chain(head).collect(),
            rows: rows.into_iter().map(cells).collect(),
            alone: alone.map(|(name, number)| [name.clone(), number.to_string()]).collect(),
            tested: drawn.map(|(draws, points)| match draws {
                1 => format!("tested on {points} points"),
                _ => format!(
                    "tested on {draws} draws of {points} points, ± the standard deviation over the draws"
                ),
            }),
        }
    }
}

/// A number and its spread, without a unit.
fn cell(number: &Quantity) -> String {
    match number.std {
        Some(std) => format!("{} ± {}", number.digits(), four_digits(std)),
        None => number.digits(),
    }
}

/// The rows that are better than the network by what the task is judged by, a sentence each.
///
/// What is better than a bound of the task is as good as the bound: it is better by chance.
pub fn better_rows(scores: &Scores, headline: &Headline) -> Vec<String> {
    let named = |prefix: &&str| -> Vec<_> {
        let own = scores.metrics.iter();
        own.filter(|(name, _)| name.starts_with(*prefix)).collect()
    };
    let counted = headline
        .names
        .iter()
        .map(named)
        .find(|found| !found.is_empty());
    let mut told = Vec::new();
    for (name, own) in counted.unwrap_or_default() {
        let (bounds, rivals): (Vec<_>, Vec<_>) = scores
            .baselines
            .iter()
            .filter_map(|(row, numbers)| Some((row.as_str(), numbers.get(name)?)))
            .partition(|(row, _)| headline.bounds.contains(row));
        let held = |number: &Quantity| {
            let bounds = bounds.iter().map(|(_, bound)| bound.value);
            bounds.fold(number.value, |value, bound| {
                match headline.is_better(value, bound) {
                    true => bound,
                    false => value,
                }
            })
        };
        let better = rivals
            .iter()
            .filter(|(_, other)| headline.is_better(held(other), held(own)));
        told.extend(better.map(|(row, other)| {
            format!("{row} is better than the network: its {name} is {other}, the network's {own}")
        }));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Quantities, Rows};

    fn quantities(numbers: &[(&str, f64, &str)]) -> Quantities {
        let quantity = |(name, value, unit): &(&str, f64, &str)| {
            (name.to_string(), Quantity::new(*value, unit))
        };
        numbers.iter().map(quantity).collect()
    }

    const HEADLINE: Headline = Headline::smallest(&["error", "distance"], &["floor"]);

    fn scores(error: f64, distance: f64) -> Scores {
        Scores {
            metrics: quantities(&[
                ("error", error, "%"),
                ("distance", distance, ""),
                ("steps", 7.0, ""),
            ]),
            baselines: Rows::from([
                (
                    "identity".into(),
                    quantities(&[("error", 32.0, "%"), ("distance", 3.0, "")]),
                ),
                (
                    "bures".into(),
                    quantities(&[("error", 14.0, "%"), ("distance", 0.1, "")]),
                ),
                ("floor".into(), quantities(&[("distance", 0.2, "")])),
            ]),
        }
    }

    #[test]
    fn a_table_has_the_network_first_the_bounds_last_and_beside_it_what_no_row_has() {
        let table = ScoreTable::new(&scores(1.25, 0.5), &HEADLINE);
        let texts = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        assert_eq!(table.head, texts(["", "distance", "error (%)"]));
        let rows = [
            ["network", "0.5", "1.25"],
            ["bures", "0.1", "14"],
            ["identity", "3", "32"],
            ["floor", "0.2", "-"],
        ];
        assert_eq!(table.rows, rows.map(texts));
        assert_eq!(table.alone, [["steps", "7"].map(str::to_owned)]);
        assert_eq!(table.tested, None);
    }

    #[test]
    fn a_row_that_beats_the_network_is_named_with_both_values() {
        assert_eq!(
            better_rows(&scores(1.25, 0.5), &HEADLINE),
            Vec::<String>::new()
        );
        assert_eq!(
            better_rows(&scores(20.0, 0.5), &HEADLINE),
            ["bures is better than the network: its error is 14 %, the network's 20 %"]
        );
        // No row has this one: nothing is said of numbers that stand in for it.
        let larger = Headline {
            larger: true,
            ..HEADLINE
        };
        assert_eq!(better_rows(&scores(20.0, 0.5), &larger).len(), 1);
    }

    /// 0.15 and 0.1 are both below the floor of 0.2: neither is told from the other.
    #[test]
    fn what_is_better_than_the_floor_beats_nobody_that_is_too() {
        let by_distance = Headline {
            names: &["nothing", "distance"],
            ..HEADLINE
        };
        assert_eq!(
            better_rows(&scores(20.0, 0.15), &by_distance),
            Vec::<String>::new()
        );
        assert_eq!(better_rows(&scores(20.0, 0.25), &by_distance).len(), 1);
    }
}
