//! The numbers of Table III for a run of `gradnet train`: the 15 orbits of its test, followed by the energy that the
//! run has learned from paths (`[dynamics.system] name = "two_bodies"`) or from derivatives (`[target.two_body]`).
//!
//! ```sh
//! cargo run --release --example orbits_of_a_run -- runs/NAME ..
//! ```

use std::path::Path;

use burn::tensor::Device;
use gradnet_experiments::two_body::{Horizon, Prediction, evaluation_states, rate_of};
use gradnet_train::run::{Run, RunError};

fn main() -> Result<(), RunError> {
    println!(
        "run: positions to t = 60, to t = 20, energy; mean of the MSE in dB over the orbits that can be followed"
    );
    for path in std::env::args().skip(1) {
        let run = Run::open(Path::new(&path))?;
        let device = Device::flex();
        let field = run.field(&device)?;
        let followed: Vec<Prediction> = evaluation_states()
            .into_iter()
            .filter_map(|start| {
                Prediction::new(rate_of(&field, &device), start, Horizon::default()).ok()
            })
            .collect();
        let mean = |of: fn(&Prediction) -> f64| {
            followed.iter().map(of).sum::<f64>() / followed.len() as f64
        };
        println!(
            "{path}: {:.2}, {:.2}, {:.2} ({} orbits)",
            mean(Prediction::coordinate_mse_db),
            mean(Prediction::early_coordinate_mse_db),
            mean(Prediction::energy_mse_db),
            followed.len()
        );
    }
    Ok(())
}
