//! Whether a network can represent the target at all.

use gradnet_core::Claim;

use super::document::Node;
use super::problem::Problem;
use crate::experiment::Experiment;

/// Refuses a monotone network on a target whose potential is not convex: its error has a floor that no training removes, and the paper
/// trains monotone networks on convex targets only (Sec. VII-A). `allow_misfit = true` asks for it all the same.
pub(crate) fn check(experiment: &Experiment, document: &Node) -> Result<(), Problem> {
    let (network, target) = (experiment.network.entry(), experiment.target.entry());
    if experiment.allow_misfit || network.claim != Claim::Monotone || target.convex {
        return Ok(());
    }
    let (network_key, target_key) = (
        document.find(&format!("network.{}", network.name)),
        document.find(&format!("target.{}", target.name)),
    );
    let alternative = network.name.strip_prefix('m').unwrap_or("gradnet_m");
    Err(Problem::new(format!(
        "{} is monotone, but the potential of {} is not convex: the network cannot represent its gradient",
        network.name, target.name
    ))
    .at(network_key.place(), "monotone: the gradient of a convex potential")
    .and(target_key.place(), "not convex")
    .help(format!(
        "choose a network without that constraint, such as {alternative}, or write allow_misfit = true above the first table to train it all the same"
    )))
}
