//! What a result is judged by.

/// The numbers that say whether a field beats the rows it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headline {
    /// What their names begin with. The first that the result has counts: the others stand in where it is not known.
    pub names: &'static [&'static str],
    /// Whether the larger number is the better one.
    pub larger: bool,
    /// Rows that say what is the best to be had, such as the exact solution. They beat nobody, and what is better still
    /// is so by chance.
    pub bounds: &'static [&'static str],
}

impl Headline {
    /// The smallest of the first numbers of these that are known.
    pub const fn smallest(names: &'static [&'static str], bounds: &'static [&'static str]) -> Self {
        Self {
            names,
            larger: false,
            bounds,
        }
    }

    /// Whether one number is better than another.
    pub fn is_better(&self, a: f64, b: f64) -> bool {
        if self.larger { a > b } else { a < b }
    }
}
