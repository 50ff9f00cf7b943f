//! `gradnet bench`: milliseconds per training step, beside the floor of its matrix products.

use std::process::ExitCode;
use std::time::Duration;

use gradnet_experiments::bench::{cases, sweep};

use crate::arguments::Bench;
use crate::device;
use crate::diagnostics::Failure;
use crate::output;

/// Times the cases.
pub fn run(options: &Bench) -> Result<ExitCode, Failure> {
    let mut chosen = if options.sweep { sweep() } else { cases() };
    let names: Vec<String> = chosen.iter().map(|case| case.name.clone()).collect();
    chosen.retain(|case| is_chosen(&case.name, &options.case, &names));
    if chosen.is_empty() {
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
        if let Some(found) = &row.conjugates {
            output::line(format_args!(
                "  of it {:.0} % for the conjugates: {:.1} Newton steps for the row that takes most, {:.1} values and {:.1} \
                 Jacobians a row, {:.2} times the matrix products of these",
                100.0 * found.share,
                found.newton_steps,
                found.values,
                found.jacobians,
                found.ratio_to_products
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a case is among those asked for: by its whole name, or by a part of it that is no whole name itself. All
/// are, if none is asked for.
fn is_chosen(name: &str, asked: &[String], names: &[String]) -> bool {
    let by = |part: &String| part == name || (!names.contains(part) && name.contains(part));
    asked.is_empty() || asked.iter().any(by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_is_one_case_and_a_part_all_that_have_it() {
        let names: Vec<String> = cases().into_iter().map(|case| case.name).collect();
        let chosen = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|&part| part.into()).collect();
            let mut chosen = names.clone();
            chosen.retain(|name| is_chosen(name, &asked, &names));
            chosen
        };
        assert_eq!(chosen(&["mgradnet_m_d2"]), ["mgradnet_m_d2"]);
        assert_eq!(chosen(&["_m_d2"]), ["mgradnet_m_d2", "mgradnet_m_d256"]);
        assert_eq!(
            chosen(&["d32", "mgradnet_c_d2"]),
            ["mgradnet_c_d2", "mgradnet_m_d32", "mgradnet_c_d32"]
        );
        assert_eq!(chosen(&[]), names);
        assert!(chosen(&["d3x"]).is_empty());
    }
}
