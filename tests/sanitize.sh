#!/usr/bin/env bash
# Builds with a sanitizer and runs the unit, wire and crash tests under it; any report fails.
#
#   tests/sanitize.sh asan                     address and undefined behaviour, leaks too
#   tests/sanitize.sh tsan                     data races
#   tests/sanitize.sh asan dicom_test ...      only these test programs: quick, for the area at hand
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-}
[ "$kind" = asan ] || [ "$kind" = tsan ] || { sed -n '4,6p' "$0"; exit 2; }
shift

deploy/install_packages.sh deploy/packages.txt tests/packages.txt
cmake --preset "$kind" >/dev/null
cmake --build --preset "$kind" --target "${@:-all}"

export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
# Libraries that were built without it are not judged; tests/support/tsan_grpc.cc tells what they order.
export TSAN_OPTIONS=suppressions=$PWD/tests/tsan.supp:ignore_noninstrumented_modules=1:halt_on_error=0:exitcode=66:history_size=4
tests=()
[ $# -eq 0 ] || tests=(-R "^($(IFS='|'; echo "$*"))\$")
ctest --test-dir "build/$kind" --output-on-failure -L 'unit|wire|crash' "${tests[@]}"
