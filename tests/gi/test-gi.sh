#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# gi.repository.Rnn of the build directory, from Debian's Python.  Prints TAP.
# test-gi.sh BUILD-DIRECTORY SOURCES TOOL
set -eu
build=$1 root=$2 tool=$3
export GI_TYPELIB_PATH="$build/gi${GI_TYPELIB_PATH:+:$GI_TYPELIB_PATH}" LD_LIBRARY_PATH="$build/gi:$build/rnncore${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
recording=/usr/share/pocketsphinx/test/data/goforward.raw

skip() {
  echo "1..0 # SKIP $1"
  exit
}
for python in python3 /usr/bin/python3 ''; do
  [ -n "$python" ] || skip "python3-gi is not installed"
  ! "$python" -c 'from gi.repository import GLib' 2> /dev/null || break
done
[ -r $recording ] || skip "pocketsphinx-testdata is not installed"
exec "$python" "$root/tests/gi/test-gi.py" "$tool" "$root/models/english.safetensors" "$root/models/english.lm" $recording \
  "$root/models/forecast/one.json" "$root/models/forecast/airline-passengers.csv" "$root/examples/transcribe.py"
