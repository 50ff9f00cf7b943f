//! Sizing: a width, or the widest network that fits a parameter budget.

use super::error::{MOST_UNITS, NetworkError, within};
use crate::source::ParameterSource;

/// How large a network shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// The number of hidden units (of each module or layer).
    Width(usize),
    /// A parameter budget: the widest network that has no more parameters.
    Parameters(usize),
}

/// The settings of a family of networks, apart from the dimension they are built for.
pub trait Architecture: Clone {
    /// The two settings that size a network, `(width, parameters)`; exactly one must be given.
    fn sizes(&self) -> (Option<usize>, Option<usize>);

    /// The same settings with another size.
    fn with_size(self, size: Size) -> Self;

    /// The number of parameters in dimension `dim` at the given width, nondecreasing in the width.
    fn count(&self, dim: usize, width: usize) -> usize;

    /// Whether everything but the size is in order.
    fn check(&self, dim: usize) -> Result<(), NetworkError>;

    /// The same settings with the width they lead to in dimension `dim`.
    ///
    /// # Errors
    /// [`NetworkError`] naming the setting, its value and what it must be.
    fn resolve(&self, dim: usize) -> Result<(Self, usize), NetworkError> {
        within("dim", dim, 1, MOST_UNITS)?;
        self.check(dim)?;
        let width = match self.sizes() {
            (None, None) => return Err(NetworkError::NoSize),
            (Some(_), Some(_)) => return Err(NetworkError::TwoSizes),
            (Some(width), None) => width,
            (None, Some(budget)) => self.widest(dim, budget)?,
        };
        within("width", width, 1, MOST_UNITS)?;
        Ok((self.clone().with_size(Size::Width(width)), width))
    }

    /// The largest width whose parameter count stays within `budget`.
    ///
    /// # Errors
    /// [`NetworkError::BudgetTooSmall`] if even width 1 exceeds it.
    fn widest(&self, dim: usize, budget: usize) -> Result<usize, NetworkError> {
        let smallest = self.count(dim, 1);
        if smallest > budget {
            return Err(NetworkError::BudgetTooSmall {
                budget,
                dim,
                smallest,
            });
        }
        // Every unit has a weight of its own for each coordinate, so the width is below the budget.
        let (mut fits, mut exceeds) = (1, budget.min(MOST_UNITS) + 1);
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2;
            if self.count(dim, middle) <= budget {
                fits = middle;
            } else {
                exceeds = middle;
            }
        }
        Ok(fits)
    }
}

/// Settings from which a network of type `N` can be built.
pub trait Builds<N>: Architecture {
    /// Builds a network of checked size.
    fn build(&self, dim: usize, width: usize, source: &mut ParameterSource) -> N;

    /// Checks the settings, finds the width and builds the network.
    ///
    /// # Errors
    /// [`NetworkError`] naming the setting, its value and what it must be.
    fn init(&self, dim: usize, source: &mut ParameterSource) -> Result<N, NetworkError> {
        let (config, width) = self.resolve(dim)?;
        Ok(config.build(dim, width, source))
    }
}

/// The two methods of [`Architecture`] that only move the size fields.
macro_rules! sized_by_width_or_parameters {
    () => {
        fn sizes(&self) -> (Option<usize>, Option<usize>) {
            (self.width, self.parameters)
        }

        fn with_size(mut self, size: $crate::network::Size) -> Self {
            (self.width, self.parameters) = match size {
                $crate::network::Size::Width(width) => (Some(width), None),
                $crate::network::Size::Parameters(budget) => (None, Some(budget)),
            };
            self
        }
    };
}
pub(super) use sized_by_width_or_parameters;

/// Settings of networks that are made of scalar units: `width` or `parameters`, `units` (8 unless given) and their
/// `activation`. The family's own parts are its name, its documentation and what it calls a unit.
macro_rules! settings_with_scalar_units {
    ($(#[$doc:meta])* $name:ident { $(#[$width:meta])* width, $(#[$units:meta])* units }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(#[$width])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub width: Option<usize>,
            /// Parameter budget of the whole network, instead of the width.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub parameters: Option<usize>,
            $(#[$units])*
            pub units: usize,
            /// The scalar function of all units, tanh unless given.
            pub activation: $crate::activation::ScalarFunction,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    width: None,
                    parameters: None,
                    units: 8,
                    activation: $crate::activation::ScalarFunction::Tanh,
                }
            }
        }
    };
}
pub(super) use settings_with_scalar_units;
