//! `gradnet list devices`: the backends compiled in, the devices found, and whether they compute what the processor
//! computes.

use std::process::ExitCode;

use gradnet_train::backend::{Backend, BackendReport};
use gradnet_train::device_check::{self, Row};

use crate::arguments::Devices;
use crate::device::quietly;
use crate::diagnostics::Failure;
use crate::output;

/// Prints a line a device, and a line a backend that has none; with `--check` a line a network, and exit code 1 if one
/// is computed wrongly.
pub fn run(options: &Devices) -> Result<ExitCode, Failure> {
    if options.check {
        return check(options);
    }
    let reports: Vec<BackendReport> =
        quietly(|| Backend::ALL.into_iter().map(Backend::report).collect());
    if options.json {
        output::json(&reports)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<_> = reports.iter().flat_map(rows).collect();
    output::table(&["backend", "device", ""], &rows)?;
    Ok(ExitCode::SUCCESS)
}

fn rows(report: &BackendReport) -> Vec<[String; 3]> {
    let name = || report.backend.to_owned();
    if !report.compiled {
        let remedy = format!("not compiled in (cargo's --features {})", report.backend);
        return vec![[name(), "-".to_owned(), remedy]];
    }
    if let Some(error) = &report.error {
        return vec![[name(), "-".to_owned(), error.clone()]];
    }
    let devices = report.devices.iter().enumerate();
    devices
        .map(|(index, device)| [name(), index.to_string(), device.clone()])
        .collect()
}

/// Holds the first device of each backend against the processor.
fn check(options: &Devices) -> Result<ExitCode, Failure> {
    let named: Vec<Backend> = options
        .backend
        .iter()
        .map(|name| Backend::from_name(name))
        .collect::<Result<_, _>>()?;
    let asked = |backend: &Backend| named.is_empty() || named.contains(backend);
    let dimensions = match &options.dim[..] {
        [] => &device_check::DIMENSIONS[..],
        given => given,
    };
    let (mut rows, mut wrong) = (Vec::new(), false);
    if !options.json {
        output::line(heading())?;
    }
    for backend in Backend::ALL.into_iter().filter(asked) {
        let device = match quietly(|| backend.device(None)) {
            Ok(device) => device,
            Err(error) if named.is_empty() => {
                output::note(format_args!("{backend} is left out: {error}"));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if backend == Backend::Flex {
            output::note("flex is left out: the others are held against it");
            continue;
        }
        for case in device_check::cases(dimensions) {
            let row = case.check(&device);
            wrong |= row.fault.is_some();
            if options.json {
                rows.push(row);
            } else {
                output::line(text(backend, &row))?;
            }
        }
    }
    if options.json {
        output::json(&rows)?;
    }
    Ok(if wrong {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

fn heading() -> String {
    format!(
        "{:8} {:24} {:>5}  {:>10}  {}",
        "backend", "network", "d", "difference", "largest in"
    )
}

fn text(backend: Backend, row: &Row) -> String {
    let (difference, quantity) = match (&row.agreement, &row.fault) {
        (Some(found), _) => (format!("{:.1e}", found.difference), found.quantity.clone()),
        (None, Some(fault)) => ("WRONG".to_owned(), fault.clone()),
        (None, None) => ("-".to_owned(), "nothing to compare with".to_owned()),
    };
    format!(
        "{:8} {:24} {:>5}  {difference:>10}  {quantity}",
        backend.name(),
        row.network,
        row.dim
    )
}
