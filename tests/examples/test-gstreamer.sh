#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The programs of examples/gstreamer/ do what they say.  Prints TAP.   test-gstreamer.sh SOURCE-ROOT
# GST_PLUGIN_PATH says where the plugin is.
examples=$1/examples/gstreamer model=$1/models/english-small.safetensors
numbers=/usr/share/pocketsphinx/test/data/numbers.raw
python=/usr/bin/python3
. "$(dirname "$0")/../tap.sh"

[ -r $numbers ] || skip_all "$numbers is not there (pocketsphinx-testdata)"
$python -c 'import gi; gi.require_version("GstApp", "1.0")' 2> /dev/null ||
  skip_all 'there is no GStreamer in Python (python3-gi, gir1.2-gst-plugins-base-1.0)'
cd "$work" || exit 1

$python - << 'PYTHON'
import wave
w = wave.open('numbers.wav', 'wb')
w.setparams((1, 2, 16000, 0, 'NONE', ''))
w.writeframes(open('/usr/share/pocketsphinx/test/data/numbers.raw', 'rb').read())
w.close()
PYTHON

# words FILE: of the lines that say "final", or of all
final() {
  sed -n 's/^final *[0-9.]* *//p' "$1" | tr '\n' ' '
}
live() {
  $python "$examples/live.py" "$model" numbers.wav > live && grep -q ^partial live && final live | grep -q three
}
# A source that gives two seconds at a time loses nothing.
bursts() {
  $python "$examples/live.py" "$model" numbers.wav 2 > bursts && [ "$(final bursts)" = "$(final live)" ]
}
transcript() {
  $python "$examples/transcript.py" "$model" numbers.wav > transcript && grep -q '^00:0[0-9]  .*three' transcript &&
    ! $python "$examples/transcript.py" "$model" none.wav
}
switch() {
  cp "$model" other.safetensors
  $python "$examples/switch.py" "$model" "$PWD/other.safetensors" numbers.wav numbers.wav numbers.wav > switch &&
    [ "$(grep -c '  two$' switch)" -eq 3 ] && [ "$(grep -c '  thirty$' switch)" -eq 3 ] && [ "$(grep -c . switch)" -eq 18 ]
}
streams() {
  $python "$examples/streams.py" "$model" numbers.wav numbers.wav numbers.wav numbers.wav > streams && [ "$(grep -c '^[0-3]: .*three' streams)" -ge 4 ] &&
    for i in 1 2 3; do
      [ "$(sed -n "s/^$i: //p" streams)" = "$(sed -n 's/^0: //p' streams)" ] || return 1
    done
}
in_c() {
  cc -Wall -Werror "$examples/live.c" -o live-c $(pkg-config --cflags --libs gstreamer-app-1.0) && ./live-c "$model" < $numbers > c &&
    grep -q '"type":"partial"' c && grep '"type":"final"' c | grep -q three && ! ./live-c none.safetensors < $numbers
}

check live.py live
check live.py-bursts bursts
check transcript.py transcript
check switch.py switch
check streams.py streams
check live.c in_c
echo 1..$n
