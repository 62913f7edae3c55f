#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The programs of examples/, compiled against the installed library, do what they say.  Prints TAP.
# test-examples.sh BUILD-DIRECTORY EXAMPLES
. "$(dirname "$0")/lib.sh"

# Numbers with a point, in any locale.
awk() {
  LC_ALL=C command awk "$@"
}

examples=$2
cd "$work" || exit 1

made() {
  compile "$examples/$1.c" -o "$1"
}

# near FILE FILE: the same numbers but for 1e-5
near() {
  [ "$(wc -w < "$1")" -eq "$(wc -w < "$2")" ] && paste -d ' ' "$1" "$2" |
    awk '{ for (i = 1; i <= NF / 2; i++) { d = $i - $(i + NF / 2); if (d * d > 1e-10) { print; exit 1 } } }'
}

# What torch.nn.LSTMCell (PyTorch 1.13.1) gives with the same weights, states and inputs.
layer() {
  cat > torch << 'TORCH'
-0.3180315 0.4176961 0.0242307 0.3191159
-0.6684520 -0.0231309 0.2197136 0.0090866
-0.6224233 0.0230795 0.0089686 0.2007587
-0.8657408 -0.0999506 0.1120851 0.0025854
-0.7307611 -0.3263733 0.0018031 0.1002010
-1.8639874 -0.4290069 0.0452514 0.1475502
TORCH
  made layer && ./layer > ours && near torch ours
}

# The trained model foretells a sine that it has not seen.
train() {
  made train && ./train sine.safetensors && [ -s sine.safetensors ]
}
session() {
  awk 'BEGIN { for (t = 0; t <= 60; t++) print sin(1 + t * .3) }' > sine
  made session && ./session sine.safetensors < sine > foretold && [ "$(wc -l < foretold)" -eq 61 ] &&
    sed 1d sine | paste -d ' ' foretold - | awk 'NR > 10 && NF == 2 { d = $1 - $2; if (d * d > .01) { print NR ": " $0; exit 1 } }'
}

# The library alone, with the project's model and Debian's recording of numbers.
caption_wav() {
  gst-launch-1.0 -q filesrc location="$recording" ! rawaudioparse pcm-format=s16le sample-rate=16000 num-channels=1 ! wavenc ! \
    filesink location=numbers.wav
  made caption-wav && ./caption-wav "$tree/share/gst-rnn/models/english-small.safetensors" numbers.wav > captions &&
    grep -q '^[0-9.]* - [0-9.]*  three$' captions
}

# docs/embed-in-c.md shows the program that is run here.
shown() {
  awk '/^A whole program/ { near = 1 } near && /^```$/ { exit } inside { print } near && /^```c$/ { inside = 1 }' \
    "$examples/../docs/embed-in-c.md" > shown
  sed 1,4d "$examples/caption-wav.c" | cmp - shown
}

recording=/usr/share/pocketsphinx/test/data/numbers.raw
names='layer train session caption-wav'
for name in $names; do
  if [ "$name" = caption-wav ] && ! [ -r $recording ]; then
    skip "$name" "$recording is not there (pocketsphinx-testdata)"
  else
    check "$name" "$(echo "$name" | tr - _)"
  fi
done
check shown shown
others=$(cd "$examples" && ls ./*.c | sed 's/^..//; s/\.c$//' | grep -vxF "$(echo $names | tr ' ' '\n')")
check all-run test -z "$others"
echo 1..$n
