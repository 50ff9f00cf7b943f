//! The machine a number was made on.

use std::fs;

/// The processor's name and the number of threads this thread computes with, as `NAME, N threads`.
pub fn machine() -> String {
    format!("{}, {} threads", processor(), rayon::current_num_threads())
}

/// The processor's name, where the system tells it.
fn processor() -> String {
    let named = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    named.unwrap_or_else(|| std::env::consts::ARCH.into())
}
