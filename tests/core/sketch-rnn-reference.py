#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Strokes and what a sketch-rnn answers to them, of a reference in JSON ("input", "output"), as in.x and out.y.

sketch-rnn-reference.py REFERENCE.json OUT.safetensors"""
import json
import struct
import sys

reference = json.load(open(sys.argv[1]))
header, data = {}, b''
for name, key in ('in.x', 'input'), ('out.y', 'output'):
    rows, start = reference[key], len(data)
    data += b''.join(struct.pack('<%df' % len(row), *row) for row in rows)
    header[name] = {'dtype': 'F32', 'shape': [len(rows), len(rows[0])], 'data_offsets': [start, len(data)]}
text = json.dumps(header).encode()
open(sys.argv[2], 'wb').write(struct.pack('<Q', len(text)) + text + data)
