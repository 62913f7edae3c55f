#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# count.awk against logs of programs that end in every way a program can end.  Prints TAP.
cd "$(dirname "$0")" || exit 1
line=------------------------------------
double=======================================
. ./tap.sh

# program RESULT OUTPUT: its section of a testlog.txt
program() {
  printf '%s 1/1 %s\ntest:         core / x\nresult:       %s\n%s stdout %s\n%s\n%s%s==\n\n' \
    $double $double "$1" $line $line "$2" $double $double
}

# sums NAME EXPECTED RESULT OUTPUT: the sum for this program
sums() {
  check "$1" same "$2" "$(program "$3" "$4" | awk -f count.awk | tail -n 1)"
}
same() {
  [ "$1" = "$2" ] || { echo "$2 instead of $1"; return 1; }
}

plan='1..3
ok 1 a'
sums all-pass "2 passed, 0 failed, 0 skipped" "exit status 0" '1..2
ok 1 a
ok 2 b'
sums plan-at-the-end "1 passed, 0 failed, 0 skipped" "exit status 0" 'ok 1 a
1..1'
sums one-fails "1 passed, 1 failed, 0 skipped" "exit status 1" '1..2
ok 1 a
not ok 2 b'
sums skipped "1 passed, 0 failed, 2 skipped" "exit status 0" '1..3
ok 1 a
ok 2 b # SKIP why
not ok 3 c # TODO'
sums skipped-whole "0 passed, 0 failed, 1 skipped" "exit status 0" '1..0 # SKIP'
sums crash "1 passed, 2 failed, 0 skipped" "killed by signal 11 SIGSEGV" "$plan"
sums time-out "1 passed, 2 failed, 0 skipped" "killed by signal 15 SIGTERM" "$plan"
sums stops-early "1 passed, 2 failed, 0 skipped" "exit status 0" "$plan"
sums no-plan "1 passed, 1 failed, 0 skipped" "exit status 0" 'ok 1 a'
sums nothing-printed "0 passed, 1 failed, 0 skipped" "exit status 0" ''
sums more-than-planned "2 passed, 1 failed, 0 skipped" "exit status 0" '1..1
ok 1 a
ok 2 b'
sums bad-exit-after-all-passed "1 passed, 1 failed, 0 skipped" "exit status 1" '1..1
ok 1 a'
sums sanitizer-report-at-exit "1 passed, 1 failed, 0 skipped" "exit status 23" '1..1
ok 1 a'

sum=$({ program "exit status 0" '1..1
ok 1 a'; program "exit status 1" "$plan"; } | awk -f count.awk | tail -n 1)
check two-programs same "2 passed, 2 failed, 0 skipped" "$sum"
echo "1..$n"
