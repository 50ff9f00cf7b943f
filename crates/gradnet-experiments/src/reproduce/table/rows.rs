//! From records to rows: the choice by validation, means, spreads, and the reference rows.

use std::collections::BTreeMap;

use super::super::{OrbitScore, Paper};
use super::{Candidate, FieldRow, OrbitRow};
use crate::two_body::{Horizon, Prediction, evaluation_states, exact_rate};
use gradnet_train::measure::{deviation, mean};
use gradnet_train::sweep::Filled;
use gradnet_train::task::regression::{Reference, Score};

/// The rows of fields, those of one case together, its reference rows first.
pub(super) fn field_rows(paper: &Paper, filled: &[&Filled<'_>]) -> Vec<FieldRow> {
    let of_case = filled.chunk_by(|a, b| a.place.case == b.place.case);
    let rows = of_case.flat_map(|case| {
        let networks = case.iter().map(|filled| field_row(paper, filled));
        reference_rows(case).into_iter().chain(networks)
    });
    rows.collect()
}

fn field_row(paper: &Paper, filled: &Filled<'_>) -> FieldRow {
    let chosen = &filled.records[0].experiment;
    let results = filled.results();
    let tests: Vec<Score> = results.iter().filter_map(|r| r.scores.test()).collect();
    let means: Vec<f64> = tests.iter().map(|test| test.mse_db_mean).collect();
    let draws: Option<Vec<f64>> = tests.iter().map(|test| test.mse_db_std).collect();
    FieldRow {
        label: filled.place.row.clone(),
        network: chosen.network.name().into(),
        dim: chosen.dim(),
        parameters: results[0].parameters,
        learning_rate: Some(chosen.train.learning_rate),
        mse_db_mean: mean(&means),
        mse_db_std_draws: draws.map(|draws| mean(&draws)),
        mse_db_std_seeds: deviation(&means),
        seeds: results.len(),
        published_db: paper.published_db(filled.place),
    }
}

/// "Zero" and "best symmetric linear map", means over the seeds that have a record.
fn reference_rows(case: &[&Filled<'_>]) -> [FieldRow; 2] {
    let records = case.iter().flat_map(|filled| &filled.records);
    let by_seed: BTreeMap<u64, Reference> = records
        .filter_map(|r| Some((r.experiment.seed, r.result.as_ref()?.scores.reference()?)))
        .collect();
    let found: Vec<Reference> = by_seed.into_values().collect();
    let dim = case[0].records[0].experiment.dim();
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

pub(super) fn orbit_rows(paper: &Paper, filled: &[&Filled<'_>]) -> Vec<OrbitRow> {
    let rows = filled.iter().map(|filled| {
        let results = filled.results();
        let scores: Vec<_> = results
            .iter()
            .map(|result| OrbitScore::of(result))
            .collect();
        let published = paper.published.published_orbits.get(&filled.place.row);
        OrbitRow {
            label: filled.place.row.clone(),
            network: filled.records[0].experiment.network.name().into(),
            parameters: results[0].parameters,
            candidate: Some(Candidate::of(&filled.records[0])),
            published_coordinate_db: published.map(|p| p.coordinate_mse_db),
            published_energy_db: published.map(|p| p.energy_mse_db),
            ..OrbitRow::of(&scores)
        }
    });
    std::iter::once(integrator(paper.horizon))
        .chain(rows)
        .collect()
}

/// The exact dynamics integrated as the learned ones are: the error that is the integrator's own.
fn integrator(horizon: Horizon) -> OrbitRow {
    let predictions: Vec<_> = evaluation_states()
        .into_iter()
        .map(|start| Prediction::new(exact_rate, start, horizon).ok())
        .collect();
    OrbitRow {
        label: "exact Hamiltonian".into(),
        network: "exact".into(),
        ..OrbitRow::of(&[OrbitScore::new(&predictions)])
    }
}

impl OrbitRow {
    /// The numbers of these seeds, of a network that is still to be named.
    fn of(scores: &[OrbitScore]) -> Self {
        let spread = |errors: fn(&OrbitScore) -> &Vec<Option<f64>>| {
            Spread::new(&scores.iter().map(errors).collect::<Vec<_>>())
        };
        let known = scores
            .iter()
            .all(|score| !score.early_coordinate_mse_db.is_empty());
        let early = known.then(|| spread(|score| &score.early_coordinate_mse_db));
        let coordinate = spread(|score| &score.coordinate_mse_db);
        let energy = spread(|score| &score.energy_mse_db);
        Self {
            label: String::new(),
            network: String::new(),
            parameters: 0,
            candidate: None,
            coordinate_mse_db_mean: coordinate.mean,
            coordinate_mse_db_std: coordinate.std_orbits,
            coordinate_mse_db_std_seeds: coordinate.std_seeds,
            early_coordinate_mse_db_mean: early.as_ref().map(|early| early.mean),
            early_coordinate_mse_db_std: early.as_ref().map(|early| early.std_orbits),
            energy_mse_db_mean: energy.mean,
            energy_mse_db_std: energy.std_orbits,
            energy_mse_db_std_seeds: energy.std_seeds,
            lost_orbits: coordinate.lost,
            seeds: scores.len(),
            published_coordinate_db: None,
            published_energy_db: None,
        }
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
