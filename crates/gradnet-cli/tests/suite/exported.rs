//! Small runs of every network and function that is exported as a model, far from the origin and in other units.

use std::fs;
use std::path::Path;

use gradnet_core::activation::ScalarFunction;

use crate::program::gradnet;

/// Networks, what is trained on, and more settings: the four networks of the paper, and each function of a cascade.
pub fn runs() -> Vec<(&'static str, &'static str, String)> {
    let networks = [
        ("mgradnet_m", "data"),
        ("gradnet_m", "data"),
        ("mgradnet_c", "data"),
        ("gradnet_c", "data"),
        ("mgradnet_m", "transport"),
        ("mgradnet_c", "transport"),
    ];
    let networks = networks.map(|(network, task)| (network, task, String::new()));
    let functions = ScalarFunction::ALL.map(|function| {
        let name = serde_json::to_string(&function).unwrap();
        ("mgradnet_c", "data", format!("activation = {name}"))
    });
    networks.into_iter().chain(functions).collect()
}

/// Trains a few steps in `folder`; the run, the points of `x.csv` and their values in `y.csv`.
pub fn trained(folder: &Path, network: &str, task: &str, settings: &str) {
    let (mut pairs, mut source, mut points) = (String::new(), String::new(), String::new());
    for row in 0..400 {
        let (a, b) = (
            f64::from(row % 20) / 10.0 - 1.0,
            f64::from(row / 20) / 10.0 - 1.0,
        );
        let (f, g) = (
            300.0 - 100.0 * (a + b).tanh(),
            -20.0 - 50.0 * (a + b).tanh(),
        );
        pairs.push_str(&format!("{},{b},{f},{g}\n", 5.4e6 + a));
        source.push_str(&format!("{},{b}\n", 5.4e6 + a));
        if row % 40 == 3 {
            points.push_str(&format!("{},{b}\n", 5.4e6 + a));
        }
    }
    fs::write(folder.join("pairs.csv"), format!("x1,x2,g1,g2\n{pairs}")).unwrap();
    fs::write(folder.join("source.csv"), format!("x1,x2\n{source}")).unwrap();
    fs::write(folder.join("x.csv"), format!("x1,x2\n{points}")).unwrap();
    let moved = (0..400).map(|row| {
        let (a, b) = (f64::from(row % 20) / 5.0, f64::from(row / 20) / 30.0);
        format!("{},{}\n", a.exp(), 7.0 + b + a)
    });
    let moved: String = moved.collect();
    fs::write(folder.join("moved.csv"), format!("x1,x2\n{moved}")).unwrap();
    let data = match task {
        "data" => "[data.file]\npath = \"pairs.csv\"\nsign = -1\n",
        _ => "[transport.files]\nsource = \"source.csv\"\ntarget = \"moved.csv\"\n",
    };
    let config = format!(
        "schema = 1\nname = \"run\"\n{data}[network.{network}]\nwidth = 8\n{settings}\n[train]\nsteps = 40\nbatch = 50\n"
    );
    fs::write(folder.join("run.toml"), config).unwrap();
    for words in [
        "train run.toml --output run --progress none",
        "predict run --input x.csv --output y.csv",
    ] {
        let ran = gradnet(folder, &words.split(' ').collect::<Vec<_>>());
        assert_eq!(
            ran.code, 0,
            "{network} {task} {settings}, {words}: {}",
            ran.stderr
        );
    }
}
