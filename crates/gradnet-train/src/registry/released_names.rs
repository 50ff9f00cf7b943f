//! The names and shapes of released networks, and how others differ from them.
//!
//! `released.rs` and `released_ridge.rs` have the tables. Layers, modules, widths and dimension are read off the names
//! and shapes themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::released_kernels::{CENTRED, LAYERS, PLAIN};

/// The networks of which weights were released, which are those that can be imported.
pub const RELEASED: [&str; 6] = [
    "gradnet_c",
    "gradnet_m",
    "mgradnet_c",
    "mgradnet_m",
    "patch_ridge",
    "patch_weak_ridge",
];

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
    let (expected, dim) = match network {
        "gradnet_c" | "mgradnet_c" => tied(shapes, "W", cascade),
        "gradnet_m" | "mgradnet_m" => tied(shapes, "mmgn_modules.0.W", modular),
        "patch_ridge" | "patch_weak_ridge" => ridge(shapes),
        _ => return None,
    };
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

/// Names with their numbers.
type Names = Vec<(String, usize)>;

/// What is expected around a weight, and the dimension that it says.
fn tied(
    shapes: &BTreeMap<&str, &[usize]>,
    weight: &str,
    expected: fn(&BTreeMap<&str, &[usize]>, usize, usize) -> Names,
) -> (Names, usize) {
    let (hidden, dim) = match shapes.get(weight) {
        Some(&&[hidden, dim]) if hidden > 0 && dim > 0 => (hidden, dim),
        _ => (0, 0),
    };
    (expected(shapes, hidden, dim), dim)
}

/// Names of either kind of ridge regularizers, and the pixels of a composed kernel.
fn ridge(shapes: &BTreeMap<&str, &[usize]>) -> (Names, usize) {
    let layers = counted(shapes, LAYERS).max(1);
    let (mut channels, mut side) = (1, 1usize);
    let mut names = Names::new();
    for layer in 0..layers {
        let [centred, plain] = [CENTRED, PLAIN].map(|end| format!("{LAYERS}{layer}.{end}"));
        let name = match shapes.contains_key(plain.as_str()) {
            true => plain,
            false => centred,
        };
        // A layer that does not follow on the one before has no right number of numbers.
        let count = match shapes.get(name.as_str()) {
            Some(&&[out, before, k, other]) if before == channels && k == other && k % 2 == 1 => {
                (channels, side) = (out, side.saturating_add(k - 1));
                numbers(&[out, before, k, k]).unwrap_or_default()
            }
            _ => 0,
        };
        names.push((name, count));
    }
    // As many as there are: that they divide into knots is looked at when they are read.
    let whole = |name: &str| {
        let count = shapes.get(name).and_then(|shape| numbers(shape));
        (name.to_owned(), count.unwrap_or_default())
    };
    let one = |name: &str| (name.to_owned(), 1);
    let second = shapes.keys().any(|name| {
        ["activation_cvx.", "activation_ccv.", "spline_scaling."]
            .iter()
            .any(|start| name.starts_with(start))
    });
    if second {
        names.extend(
            ["activation_cvx", "activation_ccv", "spline_scaling"]
                .map(|part| whole(&format!("{part}.coefficients"))),
        );
        names.push(one("mu_"));
    } else {
        names.push(whole("activation.coefficients_vect"));
        names.extend(["lmbd", "mu", "L"].map(one));
    }
    let dim = if side > 1 {
        side.saturating_mul(side)
    } else {
        0
    };
    (names, dim)
}

/// Names of GradNet-C and mGradNet-C with their numbers.
fn cascade(shapes: &BTreeMap<&str, &[usize]>, hidden: usize, dim: usize) -> Names {
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
fn modular(shapes: &BTreeMap<&str, &[usize]>, hidden: usize, dim: usize) -> Names {
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
