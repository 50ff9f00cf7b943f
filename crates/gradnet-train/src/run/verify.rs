//! What a network claims of its Jacobian, checked.

use burn::tensor::Device;
use gradnet_core::VectorField;
use gradnet_core::analysis::{Region, Verification, verify_module};

use super::{Run, RunError};
use crate::backend::host;
use crate::registry::Network;

/// Numbers in all the Jacobians of a check, at most, unless more are asked for: eigenvalues of a 1024 x 1024 matrix
/// take a second.
const JACOBIAN_ENTRIES: usize = 64 * 64 * 64;

/// Checks what a network claims at `samples` points of a region, or as many as a second or two allow.
///
/// The verdict is made in 64 bits on the processor, whatever `device` the network is on: what is claimed of the weights
/// must not depend on what 32 bits round.
pub fn verify(
    network: &Network,
    region: Region,
    device: &Device,
    samples: Option<usize>,
    seed: u64,
) -> Verification {
    let dim = network.dim();
    let samples = samples.unwrap_or_else(|| (JACOBIAN_ENTRIES / (dim * dim)).clamp(2, 64));
    let (claim, host) = (network.claim(), host(device));
    verify_module(network, claim, &host, region, samples, seed)
}

impl Run {
    /// Where the run's network has learned something, in its own units: the cube around its data, or the task's.
    ///
    /// # Errors
    /// If `data.json` is missing or damaged.
    pub fn region(&self) -> Result<Region, RunError> {
        Ok(match self.data_facts()? {
            Some(facts) => Region {
                low: facts.low,
                high: facts.high,
            },
            None => self.experiment().task.region(),
        })
    }

    /// [`verify`] of the run's network in its [`region`](Self::region).
    ///
    /// What is claimed does not depend on the units: the Jacobian in those of a file is the network's times one number.
    ///
    /// # Errors
    /// If the run cannot be read.
    pub fn verify(
        &self,
        device: &Device,
        samples: Option<usize>,
        seed: u64,
    ) -> Result<Verification, RunError> {
        let network = self.network(device)?;
        Ok(verify(&network, self.region()?, device, samples, seed))
    }
}
