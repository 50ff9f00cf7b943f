#!/usr/bin/env bash
# Packages every crate as a registry would take it, and checks what is in the packages: `cargo package` has no warning, and
# each package has its README, both licences and every file that its sources include.
#
#   scripts/check_packages.sh [--doctests]
#
# --doctests also runs the doctests of the unpacked packages, which depend on one another and not on the checkout. Burn is
# not built again after `cargo test --release --workspace`.
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD"
doctests="${1:-}"
case "$doctests" in "" | --doctests) ;; *)
  echo "usage: scripts/check_packages.sh [--doctests]" >&2
  exit 2
  ;;
esac
target="${CARGO_TARGET_DIR:-$root/target}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without its check by compiling: a registry has no version of the others yet. What follows checks it.
cargo package --workspace --locked --no-verify --allow-dirty --target-dir "$work/target" 2>&1 | tee "$work/log"
if grep -q '^warning' "$work/log"; then
  echo "cargo package has warnings" >&2
  exit 1
fi

mkdir "$work/packages"
for package in "$work"/target/package/*.crate; do
  # Dated now: packages have one date for all time, and cargo would take a changed file for the one it has built.
  tar -xzmf "$package" -C "$work/packages"
done
failed=0
for package in "$work"/packages/*/; do
  name=$(basename "$package")
  for file in README.md LICENSE-MIT LICENSE-APACHE; do
    [ -s "$package/$file" ] || { echo "$name has no $file" >&2; failed=1; }
  done
  # What sources include, from the folder of the source.
  while IFS=: read -r source included; do
    [ -s "$(dirname "$source")/$included" ] || {
      echo "$name: $(realpath --relative-to="$package" "$source") includes $included, which the package does not have" >&2
      failed=1
    }
  done < <(grep -roHE --include='*.rs' 'include_(str|bytes)!\("[^"]+"\)' "$package" |
    sed -E 's/include_(str|bytes)!\("([^"]+)"\)/\2/')
  [ "$(du -sk "$package" | cut -f1)" -lt 10240 ] || { echo "$name has more than 10 MB" >&2; failed=1; }
done
[ "$failed" -eq 0 ] || exit 1
echo "the packages are whole: $(cd "$work/packages" && echo *)"
[ "$doctests" = --doctests ] || exit 0

# A workspace of the packages: each finds the others here instead of in a registry. Burn is compiled as in the checkout, these
# crates without optimisation, which is quicker.
packages="$target/packages"
rm -rf "$packages"
mkdir -p "$packages"
mv "$work"/packages/* "$packages"
cp Cargo.lock "$packages"
{
  printf '[workspace]\nresolver = "3"\nmembers = ["*-*.*.*"]\n\n[patch.crates-io]\n'
  for package in "$packages"/*/; do
    name=$(basename "$package")
    printf '%s = { path = "%s" }\n' "${name%-*}" "$name"
  done
  printf '\n[profile.release]\ndebug = false\nlto = "off"\nstrip = true\n'
  for package in "$packages"/*/; do
    name=$(basename "$package")
    printf '\n[profile.release.package.%s]\nopt-level = 0\n' "${name%-*}"
  done
} >"$packages/Cargo.toml"
cd "$packages"
CARGO_TARGET_DIR="$target" cargo test --release --workspace --doc --offline
