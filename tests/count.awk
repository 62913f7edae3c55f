# SPDX-License-Identifier: LGPL-2.1-or-later
# Counts the TAP sub-tests in meson's testlog.txt.  A program must print a plan, keep it and exit with 0: every
# sub-test that its plan promised and that did not run counts as failed, and so does a program that fails otherwise.
# Prints each program that failed with its output (without the lines that are ok), then "N passed, N failed, N skipped".

function end_program(missing) {
  if (program == "")
    return
  missing = plan < 0 ? 0 : plan - ran
  if (missing > 0) {
    failed += missing; bad += missing
    output = output "# " missing " of " plan " sub-tests did not run\n"
  } else if (plan < 0 || missing < 0) {
    failed++; bad++
    output = output "# " (plan < 0 ? "no plan, this is not TAP" : ran " sub-tests ran, but the plan says " plan) "\n"
  }
  if (!bad && result != "exit status 0") {
    failed++; bad++
  }
  if (bad)
    printf "---- FAILED: %s (%s)\n%s", program, result, output
  program = ""
}

/^=+ [0-9]+\/[0-9]+ =+$/ { end_program(); section = "head"; next }
/^-+ (stdout|stderr) -+$/ { section = $2; next }
section == "head" && /^test: / { program = substr($0, 15); result = output = ""; plan = -1; ran = bad = 0; next }
section == "head" && /^result: / { result = substr($0, 15); next }
section == "stdout" && /^1\.\.[0-9]+/ {
  plan = substr($1, 4) + 0
  if (plan == 0)
    skipped++
  next
}
section == "stdout" && /^ok / { ran++; if (/# *(SKIP|skip|TODO)/) skipped++; else passed++; next }
section == "stdout" && /^not ok / {
  ran++
  if (/# *(TODO|SKIP)/) {
    skipped++
    next
  }
  failed++; bad++
}
/^=+$/ && length($0) == 78 { section = "" }
section ~ /^std/ && !/^# (Start|End) of / { output = output $0 "\n" }
END { end_program(); printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }
