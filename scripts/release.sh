#!/usr/bin/env bash
# What a release gives to people who do not build: the program for x86-64 Linux with glibc 2.28 or newer, as a wheel that pip
# installs and as a tarball with completions and manual pages, and the checksums of both.
#
#   scripts/release.sh FOLDER [OPTIONS OF cargo build..]
#
# Every option after the folder goes to cargo: `--no-default-features --features flex` builds the program for the CPU alone.
# Needs Rust, Python 3 with venv, and the network once, for maturin and zig. Zig links against an old glibc wherever this runs.
# The build has a folder of its own, and the first one takes as long as a first `cargo build --release`. The tools are kept
# beside it; GRADNET_RELEASE_TOOLS names another virtual environment for them.
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD"
folder="${1:?name the folder that takes the release}"
shift
glibc=2.28
host=x86_64-unknown-linux-gnu
[ "$(uname -sm)" = "Linux x86_64" ] || {
  echo "the release is built and tested on x86-64 Linux; this is $(uname -sm)" >&2
  exit 1
}
for needed in cargo python3 readelf sha256sum; do
  command -v "$needed" >/dev/null || { echo "$needed is missing" >&2; exit 1; }
done
mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target/release-build}" CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
mkdir -p "$CARGO_TARGET_DIR"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
step() { printf '\n== %s\n' "$*"; }

step "tools"
tools="${GRADNET_RELEASE_TOOLS:-$CARGO_TARGET_DIR/release-tools}"
[ -x "$tools/bin/maturin" ] || {
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet maturin==1.16.0 ziglang==0.17.1
}
export PATH="$tools/bin:$PATH"

step "the wheel"
(cd crates/gradnet-cli && maturin build --release --locked --zig --compatibility "manylinux_${glibc/./_}" \
  --out "$work/wheels" "$@")
wheel=$(echo "$work"/wheels/*.whl)
[ -f "$wheel" ] || { echo "there should be one wheel, not $wheel" >&2; exit 1; }

step "the versions of glibc that the program asks for"
python3 -m zipfile -e "$wheel" "$work/unpacked"
program=$(echo "$work"/unpacked/*.data/scripts/gradnet)
versions=$(readelf --version-info --wide "$program" | grep -o 'GLIBC_[0-9.]*' | sort -uV)
[ -n "$versions" ] || { echo "$program names no version of glibc: nothing was checked" >&2; exit 1; }
newest=$(tail -n 1 <<<"$versions")
echo "newest: $newest"
[ "$(printf '%s\n' "GLIBC_$glibc" "$newest" | sort -V | tail -n 1)" = "GLIBC_$glibc" ] || {
  echo "the program asks for $newest; a manylinux_${glibc/./_} wheel must run with $glibc" >&2
  exit 1
}

step "the wheel in a clean environment"
python3 -m venv "$work/clean"
"$work/clean/bin/pip" install --quiet --no-index "$wheel"
installed="$work/clean/bin/gradnet"
version=$(cd "$work" && "$installed" --version)
echo "$version"
(
  cd "$work"
  "$installed" train "$root/configs/smoke.toml" --set train.steps=20 --output run --progress none --backend flex
  "$installed" verify run
)

step "the tarball"
name="gradnet-${version#gradnet }-$host"
mkdir -p "$work/$name/completions" "$work/$name/man"
cp "$work/clean/bin/gradnet" "$work/$name/"
cp crates/gradnet-cli/README.md LICENSE-MIT LICENSE-APACHE CHANGELOG.md "$work/$name/"
for shell in bash zsh fish elvish powershell; do
  "$installed" completions "$shell" >"$work/$name/completions/gradnet.$shell"
done
"$installed" man "$work/$name/man" >/dev/null
[ -s "$work/$name/man/gradnet-train.1" ] || { echo "the manual pages are missing" >&2; exit 1; }
tar --sort=name --owner=0 --group=0 --numeric-owner -czf "$work/$name.tar.gz" -C "$work" "$name"
mkdir "$work/again"
tar -xzf "$work/$name.tar.gz" -C "$work/again"
[ "$("$work/again/$name/gradnet" --version)" = "$version" ]

step "checksums"
mv "$wheel" "$work/$name.tar.gz" "$folder/"
(cd "$folder" && sha256sum "$(basename "$wheel")" "$name.tar.gz" >SHA256SUMS && sha256sum --check SHA256SUMS)
ls -l "$folder"
