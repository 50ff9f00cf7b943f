//! Sizing: a width, or the widest network that fits a parameter budget.

use super::error::RegistryError;
use gradnet_core::network::Architecture;
use gradnet_core::network::NetworkError;

/// How large a network shall be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// The number of hidden units (of each module or layer).
    Width(usize),
    /// A parameter budget: the widest network that has no more parameters.
    Parameters(usize),
}

/// The settings of a family of networks as a config file holds them.
pub(super) trait Settings: Clone {
    /// The two settings that size a network, `(width, parameters)`; exactly one must be given.
    fn sizes(&self) -> (Option<usize>, Option<usize>);

    /// The same settings with another size.
    fn with_size(self, size: Size) -> Self;

    /// Whether what only a file can say is in order.
    fn check(&self) -> Result<(), NetworkError> {
        Ok(())
    }
}

/// Settings that lead to networks of the kind that `C` builds.
pub(super) trait Describes<C: Architecture>: Settings {
    /// The library's settings at a dimension and a width.
    fn config(&self, dim: usize, width: usize) -> C;

    /// The library's settings in dimension `dim`, checked, and the width they have there.
    ///
    /// # Errors
    /// [`RegistryError`] naming the setting, its value and what it must be.
    fn resolve(&self, dim: usize) -> Result<(C, usize), RegistryError> {
        self.config(dim, 1).check()?;
        self.check()?;
        let width = match self.sizes() {
            (None, None) => return Err(RegistryError::NoSize),
            (Some(_), Some(_)) => return Err(RegistryError::TwoSizes),
            (Some(width), None) => width,
            (None, Some(budget)) => self.widest(dim, budget)?,
        };
        let config = self.config(dim, width);
        config.check()?;
        Ok((config, width))
    }

    /// The largest width whose parameter count stays within `budget`.
    ///
    /// # Errors
    /// [`RegistryError::BudgetTooSmall`] if even width 1 exceeds it.
    fn widest(&self, dim: usize, budget: usize) -> Result<usize, RegistryError> {
        let fits = |width| {
            let config = self.config(dim, width);
            config.check().is_ok() && config.num_params() <= budget
        };
        if !fits(1) {
            return Err(RegistryError::BudgetTooSmall {
                budget,
                dim,
                smallest: self.config(dim, 1).num_params(),
            });
        }
        let mut exceeds = 2;
        while fits(exceeds) {
            exceeds *= 2;
        }
        let mut widest = exceeds / 2;
        while exceeds - widest > 1 {
            let middle = widest + (exceeds - widest) / 2;
            if fits(middle) {
                widest = middle;
            } else {
                exceeds = middle;
            }
        }
        Ok(widest)
    }
}
