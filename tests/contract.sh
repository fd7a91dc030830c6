#!/usr/bin/env bash
# Lints the protos and compares them with the newest release (the last tag, else the commit before) for breaking changes.
# Before 1.0 a break is allowed where it makes the contract better: it stands in the CHANGELOG under "Contract breaks", and
# the line "buf-breaking: allowed" below the "Unreleased" heading lets it pass.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=build/tools
version=1.50.0
if [ ! -x "$tools/node_modules/.bin/buf" ]; then
  mkdir -p "$tools"
  npm install --silent --no-audit --no-fund --prefix "$tools" "@bufbuild/buf@$version"
fi
buf=$tools/node_modules/.bin/buf

"$buf" lint proto
echo "buf lint: clean"

base=$(git describe --tags --abbrev=0 2>/dev/null || git rev-parse --verify --quiet HEAD~1 || true)
if [ -z "$base" ] || ! git cat-file -e "$base:proto/buf.yaml" 2>/dev/null; then
  echo "buf breaking: nothing to compare with yet"
  exit 0
fi
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
git archive "$base" proto | tar -x -C "$before"
if "$buf" breaking proto --against "$before/proto"; then
  echo "buf breaking: none since $base"
elif sed -n '/^## Unreleased/,/^## [0-9]/p' CHANGELOG.md | grep -q '^buf-breaking: allowed'; then
  echo "buf breaking: the breaks above are announced in CHANGELOG.md"
else
  exit 1
fi
