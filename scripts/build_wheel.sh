#!/usr/bin/env bash
# The wheel of the Python package gradnet-rs, built with the versions of the workspace's lock file.
#
#   scripts/build_wheel.sh FOLDER [MATURIN OPTIONS..]
#
# Needs maturin: pip install maturin
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${1:?name the folder that takes the wheel}"
shift
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
# What the workspace does not use is added to the copy.
cp Cargo.lock crates/gradnet-python/Cargo.lock
maturin build --release --manifest-path crates/gradnet-python/Cargo.toml --out "$folder" "$@"
