//! Denoising on a page: a test picture at each noise level, the filters with their activations, PSNR over the noise,
//! and what the certificate says.

use std::fmt::Write;

use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::plots::Plot;
use serde::Serialize;

use super::address::{Picture, png_address};
use super::plots::{COLOURS, frame};
use super::table::Table;
use crate::measure::four_digits;
use crate::pictures::grey_png;
use crate::registry::PatchUnits;
use crate::task::images::{ShownLevel, ShownPictures};
use crate::task::{Quantities, Rows};

/// Rows and columns that are shown of a picture at most: its middle.
const SIDE: usize = 512;

/// Filters that are shown at most.
const FILTERS: usize = 64;

/// Pictures that stand beside each other under a heading.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Strip {
    title: String,
    pictures: Vec<Picture>,
}

/// The picture at each noise level: clean, noisy, denoised, and what the denoised one differs by.
pub(super) fn strips(shown: &ShownPictures) -> Vec<Strip> {
    shown
        .levels
        .iter()
        .map(|level| strip(shown, level))
        .collect()
}

fn strip(shown: &ShownPictures, level: &ShownLevel) -> Strip {
    let ShownLevel {
        level: deviation,
        noisy,
        noisy_psnr,
        denoised,
    } = level;
    let picture = |values: &[f64], caption: String| {
        let (size, values) = middle(values, shown.size);
        grey_png(size, &values).map(|bytes| Picture::png(&bytes, caption))
    };
    let mut pictures = vec![
        picture(&shown.clean, "Clean.".into()),
        picture(noisy, format!("Noisy: {noisy_psnr:.2} dB.")),
    ];
    if let Some(denoised) = denoised {
        let psnr = denoised.psnr;
        pictures.push(picture(
            &denoised.values,
            format!("Denoised: {psnr:.2} dB."),
        ));
        let difference = difference(&denoised.values, &shown.clean, *deviation);
        pictures.push(picture(
            &difference,
            format!("Denoised less clean: black is -{deviation}/255 or less, white {deviation}/255 or more."),
        ));
    }
    let name = &shown.name;
    Strip {
        title: format!("σ = {deviation}/255: {name}"),
        pictures: pictures.into_iter().flatten().collect(),
    }
}

/// The difference of two pictures as brightnesses: grey where there is none, black and white where it is the noise's
/// deviation.
fn difference(found: &[f64], clean: &[f64], deviation: f64) -> Vec<f64> {
    let pixels = found.iter().zip(clean);
    pixels
        .map(|(a, b)| 0.5 + 0.5 * 255.0 * (a - b) / deviation)
        .collect()
}

/// The middle of a picture.
fn middle(values: &[f64], [height, width]: [usize; 2]) -> ([usize; 2], Vec<f64>) {
    let size = [height.min(SIDE), width.min(SIDE)];
    let (top, left) = ((height - size[0]) / 2, (width - size[1]) / 2);
    let rows = (top..top + size[0]).map(|row| row * width + left);
    let pixels = rows.flat_map(|start| values[start..start + size[1]].iter().copied());
    (size, pixels.collect())
}

/// PSNR over the noise, of the run and of the rows beside it.
pub(super) fn psnr_by_noise(levels: &[f64], metrics: &Quantities, rows: &Rows) -> Option<Picture> {
    let of = |numbers: &Quantities| -> Vec<(f64, f64)> {
        let number = |level: &f64| Some((*level, numbers.get(&format!("psnr_db_{level}"))?.value));
        levels.iter().filter_map(number).collect()
    };
    let mut lines = vec![("this run".to_owned(), of(metrics))];
    lines.extend(
        rows.iter()
            .map(|(name, numbers)| (name.replace('_', " "), of(numbers))),
    );
    lines.retain(|(_, points)| !points.is_empty());
    lines.first()?;
    let mut plots = Vec::new();
    for ((name, points), colour) in lines.into_iter().zip(COLOURS.iter().cycle()) {
        let dots = ScatterPlot::new()
            .with_data(points.clone())
            .with_color(*colour)
            .with_size(4.0)
            .with_legend(name);
        plots.push(Plot::Scatter(dots));
        if points.len() > 1 {
            let line = LinePlot::new()
                .with_data(points)
                .with_color(*colour)
                .with_stroke_width(1.5);
            plots.push(Plot::Line(line));
        }
    }
    let layout = frame(&plots)
        .with_x_label("σ, of 255")
        .with_y_label("PSNR, dB");
    let caption = "Mean PSNR of the test pictures over the noise's standard deviation σ.";
    Some(Picture::plots(plots, layout, caption))
}

