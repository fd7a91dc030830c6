#!/usr/bin/env bash
# Fuzzes each target for a while and fails at the first find.
#
#   tests/fuzz/run.sh [SECONDS] [TARGET...]     600 seconds each of all targets unless told
#   KEEP=1 tests/fuzz/run.sh ...                afterwards puts what reached new code into the corpus, up to 4 kB an input
#
# Inputs found on the way stay in build/fuzz/work/TARGET, finds in build/fuzz/finds. A find is mended, then put into the corpus
# (tests/fuzz/corpus/TARGET), which every ordinary build replays as a test.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-600}
[ $# -gt 0 ] && shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(scan pdu command config upload json multipart)

deploy/install_packages.sh deploy/packages.txt tests/fuzz/packages.txt
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"

mkdir -p build/fuzz/finds
for target in "${targets[@]}"; do
  work=build/fuzz/work/$target
  corpus=tests/fuzz/corpus/$target
  log=build/fuzz/finds/$target.log
  mkdir -p "$work"
  echo "$target: $seconds s"
  if ! "build/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -timeout=30 -rss_limit_mb=3072 \
    -artifact_prefix="build/fuzz/finds/$target-" "$work" "$corpus" >"$log" 2>&1; then
    tail -40 "$log"
    echo "$target: a find, in build/fuzz/finds"
    exit 1
  fi
  tail -1 "$log"
  if [ -n "${KEEP:-}" ]; then
    small=build/fuzz/work/$target.small
    rm -rf "$small" && mkdir -p "$small"
    find "$work" -type f -size -5k -exec cp -t "$small" {} +
    "build/fuzz/tests/fuzz/fuzz_$target" -merge=1 "$corpus" "$small" >>"$log" 2>&1
  fi
done
