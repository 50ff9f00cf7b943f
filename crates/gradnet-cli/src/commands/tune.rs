//! `gradnet tune`: chooses strength and scale of a regularizer on the run's validation pictures.

use std::process::ExitCode;

use gradnet_train::restore;

use crate::arguments::Tune;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Chooses, notes it in the run and says what was chosen.
pub fn run(options: &Tune) -> Result<ExitCode, Failure> {
    let run = super::open_run(&options.run)?;
    let (backend, device) = device::open(&options.device)?;
    let operator = options.operator.parse()?;
    let tuned =
        backend.on_its_threads(|| restore::tune(&run, &device, &operator, options.noise))?;
    output::line(format_args!(
        "{}: strength {:.4}, scale {:.4} for noise {}: {:.2} dB on {} validation pictures",
        options.run.display(),
        tuned.strength,
        tuned.scale,
        tuned.noise,
        tuned.psnr_db,
        tuned.pictures
    ))?;
    Ok(ExitCode::SUCCESS)
}
