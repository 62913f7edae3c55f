#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small language files as Tesseract keeps them, with random weights, and what they answer, by the equations of its layers in NumPy: zeros
around the picture, where Tesseract takes noise.  Writes NAME.traineddata and NAME.ref.safetensors (in.x, out.y) for each network below.

tesseract-reference.py FOLDER"""
import json
import struct
import sys
import numpy as np

random = np.random.default_rng(4)


def text(value):
    return struct.pack('<I', len(value)) + value.encode()


def head(kind, flags, n_in, n_out):
    return b'\0' + text(kind) + b'\0\1' + struct.pack('<4i', flags, n_in, n_out, 0) + text(kind)


class Matrix:
    """[rows][columns + 1]"""
    def __init__(self, rows, columns, int8):
        w = random.standard_normal((rows, columns + 1)) / np.sqrt(columns / 2)
        if int8:
            scales = abs(w).max(1) / 127
            whole = np.rint(w / scales[:, None]).astype(np.int8)
            self.w = whole * scales[:, None]
            self.data = struct.pack('<BIIb', 129, rows, columns + 1, 0) + whole.tobytes() + struct.pack('<I', rows) + scales.tobytes()
        else:
            self.w = w
            self.data = struct.pack('<BIId', 128, rows, columns + 1, 0) + w.tobytes()

    def __call__(self, x):
        return x @ self.w[:, :-1].T + self.w[:, -1]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Lstm:
    """x [steps][lines][inputs]"""
    def __init__(self, n_in, units, int8, last=False):
        self.gates, self.units, self.last = [Matrix(units, n_in + units, int8) for _ in range(4)], units, last
        self.data = head('SummLSTM' if last else 'LSTM', 0, n_in, units) + struct.pack('<i', n_in + units) + b''.join(g.data for g in self.gates)

    def __call__(self, x):
        h = c = np.zeros((x.shape[1], self.units))
        answers = []
        for step in x:
            z, i, f, o = [gate(np.concatenate([step, h], 1)) for gate in self.gates]
            c = np.clip(sigmoid(f) * c + sigmoid(i) * np.tanh(z), -100, 100)
            h = sigmoid(o) * np.tanh(c)
            answers.append(h)
        return np.array(answers[-1:] if self.last else answers)


# A picture is [height][width][channels].
class Along:
    def __init__(self, lstm):
        self.lstm, self.data = lstm, lstm.data

    def __call__(self, x):
        return self.lstm(x.swapaxes(0, 1)).swapaxes(0, 1)


class Holder:
    def __init__(self, kind, children, rates=False):
        self.children = children
        self.data = head(kind, 64 if rates else 0, 0, 0) + struct.pack('<I', len(children)) + b''.join(c.data for c in children)
        if rates:
            self.data += struct.pack('<I', len(children)) + struct.pack('<%df' % len(children), *[.001] * len(children))


class Series(Holder):
    def __call__(self, x):
        for child in self.children:
            x = child(x)
        return x


class Parallel(Holder):
    def __call__(self, x):
        return np.concatenate([child(x) for child in self.children], 2)


class Reversed(Holder):
    def __call__(self, x):
        return self.children[0](x[:, ::-1])[:, ::-1]


class Transposed(Holder):
    def __call__(self, x):
        return self.children[0](x.swapaxes(0, 1)).swapaxes(0, 1)


class Input:
    def __init__(self, height):
        self.data = head('Input', 0, height, 1) + struct.pack('<5i', 1, height, 0, 1, 0)

    def __call__(self, x):
        return x


class Convolve:
    def __init__(self, channels, x, y):
        self.x, self.y = x, y
        self.data = head('Convolve', 0, channels, channels * (2 * x + 1) * (2 * y + 1)) + struct.pack('<2i', x, y)

    def __call__(self, x):
        wide = np.pad(x, ((self.y, self.y), (self.x, self.x), (0, 0)))
        h, w = x.shape[:2]
        return np.concatenate([wide[v:v + h, u:u + w] for u in range(2 * self.x + 1) for v in range(2 * self.y + 1)], 2)


class Pool:
    def __init__(self, kind, channels, x, y):
        self.largest, self.x, self.y = kind == 'Maxpool', x, y
        self.data = head(kind, 0, channels, channels if self.largest else channels * x * y) + struct.pack('<2i', x, y)

    def __call__(self, x):
        h, w, c = x.shape[0] // self.y, x.shape[1] // self.x, x.shape[2]
        parts = x[:h * self.y, :w * self.x].reshape(h, self.y, w, self.x, c).transpose(0, 2, 3, 1, 4)
        return parts.max((2, 3)) if self.largest else parts.reshape(h, w, -1)


class Dense:
    functions = {'Tanh': np.tanh, 'Relu': lambda x: np.maximum(x, 0), 'Logistic': sigmoid, 'Softmax': lambda x: x}

    def __init__(self, kind, n_in, units, int8):
        self.matrix, self.function = Matrix(units, n_in, int8), self.functions[kind]
        self.data = head(kind, 0, n_in, units) + self.matrix.data

    def __call__(self, x):
        return self.function(self.matrix(x))


def write(name, height, columns, codes, network):
    """codes: (character, its codes); the last code is the blank."""
    blank = network.children[-1].matrix.w.shape[0] - 1
    parts = [b''] * 24
    parts[17] = network.data + text('made up') + struct.pack('<4i3f', 64, 0, 0, blank, 0, 0, 0)
    parts[21] = ('%d\n' % len(codes) + ''.join('%s 0 Common 0\n' % c for c, _ in codes)).encode()
    parts[22] = struct.pack('<I', len(codes)) + b''.join(struct.pack('<bi', 1, len(k)) + struct.pack('<%di' % len(k), *k) for _, k in codes)
    parts[23] = b'made up'
    at, offsets = 4 + 8 * 24, []
    for part in parts:
        offsets.append(at if part else -1)
        at += len(part)
    open(name + '.traineddata', 'wb').write(struct.pack('<i24q', 24, *offsets) + b''.join(parts))
    x = random.uniform(-1, 1, (height, 12 * columns, 1))
    steps, y = x[:, :, 0].T.reshape(12, columns * height), network(x)[0]
    header, data = {}, b''
    for key, array in ('in.x', steps), ('out.y', y):
        header[key] = {'dtype': 'F32', 'shape': list(array.shape), 'data_offsets': [len(data), len(data) + 4 * array.size]}
        data += array.astype('<f4').tobytes()
    header = json.dumps(header).encode()
    open(name + '.ref.safetensors', 'wb').write(struct.pack('<Q', len(header)) + header + data)


folder = sys.argv[1]
letters = [('NULL', [0]), ('Joined', [5]), ('a', [1]), ('b', [2]), ('\u5b57', [3, 4]), ('\u6f22', [3, 3])]
write(folder + '/tesseract-int8', 12, 3, letters, Series('Series', [
    Input(12), Series('Series', [Convolve(1, 1, 1), Dense('Tanh', 9, 4, True)], True), Pool('Maxpool', 4, 3, 3),
    Transposed('XYTranspose', [Along(Lstm(4, 5, True, True))]), Along(Lstm(5, 6, True)),
    Reversed('RTLReversed', [Along(Lstm(6, 5, True))]), Dense('Softmax', 5, 6, True)], True))
write(folder + '/tesseract-float', 8, 4, letters, Series('Series', [
    Input(8), Convolve(1, 1, 2), Dense('Relu', 15, 3, False), Pool('Maxpool', 3, 2, 2), Convolve(3, 1, 0), Dense('Logistic', 9, 4, False),
    Parallel('Parallel', [Transposed('XYTranspose', [Along(Lstm(4, 3, False))]),
                          Transposed('XYTranspose', [Reversed('RTLReversed', [Along(Lstm(4, 2, False))])])]),
    Pool('Reconfig', 5, 2, 2),
    Parallel('ParBidiLSTM', [Along(Lstm(20, 3, False)), Reversed('RTLReversed', [Along(Lstm(20, 3, False))])]),
    Transposed('XYTranspose', [Along(Lstm(6, 4, False, True))]), Dense('Softmax', 4, 6, False)]))
