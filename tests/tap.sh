# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by tests that are shell scripts: TAP, and a folder of the test's own, $work, which goes when it ends.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 n_failed=0 n_skipped=0

# check NAME COMMAND...: ok when the command succeeds; else the end of what it said is shown, and of the file $work/log,
# if there is one.
check() {
  n=$((n + 1))
  checked=$1
  shift
  if "$@" > "$work/check.log" 2>&1 < /dev/null; then
    echo "ok $n $checked"
  else
    echo "not ok $n $checked"
    n_failed=$((n_failed + 1))
    tail -n 40 "$work/check.log" "$work/log" 2> /dev/null | sed 's/^/# /'
  fi
}

# skip NAME REASON
skip() {
  n=$((n + 1))
  n_skipped=$((n_skipped + 1))
  echo "ok $n $1 # SKIP $2"
}

# skip_all REASON: nothing is tested.
skip_all() {
  echo "1..0 # SKIP $1"
  exit 0
}
