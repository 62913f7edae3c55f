#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# g2p_en's archive says words as g2p_en does, phone by phone: a small one of data/import/g2p (random weights, its equations in NumPy),
# and where ../shared is, the published one.  Prints TAP.  test-g2p-import.sh TOOL
tool=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
shared=$here/../../../shared/data/models/g2p
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# say NUMBER NAME ARCHIVE EXPECTED: lines of a word and its phones
say() {
  # shellcheck disable=SC2046
  "$tool" g2p --beam 1 --dictionary "$3" $(cut -d ' ' -f 1 "$4") > "$out/said"
  if cmp -s "$out/said" "$4"; then
    echo "ok $1 $2"
  else
    echo "not ok $1 $2"
    diff "$4" "$out/said" | sed 's/^/# /'
  fi
}

say 1 small "$here/../data/import/g2p/small.npz" "$here/../data/import/g2p/small.txt"
if [ -d "$shared" ]; then
  /usr/bin/python3 -c '
import json, sys
for word, said in json.load(open(sys.argv[1])).items():
    if not word.startswith("_"):
        print(word, *said["phones"])' "$shared/reference.json" > "$out/expected"
  say 2 published "$shared/checkpoint20.npz" "$out/expected"
else
  echo "ok 2 # SKIP there is no ../shared with the published model"
fi
echo 1..2
