#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# g2p_en's archive says words as g2p_en does, phone by phone: a small one of data/import/g2p (random weights, its equations in NumPy),
# and where ../shared is, the published one.  Prints TAP.  test-g2p-import.sh TOOL
tool=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
shared=$here/../../../shared/data/models/g2p
. "$here/../tap.sh"

# say ARCHIVE EXPECTED: lines of a word and its phones
say() {
  # shellcheck disable=SC2046
  "$tool" g2p --beam 1 --dictionary "$1" $(cut -d ' ' -f 1 "$2") > "$work/said"
  diff "$2" "$work/said"
}

check small say "$here/../data/import/g2p/small.npz" "$here/../data/import/g2p/small.txt"
if [ -d "$shared" ]; then
  /usr/bin/python3 -c '
import json, sys
for word, said in json.load(open(sys.argv[1])).items():
    if not word.startswith("_"):
        print(word, *said["phones"])' "$shared/reference.json" > "$work/expected"
  check published say "$shared/checkpoint20.npz" "$work/expected"
else
  skip published "there is no ../shared with the published model"
fi
echo "1..$n"
