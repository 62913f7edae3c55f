#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks of several layers that look ahead, one file each, against their layers by NumPy: every layer begins with the sequence and ends
with it, however far those before it look ahead.  test-chains.py TOOL"""
import sys
import tool
import numpy as np
try:
    import onnx
    from onnx import helper, numpy_helper
except ImportError:
    print('1..0 # SKIP there is no python3-onnx')
    sys.exit(0)

rnncore = tool.Tool(sys.argv[1])
tests = tool.Tests()
random = np.random.default_rng(3)
CHANNELS, UNITS, STEPS = 4, 3, 9


def weights(*shape):
    return random.standard_normal(shape).astype('f4')


constants = {'k1': weights(CHANNELS, CHANNELS, 5), 'c1': weights(CHANNELS), 'k2': weights(CHANNELS, 1, 3), 'c2': weights(CHANNELS),
             'W': weights(1, 4 * UNITS, CHANNELS), 'R': weights(1, 4 * UNITS, UNITS), 'B': weights(1, 8 * UNITS)}
CONV1 = helper.make_node('Conv', ['x', 'k1', 'c1'], ['a'], pads=[2, 2], kernel_shape=[5])
CONV2 = helper.make_node('Conv', ['a', 'k2', 'c2'], ['b'], pads=[2, 2], dilations=[2], group=CHANNELS, kernel_shape=[3])


def conv(x, kernel, bias, dilation):
    """[channels][steps]"""
    outputs, group, taps = kernel.shape
    wide = np.pad(x, ((0, 0), (dilation * (taps - 1) // 2,) * 2))
    y = np.zeros((outputs, x.shape[1]))
    for o in range(outputs):
        for k in range(taps):
            for i in range(group):
                y[o] += kernel[o, i, k] * wide[i if group > 1 else o, k * dilation:k * dilation + x.shape[1]]
    return y + bias[:, None]


def lstm(x):
    """[steps][channels]; gates i, o, f, c"""
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))
    h = c = np.zeros(UNITS)
    out = []
    for step in x:
        i, o, f, g = np.split(constants['W'][0] @ step + constants['R'][0] @ h + constants['B'][0].reshape(2, -1).sum(0), 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.array(out)


def check(nodes, last, compute, chunk=0):
    x = random.standard_normal((1, CHANNELS, STEPS)).astype('f4')
    used = {name for node in nodes for name in node.input}
    graph = helper.make_graph(nodes, 'chain', [helper.make_tensor_value_info('x', 1, [1, CHANNELS, 'time'])],
                              [helper.make_tensor_value_info(last, 1, None)],
                              [numpy_helper.from_array(v, k) for k, v in constants.items() if k in used])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)]), rnncore.file('chain.onnx'))
    want = compute(x[0])
    tool.close(rnncore.run(rnncore.file('chain.onnx'), {'x': x}, chunk)[last].reshape(want.shape), want, 1e-5)


def read_by_lstm(name):
    return [helper.make_node('Transpose', [name], ['t'], perm=[2, 0, 1]), helper.make_node('LSTM', ['t', 'W', 'R', 'B'], ['y'], hidden_size=UNITS),
            helper.make_node('Squeeze', ['y', 'axis'], ['z'])]


constants['axis'] = np.array([1])


def first(x):
    return conv(x, constants['k1'], constants['c1'], 1)


def both(x):
    return conv(first(x), constants['k2'], constants['c2'], 2)


for chunk in 0, 2:
    tests.test('convolutions, %d at a time' % chunk, check, [CONV1, CONV2], 'b', both, chunk)
    tests.test('convolution, LSTM, %d at a time' % chunk, check, [CONV1] + read_by_lstm('a'), 'z', lambda x: lstm(first(x).T)[:, None], chunk)
    tests.test('convolutions, LSTM, %d at a time' % chunk, check, [CONV1, CONV2] + read_by_lstm('b'), 'z', lambda x: lstm(both(x).T)[:, None], chunk)
    tests.test('beside, LSTM, %d at a time' % chunk, check,
               [CONV1, CONV2, helper.make_node('Add', ['b', 'x'], ['s']), helper.make_node('Add', ['s', 'a'], ['u'])] + read_by_lstm('u'), 'z',
               lambda x: lstm((both(x) + x + first(x)).T)[:, None], chunk)
tests.end()
