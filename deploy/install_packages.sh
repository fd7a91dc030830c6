#!/usr/bin/env bash
# Installs the Debian packages named in the given lists, as far as they are missing. Needs root (or sudo) only then. A line
# "package:command" is satisfied by the command too, wherever it comes from (a newer Node brings its own npm).
set -euo pipefail

missing=()
while IFS=: read -r package command; do
  [ -n "$command" ] && command -v "$command" >/dev/null && continue
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done < <(sed -e 's/#.*//' -e '/^\s*$/d' "$@")
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing: ${missing[*]}"
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)
"${root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
