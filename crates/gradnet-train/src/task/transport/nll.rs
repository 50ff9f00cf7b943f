//! What is measured where the target's density is known.
//!
//! | name | what |
//! |---|---|
//! | `negative_log_likelihood` | `−E_P [log q(f(x)) + ln det J_f(x)]` in nats, of points held out and in the user's units |
//! | `monge_ampere` | `E_P |ln det J_f(x) − log p(x) + log q(f(x))|` in nats, where both densities are known |
//!
//! The row `gaussian` has those of one Gaussian with the mean and the covariance of the training points, the row
//! `bures` those of the affine map, which are nearly the same where the target is a Gaussian. The row `true density`
//! has `−E_P log p(x)`, below which no map gets but by the luck of the sample.

use gradnet_core::analysis::host;

use super::drawn::GaussianMixture;
use super::likelihood::surprise;
use super::log_det::MOST_COORDINATES;
use super::pair::{Part, Side};
use super::{BURES_POINTS, Transport};
use crate::registry::Network;
use crate::task::{Quantities, Quantity, Rows};

/// Products with a Jacobian at once.
const PRODUCTS: usize = 4_000;

/// The row of one Gaussian fitted to the source.
const GAUSSIAN: &str = "gaussian";

/// The names of the numbers.
pub(super) const NEGATIVE_LOG_LIKELIHOOD: &str = "negative_log_likelihood";
pub(super) const MONGE_AMPERE: &str = "monge_ampere";
/// Their unit.
pub(super) const NATS: &str = "nats";

impl Transport {
    /// `−log p_f` at points in the network's units; `None` where q is not known or the dimension too large.
    fn surprises(&self, field: &Network, x: &[f64]) -> Option<Vec<f64>> {
        let q = self.pair.density(Side::Target)?;
        if self.dim > MOST_COORDINATES {
            return None;
        }
        let pieces = x.chunks((PRODUCTS / self.dim).max(1) * self.dim);
        let found = pieces.flat_map(|x| host(surprise(field, self.tensor(x), q)));
        Some(found.collect())
    }

    /// The same of the Bures map.
    fn surprises_of_bures(&self, x: &[f64]) -> Option<Vec<f64>> {
        let q = self.pair.density(Side::Target)?;
        let log_det = self.bures.matrix().determinant().ln();
        let (logs, _) = q.log_density_and_score(&self.bures.forward(x));
        Some(logs.iter().map(|log| -log - log_det).collect())
    }

    /// Both numbers of a map with these surprises at points.
    fn summed(&self, x: &[f64], surprises: &[f64]) -> Quantities {
        let mean =
            |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / surprises.len() as f64;
        // A density of the user's units is one of the network's over the scale, once for each coordinate.
        let scale = self.dim as f64 * self.similarity.x_scale.ln();
        let likelihood = mean(&mut surprises.iter().copied()) + scale;
        let mut found = Quantities::from([(
            NEGATIVE_LOG_LIKELIHOOD.into(),
            Quantity::new(likelihood, NATS),
        )]);
        if let Some(p) = self.pair.density(Side::Source) {
            let (logs, _) = p.log_density_and_score(x);
            let residuals = logs.iter().zip(surprises).map(|(log, s)| (log + s).abs());
            let residual = mean(&mut residuals.into_iter());
            found.insert(MONGE_AMPERE.into(), Quantity::new(residual, NATS));
        }
        found
    }

    /// The numbers of a network at points of the source.
    pub(super) fn densities_met(&self, field: &Network, x: &[f64]) -> Quantities {
        let surprises = self.surprises(field, x);
        surprises.map_or(Quantities::new(), |found| self.summed(x, &found))
    }

    /// One of them on the validation points; the task refuses pairs for which it is not known.
    pub(super) fn held_out_density(&self, field: &Network, name: &str) -> f64 {
        let x = self
            .pair
            .points(Side::Source, Part::Validation, self.validated);
        let found = self.densities_met(field, &x);
        found.get(name).map_or(f64::NAN, |found| found.value)
    }

    /// Adds the numbers of maps that learned nothing to their rows.
    pub(super) fn add_density_rows(&self, rows: &mut Rows, x: &[f64]) {
        let Some(surprises) = self.surprises_of_bures(x) else {
            return;
        };
        let fitted = self
            .pair
            .points(Side::Source, Part::Reference, BURES_POINTS);
        let (logs, _) = GaussianMixture::fitted(&fitted, self.dim).log_density_and_score(x);
        let gaussian: Vec<f64> = logs.iter().map(|log| -log).collect();
        rows.insert(GAUSSIAN.into(), self.summed(x, &gaussian));
        let bures = rows.entry("bures".into()).or_default();
        bures.extend(self.summed(x, &surprises));
        if let Some(p) = self.pair.density(Side::Source) {
            let (logs, _) = p.log_density_and_score(x);
            let entropies: Vec<f64> = logs.iter().map(|log| -log).collect();
            let mut truth = self.summed(x, &entropies);
            truth.remove(MONGE_AMPERE);
            rows.insert("true density".into(), truth);
        }
    }
}
