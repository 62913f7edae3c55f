#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# count.awk against logs of programs that end in every way a program can end.  Prints TAP.
cd "$(dirname "$0")" || exit 1
line=------------------------------------
double=======================================
n=0

# program RESULT OUTPUT: its section of a testlog.txt
program() {
  printf '%s 1/1 %s\ntest:         core / x\nresult:       %s\n%s stdout %s\n%s\n%s%s==\n\n' \
    $double $double "$1" $line $line "$2" $double $double
}

# check NAME EXPECTED RESULT OUTPUT: the sum for this program
check() {
  n=$((n + 1))
  sum=$(program "$3" "$4" | awk -f count.awk | tail -n 1)
  if [ "$sum" = "$2" ]; then
    echo "ok $n $1"
  else
    echo "not ok $n $1: $sum instead of $2"
  fi
}

plan='1..3
ok 1 a'
check all-pass "2 passed, 0 failed, 0 skipped" "exit status 0" '1..2
ok 1 a
ok 2 b'
check plan-at-the-end "1 passed, 0 failed, 0 skipped" "exit status 0" 'ok 1 a
1..1'
check one-fails "1 passed, 1 failed, 0 skipped" "exit status 1" '1..2
ok 1 a
not ok 2 b'
check skipped "1 passed, 0 failed, 2 skipped" "exit status 0" '1..3
ok 1 a
ok 2 b # SKIP why
not ok 3 c # TODO'
check skipped-whole "0 passed, 0 failed, 1 skipped" "exit status 0" '1..0 # SKIP'
check crash "1 passed, 2 failed, 0 skipped" "killed by signal 11 SIGSEGV" "$plan"
check time-out "1 passed, 2 failed, 0 skipped" "killed by signal 15 SIGTERM" "$plan"
check stops-early "1 passed, 2 failed, 0 skipped" "exit status 0" "$plan"
check no-plan "1 passed, 1 failed, 0 skipped" "exit status 0" 'ok 1 a'
check nothing-printed "0 passed, 1 failed, 0 skipped" "exit status 0" ''
check more-than-planned "2 passed, 1 failed, 0 skipped" "exit status 0" '1..1
ok 1 a
ok 2 b'
check bad-exit-after-all-passed "1 passed, 1 failed, 0 skipped" "exit status 1" '1..1
ok 1 a'
check sanitizer-report-at-exit "1 passed, 1 failed, 0 skipped" "exit status 23" '1..1
ok 1 a'

n=$((n + 1))
sum=$({ program "exit status 0" '1..1
ok 1 a'; program "exit status 1" "$plan"; } | awk -f count.awk | tail -n 1)
[ "$sum" = "2 passed, 2 failed, 0 skipped" ] && echo "ok $n two-programs" || echo "not ok $n two-programs: $sum"
echo "1..$n"
