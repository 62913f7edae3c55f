# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the applications: the program, tables and plots of the experiments, with results and recipes of their own.
. "$(dirname "$0")/../experiments/lib.sh"
out=$root/pipelines/applications/results

usage() {
  sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"
  echo "
Options: --out DIRECTORY  where tables and plots go ($out)
         --save DIRECTORY where the trained models go: nowhere
         --start DIRECTORY where trained models are that it goes on with: it begins anew
         --json           the last line is the result, one object
         --minutes N      CPU time for one training: no limit but the recipe's
         --seed N         of data and weights: 1
         --threads N      as many as there are processors
         --smoke          tiny sizes, seconds: that it learns, not how well"
}

# add_seeds NAME: what other seeds left in the table NAME.tsv, whose third column is the seed, stays beside the new one
add_seeds() {
  [ -e "$out/$1.tsv" ] || return 0
  awk -F '\t' 'FNR == 1 { files++; if (files == 1) print; next } files == 1 { new[$3]; print } files == 2 && !($3 in new)' \
    "$part/$1.tsv" "$out/$1.tsv" > "$part/added"
  mv "$part/added" "$part/$1.tsv"
}

# apply NAME ARGUMENTS OF THE SCRIPT: the application; tables that are there are only lost to whole ones.  seeds=yes: or added to.
apply() {
  [ -x "$program" ] || fail "$program is missing; run ./build.sh first"
  command -v gnuplot > /dev/null || fail "gnuplot is missing; install Debian's package gnuplot-nox"
  name=$1 next=
  shift
  for argument; do
    case $next$argument in
      -h | --help) usage && exit ;;
      --out=*) out=${argument#--out=} ;;
    esac
    case $argument in --out) next=--out= ;; *) next= ;; esac
  done
  part=$(mktemp -d)
  trap 'rm -rf "$part" "${clips:-}"' EXIT
  "$program" "$name" --recipes "$root/models/applications" "$@" --out "$part" || exit
  mkdir -p "$out"
  [ -z "${seeds:-}" ] || add_seeds "$name"
  mv "$part"/* "$out"
}

# plot_attention NAME TITLE: where NAME-attention.tsv says that the last layer of attention looked; the source goes from left to right
plot_attention() {
  plot "$1-attention" << END
set terminal svg size 860,$(awk -F '\t' 'NR > 1 && $2 + 0 > most { most = $2 + 0 } END { print 20 * most + 180 }' "$out/$1-attention.tsv") background "white"
set output '$1-attention.svg'
set title '$2' offset 0,4
set palette gray negative; unset key; unset grid; unset colorbox; unset tics; set border 0; set yrange [*:*] reverse; set tmargin 9; set lmargin 12
plot '$1-attention.tsv' using 1:2:3 with points pt 5 ps 1.5 lc palette, '' using 1:(\$2 > 0 ? NaN : -0.9):4 with labels rotate by 60 left, \
  '' using (-1):(\$1 > 0 ? NaN : \$2):5 with labels right
END
}
