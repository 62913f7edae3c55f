#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# rnncore split: a model that ends a sentence behind bytes below '(' and a word behind those below 'A', two bytes a step, on lines longer than
# a window, too; and where ../shared is, nnsplit's own.  Prints TAP.  test-split.sh TOOL
tool=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
shared=$here/../../../shared/data/models/nnsplit
. "$here/../tap.sh"
cd "$work" || exit 1

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
check sentences diff expected said
printf '%s\n' "$line" | "$tool" split --words model.safetensors > said
printf '%s\n' "$line" | sed 's/[!?]/&\n/g' | grep . > expected
check words diff expected said
if [ -d "$shared" ]; then
  echo 'This is a test This is another test. we went home then the rain came' | "$tool" split "$shared/en.onnx" > said 2>&1
  printf 'This is a test\nThis is another test.\nwe went home then the rain came\n' > expected
  check nnsplit diff expected said
else
  skip nnsplit "there is no ../shared with nnsplit's model"
fi
echo "1..$n"
