//! What the axes of a page are called: by the columns of the run's files, or else x1, x2 and so on.

use crate::data::file::ColumnNames;

/// Names of the coordinates of points, and of values or images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    points: Vec<String>,
    values: Vec<String>,
}

impl Names {
    /// The names of `dim` coordinates; columns name all of them or none.
    pub(super) fn new(columns: ColumnNames, dim: usize) -> Self {
        let or = |names: Vec<String>, letter: char| match names.len() == dim {
            true => names,
            false => (1..=dim).map(|place| format!("{letter}{place}")).collect(),
        };
        Self {
            points: or(columns.x, 'x'),
            values: or(columns.y, 'f'),
        }
    }

    /// Points and values of a map, whose values are points too: without names of their own they have those of the
    /// points.
    pub(super) fn of_a_map(columns: ColumnNames, dim: usize) -> Self {
        let names = Self::new(columns.clone(), dim);
        match columns.y.len() == dim {
            true => names,
            false => Self {
                values: names.points.clone(),
                ..names
            },
        }
    }

    /// A coordinate of points.
    pub(super) fn point(&self, axis: usize) -> &str {
        &self.points[axis]
    }

    /// All coordinates of points, and of values.
    pub(super) fn all(&self) -> [&[String]; 2] {
        [&self.points, &self.values]
    }

    /// A coordinate of values.
    pub(super) fn value(&self, axis: usize) -> &str {
        &self.values[axis]
    }

    /// A coordinate that has points and images in one frame.
    pub(super) fn both(&self, axis: usize) -> String {
        match (self.point(axis), self.value(axis)) {
            (point, value) if point == value => point.to_owned(),
            (point, value) => format!("{point}, {value}"),
        }
    }
}

/// A text as the label of a plot, whose renderer reads mathematics between dollars.
pub(super) fn label(text: &str) -> String {
    text.replace('$', "\\$")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(x: &[&str], y: &[&str]) -> ColumnNames {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ColumnNames {
            x: owned(x),
            y: owned(y),
        }
    }

    #[test]
    fn coordinates_have_the_names_of_the_columns_or_letters_with_numbers() {
        let names = Names::new(columns(&["mass", "height"], &[]), 2);
        assert_eq!((names.point(1), names.value(1)), ("height", "f2"));
        assert_eq!(names.both(0), "mass, f1");
        // An array of two coordinates has one name.
        let names = Names::of_a_map(columns(&["points"], &[]), 2);
        assert_eq!((names.point(0), names.both(1).as_str()), ("x1", "x2"));
        let names = Names::of_a_map(columns(&["mass"], &["weight"]), 1);
        assert_eq!(names.both(0), "mass, weight");
    }
}
