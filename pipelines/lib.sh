# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the scripts of this folder: finds the plugin, and what several of them need.
# RNN_BUILD names a build directory other than build/.  Without any, what is installed is used: that of the same prefix if
# this is PREFIX/share/gst-rnn/pipelines.

# Points in numbers, English from programs, UTF-8 in texts: whatever the user's locale.
LC_ALL=C.UTF-8 LANGUAGE=en
export LC_ALL LANGUAGE

script=$(readlink -f -- "$0")
root=$(dirname -- "$(dirname -- "$script")")
prefix=${root%/share/gst-rnn}
me=$(basename -- "$0")
build=${RNN_BUILD:-$root/build}

complain() {
  echo "$me: $*" >&2
  return 1
}
fail() {
  complain "$@" || exit 1
}

# The comment at the top of a script, from its third line on, is its help.
usage() {
  sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0" | sed "s/^  $(basename "$script") /  $me /"
}

# The value of an option: value OPTION [VALUE]
value() {
  [ $# -ge 2 ] || fail "$1 needs a value"
  printf '%s\n' "$2"
}

# number OPTION VALUE: it is one, with a sign and a fraction if it likes
number() {
  printf '%s\n' "$2" | grep -Eqx '[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)' || fail "$1: $2 is no number"
}

absolute() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$PWD" "$1" ;;
  esac
}

# A name that no program takes for an option.
named() {
  case $1 in
    -*) printf './%s\n' "$1" ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# quote TEXT: as gst-launch reads it as one value, whatever it holds
