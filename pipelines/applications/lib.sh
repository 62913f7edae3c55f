# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the applications: the runner, tables and plots of the experiments, with results and recipes of their own.
. "$(dirname "$0")/../experiments/lib.sh"
out=$root/pipelines/applications/results

usage() {
  sed -n '3,/^[^#]/s/^# \{0,1\}//p' "$0"
  echo "
Options: --out DIRECTORY  where tables and plots go ($out)
         --save DIRECTORY where the trained models go: nowhere
         --json           the last line is the result, one object
         --minutes N      CPU time for one training: no limit but the recipe's
         --seed N         of data and weights: 1
         --threads N      as many as there are processors
         --smoke          tiny sizes, seconds: that it learns, not how well"
}

apply() {
  run "$@" --recipes "$root/models/applications"
}
