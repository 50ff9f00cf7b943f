//! Pages in a headless browser.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A Chromium, if there is one; else a word that a test is skipped.
pub fn browser() -> Option<PathBuf> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| {
            ["/usr/bin", "/usr/local/bin", "/snap/bin"].map(|f| Path::new(f).join(name))
        })
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: there is no Chromium here to open the report in");
    }
    found
}

/// Opens a page in a headless browser with these options besides.
pub fn browse(browser: &Path, folder: &Path, page: &str, options: &[&str]) -> std::process::Output {
    Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .args(options)
        .arg(format!("file://{}", folder.join(page).display()))
        .output()
        .unwrap()
}

/// The page in a browser of this width: what it holds after its script ran, and what the console said.
pub fn open(browser: &Path, folder: &Path, page: &str, width: u32) -> (String, String) {
    let size = format!("--window-size={width},800");
    let options = [
        &size,
        "--enable-logging=stderr",
        "--v=0",
        "--virtual-time-budget=3000",
        "--dump-dom",
    ];
    let output = browse(browser, folder, page, &options);
    let console = String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|line| line.contains(":CONSOLE"))
        .collect::<Vec<_>>()
        .join("\n");
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        console,
    )
}
