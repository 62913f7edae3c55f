# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the experiments: finds their program, reads the options that all of them take, runs and plots.
# RNN_BUILD names a build directory other than build/.

root=$(cd "$(dirname "$0")/../.." && pwd)
me=$(basename "$0")
program=${RNN_BUILD:-$root/build}/pipelines/experiments/experiment
out=$root/pipelines/experiments/results

fail() {
  echo "$me: $*" >&2
  exit 1
}

# The comment at the top of a script, from its third line on, is its help.
usage() {
  sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"
  echo "
Options: --out DIRECTORY  where tables and plots go ($out)
         --smoke          tiny sizes, seconds: that it runs, not what it shows
         --threads N      as many as there are processors
         --seed N         of data and weights: 1
         --seconds N      CPU time for one training of memory: no limit
         --cells NAME,... only these cells, where cells are compared"
}

# run NAME ARGUMENTS OF THE SCRIPT: the tables of the experiment
run() {
  [ -x "$program" ] || fail "$program is missing; run ./build.sh first"
  command -v gnuplot > /dev/null || fail "gnuplot is missing; install Debian's package gnuplot-nox"
  name=$1 next= cells=
  shift
  for argument; do
    case $next$argument in
      -h | --help) usage && exit ;;
      --out=*) out=${argument#--out=} ;;
      --cells=*) cells=${argument#--cells=} ;;
    esac
    case $argument in --out | --cells) next=$argument= ;; *) next= ;; esac
  done
  rehearse "$@"
  mkdir -p "$out"
  "$program" "$name" --out "$out" "$@"
}

# With tiny sizes first, elsewhere: whatever is wrong with the arguments ends it before earlier tables are lost.
rehearse() {
  rehearsal=$(mktemp -d)
  trap 'rm -rf "$rehearsal"' EXIT
  said=$("$program" "$name" "$@" --smoke --out "$rehearsal" --save "$rehearsal" 2>&1 > /dev/null) || case $said in
    *usage:*) fail "to be called as $(usage | sed -n "s/^  \($me .*\)/\1/p"); see $me --help" ;;
    *) fail "${said#experiment: }" ;;
  esac
  awk 'FNR > 1 { print $1 }' "$rehearsal"/*.tsv > "$rehearsal/compared"
  unknown=$(printf '%s\n' "$cells" | tr , '\n' | grep . | grep -Fvx -f "$rehearsal/compared" | head -n 1)
  [ -z "$unknown" ] || fail "$unknown: no such cell is compared here; the tables in README.md have their names"
  [ -s "$rehearsal/compared" ] || fail "no cell is left to compare"
  rm -r "$rehearsal"
}

# plot NAME < gnuplot's commands: NAME.svg beside the tables; the commands find the tables by their names.  `cells` is
# what occurs in the first column of NAME.tsv.
plot() {
  cells=$(awk 'NR > 1 && !seen[$1]++ { printf "%s ", $1 }' "$out/$1.tsv")
  { printf '%s\n' 'set terminal svg size 860,520 background "white"' "set output '$1.svg'" \
    "cells = '$cells'" 'set datafile separator "\t"' 'set key outside right' 'set grid'
    cat; } | (cd "$out" && gnuplot) || fail "gnuplot failed"
  echo "$me: $out/$1.svg" >&2
}
