# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the scripts of this folder: finds the plugin, and what several of them need.
# RNN_BUILD names a build directory other than build/.  Without any, what is installed is used: that of the same prefix if
# this is PREFIX/share/gst-rnn/pipelines.

script=$(readlink -f "$0")
root=$(dirname "$(dirname "$script")")
prefix=${root%/share/gst-rnn}
me=$(basename "$0")
build=${RNN_BUILD:-$root/build}

fail() {
  echo "$me: $*" >&2
  exit 1
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

absolute() {
  case $1 in
    /*) printf '%s\n' "$1" ;;
    *) printf '%s/%s\n' "$PWD" "$1" ;;
  esac
}

# readable FILE: anything but a file with something in it is refused.
readable() {
  [ -r "$1" ] || fail "$1: cannot be read"
  [ ! -d "$1" ] || fail "$1: is a directory"
  [ ! -f "$1" ] || [ -s "$1" ] || fail "$1: is empty"
}

# rows MANIFEST [DIRECTORY/]: its lines as path<TAB>speaker<TAB>text, with figures spelled out as models say them;
# relative paths get the directory in front.  What is no such line is refused.
rows() {
  directory=${2:-} awk -F '\t' -v OFS='\t' -v where="$me: $1" '
    BEGIN { split("zero one two three four five six seven eight nine", digit, " ") }
    NR == 1 { sub(/^\357\273\277/, "") }
    { sub(/\r$/, "") }
    /^(#|$)/ { next }
    NF < 2 || NF > 3 || $1 == "" {
      print where ":" NR ": expected path<TAB>text or path<TAB>speaker<TAB>text" > "/dev/stderr"
      exit 1
    }
    NF == 2 { $3 = $2; $2 = "" }
    $1 !~ /^(\/|[a-z]+:\/\/)/ { $1 = ENVIRON["directory"] $1 }
    $3 ~ /[0-9]/ {
      for (d = 0; d < 10; d++)
        gsub(d, " " digit[d + 1] " ", $3)
      gsub(/ +/, " ", $3); gsub(/^ | $/, "", $3)
    }
    { print }' < "$1"
}

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

# awk on lines as they come: mawk would wait for kilobytes of them unless it is asked not to; others do not know -W.
live_awk() {
  [ -n "$(awk -W interactive 'BEGIN { }' 2>&1)" ] || set -- -W interactive "$@"
  awk "$@"
}

# Runs gst-launch-1.0 with the arguments, its output line by line, without the paths of elements, through the function
# filter, whose exit status `filtered` becomes.  It gets a session of its own, so that Ctrl-C reaches it once and it can
# end its files; `interrupted` is then set.  A second Ctrl-C kills it; a second hang-up, as a closed terminal may send,
# does not.  It speaks English, which filter understands.  What it took goes to the file $taken, if that is set: seconds
# of a core in user code and in the kernel, and its most memory in kB.
interrupted= taken= filtered=0
launch() {
  pipe=$(mktemp -u) && mkfifo "$pipe"
  stdbuf -oL sed 's/^\(ERROR\|WARNING\): from element [^ ]*: /\1: /' "$pipe" | filter &
  reader=$!
  LANGUAGE=en setsid ${taken:+time -f "%U %S %M" -o "$taken"} stdbuf -oL gst-launch-1.0 "$@" > "$pipe" 2>&1 &
  launched=$!
  trap interrupt HUP INT TERM
  status=0
  wait $launched || status=$?
  while kill -0 $launched 2> /dev/null; do
    wait $launched || status=$?
  done
  wait $reader || filtered=$?
  trap - HUP INT TERM
  rm -f "$pipe"
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
