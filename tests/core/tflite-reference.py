#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a model of TensorFlow Lite answers, by running its operators one after another in NumPy, weights dequantised: in.x, given images
(8 bit grey PNGs, over 255) or random, each as one step, and out.y.

tflite-reference.py MODEL.tflite OUT.safetensors [IMAGE.png...]"""
import json
import struct
import sys
import zlib
import numpy as np

model = open(sys.argv[1], 'rb').read()


def number(kind, at):
    return struct.unpack_from('<' + kind, model, at)[0]


def field(table, i):
    vtable = table - number('i', table)
    at = number('H', vtable + 4 + 2 * i) if 4 + 2 * i < number('H', vtable) else 0
    return table + at if at else None


def get(table, i, kind, fallback=0):
    at = field(table, i) if table else None
    return number(kind, at) if at else fallback


def follow(table, i):
    at = field(table, i) if table else None
    return at + number('I', at) if at else None


def vector(table, i, kind):
    at = follow(table, i)
    return [number(kind, at + 4 + struct.calcsize(kind) * k) for k in range(number('I', at))] if at else []


def tables(table, i):
    at = follow(table, i)
    return [at + 4 + 4 * k + number('I', at + 4 + 4 * k) for k in range(number('I', at))] if at else []


root = number('I', 0)
codes = [max(get(c, 0, 'b'), get(c, 3, 'i')) for c in tables(root, 1)]
buffers = [bytes(vector(b, 0, 'B')) for b in tables(root, 4)]
graph = tables(root, 2)[0]
tensors = tables(graph, 0)
values = {}
for i, t in enumerate(tensors):
    data, quantization = buffers[get(t, 2, 'I')], follow(t, 4)
    if data:
        kind = {0: '<f4', 2: '<i4', 3: 'u1', 4: '<i8', 7: '<i2', 9: 'i1'}[get(t, 1, 'b')]
        x = np.frombuffer(data, kind).reshape(vector(t, 0, 'i'))
        scale, zero = vector(quantization, 2, 'f') if quantization else [], vector(quantization, 3, 'q') if quantization else []
        if scale:
            along = [1] * x.ndim
            along[get(quantization, 6, 'i')] = -1
            x = np.reshape(scale, along if len(scale) > 1 else [1] * x.ndim) * (x.astype(float)
                - np.reshape(zero, along if len(zero) > 1 else [1] * x.ndim))
        values[i] = x.astype(float) if kind == '<f4' else x


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def act(options, i, x):
    return {0: lambda: x, 1: lambda: np.maximum(x, 0), 3: lambda: np.clip(x, 0, 6), 4: lambda: np.tanh(x)}[get(options, i, 'b')]()


def lstm(x, w, options):
    clip = get(options, 1, 'f')
    if not get(options, 3, 'b'):
        x = x.swapaxes(0, 1)
    h = c = np.zeros((x.shape[1], w[6].shape[0]))
    answers = []
    for row in x:
        gate = [None if w[1 + g] is None else row @ w[1 + g].T + h @ w[5 + g].T + w[12 + g] for g in range(4)]
        see = lambda g: 0 if w[9 + g] is None else w[9 + g] * c
        f = sigmoid(gate[1] + see(1))
        i = 1 - f if gate[0] is None else sigmoid(gate[0] + see(0))
        c = f * c + i * np.tanh(gate[2])
        c = np.clip(c, -clip, clip) if clip else c
        h = sigmoid(gate[3] + see(2)) * np.tanh(c)
        answers.append(h)
    return np.array(answers) if get(options, 3, 'b') else np.array(answers).swapaxes(0, 1)


def run(code, w, options):
    if code == 44:
        return [lstm(w[0], w, options)]
    if code == 9:
        x = w[0] if get(options, 2, 'b') else w[0].reshape(-1, w[1].shape[1])
        return [act(options, 0, x @ w[1].T + (0 if w[2] is None else w[2]))]
    if code == 25:
        e = np.exp(w[0] - w[0].max(-1, keepdims=True))
        return [e / e.sum(-1, keepdims=True)]
    if code == 88:
        axis = get(options, 1, 'i')
        return [np.take(w[0], k, axis) for k in range(w[0].shape[axis])]
    if code == 45:
        shrink = get(options, 4, 'i')
        cut = tuple(int(a) if shrink >> k & 1 else slice(None if get(options, 0, 'i') >> k & 1 else int(a),
            None if get(options, 1, 'i') >> k & 1 else int(b), int(s)) for k, (a, b, s) in enumerate(zip(*w[1:4])))
        return [w[0][cut]]
    return {
        0: lambda: [act(options, 0, w[0] + w[1])], 18: lambda: [act(options, 0, w[0] * w[1])], 41: lambda: [act(options, 0, w[0] - w[1])],
        2: lambda: [np.concatenate(w, get(options, 0, 'i'))], 14: lambda: [sigmoid(w[0])], 28: lambda: [np.tanh(w[0])],
        19: lambda: [np.maximum(w[0], 0)], 22: lambda: [w[0].reshape(w[1])], 39: lambda: [w[0].transpose(w[1])],
        49: lambda: np.split(w[1], get(options, 0, 'i'), int(np.ravel(w[0])[0])), 6: lambda: [w[0]], 114: lambda: [w[0]],
        83: lambda: [np.stack(w, get(options, 1, 'i'))],
    }[code]()


def image(path):
    data, at, raw = open(path, 'rb').read(), 8, b''
    width, height = struct.unpack('>II', data[16:24])
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        raw += data[at + 8:at + 8 + n] if kind == b'IDAT' else b''
        at += n + 12
    raw, rows = zlib.decompress(raw), np.zeros((height + 1, width + 1), int)
    assert data[24:26] == b'\x08\x00'   # 8 bits, grey
    for y in range(height):
        line = raw[y * (width + 1):]
        for x in range(width):
            left, up, corner = rows[y + 1, x], rows[y, x + 1], rows[y, x]
            paeth = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
            rows[y + 1, x + 1] = (line[1 + x] + (0, left, up, (left + up) // 2, paeth)[line[0]]) & 255
    return rows[1:, 1:].ravel() / 255


source, target = vector(graph, 1, 'i')[0], vector(graph, 2, 'i')[0]
shape = [max(d, 1) for d in vector(tensors[source], 0, 'i')]
steps = [image(path) for path in sys.argv[3:]] or list(np.random.default_rng(3).normal(0, 1, (5, int(np.prod(shape)))))
x, y = np.array(steps, '<f4'), []
for step in x:
    values[source] = step.astype(float).reshape(shape)
    for operator in tables(graph, 3):
        inputs = [None if i < 0 else values.get(i) for i in vector(operator, 1, 'i')]
        for i, value in zip(vector(operator, 2, 'i'), run(codes[get(operator, 0, 'I')], inputs, follow(operator, 4))):
            values[i] = value
    y.append(values[target].ravel())
header, data = {}, b''
for name, a in ('in.x', x), ('out.y', np.array(y, '<f4')):
    header[name] = {'dtype': 'F32', 'shape': list(a.shape), 'data_offsets': [len(data), len(data) + a.nbytes]}
    data += a.tobytes()
text = json.dumps(header).encode()
open(sys.argv[2], 'wb').write(struct.pack('<Q', len(text)) + text + data)
print(*np.argmax(y, 1))
