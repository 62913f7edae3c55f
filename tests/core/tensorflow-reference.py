#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a frozen graph of TensorFlow's answers, by running its nodes one after another in NumPy (double precision): in.x, random
frames in place of the placeholder or of the node Mfcc, and out.y, the scores of every step that a loop writes, or of the last.

tensorflow-reference.py GRAPH.pb OUT.safetensors [STEPS]"""
import json
import struct
import sys
import numpy as np


def varint(b, i):
    value = shift = 0
    while True:
        value |= (b[i] & 127) << shift
        shift += 7
        i += 1
        if b[i - 1] < 128:
            return value, i


def fields(b):
    i = 0
    while i < len(b):
        key, i = varint(b, i)
        if key & 7 == 0:
            value, i = varint(b, i)
        else:
            n, i = (8, i) if key & 7 == 1 else (4, i) if key & 7 == 5 else varint(b, i)
            value, i = b[i:i + n], i + n
        yield key >> 3, value


def get(b, number, fallback=b''):
    return next((v for f, v in fields(b) if f == number), fallback)


def tensor(b):
    kind = {1: '<f4', 3: '<i4', 9: '<i8'}[get(b, 1, 0)]
    shape = [get(d, 1, 0) for f, d in fields(get(b, 2)) if f == 2]
    content = get(b, 4)
    if content:
        return np.frombuffer(content, kind).reshape(shape).astype(kind[1] == 'f' and float or int)
    if kind == '<f4':
        return np.full(shape, np.frombuffer(get(b, 5), '<f4')[0], float)
    value = get(b, 7)
    return np.full(shape, varint(value, 0)[0] if isinstance(value, bytes) else value, int)


class Graph:
    def __init__(self, path):
        self.nodes, self.order = {}, []
        for b in (b for f, b in fields(open(path, 'rb').read()) if f == 1):
            name, op = get(b, 1).decode(), get(b, 2).decode()
            inputs = [v.decode() for g, v in fields(b) if g == 3 and not v.startswith(b'^')]
            attributes = {get(v, 1).decode(): get(v, 2) for g, v in fields(b) if g == 5}
            self.nodes[name] = (op, inputs, attributes)
            self.order.append(name)

    def run(self, name, fed):
        self.fed, self.memo, self.steps = fed, {}, len(next(iter(fed.values())))
        return self.value(name, None)

    def value(self, name, turn):
        name, _, port = name.partition(':')
        if name in self.fed:
            return self.fed[name][np.newaxis]
        key = name, port, turn
        if key not in self.memo:
            self.memo[key] = self.compute(name, int(port or 0), turn)
        return self.memo[key]

    def compute(self, name, port, turn):
        op, inputs, attributes = self.nodes[name]
        arg = lambda i, t=turn: self.value(inputs[i], t)
        if op == 'Merge':
            return arg(0, None) if turn == 0 else arg(1, turn - 1)
        if op == 'Exit':                # of a variable, or of what was written in all turns
            entry = self.nodes[inputs[0].split(':')[0]][1][0]
            following = self.nodes[self.nodes[entry][1][1]][1][0]
            if self.nodes[following][0] == 'TensorArrayWriteV3':
                return np.stack([self.value(self.nodes[following][1][2], t) for t in range(self.steps)])
            return self.value(following, self.steps - 1)
        if op == 'Enter':
            return arg(0, None)
        if op == 'Const':
            return tensor(get(attributes['value'], 8))
        if op in ('TensorArrayScatterV3', 'TensorArrayGatherV3'):
            return arg(2)
        if op == 'TensorArrayReadV3':
            return arg(2)[turn]
        if op == 'Split':
            return np.split(arg(1), get(attributes['num_split'], 3, 0), axis=1)[port]
        if op in ('Transpose', 'Reshape'):
            x = arg(0)                  # [1][steps][n] and [steps][1][n]
            return x.swapaxes(0, 1) if op == 'Transpose' else x
        if op == 'ConcatV2':
            return np.concatenate([arg(i) for i in range(len(inputs) - 1)], axis=-1)
        return {
            'Fill': lambda: np.full(arg(0), arg(1)),
            'Identity': lambda: arg(0), 'Switch': lambda: arg(0), 'NextIteration': lambda: arg(0),
            'Add': lambda: arg(0) + arg(1), 'AddV2': lambda: arg(0) + arg(1), 'BiasAdd': lambda: arg(0) + arg(1),
            'Sub': lambda: arg(0) - arg(1), 'Mul': lambda: arg(0) * arg(1), 'MatMul': lambda: arg(0) @ arg(1),
            'Sigmoid': lambda: 1 / (1 + np.exp(-arg(0))), 'Tanh': lambda: np.tanh(arg(0)), 'Relu': lambda: np.maximum(arg(0), 0),
        }[op]()


def write(path, tensors):
    header, data = {}, b''
    for name, x in tensors.items():
        x = np.ascontiguousarray(x, '<f4')
        header[name] = {'dtype': 'F32', 'shape': list(x.shape), 'data_offsets': [len(data), len(data) + x.nbytes]}
        data += x.tobytes()
    text = json.dumps(header).encode()
    open(path, 'wb').write(struct.pack('<Q', len(text)) + text + data)


sys.setrecursionlimit(100000)
graph = Graph(sys.argv[1])
steps = int(sys.argv[3]) if len(sys.argv) > 3 else 25
last = graph.order[-1]
if graph.nodes[last][0] == 'Softmax':
    last = graph.nodes[last][1][0]
mfcc = [n for n in graph.order if graph.nodes[n][0] == 'Mfcc']
source = (mfcc or [n for n in graph.order if graph.nodes[n][0] == 'Placeholder'])[0]
if mfcc:
    width = get(graph.nodes[source][2]['dct_coefficient_count'], 3, 13)
else:
    width = [get(d, 1, 0) for f, d in fields(get(graph.nodes[source][2]['shape'], 7)) if f == 2][-1]
x = np.random.default_rng(7).normal(0, 1, (steps, width)).astype('<f4')
if not mfcc:
    y = graph.run(last, {source: x.astype(float)})
    y = y.reshape(steps, -1) if y.size % steps == 0 and y.size > steps else y
else:                                   # the answer after each step: the model's own is that of the last
    y = np.concatenate([graph.run(last, {source: x[:t + 1].astype(float)}) for t in range(steps)])
write(sys.argv[2], {'in.x': x, 'out.y': y})
