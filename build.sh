#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs the Debian packages of packages.txt that are missing, configures build/ and compiles.
# build.sh [--light] [OPTION of meson setup, such as -Dfft=kissfft...]
#   --light   for captions: no tests, no experiments, no training on several machines, and none of the packages for these
set -eu
cd "$(dirname "$0")"
groups='build run test' light=
case ${1:-} in
  --light) groups='build run' light=yes; shift ;;
  -h | --help) sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"; exit ;;
esac
case $* in *kissfft*) groups="$groups optional" ;; esac

# Of the groups: a line "# GROUP: ..." begins one.
packages() {
  awk -v wanted=" $groups " '/^# [a-z]+:/ { on = index (wanted, " " substr ($2, 1, length ($2) - 1) " ") }
    on && !/^#/ { print $1 }' packages.txt
}

missing() {
  for package in $(packages); do
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
  echo "build.sh: all packages are installed"
else
  echo "build.sh: installing" $(missing)
  as_root apt-get update -q
  as_root apt-get install -q -y --no-install-recommends $(missing)
fi

if [ ! -f build/build.ninja ]; then
  echo "build.sh: configuring build/"
  meson setup build ${light:+-Dtests=false -Dmpi=disabled} "$@"
elif [ -z "$light" ] && meson introspect build --buildoptions | grep -q '"name": "tests", "value": false'; then
  echo "build.sh: configuring build/ again, with tests"
  meson configure build -Dtests=true -Dmpi=auto "$@"
elif [ $# -gt 0 ]; then
  echo "build.sh: configuring build/ again"
  meson configure build "$@"
fi
echo "build.sh: compiling"
ninja -C build
echo "build.sh: done; try pipelines/caption$([ -n "$light" ] || echo ', or tests/run')"
