#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs the Debian packages of packages.txt that are missing, configures build/ and compiles.
# build.sh [OPTION of meson setup, such as -Dfft=kissfft...]
set -eu
cd "$(dirname "$0")"

missing() {
  for package in $(sed 's/#.*//' packages.txt); do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null | grep -qx installed || echo "$package"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo > /dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    echo "build.sh: there is no sudo here; as root, run: $*" >&2
    exit 1
  fi
}

if ! command -v dpkg-query > /dev/null; then
  echo "build.sh: this is not Debian; what packages.txt lists must be there already"
elif [ -z "$(missing)" ]; then
  echo "build.sh: all packages of packages.txt are installed"
else
  echo "build.sh: installing" $(missing)
  as_root apt-get update -q
  as_root apt-get install -q -y --no-install-recommends $(missing)
fi

if [ ! -f build/build.ninja ]; then
  echo "build.sh: configuring build/"
  meson setup build "$@"
elif [ $# -gt 0 ]; then
  echo "build.sh: configuring build/ again"
  meson configure build "$@"
fi
echo "build.sh: compiling"
ninja -C build
echo "build.sh: done; try pipelines/caption, or tests/run"
