//! `gradnet reproduce`: the paper's tables and figures.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use gradnet_experiments::figure::{self, Figure};
use gradnet_experiments::reproduce::{
    Grid, Options, Plan, ReproduceError, Selection, Store, reproduce,
};
use gradnet_experiments::universality::{self, UniversalityError};
use gradnet_train::backend::Backend;
use gradnet_train::config::nearest;
use gradnet_train::registry::registry;

use crate::arguments::{Reproduce, Reproduction};
use crate::device;
use crate::diagnostics::Failure;
use crate::output;
use crate::progress::Cells;
use crate::signals;

/// A table to fill or a figure to draw.
enum Part {
    Table(&'static str),
    Figure(Figure),
    Universality,
}

impl Reproduction {
    fn parts(self) -> Vec<Part> {
        match self {
            Self::Table1 => vec![Part::Table("table1")],
            Self::Table2 => vec![Part::Table("table2")],
            Self::Table3 => vec![Part::Table("table3")],
            Self::ToyConvex => vec![Part::Table("toy-convex")],
            Self::ToyNonconvex => vec![Part::Table("toy-nonconvex")],
            Self::Fig4 => vec![Part::Figure(Figure::Potentials)],
            Self::Fig5 => vec![
                Part::Table("toy-convex"),
                Part::Table("toy-nonconvex"),
                Part::Figure(Figure::ErrorMaps),
            ],
            Self::Fig6 => vec![Part::Table("table3"), Part::Figure(Figure::Orbits)],
            Self::Curves => vec![Part::Figure(Figure::Curves)],
            Self::Universality => vec![Part::Universality],
            Self::Speed => vec![Part::Figure(Figure::Speed)],
            Self::All => Grid::names()
                .map(Part::Table)
                .chain(Figure::ALL.map(Part::Figure))
                .chain([Part::Universality])
                .collect(),
        }
    }
}

/// Reproduces and prints the tables; files lie in the results folder.
pub fn run(options: &Reproduce) -> Result<ExitCode, Failure> {
    let parts = options.name.parts();
    let selection = selection(options, &parts)?;
    signals::remedy("the same command goes on from there");
    let (backend, device) = device::open(&options.device)?;
    let out = options.output.clone().unwrap_or_else(|| {
        PathBuf::from(if options.quick {
            "results/quick"
        } else {
            "results"
        })
    });
    let settings = Options {
        jobs: options.jobs.unwrap_or_else(|| jobs(backend)),
        backend,
        device,
        out: out.clone(),
        interrupter: signals::interrupter(),
    };
    let grid =
        |name| Grid::from_name(name).map(|grid| if options.quick { grid.quick() } else { grid });
    for part in parts {
        match part {
            Part::Table(name) => {
                let Some(grid) = grid(name) else { continue };
                let plan = Plan::new(grid, selection.clone());
                let cells = Cells::new();
                let table = reproduce(&plan, &settings, &cells)?;
                drop(cells);
                output::line(table.markdown())?;
            }
            Part::Figure(chosen) => {
                let grids: Vec<Grid> = Grid::names().filter_map(grid).collect();
                draw(chosen, &grids, &settings)?;
            }
            Part::Universality => {
                fit_classes(options.quick, &settings)?;
                draw(Figure::Universality, &[], &settings)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Draws a figure and prints its paths.
fn draw(figure: Figure, grids: &[Grid], settings: &Options) -> Result<(), Failure> {
    let store = Store::new(&settings.out);
    let drawn = figure::draw(figure, &store, grids, &settings.device)
        .map_err(|error| Failure::input(error.to_string(), error.remedy()))?;
    for path in drawn {
        output::line(path.display())?;
    }
    Ok(())
}

/// Fits every theorem's class at every width, prints a line a fit and writes them all.
fn fit_classes(quick: bool, settings: &Options) -> Result<(), Failure> {
    let options = universality::Options::new(0, quick);
    let total = options.rows();
    let device = settings.device.clone().without_autodiff();
    let rows = universality::run(&options, &device, |row, done| {
        output::note(format_args!(
            "[{done}/{total}] {} on {}, width {}: {:.2} dB{}",
            row.theorem,
            row.target.name(),
            row.width,
            row.mse_db,
            if row.inside { "" } else { " (not covered)" },
        ));
        match settings.interrupter.should_stop() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    })
    .map_err(|error| match error {
        UniversalityError::Stopped { .. } => Failure::told(
            error.to_string(),
            "run the same command again: it takes minutes, and what was there before is untouched",
            130,
        ),
        error => Failure::input(
            error.to_string(),
            "fit at other widths, or with another --backend",
        ),
    })?;
    let path = settings.out.join(figure::UNIVERSALITY);
    let text = serde_json::to_string_pretty(&rows)? + "\n";
    Ok(Store::new(&settings.out).write(&path, text.as_bytes())?)
}

/// One job a core where the processor computes, else one.
pub(super) fn jobs(backend: Backend) -> usize {
    match backend {
        Backend::Flex | Backend::NdArray => {
            std::thread::available_parallelism().map_or(1, usize::from)
        }
        _ => 1,
    }
}

/// The part asked for; what no table has is refused rather than left out.
fn selection(options: &Reproduce, parts: &[Part]) -> Result<Selection, Failure> {
    let grids: Vec<Grid> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Table(name) => Grid::from_name(name),
            Part::Figure(_) | Part::Universality => None,
        })
        .collect();
    for name in options.networks.iter().flatten() {
        let names = || {
            let networks = grids.iter().flat_map(|grid| &grid.networks);
            networks.map(|network| network.network.as_str())
        };
        if names().all(|known| known != name) {
            let known = registry().iter().any(|entry| entry.name == name);
            let what = match known {
                true => format!("the network `{name}` is not in this table"),
                false => format!("there is no network `{name}`"),
            };
            let help = match nearest(name, names()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!(
                    "its networks are {}",
                    names().collect::<Vec<_>>().join(", ")
                ),
            };
            return Err(Failure::input(what, help));
        }
    }
    for dim in options.dims.iter().flatten() {
        let dims = || grids.iter().flat_map(|grid| &grid.dims);
        if dims().all(|known| known != dim) {
            let known: Vec<String> = dims().map(usize::to_string).collect();
            let help = match known.is_empty() {
                true => "leave out --dims: there is one dimension only".to_owned(),
                false => format!("its dimensions are {}", known.join(", ")),
            };
            return Err(Failure::input(
                format!("the table has no dimension {dim}"),
                help,
            ));
        }
    }
    Ok(Selection {
        networks: options.networks.clone(),
        dims: options.dims.clone(),
        seeds: options.seeds,
    })
}

impl From<ReproduceError> for Failure {
    fn from(error: ReproduceError) -> Self {
        match error {
            ReproduceError::Run(error) => Self::from(error),
            error => {
                let code = match error {
                    ReproduceError::Interrupted { .. } => 130,
                    _ => 2,
                };
                Self::told(error.to_string(), error.remedy(), code)
            }
        }
    }
}
