#!/usr/bin/env bash
# Measures the hub and its gateway beside their peers, all in one run on this machine, over loopback: see tests/bench/README.md.
#
#   tests/bench/run.sh                      everything, and writes tests/bench/RESULTS.md with its plot
#   tests/bench/run.sh --quick --json FILE  under five minutes; one JSON object a line in FILE, RESULTS.md untouched
#   tests/bench/run.sh --only storage       the benches whose name contains "storage"
#   tests/bench/run.sh --list               the benches there are
#
# TONGJIAN_BINARY names a program that is already built; otherwise the release preset is built first.
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/install_packages.sh tests/bench/packages.txt

if [ -z "${TONGJIAN_BINARY:-}" ]; then
  deploy/install_packages.sh deploy/packages.txt
  cmake --preset release >/dev/null
  cmake --build --preset release --target tongjian bench_load
  export TONGJIAN_BINARY=$PWD/build/release/services/tongjian/tongjian
fi

exec /usr/bin/python3 tests/bench/bench.py "$@"
