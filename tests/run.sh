#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test. Arguments go to ctest, for example: tests/run.sh -L unit
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s (%(%H:%M:%S)T)\n' "$1" -1; }

step "packages"
deploy/install_packages.sh deploy/packages.txt tests/packages.txt

step "contract: lint and breaking changes"
tests/contract.sh

step "toolkits"
tests/toolkits.sh

step "build"
cmake --preset ci
cmake --build --preset ci

step "tests"
ctest --test-dir build/ci --output-on-failure -j "$(nproc)" "$@"
