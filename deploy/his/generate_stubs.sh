#!/usr/bin/env bash
# Generates the Python stubs of the contract into a folder: generate_stubs.sh OUT_DIR
set -euo pipefail
out=${1:?usage: generate_stubs.sh OUT_DIR}
proto=$(cd "$(dirname "$0")/../../proto" && pwd)
mkdir -p "$out"
mapfile -t files < <(cd "$proto" && find tongjian -name '*.proto' | sort)
protoc -I "$proto" --python_out="$out" --grpc_python_out="$out" \
  --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" "${files[@]/#/$proto/}"
