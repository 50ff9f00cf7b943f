//! `gradnet predict`: a trained field at the points of a file.

use std::process::ExitCode;

use gradnet_train::predict::{COMPARED, PredictOptions, Predicted, predict};

use crate::arguments::Predict;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;
use crate::progress::Count;

/// Predicts and says for how many points.
pub fn run(options: &Predict) -> Result<ExitCode, Failure> {
    let run = super::open_run(&options.run)?;
    let (_, device) = device::open(&options.device)?;
    let wanted = PredictOptions {
        x: options.x.clone(),
        header: options.header,
        potential: options.potential,
        jacobian: options.jacobian,
        log_density: options.log_density,
        inverse: options.inverse,
    };
    let mut count = Count::new(options.progress);
    let Predicted {
        points,
        far,
        jacobian_error,
    } = predict(
        &run,
        &device,
        &options.input,
        &options.output,
        &wanted,
        |reader| output::points(&options.input, reader),
        |done, total| count.show(done, total),
    )?;
    drop(count);
    if far > 0 {
        output::note(format_args!(
            "{far} of {points} points lie outside the cube around the training points by more than its width: \
             the network has learned nothing there; check their units, columns and offset"
        ));
    }
    if let Some(error) = jacobian_error {
        output::note(format_args!(
            "the Jacobians are good to {error:.0e} of their norm: by so much the first {} differ from those in 64 bits",
            points.min(COMPARED as u64)
        ));
    }
    output::line(format_args!(
        "{points} points written to {}",
        options.output.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
