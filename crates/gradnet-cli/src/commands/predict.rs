//! `gradnet predict`: a trained field at the points of a file.

use std::process::ExitCode;

use gradnet_train::Run;
use gradnet_train::predict::{COMPARED, PredictOptions, Predicted, predict};

use crate::arguments::Predict;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;
use crate::progress::Count;

/// Says what a row is to a run on pictures, and refuses a picture.
fn on_patches(run: &Run, options: &Predict) -> Result<(), Failure> {
    let side = run.experiment().dim().isqrt();
    let input = options.input.display();
    let extension = options.input.extension().and_then(|name| name.to_str());
    if extension.is_some_and(|name| name.eq_ignore_ascii_case("png")) {
        return Err(Failure::input(
            format!(
                "{input} is a picture: predict gives the network's field at patches of {side} x {side} pixels, a row of numbers each"
            ),
            format!(
                "`gradnet solve {} --input {input} --noise S --output restored.png` restores a picture with noise of standard deviation S, of 255",
                options.run.display()
            ),
        ));
    }
    output::note(format_args!(
        "the network's field is on patches: a row of the input is {side} x {side} pixels, one line after the other; \
         `gradnet solve` restores pictures"
    ));
    Ok(())
}

/// Predicts and says for how many points.
pub fn run(options: &Predict) -> Result<ExitCode, Failure> {
    let run = super::open_run(&options.run)?;
    if run.experiment().task.on_patches() {
        on_patches(&run, options)?;
    }
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
        beyond,
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
    let what = match options.inverse {
        true => "points found lie",
        false => "points lie",
    };
    output::beyond(what, beyond, points);
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
