#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is installed runs from wherever it was moved to, with nothing set: commands, plugin, models; and is complete: manual
# pages, completion, licences.  Prints TAP.  test-tree.sh BUILD-DIRECTORY
. "$(dirname "$0")/lib.sh"
recording=/usr/share/pocketsphinx/test/data/numbers.raw

# No shared object of ours is looked for elsewhere, none is missing.
links() {
  for file in "$tree/bin/rnncore" "$libdir/librnncore.so" "$libdir/gstreamer-1.0/libgstrnn.so"; do
    ldd "$file" > "$work/ldd" || return 1
    ! grep -E 'not found|=> [^ ]*librnncore' "$work/ldd" | grep -v "=> $libdir/"  || return 1
  done
}

plugin() {
  GST_PLUGIN_PATH=$libdir/gstreamer-1.0 GST_REGISTRY_1_0=$work/registry.bin gst-inspect-1.0 rnntranscriber
}

model() {
  "$tree/bin/rnncore" info "$tree/share/gst-rnn/models/english-small.safetensors"
}

# Found by PATH, it finds its modules: Keras's archives need one.
modules() {
  PATH=$tree/bin:$PATH rnncore info "$(dirname "$0")/../data/import/keras-archive.keras"
}

# From a folder of its own, by a link, as ~/.local/bin may have it.
caption() {
  mkdir "$work/here" && cd "$work/here" && ln -s "$tree/bin/gst-rnn-caption" captions &&
    ./captions && grep -i somewhere sentences.vtt
}

every_command() {
  for command in "$tree"/bin/gst-rnn-*; do
    "$command" --help | grep -q "^  ${command##*/} " || { echo "$command"; return 1; }
  done
}

pages() {
  for command in $(ls "$tree/bin"); do
    grep -q "^$command .- " "$tree/share/man/man1/$command.1" || { echo "$command"; return 1; }
  done
  for command in info wer bench; do
    grep -q "^.SS \"rnncore $command:\"" "$tree/share/man/man1/rnncore.1" || { echo "rnncore $command"; return 1; }
  done
}

completion() {
  for command in $(ls "$tree/bin"); do
    [ -e "$tree/share/bash-completion/completions/$command" ] || return 1
  done
  bash -ec '. "$1/share/bash-completion/completions/rnncore"
    COMP_WORDS=(rnncore bench --str) COMP_CWORD=2
    _rnncore "$1/bin/rnncore" --str
    [ "${COMPREPLY[*]}" = --streams ]' bash "$tree"
}

licences() {
  grep -q 'LESSER GENERAL PUBLIC LICENSE' "$tree/share/doc/gst-rnn/COPYING" &&
    for model in "$tree"/share/gst-rnn/models/*.safetensors; do
      grep -qi licen "${model%.safetensors}.md" || return 1
    done
}

check links links
check plugin plugin
check model model
if [ -e "$libdir/rnncore/librnncore-hdf5.so" ]; then
  check modules modules
else
  skip modules "this build has no HDF5"
fi
if [ -r $recording ]; then
  check caption caption
else
  skip caption "$recording is not there (pocketsphinx-testdata)"
fi
check every-command every_command
if [ -d "$tree/share/man" ]; then
  check pages pages
else
  skip pages "help2man was not there"
fi
check completion completion
check licences licences
echo 1..$n
