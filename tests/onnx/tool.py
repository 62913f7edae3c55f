# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of ONNX models share: safetensors files, runs of the tool, TAP."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import traceback
try:
    import numpy as np
except ImportError:
    print('1..0 # SKIP there is no numpy')
    sys.exit(0)

TYPES = {'float32': 'F32', 'int64': 'I64', 'int32': 'I32', 'uint8': 'U8', 'float64': 'F64', 'bool': 'BOOL'}
NAMES = {'F32': '<f4', 'F64': '<f8', 'I64': '<i8', 'I32': '<i4', 'U8': 'u1', 'BOOL': '?'}


def save(path, tensors):
    header, data = {}, b''
    for name, array in tensors.items():
        array = np.ascontiguousarray(array)
        header[name] = {'dtype': TYPES[array.dtype.name], 'shape': list(array.shape), 'data_offsets': [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + data)


def load(path):
    with open(path, 'rb') as file:
        data = file.read()
    n = struct.unpack('<Q', data[:8])[0]
    header = json.loads(data[8:8 + n])
    header.pop('__metadata__', None)
    return {name: np.frombuffer(data[8 + n + t['data_offsets'][0]:8 + n + t['data_offsets'][1]], NAMES[t['dtype']]).reshape(t['shape'])
            for name, t in header.items()}


class Tool:
    """Runs `rnncore` on files in a folder of its own."""

    def __init__(self, path):
        self.path = path
        self.folder = tempfile.TemporaryDirectory()
        self.env = dict(os.environ)

    def file(self, name):
        return os.path.join(self.folder.name, name)

    def call(self, *arguments):
        return subprocess.run([self.path, *arguments], capture_output=True, text=True, timeout=120, env=self.env)

    def run(self, model, tensors, chunk=0):
        save(self.file('in.safetensors'), tensors)
        result = self.call('run', model, '--input', self.file('in.safetensors'), '--output', self.file('out.safetensors'),
                           *(['--chunk', str(chunk)] if chunk else []))
        if result.returncode:
            raise AssertionError(result.stderr)
        return load(self.file('out.safetensors'))


class Tests:
    """TAP: each call of `test` is a line."""

    def __init__(self):
        self.n = self.failed = 0

    def test(self, name, function, *arguments):
        self.n += 1
        try:
            function(*arguments)
            print('ok', self.n, name)
        except Exception:
            self.failed += 1
            print('not ok', self.n, name)
            print('# ' + traceback.format_exc().strip().replace('\n', '\n# '))
        sys.stdout.flush()

    def skip(self, name, reason):
        self.n += 1
        print('ok', self.n, name, '# SKIP', reason)

    def end(self):
        print('1..%d' % self.n)
        sys.exit(self.failed > 0)


def close(got, want, tolerance):
    got, want = np.asarray(got, float), np.asarray(want, float)
    assert got.size == want.size, 'sizes: %s for %s' % (got.shape, want.shape)
    difference = np.abs(got.reshape(want.shape) - want).max() if want.size else 0
    assert difference <= tolerance, 'largest difference %g' % difference
