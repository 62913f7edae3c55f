#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The fuzz targets compile with clang, and libFuzzer runs two over their corpora: without the sanitizers that a real run has
# (meson.build), under which clang takes minutes for the kernels.  Prints TAP.
here=$(dirname "$(realpath "$0")")
root=$(realpath "$here/../..")

echo "1..1"
if ! command -v clang > /dev/null; then
  echo "ok 1 # SKIP there is no clang"
  exit 0
fi
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
export CC=clang
if meson setup "$build" "$root" -Dfuzz=true -Delements=false -Demulated=false -Dmpi=disabled -Dhdf5=disabled -Db_lundef=false \
    -Doptimization=0 > "$build/log" 2>&1 &&
  ninja -C "$build" tests/fuzz/fuzz-recipe tests/fuzz/fuzz-model >> "$build/log" 2>&1 &&
  "$build/tests/fuzz/fuzz-recipe" -runs=0 "$here/corpus/recipe" >> "$build/log" 2>&1 &&
  "$build/tests/fuzz/fuzz-model" -runs=0 "$here/corpus/model" >> "$build/log" 2>&1; then
  echo "ok 1 the fuzz targets compile and run"
else
  echo "not ok 1 the fuzz targets compile and run"
  tail -30 "$build/log" | sed 's/^/# /'
fi
