//! The prior of docs/inverse-problems.md in deepinv gives what `gradnet solve` gives.

use std::fs;
use std::path::Path;
use std::process::Command;

use gradnet_train::data::{Stream, generator};
use gradnet_train::files::{RowReader, Selection};
use gradnet_train::pictures::{Picture, dead_leaves};

use crate::program::gradnet;

/// The blocks of Python in docs/inverse-problems.md, one after the other.
fn script() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/inverse-problems.md");
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("```python\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

/// Of a picture with noise: the potential has this gradient, the field is as steep as it says at most, and the restored
/// picture is the program's.
const CHECK: &str = "
noisy = torch.tensor(numpy.load('noisy.npy')).float()[None, None]
prior = Ridges('prior', 2.0)
x = noisy.clone().requires_grad_()
(slope,) = torch.autograd.grad(prior.fn(x).sum(), x)
size = slope.abs().max()
assert size > 0 and (slope - prior.grad(noisy)).abs().max() < 1e-4 * size
away = noisy + 0.1 * torch.randn_like(noisy)
# The potential rises along a way by what the gradient does there, also from one piece of a spline to the next.
way, places = away - noisy, (torch.arange(500) + 0.5) / 500
along = sum((prior.grad(noisy + place * way) * way).sum() for place in places) / 500
rise = (prior.fn(away) - prior.fn(noisy)).sum()
assert abs(rise - along) < 1e-3 * abs(rise), (rise, along)
assert (prior.grad(away) - prior.grad(noisy)).norm() <= prior.lipschitz * (away - noisy).norm()
ours = numpy.load('restored.npy')
theirs = denoised(noisy, STRENGTH, SCALE)[0, 0].numpy()
assert abs(noisy[0, 0].numpy() - ours).max() > 0.05
assert abs(theirs - ours).max() < 2e-3, abs(theirs - ours).max()
";

/// The numbers of one array in a file.
fn array(file: &Path, name: &str) -> Vec<f64> {
    let selection = Selection::Named(vec![name.into()]);
    let mut reader = RowReader::open(file, &selection).unwrap();
    let mut numbers = Vec::new();
    while reader.read(64, &mut numbers).unwrap() > 0 {}
    numbers
}

/// `R(x)` of exported ridges as the class in docs/inverse-problems.md computes it: kernels of 5 x 5 pixels, knots on
/// [-0.03, 0.03].
fn energy(file: &Path, x: &[f64], side: usize) -> f64 {
    const RANGE: f64 = 0.03;
    let kernels = array(file, "field.weight");
    let stored = array(file, "field.activation.coefficients");
    let knots = stored.len() / (kernels.len() / 25);
    let step = 2.0 * RANGE / (knots - 1) as f64;
    let pixel = |row: usize, column: usize| match (2..side + 2).contains(&row)
        && (2..side + 2).contains(&column)
    {
        true => x[(row - 2) * side + column - 2],
        false => 0.0,
    };
    let mut sum = 0.0;
    for (kernel, stored) in kernels.chunks(25).zip(stored.chunks(knots)) {
        let mean = kernel.iter().sum::<f64>() / 25.0;
        let rises = stored.windows(2).enumerate().map(|(i, pair)| {
            let inner = i > 0 && i < knots - 2;
            if inner {
                RANGE * (pair[1] - pair[0]).max(0.0)
            } else {
                0.0
            }
        });
        let mut heights = vec![0.0];
        rises.for_each(|rise| heights.push(heights[heights.len() - 1] + rise));
        let middle = heights[knots / 2];
        heights.iter_mut().for_each(|height| *height -= middle);
        let mut areas = vec![0.0];
        for pair in heights.windows(2) {
            areas.push(areas[areas.len() - 1] + (pair[0] + pair[1]) * step / 2.0);
        }
        for at in 0..side * side {
            let (row, column) = (at / side, at % side);
            let products = (0..25).map(|i| (kernel[i] - mean) * pixel(row + i / 5, column + i % 5));
            let z = products.sum::<f64>() + RANGE;
            let piece = (z / step).floor().clamp(0.0, (knots - 2) as f64);
            let (along, left) = (z - piece * step, piece as usize);
            let slope = (heights[left + 1] - heights[left]) / step;
            sum += areas[left] + heights[left] * along + slope * along.powi(2) / 2.0;
        }
    }
    sum
}

#[test]
fn a_prior_of_deepinv_restores_what_solve_restores() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let config = "schema = 1\nname = \"leaves\"\n[images]\ndrawn = 8\npatch = 24\nnoise = [25, 25]\nlevels = [25]\n\
                  [network.patch_ridge]\nfilters = 4\nsize = 5\n[train]\nsteps = 60\nbatch = 8\n";
    fs::write(here.join("leaves.toml"), config).unwrap();
    let mut picture = dead_leaves(String::new(), 40, &mut generator(5, Stream::Test, 0));
    // Some noise of deviation 25 of 255, in steps that a float holds exactly.
    for (pixel, value) in picture.planes[0].iter_mut().enumerate() {
        *value += 0.34 * ((pixel as f32 * 0.618_034).fract() - 0.5);
    }
    picture.write(&here.join("noisy.npy")).unwrap();
    let run = |words: &str| {
        let ran = gradnet(here, &words.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{words}: {}", ran.stderr);
        ran.stdout
    };
    run("train leaves.toml -o run");
    let said =
        run("solve run -i noisy.npy -o restored.npy --noise 25 --steps 5000 --tolerance 0.001");
    run("export run -o prior.npz");
    let description = fs::read_to_string(here.join("prior.json")).unwrap();
    let description: serde_json::Value = serde_json::from_str(&description).unwrap();
    assert!(description["lipschitz_bound"].as_f64().unwrap() > 0.0);
    let number = |name: &str| {
        let after = said.split(&format!("{name} ")).nth(1).unwrap();
        after.split(',').next().unwrap().to_owned()
    };
    let (strength, scale) = (number("strength"), number("scale"));
    assert!(said.contains("rises of the objective: 0"), "{said}");
    // At the noisy picture itself the objective is the regularizer alone, with or without its additive constant.
    let objective = |more: &str| {
        let log = here.join("log.csv");
        run(&format!(
            "solve run -i noisy.npy -o other.npy --noise 25 --steps 1 --log log.csv {more}"
        ));
        let text = fs::read_to_string(&log).unwrap();
        let first = text.lines().nth(1).unwrap();
        first.split(',').nth(2).unwrap().parse::<f64>().unwrap()
    };
    let noisy = Picture::read(&here.join("noisy.npy")).unwrap();
    let at = |scale: f64| {
        let x: Vec<f64> = noisy
            .values()
            .iter()
            .map(|value| scale * f64::from(*value))
            .collect();
        energy(&here.join("prior.npz"), &x, 40)
    };
    let [one, two] = ["1", "2"].map(|scale| objective(&format!("--strength 1 --scale {scale}")));
    let [expected, twice] = [at(1.0), at(2.0)];
    let rise = (2.0 * two - one, twice - expected);
    assert!(
        (rise.0 - rise.1).abs() < 1e-4 * rise.1.abs(),
        "{rise:?} {one} {expected}"
    );
    let python = std::env::var("GRADNET_PYTHON").unwrap_or_else(|_| "python3".into());
    let python = |script: &str| {
        let command = Command::new(&python)
            .args(["-c", script])
            .current_dir(here)
            .output();
        command.map(|output| {
            (
                output.status.success(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        })
    };
    if !python("import deepinv").is_ok_and(|(found, _)| found) {
        eprintln!("SKIPPED: no python3 with deepinv here to run its prior");
        return;
    }
    let check = CHECK
        .replace("STRENGTH", &strength)
        .replace("SCALE", &scale);
    let (passed, said) = python(&(script() + &check)).unwrap();
    assert!(passed, "{said}");
}
