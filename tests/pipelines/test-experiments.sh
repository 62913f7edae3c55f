#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The experiments with tiny sizes: every script runs, its tables are whole and its plots are there; wrong input is refused
# with the file and the reason.  Prints TAP.  test-experiments.sh SOURCES BUILD
scripts=$1/pipelines/experiments
RNN_BUILD=$2
export RNN_BUILD
. "$(dirname "$0")/../tap.sh"

# report STATUS NAME: of what wrote $work/log
report() {
  check "$2" [ "$1" -eq 0 ]
}

# whole TABLE: a header, and rows of as many columns without an empty one
whole() {
  awk -F '\t' 'NR == 1 { n = NF } NF != n { exit 1 } { for (i = 1; i <= NF; i++) if ($i == "") exit 1 }
    END { if (NR < 2) exit 1 }' "$1"
}

# experiment SCRIPT "TABLES" ARGUMENTS: tables and a plot of each name
experiment() {
  script=$1 tables=$2
  shift 2
  "$scripts/$script" "$@" --smoke --threads 1 --out "$work" > "$work/log" 2>&1
  status=$?
  for table in $tables; do
    whole "$work/$table.tsv" || { echo "$table.tsv is not whole" >> "$work/log"; status=1; }
    grep -q '</svg>' "$work/$table.svg" || { echo "$table.svg is not whole" >> "$work/log"; status=1; }
  done
  report $status "$script"
}

# refused NAME PATTERN ARGUMENTS: of the program; what it says matches
refused() {
  name=$1 pattern=$2
  shift 2
  "$RNN_BUILD/pipelines/experiments/experiment" --out "$work" "$@" > "$work/log" 2>&1
  [ $? -ne 0 ] && grep -q "$pattern" "$work/log"
  report $? "$name"
}

# Five chorales of a scale in two voices.
awk 'BEGIN {
  for (c = 0; c < 5; c++) {
    chorale = ""
    for (t = 0; t < 12; t++)
      chorale = chorale (t ? ", " : "") "[" 60 + (t + c) % 7 ", " 72 + t % 5 "]"
    all = all (c ? ", " : "") "[" chorale "]"
  }
  printf "{\"train\": [%s], \"valid\": [%s], \"test\": [%s]}\n", all, all, all
}' > "$work/chorales.json"

experiment memory "memory memory-gradient"
experiment clipping clipping
experiment truncation truncation
experiment free-running free-running
experiment hopfield hopfield
experiment mackey-glass mackey-glass
experiment characters characters-curve "$1/COPYING"
experiment chorales chorales "$work/chorales.json"
experiment cost cost

for cell in elman gru indrnn jordan lstm mamba mlstm rwkv7 slstm; do
  grep -q "^$cell	" "$work/memory.tsv" || { echo "no $cell" >> "$work/log"; false; }
done
report $? "memory: the cells of the registry"
awk -F '\t' 'NR > 1 && s[$1] && s[$1] != $4 { exit 1 } { s[$1] = $4 }' "$work/cost.tsv"
report $? "cost: a state does not grow"

# spares NAME PATTERN SCRIPT ARGUMENTS: the script fails and says so; the tables that are there stay as they are.
mkdir "$work/kept"
for table in cost chorales characters; do echo earlier > "$work/kept/$table.tsv"; done
spares() {
  name=$1 pattern=$2 script=$3
  shift 3
  "$scripts/$script" "$@" --smoke --out "$work/kept" > "$work/log" 2>&1
  [ $? -ne 0 ] && grep -q "$pattern" "$work/log" && [ "$(cat "$work/kept"/*)" = "$(printf 'earlier\nearlier\nearlier')" ]
  report $? "$name"
}
spares "cost: no such cell" '^cost: foo: no such cell' cost --cells lstm,foo
spares "cost: no cell" '^cost: no cell' cost --cells=
spares "chorales: without a file" '^chorales: to be called as chorales CHORALES.json' chorales
spares "characters: no such file" '^characters: .*missing.txt' characters "$work/missing.txt"

printf '{"train": [[[60], [200]]]}' > "$work/high.json"
refused "a note off the keyboard" 'high.json: chorale 0 of "train"' chorales "$work/high.json"
refused "no such file" 'missing.txt' characters "$work/missing.txt"
printf 'too short' > "$work/short.txt"
refused "a text too short" 'short.txt: only 9' characters "$work/short.txt"
refused "no such experiment" 'usage' fusion
refused "no such directory" 'nowhere' cost --out "$work/nowhere" --smoke
echo "1..$n"
