//! `gradnet reproduce`: the paper's tables and figures.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use gradnet_experiments::figure::{self, Figure};
use gradnet_experiments::reproduce::{Paper, Restored, Results, Selection, TaskTables, reproduce};
use gradnet_experiments::universality::{self, UniversalityError};
use gradnet_train::backend::Backend;
use gradnet_train::config::nearest;
use gradnet_train::registry::registry;
use gradnet_train::run::write_with_folder;
use gradnet_train::sweep::{self, Options, Shard, Store};

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
    Task(TaskTables),
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
            Self::Scores => vec![Part::Task(TaskTables::Scores)],
            Self::Dynamics => vec![Part::Task(TaskTables::Dynamics)],
            Self::Transport => vec![Part::Task(TaskTables::Transport)],
            Self::Denoising => vec![Part::Task(TaskTables::Denoising)],
            Self::Speed => vec![Part::Figure(Figure::Speed)],
            Self::All => Paper::names()
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
    if parts.iter().any(|part| matches!(part, Part::Task(_))) {
        refuse_parts_of_sweeps(options)?;
    }
    check_images(options, &parts)?;
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
        shard: Shard::ALL,
        interrupter: signals::interrupter(),
        // Figures draw the networks in the plane and on phase space.
        keeps: |experiment| experiment.dim() <= 8,
    };
    let results = Results::new(&out);
    let paper = |name| match options.quick {
        true => Paper::from_name(name).map(Paper::quick),
        false => Paper::from_name(name),
    };
    for part in parts {
        match part {
            Part::Table(name) => {
                let Some(paper) = paper(name) else { continue };
                let cells = Cells::new();
                let table = reproduce(&paper, &selection, &results, &settings, &cells)?;
                drop(cells);
                output::line(table.markdown())?;
            }
            Part::Figure(chosen) => {
                let papers: Vec<Paper> = Paper::names().filter_map(paper).collect();
                draw(chosen, &papers, &results, &settings)?;
            }
            Part::Universality => {
                fit_classes(options.quick, &results, &settings)?;
                draw(Figure::Universality, &[], &results, &settings)?;
            }
            Part::Task(tables) => {
                for (name, sweep) in tables.sweeps(options.quick, options.images.as_deref())? {
                    let folder = results.folder().join("sweeps").join(name);
                    let mut store = Store::new(folder.join("cells"), folder.join("runs"));
                    if tables.needs_images() {
                        store = store.measuring(Arc::new(Restored::new(&folder, options.quick)?));
                    }
                    let cells = Cells::new();
                    let table = sweep::run_in(&sweep, store, &folder, &settings, &cells)?;
                    drop(cells);
                    if let Some(table) = table {
                        output::line(table.markdown())?;
                    }
                    output::note(format_args!("table and records in {}", folder.display()));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Draws a figure and prints its paths.
fn draw(
    figure: Figure,
    papers: &[Paper],
    results: &Results,
    settings: &Options,
) -> Result<(), Failure> {
    let drawn = figure::draw(figure, results, papers, &settings.device)
        .map_err(|error| Failure::input(error.to_string(), error.remedy()))?;
    for path in drawn {
        output::line(path.display())?;
    }
    Ok(())
}

/// Fits every theorem's class at every width, prints a line a fit and writes them all.
fn fit_classes(quick: bool, results: &Results, settings: &Options) -> Result<(), Failure> {
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
    let path = results.folder().join(figure::UNIVERSALITY);
    let text = serde_json::to_string_pretty(&rows)? + "\n";
    Ok(write_with_folder(&path, text.as_bytes())?)
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

/// Pictures belong to the tables that read some, and to no other.
fn check_images(options: &Reproduce, parts: &[Part]) -> Result<(), Failure> {
    let reads = |part: &Part| matches!(part, Part::Task(tables) if tables.needs_images());
    match (&options.images, parts.iter().any(reads)) {
        (None, true) => Err(Failure::input(
            "the pictures of this table are not part of gradnet",
            "name their folder with --images FOLDER: it holds the folders train, set12 and set68",
        )),
        (Some(_), false) => Err(Failure::input(
            "--images names pictures, and this reads none",
            "leave it out, or reproduce `denoising`",
        )),
        _ => Ok(()),
    }
}

/// The tables of tasks are whole sweeps.
fn refuse_parts_of_sweeps(options: &Reproduce) -> Result<(), Failure> {
    let given = [
        ("--networks", options.networks.is_some()),
        ("--dims", options.dims.is_some()),
        ("--seeds", options.seeds.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Failure::input(
            format!("{option} chooses a part of a table of the paper, and this is none"),
            "leave it out, or copy the file in configs/sweeps, edit it and use `gradnet sweep`",
        )),
        None => Ok(()),
    }
}

/// The part asked for; what no table has is refused rather than left out.
fn selection(options: &Reproduce, parts: &[Part]) -> Result<Selection, Failure> {
    let papers: Vec<Paper> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Table(name) => Paper::from_name(name),
            Part::Figure(_) | Part::Universality | Part::Task(_) => None,
        })
        .collect();
    for name in options.networks.iter().flatten() {
        let names = || {
            papers
                .iter()
                .flat_map(|p| p.rows().map(|(_, network)| network))
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
        let dims = || papers.iter().flat_map(Paper::dims);
        if dims().all(|known| known != *dim) {
            let known: Vec<String> = dims().map(|dim| dim.to_string()).collect();
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
