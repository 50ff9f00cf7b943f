//! From records to rows: the choice by validation, means, spreads, and the reference rows.

use std::collections::BTreeMap;

use super::super::plan::{Entry, best};
use super::super::record::{CellResult, Record};
use super::{FieldRow, OrbitRow};
use crate::two_body::{Horizon, Prediction, evaluation_states, exact_rate};
use gradnet_train::task::regression::{Reference, deviation, mean};

/// The rows of fields, those of one dimension together, its reference rows first.
pub(super) fn field_rows(entries: &[Entry<'_>], records: &[Record]) -> Vec<FieldRow> {
    let mut rows = Vec::new();
    let mut referenced = Vec::new();
    for entry in entries {
        let Some(chosen) = best(entry, records) else {
            continue;
        };
        if !referenced.contains(&chosen.dim) {
            referenced.push(chosen.dim);
            rows.extend(reference_rows(chosen.dim, records));
        }
        let results = repeated(entry, chosen, records);
        let means: Vec<f64> = results.iter().map(|r| r.test.mse_db_mean).collect();
        let draws: Option<Vec<f64>> = results.iter().map(|r| r.test.mse_db_std).collect();
        rows.push(FieldRow {
            label: entry.network.label.clone(),
            network: entry.network.network.clone(),
            dim: chosen.dim,
            parameters: results[0].parameters,
            learning_rate: Some(chosen.candidate.learning_rate),
            mse_db_mean: mean(&means),
            mse_db_std_draws: draws.map(|draws| mean(&draws)),
            mse_db_std_seeds: deviation(&means),
            seeds: results.len(),
            published_db: entry.published_db,
        });
    }
    rows
}

/// The results of all seeds of a row's choice, in the order of the seeds; the chosen one is among them.
fn repeated<'a>(entry: &Entry<'_>, chosen: &Record, records: &'a [Record]) -> Vec<&'a CellResult> {
    let mut of_choice: Vec<&Record> = records
        .iter()
        .filter(|record| entry.owns(record) && record.candidate == chosen.candidate)
        .collect();
    of_choice.sort_by_key(|record| record.seed);
    let results = of_choice.into_iter();
    results
        .filter_map(|record| record.result.as_ref())
        .collect()
}

/// "Zero" and "best symmetric linear map", means over the seeds that have a record.
fn reference_rows(dim: usize, records: &[Record]) -> [FieldRow; 2] {
    let of_dim = records.iter().filter(|record| record.dim == dim);
    let by_seed: BTreeMap<u64, Reference> = of_dim
        .filter_map(|record| Some((record.seed, record.result.as_ref()?.reference)))
        .collect();
    let found: Vec<Reference> = by_seed.into_values().collect();
    let row = |label: &str, network: &str, parameters, errors: Vec<f64>| FieldRow {
        label: label.into(),
        network: network.into(),
        dim,
        parameters,
        learning_rate: None,
        mse_db_mean: mean(&errors),
        mse_db_std_draws: None,
        mse_db_std_seeds: deviation(&errors),
        seeds: errors.len(),
        published_db: None,
    };
    let zero = found.iter().map(|rows| rows.zero_db).collect();
    let linear = found.iter().map(|rows| rows.linear_db).collect();
    let numbers = dim * (dim + 1) / 2 + dim;
    [
        row("zero", "zero", 0, zero),
        row("best symmetric linear map", "linear", numbers, linear),
    ]
}

pub(super) fn orbit_rows(
    entries: &[Entry<'_>],
    records: &[Record],
    horizon: Horizon,
) -> Vec<OrbitRow> {
    let mut rows = vec![integrator(horizon)];
    for entry in entries {
        let Some(chosen) = best(entry, records) else {
            continue;
        };
        let results = repeated(entry, chosen, records);
        let scores: Vec<_> = results.iter().filter_map(|r| r.orbits.as_ref()).collect();
        let coordinates: Vec<_> = scores.iter().map(|s| &s.coordinate_mse_db).collect();
        let early: Vec<_> = scores.iter().map(|s| &s.early_coordinate_mse_db).collect();
        let known = early.iter().all(|orbits| !orbits.is_empty());
        let early = known.then(|| Spread::new(&early));
        let energies: Vec<_> = scores.iter().map(|s| &s.energy_mse_db).collect();
        let (coordinate, energy) = (Spread::new(&coordinates), Spread::new(&energies));
        rows.push(OrbitRow {
            label: entry.network.label.clone(),
            network: entry.network.network.clone(),
            parameters: results[0].parameters,
            candidate: Some(chosen.candidate.clone()),
            coordinate_mse_db_mean: coordinate.mean,
            coordinate_mse_db_std: coordinate.std_orbits,
            coordinate_mse_db_std_seeds: coordinate.std_seeds,
            early_coordinate_mse_db_mean: early.as_ref().map(|early| early.mean),
            early_coordinate_mse_db_std: early.as_ref().map(|early| early.std_orbits),
            energy_mse_db_mean: energy.mean,
            energy_mse_db_std: energy.std_orbits,
            energy_mse_db_std_seeds: energy.std_seeds,
            lost_orbits: coordinate.lost,
            seeds: results.len(),
            published_coordinate_db: entry.network.published.map(|p| p.coordinate_mse_db),
            published_energy_db: entry.network.published.map(|p| p.energy_mse_db),
        });
    }
    rows
}

/// The exact dynamics integrated as the learned ones are: the error that is the integrator's own.
fn integrator(horizon: Horizon) -> OrbitRow {
    let predictions: Vec<_> = evaluation_states()
        .into_iter()
        .map(|start| Prediction::new(exact_rate, start, horizon).ok())
        .collect();
    let each = |error: fn(&Prediction) -> f64| -> Vec<Option<f64>> {
        let errors = predictions.iter();
        errors
            .map(|followed| followed.as_ref().map(error))
            .collect()
    };
    let coordinate = Spread::new(&[&each(Prediction::coordinate_mse_db)]);
    let early = Spread::new(&[&each(Prediction::early_coordinate_mse_db)]);
    let energy = Spread::new(&[&each(Prediction::energy_mse_db)]);
    OrbitRow {
        label: "exact Hamiltonian".into(),
        network: "exact".into(),
        parameters: 0,
        candidate: None,
        coordinate_mse_db_mean: coordinate.mean,
        coordinate_mse_db_std: coordinate.std_orbits,
        coordinate_mse_db_std_seeds: None,
        early_coordinate_mse_db_mean: Some(early.mean),
        early_coordinate_mse_db_std: Some(early.std_orbits),
        energy_mse_db_mean: energy.mean,
        energy_mse_db_std: energy.std_orbits,
        energy_mse_db_std_seeds: None,
        lost_orbits: coordinate.lost,
        seeds: 1,
        published_coordinate_db: None,
        published_energy_db: None,
    }
}

/// Mean over the seeds of mean and deviation over the orbits.
struct Spread {
    mean: f64,
    std_orbits: f64,
    std_seeds: Option<f64>,
    lost: usize,
}

impl Spread {
    fn new(seeds: &[&Vec<Option<f64>>]) -> Self {
        let followed: Vec<Vec<f64>> = seeds
            .iter()
            .map(|orbits| orbits.iter().flatten().copied().collect())
            .collect();
        let means: Vec<f64> = followed.iter().map(|orbits| mean(orbits)).collect();
        let deviations: Vec<f64> = followed.iter().filter_map(|o| deviation(o)).collect();
        Self {
            mean: mean(&means),
            std_orbits: mean(&deviations),
            std_seeds: deviation(&means),
            lost: seeds
                .iter()
                .map(|o| o.iter().filter(|e| e.is_none()).count())
                .sum(),
        }
    }
}
