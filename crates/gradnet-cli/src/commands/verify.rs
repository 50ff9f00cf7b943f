//! `gradnet verify`: what a network claims of its Jacobian, checked with numbers.

use std::process::ExitCode;

use burn::tensor::{Device, Tensor};
use gradnet_core::analysis::{Region, Verification, verify};
use gradnet_core::network::{Claim, Network, NetworkConfig, NetworkError, Size, registry};
use gradnet_core::{ParameterSource, VectorField};
use gradnet_experiments::Run;
use gradnet_experiments::config::nearest;
use serde::Serialize;

use super::networks::guarantee;
use crate::arguments::Verify;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Hidden units of a network that is built for this check alone.
const WIDTH: usize = 16;

/// Numbers in all the Jacobians of a check, at most, unless `--samples` asks for more: eigenvalues of a 1024 x 1024 matrix take a second.
const JACOBIAN_ENTRIES: usize = 64 * 64 * 64;

/// What is printed as JSON.
#[derive(Serialize)]
struct Checked<'a> {
    network: &'a str,
    dim: usize,
    seed: u64,
    #[serde(flatten)]
    verification: &'a Verification,
}

/// Checks a trained or a fresh network; exit code 1 if a claim fails.
pub fn run(options: &Verify) -> Result<ExitCode, Failure> {
    let (network, device) = network(options)?;
    let dim = network.dim();
    let samples = options
        .samples
        .unwrap_or_else(|| (JACOBIAN_ENTRIES / (dim * dim)).clamp(2, 64));
    let like = Tensor::<2>::zeros([1, dim], &device);
    let verification = verify(
        &network,
        network.claim(),
        &like,
        Region::default(),
        samples,
        options.seed,
    );
    if options.json {
        output::json(&Checked {
            network: network.name(),
            dim,
            seed: options.seed,
            verification: &verification,
        })?;
    } else {
        print(network.name(), dim, &verification)?;
    }
    Ok(ExitCode::from(u8::from(!verification.passed)))
}

/// The network of the run, or one with fresh weights.
fn network(options: &Verify) -> Result<(Network, Device), Failure> {
    // An unknown name or a folder that is no run is told before a device is opened.
    match (&options.run, &options.network) {
        (Some(folder), _) => {
            let run = Run::open(folder)?;
            let (_, device) = device::open(&options.device)?;
            Ok((run.network(&device)?, device))
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
            Ok((network, device))
        }
        (None, None) => Err(Failure::input(
            "nothing to verify",
            "name a run folder, or a network with --network",
        )),
    }
}

fn unknown(error: NetworkError) -> Failure {
    let help = match &error {
        NetworkError::UnknownNetwork { name, .. } => {
            match nearest(name, registry().iter().map(|entry| entry.name)) {
                Some(near) => format!("did you mean --network {near}?"),
                None => "`gradnet networks` describes them".to_owned(),
            }
        }
        _ => "`gradnet networks` describes the networks".to_owned(),
    };
    Failure::input(error.to_string(), help)
}

fn print(name: &str, dim: usize, found: &Verification) -> Result<(), Failure> {
    let Verification {
        claim,
        samples,
        tolerance,
        ..
    } = *found;
    output::line(format_args!(
        "{name}, d = {dim}, {samples} points of the unit cube; guarantee: {}",
        guarantee(claim)
    ))?;
    let verdict = |claimed: bool, holds: bool| match (claimed, holds) {
        (true, true) => "holds",
        (true, false) => "FAILS",
        (false, true) => "not claimed; true at these points",
        (false, false) => "not claimed",
    };
    let symmetric = verdict(claim >= Claim::Gradient, found.symmetric);
    let monotone = verdict(claim >= Claim::Monotone, found.positive_semidefinite);
    for (what, text) in [
        ("symmetric Jacobian".to_owned(), symmetric.to_owned()),
        (
            "  largest |J - J^T| / |J|".to_owned(),
            format!("{:.1e}", found.relative_asymmetry),
        ),
        (
            "  largest work around a closed loop".to_owned(),
            format!("{:.1e}", found.loop_integral),
        ),
        ("positive semidefinite".to_owned(), monotone.to_owned()),
        (
            "  smallest eigenvalue of J / |J|".to_owned(),
            format!("{:+.1e}", found.smallest_eigenvalue),
        ),
        (
            "  smallest <f(x) - f(y), x - y> / |x - y|^2".to_owned(),
            format!("{:+.1e}", found.monotonicity),
        ),
    ] {
        output::line(format_args!("{what:<46}{text}"))?;
    }
    output::line(match (claim, found.passed) {
        (Claim::None, _) => "nothing is claimed, so nothing can fail".to_owned(),
        (_, true) => format!("passed (tolerance {tolerance:.0e})"),
        (_, false) => format!("FAILED (tolerance {tolerance:.0e})"),
    })
}