quote() {
  printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

# uri FILE: its URI, every byte but slashes as a number
uri() {
  printf 'file://%s\n' "$(absolute "$1" | tr -d '\n' | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g; s/%2f/\//g')"
}

# readable FILE: anything but a file with something in it is refused.
readable() {
  [ -r "$1" ] || fail "$1: cannot be read"
  [ ! -d "$1" ] || fail "$1: is a directory"
  [ ! -f "$1" ] || [ -s "$1" ] || fail "$1: is empty"
}

# manifest FILE: the same of one that is read more than once
manifest() {
  readable "$1"
  [ -f "$1" ] || fail "$1: is no regular file"
}

# creatable FILE: it is a device, or a file whose folder is there; else it says what to do
creatable() {
  folder=$(dirname -- "$1")
  if [ -d "$1" ]; then
    complain "$1: is a directory"
  elif [ ! -d "$folder" ]; then
    complain "$1: there is no folder $folder; make it first"
  elif [ -e "$1" ] && [ ! -w "$1" ] || [ ! -e "$1" ] && [ ! -w "$folder" ]; then
    complain "$1: cannot be written"
  fi
}

# rows MANIFEST [DIRECTORY/]: its lines as path<TAB>speaker<TAB>text; relative paths get the directory in front.  What is
# no such line is refused.
rows() {
  directory=${2:-} awk -F '\t' -v OFS='\t' -v where="$me: $1" '
    NR == 1 { sub(/^\357\273\277/, "") }
    { sub(/\r$/, "") }
    /^(#|$)/ { next }
    NF < 2 || NF > 3 || $1 == "" {
      print where ":" NR ": expected path<TAB>text or path<TAB>speaker<TAB>text" > "/dev/stderr"
      exit 1
    }
    NF == 2 { $3 = $2; $2 = "" }
    $1 !~ /^(\/|[a-z]+:\/\/)/ { $1 = ENVIRON["directory"] $1 }
    { print }' < "$1"
}

# A folder that nobody else may read, gone when the script ends; what killed runs have left goes first.
for left in "${TMPDIR:-/tmp}/rnn-pipelines."*; do
  [ ! -O "$left" ] || kill -0 "$(echo "${left#*/rnn-pipelines.}" | cut -d . -f 1)" 2> /dev/null || rm -rf "$left"
done
private=$(mktemp -d "${TMPDIR:-/tmp}/rnn-pipelines.$$.XXXXXX")
trap 'rm -rf "$private"' EXIT

if [ -d "$build/plugins" ]; then
  GST_PLUGIN_PATH=$build/plugins${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}
  GST_REGISTRY_1_0=$build/gst-registry.bin
  export GST_PLUGIN_PATH GST_REGISTRY_1_0
  rnncore=$build/rnncore/tools/rnncore
elif [ "$prefix" != "$root" ]; then
  for plugin in "$prefix"/lib*/gstreamer-1.0/libgstrnn.so "$prefix"/lib/*/gstreamer-1.0/libgstrnn.so; do
    [ "$prefix" = /usr ] || [ ! -e "$plugin" ] || export GST_PLUGIN_PATH="${plugin%/*}${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
  done
  rnncore=$prefix/bin/rnncore
else
  rnncore=rnncore
fi
gst-inspect-1.0 rnntranscriber > /dev/null 2>&1 ||
  fail "the rnn plugin is not in $build nor installed; run ./build.sh first"

# serving: `serve` is the server, or it says what is missing
serving() {
  if [ -d "$build/plugins" ]; then serve=$build/server/rnncore-serve; else serve=${rnncore%rnncore}rnncore-serve; fi
  [ -x "$serve" ] || command -v "$serve" > /dev/null ||
    fail "this build has no server; install Debian's package libsoup-3.0-dev and build again"
}

# transcribes PROPERTY: the transcriber has it
transcribes() {
  gst-inspect-1.0 rnntranscriber | grep -q "^  $1 *:" || fail "this build of rnntranscriber has no $1"
}

# precise PRECISION: there is such a one
precise() {
  case $1 in
    f32 | int8 | bf16) ;;
    *) fail "$1: there is no such precision" ;;
  esac
}

# awk on lines as they come: mawk would wait for kilobytes of them unless it is asked not to; others do not know -W.
live_awk() {
  [ -n "$(awk -W interactive 'BEGIN { }' 2>&1)" ] || set -- -W interactive "$@"
  awk "$@"
}

# Of a text: its sentences as they are spoken, a line each; those with anything that is no letter are left out.
sentences() {
  sed 's/\([.!?;:]\)["'"'"'”’)]* \{1,\}/\1\
/g' | "$rnncore" text - 2> /dev/null | grep -x "[a-z' ]\{1,\}" | grep -v '^ *$' || :
}

# own_lm MODEL: the language model that lies beside it under its name, as english.lm does.  What stands between dots is which of several models
# of a name it is: english.deep.safetensors and english.int8.safetensors share english.lm.
own_lm() {
  own=${1%.safetensors}
  case $(basename -- "$own") in *.*) [ -r "$own.lm" ] || own=${own%.*} ;; esac
  printf '%s\n' "$own.lm"
}

# search MODEL LM WEIGHT HOTWORDS: the properties that say how words are searched, one a line.  LM is a file, none, or nothing:
# then the model's own.  With that, what suits its lexicon of sounds; with none, its words as
# they are spelled, all of them equally probable.  Hotwords that such a lexicon lacks are said by g2p.safetensors beside the model.
search() {
  g2p=$(dirname -- "$1")/g2p.safetensors
  own=$(own_lm "$1") lm=$2
  [ -n "$lm" ] || { [ -r "$own" ] && lm=$own || lm=none; }
  [ "$lm" = none ] || printf 'lm-file=%s\n' "$(quote "$(absolute "$lm")")"
  if [ "$lm" = none ] && [ -r "$own" ]; then
    printf '%s\n' "lm-file=$(quote "$(absolute "$own")")" lexicon=spelled beam-width=64 word-score=-0.5 unknown-score=-1000 lm-weight=0
  elif [ "$lm" -ef "$own" ]; then
    printf '%s\n' beam-width=512 word-score=0 unknown-score=-1000 "lm-weight=${3:-0.9}"
    [ ! -r "$g2p" ] || printf '%s\n' "g2p-model=$(quote "$(absolute "$g2p")")"
  elif [ -n "$3" ]; then
    echo "lm-weight=$3"
  fi
  [ -z "$4" ] || printf '%s\n' decoder=beam "hotwords=$(quote "$4")"
}

# The same for people who wait: a word is final soon after its end, also where the search would still find another.
search_live() {
  search "$@"
  echo word-delay=400
}

# gate MODEL VAD: the property that says where words are looked for.  VAD is a detector of speech, none, or nothing: then vad.safetensors beside
# a model with a language model of its own, whose search finds words in rumble, too.
gate() {
  vad=$2 beside=$(dirname -- "$1")/vad.safetensors
  [ -n "$vad" ] || { [ -r "$(own_lm "$1")" ] && [ -r "$beside" ] && vad=$beside || vad=none; }
  [ "$vad" = none ] || printf 'vad-model=%s\n' "$(quote "$(absolute "$vad")")"
}

# play ARGUMENT...: a subshell becomes gst-launch-1.0 with these.  Its warnings and errors come to the terminal, a line each without
# the paths of elements, and nothing else that it says; -q would keep warnings to itself.  Data of its own go to another descriptor.
play() {
  said=$(mktemp -u "$private/said.XXXXXX")
  mkfifo "$said"
  sed -un 's/^\(ERROR\|WARNING\): from element [^ ]*: /\1: /p' "$said" >&2 &
  exec stdbuf -oL gst-launch-1.0 "$@" > "$said" 2>&1
}

# Runs gst-launch-1.0 with the arguments, its output line by line, without the paths of elements, through the function
# filter, whose exit status `filtered` becomes.  It gets a session of its own, so that Ctrl-C reaches it once and it can
# end its files; `interrupted` is then set.  A second Ctrl-C kills it; a second hang-up, as a closed terminal may send,
# does not.  What it took goes to the file $taken, if that is set: seconds of a core in user code and in the kernel, and its
# most memory in kB.
interrupted= taken= filtered=0
launch() {
  pipe=$private/output
  rm -f "$pipe" && mkfifo "$pipe"
  filtered=0
  stdbuf -oL sed 's/^\(ERROR\|WARNING\): from element [^ ]*: /\1: /' "$pipe" | filter &
  reader=$!
  setsid ${taken:+time -f "%U %S %M" -o "$taken"} stdbuf -oL gst-launch-1.0 "$@" > "$pipe" 2>&1 &
  launched=$!
  trap interrupt HUP INT TERM
  status=0
  wait $launched || status=$?
  while kill -0 $launched 2> /dev/null; do
    wait $launched || status=$?
  done
  wait $reader || filtered=$?
  trap - HUP INT TERM
  return $status
}
interrupt() {
  interrupted=yes
  trap '' HUP
  trap 'signal KILL' INT TERM
  signal INT
  echo "$me: finishing; Ctrl-C once more stops it at once" >&2 || true
}
signal() {
  kill -"$1" -$launched 2> /dev/null || kill -"$1" $launched 2> /dev/null || true
}
