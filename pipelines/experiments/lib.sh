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
  name=$1 next=
  shift
  for argument; do
    case $argument in -h | --help) usage && exit ;; --out=*) out=${argument#--out=} ;; esac
    [ "$next" != --out ] || out=$argument
    next=$argument
  done
  mkdir -p "$out"
  "$program" "$name" --out "$out" "$@"
}

# plot NAME < gnuplot's commands: NAME.svg beside the tables; the commands find the tables by their names.  `cells` is
# what occurs in the first column of NAME.tsv.
plot() {
  cells=$(awk 'NR > 1 && !seen[$1]++ { printf "%s ", $1 }' "$out/$1.tsv")
  { printf '%s\n' 'set terminal svg size 860,520 background "white"' "set output '$1.svg'" \
    "cells = '$cells'" 'set datafile separator "\t"' 'set key outside right' 'set grid'
    cat; } | (cd "$out" && gnuplot) || fail "gnuplot failed"
  echo "$me: $out/$1.svg"
}
