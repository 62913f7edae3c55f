#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# rnncore split: a model that ends a sentence behind bytes below '(' and a word behind those below 'A', two bytes a step, on lines longer than
# a window, too; and where ../shared is, nnsplit's own.  Prints TAP.  test-split.sh TOOL
tool=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
shared=$here/../../../shared/data/models/nnsplit
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out" || exit 1

# check NUMBER NAME: the files `said` and `expected` are the same
check() {
  if cmp -s said expected; then
    echo "ok $1 $2"
  else
    echo "not ok $1 $2"
    diff expected said | head -5 | sed 's/^/# /'
  fi
}

/usr/bin/python3 -c '
import json, struct
weight, bias = [-1, 0, -1, 0, 0, -1, 0, -1], [40.5, 64.5, 40.5, 64.5]
header = json.dumps({"weight": {"dtype": "F32", "shape": [4, 2], "data_offsets": [0, 32]},
                     "bias": {"dtype": "F32", "shape": [4], "data_offsets": [32, 48]}}).encode()
open("weights.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + struct.pack("<12f", *weight, *bias))'
echo '{"input": {"kind": "tensors", "size": 2}, "layers": [{"cell": "dense", "units": 4}]}' > recipe.json
"$tool" convert --recipe recipe.json weights.safetensors model.safetensors || echo "Bail out! no model"
line=$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "ab%cc!", i % 2 ? "?" : "x" }')
printf 'one!two!\nthree\n%s\n' "$line" | "$tool" split model.safetensors > said
printf 'one!two!\nthree\n%s\n' "$line" | sed 's/!/!\n/g' | grep . > expected
check 1 sentences
printf '%s\n' "$line" | "$tool" split --words model.safetensors > said
printf '%s\n' "$line" | sed 's/[!?]/&\n/g' | grep . > expected
check 2 words
if [ -d "$shared" ]; then
  echo 'This is a test This is another test. we went home then the rain came' | "$tool" split "$shared/en.onnx" > said 2>&1
  printf 'This is a test\nThis is another test.\nwe went home then the rain came\n' > expected
  check 3 nnsplit
else
  echo "ok 3 # SKIP there is no ../shared with nnsplit's model"
fi
echo 1..3
