//! The names and shapes of the authors' released networks, and how others differ from them.
//!
//! `released.rs` has the table. Layers, modules, widths and dimension are read off the names and
//! shapes themselves.

use std::collections::{BTreeMap, BTreeSet};

/// The networks whose weights the authors released, which are those that can be imported.
pub const RELEASED: [&str; 4] = ["gradnet_c", "gradnet_m", "mgradnet_c", "mgradnet_m"];

/// How names and shapes differ from those of a released network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleasedDifference {
    /// How many of its arrays are there and of the right shape.
    pub matched: usize,
    /// Its arrays that are not there.
    pub missing: Vec<String>,
    /// Arrays that belong to no part of it.
    pub unknown: Vec<String>,
    /// Arrays whose numbers are too many or too few.
    pub misshapen: Vec<String>,
    /// The dimension of its points; 0 if the first weight is no matrix.
    pub dim: usize,
}

impl ReleasedDifference {
    /// Whether there is no difference.
    pub fn is_none(&self) -> bool {
        self.count() == 0
    }

    /// How many arrays differ.
    pub fn count(&self) -> usize {
        self.missing.len() + self.unknown.len() + self.misshapen.len()
    }
}

/// How arrays of these names and shapes differ from those of the released network of that name;
/// None if no network of that name was released.
///
/// ```
/// use std::collections::BTreeMap;
/// use gradnet_train::registry::released_difference;
///
/// let shapes: BTreeMap<&str, &[usize]> = [
///     ("W", &[5, 3][..]), ("alpha.0", &[5]), ("beta.0", &[5]), ("bias.0", &[4]), ("step", &[]),
/// ].into();
/// let difference = released_difference("mgradnet_c", &shapes).unwrap();
/// assert_eq!(difference.missing, ["bias.1"]);
/// assert_eq!(difference.unknown, ["step"]);
/// assert_eq!(difference.misshapen, ["bias.0"]);
/// assert_eq!((difference.matched, difference.dim), (3, 3));
/// assert_eq!(released_difference("icnn", &shapes), None);
/// ```
pub fn released_difference(
    network: &str,
    shapes: &BTreeMap<&str, &[usize]>,
) -> Option<ReleasedDifference> {
    let (weight, expected): (_, fn(_, _, _) -> _) = match network {
        "gradnet_c" | "mgradnet_c" => ("W", cascade),
        "gradnet_m" | "mgradnet_m" => ("mmgn_modules.0.W", modular),
        _ => return None,
    };
    let (hidden, dim) = match shapes.get(weight) {
        Some(&&[hidden, dim]) if hidden > 0 && dim > 0 => (hidden, dim),
        _ => (0, 0),
    };
    let expected: Vec<(String, usize)> = expected(shapes, hidden, dim);
    let mut difference = ReleasedDifference {
        dim,
        ..ReleasedDifference::default()
    };
    for (name, count) in &expected {
        match shapes.get(name.as_str()) {
            None => difference.missing.push(name.clone()),
            Some(shape) if numbers(shape) == Some(*count) && *count > 0 => difference.matched += 1,
            Some(_) => difference.misshapen.push(name.clone()),
        }
    }
    let known: BTreeSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    difference.unknown = shapes
        .keys()
        .filter(|name| !known.contains(*name))
        .map(|name| (*name).to_owned())
        .collect();
    Some(difference)
}

fn numbers(shape: &[usize]) -> Option<usize> {
    let mut sizes = shape.iter();
    sizes.try_fold(1usize, |product, size| product.checked_mul(*size))
}

/// Names of GradNet-C and mGradNet-C with their numbers.
fn cascade(shapes: &BTreeMap<&str, &[usize]>, hidden: usize, dim: usize) -> Vec<(String, usize)> {
    let layers = ["alpha.", "beta.", "nonlinearity."].map(|family| counted(shapes, family));
    // One bias more than there are layers.
    let biases = counted(shapes, "bias.").saturating_sub(1);
    let layers = layers.into_iter().fold(biases.max(1), usize::max);
    let learned = shapes.keys().any(|name| name.starts_with("nonlinearity."));
    let mut names = vec![("W".to_owned(), hidden.saturating_mul(dim))];
    for layer in 0..layers {
        names.extend(["alpha", "beta", "bias"].map(|name| (format!("{name}.{layer}"), hidden)));
        if learned {
            names.extend(["a", "b"].map(|name| (format!("nonlinearity.{layer}.{name}"), hidden)));
        }
    }
    names.push((format!("bias.{layers}"), dim));
    names
}

/// Names of GradNet-M and mGradNet-M with their numbers.
fn modular(shapes: &BTreeMap<&str, &[usize]>, hidden: usize, dim: usize) -> Vec<(String, usize)> {
    let modules = counted(shapes, "mmgn_modules.").max(1);
    let learned = shapes
        .keys()
        .any(|name| name.starts_with("mmgn_modules.") && name.contains(".act."));
    let mut names = Vec::new();
    for module in 0..modules {
        let parts = [
            ("W", hidden.saturating_mul(dim)),
            ("b", hidden),
            ("beta", 1),
        ];
        let learned = [("act.a", 1), ("act.b", 1)].into_iter().filter(|_| learned);
        let parts = parts.into_iter().chain(learned);
        names.extend(parts.map(|(name, count)| (format!("mmgn_modules.{module}.{name}"), count)));
    }
    names.extend([("alpha".to_owned(), modules), ("bias".to_owned(), dim)]);
    names
}

/// One more than the largest number that follows `family` in a name; no more than there are names.
fn counted(shapes: &BTreeMap<&str, &[usize]>, family: &str) -> usize {
    let numbers = shapes.keys().filter_map(|name| {
        let number = name.strip_prefix(family)?.split('.').next()?;
        let number: usize = number.parse().ok()?;
        (number < shapes.len()).then_some(number)
    });
    numbers.max().map_or(0, |largest| largest + 1)
}
