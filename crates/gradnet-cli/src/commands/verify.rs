//! `gradnet verify`: what a network claims of its Jacobian, checked with numbers.

use std::io;
use std::process::ExitCode;

use burn::tensor::Device;
use gradnet_core::analysis::{Claim, Region, Verification};
use gradnet_core::{ParameterSource, VectorField};
use gradnet_train::config::nearest;
use gradnet_train::registry::{Network, NetworkConfig, RegistryError, Size, registry};
use gradnet_train::run::verify;
use serde::Serialize;

use super::networks::guarantee;
use crate::arguments::Verify;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Hidden units of a network that is built for this check alone.
const WIDTH: usize = 16;

/// What is printed as JSON.
#[derive(Serialize)]
struct Checked<'a> {
    network: &'a str,
    dim: usize,
    seed: u64,
    #[serde(flatten)]
    verification: &'a Verification,
}

/// Checks a trained or a fresh network; exit code 1 if a claim fails, 3 if it could not be decided.
pub fn run(options: &Verify) -> Result<ExitCode, Failure> {
    let (network, region, device) = network(options)?;
    let dim = network.dim();
    let verification = verify(&network, region, &device, options.samples, options.seed);
    if options.json {
        output::json(&Checked {
            network: network.name(),
            dim,
            seed: options.seed,
            verification: &verification,
        })?;
    } else {
        print(network.name(), dim, region, &verification)?;
    }
    Ok(match (verification.passed, verification.undecided) {
        (true, _) => ExitCode::SUCCESS,
        (false, true) => ExitCode::from(3),
        (false, false) => ExitCode::from(1),
    })
}

/// The network of the run, or one with fresh weights, and where it is looked at: the unit cube, or the cube around the
/// points of a data file.
///
/// A network that learned from a file is looked at in its own scaled units. What is claimed does not depend on them:
/// the Jacobian in the file's units is this one times one positive number.
fn network(options: &Verify) -> Result<(Network, Region, Device), Failure> {
    // An unknown name or a folder that is no run is told before a device is opened.
    match (&options.run, &options.network) {
        (Some(folder), _) => {
            let run = super::open_run(folder)?;
            let (_, device) = device::open(&options.device)?;
            Ok((run.network(&device)?, run.region()?, device))
        }
        (None, Some(name)) => {
            let config = NetworkConfig::from_name(name).map_err(unknown)?;
            let (_, device) = device::open(&options.device)?;
            let mut source = ParameterSource::new(&device, options.seed);
            let network = config
                .with_size(Size::Width(WIDTH))
                .init(options.dim, &mut source)
                .map_err(|error| {
                    Failure::input(
                        error.to_string(),
                        "choose another dimension with --dim, such as --dim 8",
                    )
                })?;
            Ok((network, Region::default(), device))
        }
        (None, None) => Err(Failure::input(
            "nothing to verify",
            "name a run folder, or a network with --network",
        )),
    }
}

pub(super) fn unknown(error: RegistryError) -> Failure {
    let help = match &error {
        RegistryError::UnknownNetwork { name, .. } => {
            match nearest(name, registry().iter().map(|entry| entry.name)) {
                Some(near) => format!("did you mean --network {near}?"),
                None => "`gradnet list networks` describes them".to_owned(),
            }
        }
        _ => "`gradnet list networks` describes the networks".to_owned(),
    };
    Failure::input(error.to_string(), help)
}

fn print(name: &str, dim: usize, region: Region, found: &Verification) -> io::Result<()> {
    let Verification {
        claim,
        samples,
        tolerance,
        precision,
        ..
    } = *found;
    let place = match region == Region::default() {
        true => "the unit cube".to_owned(),
        false => format!(
            "the cube [{:.2}, {:.2}]^{dim} around the scaled data",
            region.low, region.high
        ),
    };
    output::line(format_args!(
        "{name}, d = {dim}, {samples} points of {place}; guarantee: {}",
        guarantee(claim)
    ))?;
    output::line(format_args!(
        "measured in {precision}, relative to the largest slope |J|"
    ))?;
    let verdict = |claimed: bool, holds: bool| match (claimed, holds) {
        (true, true) => "holds",
        (true, false) => "FAILS",
        (false, true) => "not claimed; true at these points",
        (false, false) => "not claimed",
    };
    let symmetric = match found.symmetric && found.loops_undecided > 0 {
        true => "not decided",
        false => verdict(claim >= Claim::Gradient, found.symmetric),
    };
    let monotone = verdict(claim >= Claim::Monotone, found.positive_semidefinite);
    for (what, text) in [
        ("symmetric Jacobian", symmetric.to_owned()),
        (
            "  largest |J - J^T| / |J|",
            format!("{:.1e}", found.relative_asymmetry),
        ),
        (
            "  largest work around a closed loop",
            format!(
                "{:.1e}, error {:.1e}",
                found.loop_integral, found.loop_error
            ),
        ),
        ("positive semidefinite", monotone.to_owned()),
        (
            "  smallest eigenvalue of J / |J|",
            format!("{:+.1e}", found.smallest_eigenvalue),
        ),
        (
            "  smallest <f(x) - f(y), x - y> / |x - y|^2",
            format!("{:+.1e}", found.monotonicity),
        ),
    ] {
        output::line(format_args!("{what:<46}{text}"))?;
    }
    output::line(verdict_line(found, claim, tolerance))
}

/// Passed, or what failed.
fn verdict_line(found: &Verification, claim: Claim, tolerance: f64) -> String {
    let Verification {
        weights_not_finite,
        points_not_finite,
        ..
    } = *found;
    match (claim, found.passed) {
        _ if weights_not_finite > 0 => format!(
            "FAILED: {weights_not_finite} weights are infinite or NaN; train anew, with a smaller learning rate"
        ),
        _ if points_not_finite > 0 => format!(
            "FAILED: the field or its Jacobian is infinite or NaN at {points_not_finite} points"
        ),
        (Claim::None, true) => "nothing is claimed, so nothing can fail".to_owned(),
        (_, true) => format!("passed (tolerance {tolerance:.0e} beside the error)"),
        _ if found.undecided => format!(
            "NOT DECIDED: nothing speaks against the claim, but around {} of {} loops the field is too rough to integrate",
            found.loops_undecided, found.samples
        ),
        (_, false) => format!("FAILED (tolerance {tolerance:.0e} beside the error)"),
    }
}
