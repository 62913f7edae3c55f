#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How many lines of each source that a fuzz target reads by are reached: all of them, and those of the functions that it calls, for
some sources write what they read, too.  coverage.py TARGET PROFILE NAME SOURCE..."""
import json
import subprocess
import sys

program, profile, name, *sources = sys.argv[1:]


def llvm(command):
    return subprocess.run(['llvm-cov', *command, program, '-instr-profile=' + profile], capture_output=True, text=True, check=True).stdout


def counts(listing):
    """{source: {line: times}}"""
    files, lines = {}, {}
    for text in listing.splitlines():
        parts = text.split('|')
        if text.startswith('/') and text.endswith(':'):
            lines = files.setdefault(text[:-1], {})
        elif len(parts) > 2 and parts[0].strip().isdigit() and parts[1].strip():
            lines[int(parts[0])] = parts[1].strip() != '0'
    return files


files = counts(llvm(['show']))
functions = json.loads(llvm(['export', '-skip-expansions']))['data'][0]['functions']
for source in sources:
    path = next((path for path in files if path.endswith('/' + source)), None)
    if not path:
        continue
    lines, unused = files[path], []
    for function in functions:
        if function['filenames'][0].endswith('/' + source) and function['count'] == 0:
            first, last = function['regions'][0][0], function['regions'][0][2]
            unused.append((function['name'].split(':')[-1], first, last))
    used = [line for line in lines if not any(first <= line <= last for _, first, last in unused)]
    print('%-12s %-30s %4d lines %3.0f %%, %4d of functions called %3.0f %%  not called: %s' % (name, source, len(lines),
          100 * sum(lines.values()) / len(lines), len(used), 100 * sum(lines[line] for line in used) / max(len(used), 1),
          ' '.join(f for f, _, _ in unused) or '-'))
