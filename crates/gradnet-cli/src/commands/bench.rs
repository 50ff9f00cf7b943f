//! `gradnet bench`: milliseconds a training step, beside the floor of its matrix products.

use std::process::ExitCode;
use std::time::Duration;

use gradnet_experiments::bench::{cases, sweep};

use crate::arguments::Bench;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Times the cases.
pub fn run(options: &Bench) -> Result<ExitCode, Failure> {
    let all = || if options.sweep { sweep() } else { cases() };
    let chosen: Vec<_> = all()
        .into_iter()
        .filter(|case| {
            options.case.is_empty() || options.case.iter().any(|part| case.name.contains(part))
        })
        .collect();
    if chosen.is_empty() {
        let names: Vec<String> = all().into_iter().map(|case| case.name).collect();
        return Err(Failure::input(
            format!("no case has {} in its name", options.case.join(" or ")),
            format!("the cases are {}", names.join(", ")),
        ));
    }
    let (backend, device) = device::open(&options.device)?;
    if !options.json {
        output::line(format_args!(
            "{:<28} {:>12} {:>10} {:>9} {:>9}",
            "case", "ms per step", "floor ms", "ratio", "steps/s"
        ))?;
    }
    for case in chosen {
        let row = case.run(backend, &device, Duration::from_secs_f64(options.seconds))?;
        if options.json {
            output::json_line(&row)?;
            continue;
        }
        output::line(format_args!(
            "{:<28} {:>12.3} {:>10.3} {:>9.2} {:>9.0}",
            row.case, row.ms_per_step, row.floor_ms, row.ratio_to_floor, row.steps_per_s
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