/// What is certain of the field, and the step that follows from it at each level.
pub(super) fn certificate(shown: &ShownPictures, metrics: &Quantities) -> Vec<Table> {
    let cell = |name: &str, value: f64| vec![name.to_owned(), four_digits(value)];
    let bound = shown.lipschitz;
    let mut rows = vec![cell(
        "Lipschitz constant L of the field, certified for every size of picture",
        bound,
    )];
    if let Some(power) = metrics.get("lipschitz_power") {
        rows.push(cell(
            "the same from below, by power iterations on the largest test picture",
            power.value,
        ));
        rows.push(cell("their ratio", bound / power.value));
    }
    rows.push(match shown.concavity {
        0.0 => vec!["the regularizer".into(), "is convex".into()],
        concavity => cell(
            "weak convexity ρ: the field plus ρ x is monotone",
            concavity,
        ),
    });
    let mut tables = vec![Table::new("The certificate.", &["", ""], rows.into_iter())];
    let steps = shown.levels.iter().filter_map(|level| {
        let denoised = level.denoised.as_ref()?;
        let numbers = [denoised.strength, denoised.scale, denoised.step];
        let mut cells = vec![format!("σ = {}/255", level.level)];
        cells.extend(numbers.map(four_digits));
        cells.push(denoised.steps.to_string());
        Some(cells)
    });
    let steps: Vec<Vec<String>> = steps.collect();
    if !steps.is_empty() {
        let head = [
            "noise",
            "strength λ",
            "scale μ",
            "certified step 1/(1 + λ μ L)",
            "steps taken",
        ];
        let caption = "What the regularizer was applied with, chosen on the validation pictures.";
        tables.push(Table::new(caption, &head, steps.into_iter()));
    }
    tables
}

/// Pixels of a cell of the drawing of filters: a filter, and the curve under it.
const CELL: [f64; 2] = [92.0, 150.0];
const FRAME: f64 = 80.0;
const CURVE: f64 = 48.0;
const ACROSS: usize = 6;

/// The filters, each from black to white by its own largest weight, and under each its activation.
pub(super) fn filters(units: &PatchUnits) -> Picture {
    let count = units.filters.len().min(FILTERS);
    let has_curves = units.curves.is_some();
    let tall = if has_curves {
        CELL[1]
    } else {
        CELL[1] - CURVE - 4.0
    };
    let (width, height) = (
        count.min(ACROSS) as f64 * CELL[0],
        count.div_ceil(ACROSS) as f64 * tall,
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"10\">"
    );
    let side = units.side;
    for (place, filter) in units.filters.iter().take(count).enumerate() {
        let (left, top) = (
            (place % ACROSS) as f64 * CELL[0],
            (place / ACROSS) as f64 * tall,
        );
        let largest = filter
            .iter()
            .fold(0.0_f64, |most, weight| most.max(weight.abs()));
        let largest = largest.max(f64::MIN_POSITIVE);
        let grey: Vec<f64> = filter
            .iter()
            .map(|weight| 0.5 + 0.5 * weight / largest)
            .collect();
        let Some(bytes) = grey_png([side, side], &grey) else {
            continue;
        };
        let _ = write!(
            svg,
            "<g transform=\"translate({left} {top})\"><text x=\"0\" y=\"10\">{} ±{}</text><image y=\"14\" \
             width=\"{FRAME}\" height=\"{FRAME}\" style=\"image-rendering:pixelated\" href=\"{}\"/>",
            place + 1,
            four_digits(largest),
            png_address(&bytes),
        );
        if let Some(curves) = &units.curves {
            let _ = write!(
                svg,
                "<g transform=\"translate(0 {})\"><path d=\"M0 {} H{FRAME} M{} 0 V{CURVE}\" stroke=\"#d8dee4\"/>\
                 <path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/></g>",
                18.0 + FRAME,
                CURVE / 2.0,
                FRAME / 2.0,
                curve(&curves.values[place], curves.largest()),
                COLOURS[0],
            );
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>");
    let shown = match count == units.filters.len() {
        true => format!("The {count} filters"),
        false => format!("The first {count} of {} filters", units.filters.len()),
    };
    let caption = match &units.curves {
        Some(curves) => format!(
            "{shown}, each from black to white by its largest weight, which stands above it. Under each its activation: \
             the filter's response z from -{range} to {range} across, σ(z) from -{most} to {most} upwards.",
            range = four_digits(curves.range),
            most = four_digits(curves.largest()),
        ),
        None => format!(
            "{shown}, each from black to white by its largest weight, which stands above it. The filters of a module share \
             one softmax, which is no function of a single response."
        ),
    };
    Picture::svg(&svg, caption)
}

/// The corners of a curve in its frame, from `-largest` at the bottom to `largest` at the top.
fn curve(values: &[f64], largest: f64) -> String {
    let mut path = String::new();
    let last = (values.len() - 1).max(1) as f64;
    for (place, value) in values.iter().enumerate() {
        let (x, y) = (
            place as f64 / last * FRAME,
            CURVE * (0.5 - 0.5 * value / largest),
        );
        let _ = write!(path, "{}{x:.2} {y:.2}", if place == 0 { 'M' } else { 'L' });
    }
    path
}

#[cfg(test)]
mod tests;
