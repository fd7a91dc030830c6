#!/usr/bin/env bash
# Tries Tongjian out on a fresh Debian 12: installs packages, builds, sets up a private authority and a sample community, starts
# the hub and two clinic gateways, plays the main job with real images, and stays up.
#
#   deploy/try.sh            play, then stay up until Ctrl-C
#   deploy/try.sh --once     play and exit
#
# TONGJIAN_TRY_DIR chooses where it keeps its files (default build/try), TONGJIAN_BINARY a program that is already built.
set -euo pipefail
cd "$(dirname "$0")/.."

deploy/install_packages.sh deploy/packages.txt

binary=${TONGJIAN_BINARY:-build/release/services/tongjian/tongjian}
if [ -z "${TONGJIAN_BINARY:-}" ]; then
  echo "building (the first time takes a while; later ccache makes it quick)"
  cmake --preset release >/dev/null
  cmake --build --preset release --target tongjian
fi

exec /usr/bin/python3 deploy/play.py --tongjian "$binary" --directory "${TONGJIAN_TRY_DIR:-build/try}" "$@"
