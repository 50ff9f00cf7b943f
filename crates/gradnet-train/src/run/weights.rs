//! `weights.bpk`: a Burn record of the network, sealed.
//!
//! Burn's own readers take the file as it is, since they do not look behind the last tensor; only this one sees a
//! changed bit.

use std::fs;
use std::path::Path;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::{Bytes, Tensor};

use super::RunError;
use super::seal::{sealed, unsealed};
use super::write::write;
use crate::digest::Digest;
use crate::files::{NONSENSE, caught};
use crate::registry::Network;

/// Replaces the weights at `path`; equal weights give equal files.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write_weights(path: &Path, network: Network) -> Result<(), RunError> {
    let record = |first: u64| {
        let numbered = network.clone().map(&mut Numbering { next: first });
        // A network alone is written as version 0.1 did, which knew nothing beside it.
        let record = match numbered.is_alone() {
            true => numbered.registered.into_record(),
            false => numbered.into_record(),
        };
        record.into_bytes()
    };
    // Burn's random ids would make each file another. They count up from a digest of the weights instead: were they the
    // same in all files, two trained networks in one module would share the gradients of their parameters.
    let bytes = record(0).and_then(|bytes| record(Digest::of(&bytes)));
    let bytes = bytes.map_err(|error| RunError::io("write", path, std::io::Error::other(error)))?;
    write(path, &sealed(bytes.to_vec()))
}

/// Puts the weights at `path` into a network.
///
/// # Errors
/// If the file cannot be read, is damaged, or has weights of another network.
pub(super) fn read_weights(path: &Path, network: Network) -> Result<Network, RunError> {
    let bytes = fs::read(path).map_err(|error| RunError::io("read", path, error))?;
    let contents = unsealed(&bytes).map_err(|reason| RunError::Damaged {
        path: path.into(),
        reason,
    })?;
    let unfit = |reason: String| RunError::Weights {
        path: path.into(),
        reason,
    };
    let bytes = Bytes::from_bytes_vec(contents.to_vec());
    caught(|| {
        let record = ModuleRecord::from_bytes(bytes)?;
        match network.is_alone() {
            true => network
                .registered
                .try_load_record(record)
                .map(Network::from),
            false => network.try_load_record(record),
        }
    })
    .ok_or_else(|| unfit(NONSENSE.into()))?
    .map_err(|error: RecordError| unfit(error.to_string()))
}

/// Numbers the parameters of a module in their order.
struct Numbering {
    next: u64,
}

impl ModuleMapper for Numbering {
    fn map_float<const D: usize>(&mut self, mut parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.id = ParamId::from(self.next);
        self.next = self.next.wrapping_add(1);
        parameter
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::{NetworkConfig, Size};
    use burn::module::ModuleVisitor;
    use burn::tensor::Device;
    use gradnet_core::ParameterSource;

    use super::*;

    fn network(seed: u64) -> Network {
        let config = NetworkConfig::from_name("gradnet_m").unwrap();
        let mut source = ParameterSource::new(&Device::flex(), seed);
        config
            .with_size(Size::Width(4))
            .init(3, &mut source)
            .unwrap()
    }

    fn ids(network: &Network) -> Vec<u64> {
        struct Ids(Vec<u64>);
        impl ModuleVisitor for Ids {
            fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
                self.0.push(parameter.id.val());
            }
        }
        let mut ids = Ids(Vec::new());
        network.visit(&mut ids);
        ids.0
    }

    #[test]
    fn equal_weights_give_equal_files_and_others_share_no_parameter_id() {
        let folder = tempfile::tempdir().unwrap();
        let stored = |name: &str, seed: u64| {
            let path = folder.path().join(name);
            write_weights(&path, network(seed)).unwrap();
            let read = read_weights(&path, network(9)).unwrap();
            (fs::read(path).unwrap(), ids(&read))
        };
        let (one, same, other) = (stored("a", 1), stored("b", 1), stored("c", 2));
        assert!(one.0 == same.0, "the same seed");
        assert!(one.0 != other.0);
        assert!(one.1.len() > 2);
        for id in &one.1 {
            assert!(!other.1.contains(id), "{id}");
            assert_eq!(one.1.iter().filter(|other| *other == id).count(), 1);
        }
    }

    #[test]
    fn burn_reads_the_file_as_any_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.bpk");
        write_weights(&path, network(1)).unwrap();
        let ours = read_weights(&path, network(9)).unwrap();
        // A network alone is written without the place of a linear part.
        let burns = Network::from(network(9).registered.try_load_file(&path).unwrap());
        let x = Tensor::<2>::from_floats([[0.1, 0.7, -0.2]], &Device::flex());
        let value = |network: Network| {
            let y = gradnet_core::VectorField::forward(&network, x.clone());
            y.into_data().try_to_vec::<f32>().unwrap()
        };
        assert_eq!(value(ours), value(burns));
        assert_ne!(value(network(1)), value(network(9)));
    }

    #[test]
    fn a_changed_bit_anywhere_in_the_file_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.bpk");
        write_weights(&path, network(1)).unwrap();
        let good = fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(7) {
            let mut changed = good.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            let error = read_weights(&path, network(9)).unwrap_err();
            assert!(matches!(error, RunError::Damaged { .. }), "{at}: {error}");
        }
    }
}
