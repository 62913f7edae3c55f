#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The published logits of a char-rnn, which it gives after each character of "The ", as in.x and out.y.

char-rnn-reference.py FOLDER OUT.safetensors"""
import json
import struct
import sys

vocabulary = json.load(open(sys.argv[1] + '/vocab.json'))
x = [vocabulary[c] for c in 'The ']
rows = [[float(v) for v in line.split(',')] for line in open(sys.argv[1] + '/reference_logits_after_The_space.csv')]
data = struct.pack('<4f', *x) + b''.join(struct.pack('<%df' % len(row), *row) for row in rows)
header = json.dumps({'in.x': {'dtype': 'F32', 'shape': [len(x), 1], 'data_offsets': [0, 16]},
                     'out.y': {'dtype': 'F32', 'shape': [len(rows), len(rows[0])], 'data_offsets': [16, len(data)]}}).encode()
open(sys.argv[2], 'wb').write(struct.pack('<Q', len(header)) + header + data)
