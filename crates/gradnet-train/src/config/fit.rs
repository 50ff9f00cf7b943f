//! Whether the network can be built for the target's space, and whether it can represent the target at all.

use gradnet_core::analysis::Claim;
use gradnet_core::network::NetworkError;

use super::document::Node;
use super::problem::Problem;
use crate::experiment::Experiment;
use crate::registry::RegistryError;

/// Refuses a network that cannot be built as described, or that cannot represent the target.
pub(crate) fn check(experiment: &Experiment, document: &Node) -> Result<(), Problem> {
    builds(experiment, document)?;
    has_potential(experiment, document)?;
    represents(experiment, document)
}

/// Refuses a network whose potential is not known for a task that learns from potentials.
fn has_potential(experiment: &Experiment, document: &Node) -> Result<(), Problem> {
    let (network, task) = (experiment.network.entry(), &experiment.task);
    if network.potential || !task.needs_potential() {
        return Ok(());
    }
    let network_found = document.find(&format!("network.{}", network.name));
    let potential = document.find(&format!("{}.potential", task.table()));
    Err(Problem::new(format!(
        "{} has no potential that can be evaluated, and the file's potentials are to be learned",
        network.name
    ))
    .at(
        network_found.place(),
        "a field whose potential is not known",
    )
    .and(potential.place(), "learned from the potential")
    .help(
        "choose a network that has one, such as gradnet_m or gradnet_c, or leave `potential` out",
    ))
}

/// The network's settings and size in the dimension of the target.
fn builds(experiment: &Experiment, document: &Node) -> Result<(), Problem> {
    // A target out of range is refused by `Experiment::check`; its dimension says nothing about the network.
    if experiment.task.check().is_err() {
        return Ok(());
    }
    // So is a network without patches for a task on them.
    if experiment.task.on_patches() && experiment.network.patch_dim().is_none() {
        return Ok(());
    }
    let Err(error) = experiment.network.resolve(experiment.dim()) else {
        return Ok(());
    };
    let table = format!("network.{}", experiment.network.name());
    let found = match error.field() {
        Some(field) => document.find(&format!("{table}.{field}")),
        None => document.find(&table),
    };
    let problem = Problem::new(error.to_string());
    let target = document.find(&experiment.task.table());
    Err(match &error {
        RegistryError::TwoSizes => {
            let width = document.find(&format!("{table}.width"));
            problem
                .at(found.place(), "a budget")
                .and(width.place(), "a width")
                .help("remove one of the two lines")
        }
        RegistryError::NoSize => problem
            .at(found.place(), "no size")
            .help(format!("write, under [{table}], width = 64 or parameters = 32768")),
        RegistryError::BudgetTooSmall { smallest, .. } => {
            problem.at(found.place(), "too small").help(format!(
                "write parameters = {smallest} or more; the paper's budget is 1024 d = {}",
                1024 * experiment.dim()
            ))
        }
        RegistryError::Network(NetworkError::Dimension { .. }) => problem
            .at(found.place(), "does not fit the target")
            .and(target.place(), format!("d = {}", experiment.dim()))
            .help("choose a target of a suitable dimension, or another network (`gradnet list networks` lists them)"),
        RegistryError::Network(NetworkError::Invalid {
            field,
            value,
            requirement,
        }) => Problem::new(format!("`{table}.{field}` is {value}"))
            .at(found.place(), format!("must be {requirement}"))
            .help(format!("write a value that is {requirement}")),
        _ => problem
            .at(found.place(), "cannot be built")
            .help("`gradnet list networks` lists the networks"),
    })
}

/// Refuses a monotone network on a target whose potential is not convex: its error has a floor that no training
/// removes, and the paper trains monotone networks on convex targets only (Sec. VII-A). `allow_misfit = true` asks for
/// it all the same.
fn represents(experiment: &Experiment, document: &Node) -> Result<(), Problem> {
    let (network, task) = (experiment.network.entry(), &experiment.task);
    if experiment.allow_misfit || network.claim != Claim::Monotone || task.suits_monotone() {
        return Ok(());
    }
    let (network_found, target_found) = (
        document.find(&format!("network.{}", network.name)),
        document.find(&task.table()),
    );
    Err(Problem::new(format!(
        "{} is monotone, but the potential of {} is not convex: the network cannot represent its gradient",
        network.name,
        task.name()
    ))
    .at(network_found.place(), "monotone: the gradient of a convex potential")
    .and(target_found.place(), "not convex")
    .help(
        "choose a network without that constraint, such as gradnet_c, or write allow_misfit = true above the first table to train it all the same",
    ))
}
