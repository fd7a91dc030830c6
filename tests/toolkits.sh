#!/usr/bin/env bash
# Puts the DICOM toolkit that the wire tests use as a client, dcmjs-dimse, under build/tools.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=build/tools
version=0.3.3
if ! grep -qs "\"version\": \"$version\"" "$tools/node_modules/dcmjs-dimse/package.json"; then
  mkdir -p "$tools"
  npm install --silent --no-audit --no-fund --prefix "$tools" "dcmjs-dimse@$version"
fi
echo "dcmjs-dimse $version"
