#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks that work on the axis of time itself: padding and cutting it, shifting it, means over it, transposed convolutions along it.
Against NumPy, whole and in pieces; what no stream can have is refused by the node's name.  test-time.py TOOL"""
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
random = np.random.default_rng(5)
CHANNELS, UNITS, STEPS = 3, 4, 12
node = helper.make_node


def weights(*shape):
    return random.standard_normal(shape).astype('f4')


constants = {'k2': weights(UNITS, CHANNELS, 2), 'k3': weights(UNITS, CHANNELS, 3), 'k5': weights(UNITS, CHANNELS, 5), 'bias': weights(UNITS),
             'w': weights(UNITS, 2), 'b': weights(2), 't4': weights(CHANNELS, UNITS, 4), 't3': weights(CHANNELS, UNITS, 3),
             't2': weights(CHANNELS, UNITS, 2), 't5': weights(CHANNELS, UNITS, 5), 'back4': weights(UNITS, CHANNELS, 4),
             'down4': weights(UNITS, CHANNELS, 4),
             'zeros': np.zeros((1, CHANNELS, 2), 'f4'), 'ones': np.ones((1, CHANNELS, 1), 'f4'), 'axis2': np.array([2]), 'axis1': np.array([1]),
             'zero': np.array([0]), 'one': np.array([1]), 'end': np.array([2 ** 62]), 'many': np.array([1000])}
for n in 1, 2, 4:
    constants['minus%d' % n] = np.array([-n])
    constants['plus%d' % n] = np.array([n])


def pads(before, after):
    name = 'pads%d%d' % (before, after)
    constants[name] = np.array([0, 0, before, 0, 0, after])
    return name


def save(nodes, last):
    used = {name for n in nodes for name in n.input}
    graph = helper.make_graph(nodes, 'time', [helper.make_tensor_value_info('x', 1, [1, CHANNELS, 'time'])],
                              [helper.make_tensor_value_info(last, 1, None)],
                              [numpy_helper.from_array(v, k) for k, v in constants.items() if k in used])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)]), rnncore.file('time.onnx'))


def check(nodes, compute, unit=1, steps=STEPS):
    """The last node's answer, in one piece and by 1 and 5 steps."""
    x = random.standard_normal((1, CHANNELS, steps)).astype('f4')
    save(nodes, nodes[-1].output[0])
    want = compute(x[0])
    for chunk in 0, 1, 5:
        tool.close(rnncore.run(rnncore.file('time.onnx'), {'x': x}, chunk)[nodes[-1].output[0]].reshape(want.shape), want, 2e-5)


def refused(nodes, *words):
    save(nodes, nodes[-1].output[0])
    result = rnncore.call('info', rnncore.file('time.onnx'))
    assert result.returncode != 0, 'it was taken'
    for word in words:
        assert word in result.stderr, result.stderr


def pad(x, before, after):
    return np.pad(x, ((0, 0), (before, after)))


def conv(x, kernel, bias=True, stride=1, dilation=1):
    """No padding: [channels][steps] -> [units][steps - extent + 1]"""
    taps = kernel.shape[2]
    n = (x.shape[1] - dilation * (taps - 1) - 1) // stride + 1
    y = np.zeros((kernel.shape[0], n)) + (constants['bias'][:, None] if bias else 0)
    for k in range(taps):
        y += kernel[:, :, k] @ x[:, k * dilation:k * dilation + (n - 1) * stride + 1:stride]
    return y


def transposed(x, kernel, stride, before=0, after=0, more=0):
    """[channels][steps] -> [units][(steps - 1) stride + taps - before - after + more]"""
    taps = kernel.shape[2]
    y = np.zeros((kernel.shape[1], (x.shape[1] - 1) * stride + taps + more))
    for t in range(x.shape[1]):
        for k in range(taps):
            y[:, t * stride + k] += kernel[:, :, k].T @ x[:, t]
    return y[:, before:y.shape[1] - after]


k2, k3, k5, t2, t3, t4, t5, back4, down4 = [constants[k] for k in 'k2 k3 k5 t2 t3 t4 t5 back4 down4'.split()]
CONV3 = ['p', 'k3', 'bias']

# ---- padding ----
tests.test('padded before, convolved: causal', check, [node('Pad', ['x', pads(2, 0)], ['p']), node('Conv', CONV3, ['y'])],
           lambda x: conv(pad(x, 2, 0), k3))
tests.test('padded on both sides', check, [node('Pad', ['x', pads(1, 1)], ['p']), node('Conv', CONV3, ['y'])], lambda x: conv(pad(x, 1, 1), k3))
tests.test('padded behind: look-ahead', check, [node('Pad', ['x', pads(0, 2)], ['p']), node('Conv', CONV3, ['y'])],
           lambda x: conv(pad(x, 0, 2), k3))
tests.test('padded twice, and by the convolution', check, [node('Pad', ['x', pads(1, 0)], ['a']), node('Pad', ['a', pads(1, 1)], ['p']),
                                                           node('Conv', ['p', 'k5', 'bias'], ['y'], pads=[1, 0])],
           lambda x: conv(pad(x, 3, 1), k5))
tests.test('padded, turned, convolved', check, [node('Pad', ['x', pads(2, 0)], ['a']), node('Transpose', ['a'], ['b'], perm=[0, 2, 1]),
                                                node('Transpose', ['b'], ['p'], perm=[0, 2, 1]), node('Conv', CONV3, ['y'])],
           lambda x: conv(pad(x, 2, 0), k3))
tests.test('dilated, cut off behind (chomp)', check, [node('Conv', ['x', 'k3', 'bias'], ['a'], pads=[4, 4], dilations=[2]),
                                                      node('Relu', ['a'], ['r']), node('Slice', ['r', 'zero', 'minus4', 'axis2'], ['y'])],
           lambda x: np.maximum(conv(pad(x, 4, 4), k3, dilation=2)[:, :-4], 0))
tests.test('strided, padded before', check, [node('Pad', ['x', pads(2, 0)], ['p']), node('Conv', ['p', 'down4', 'bias'], ['y'], strides=[2])],
           lambda x: conv(pad(x, 2, 0), down4, stride=2))
tests.test('strided, padded on both sides', check, [node('Conv', ['x', 'down4', 'bias'], ['y'], strides=[2], pads=[1, 1])],
           lambda x: conv(pad(x, 1, 1), down4, stride=2))

# ---- shifting ----
def shifted(x, by):
    return pad(x, max(by, 0), max(-by, 0))[:, max(-by, 0):max(-by, 0) + x.shape[1]]


mix = node('Sub', ['x', 's'], ['y'])
tests.test('shifted by a step (Pad 1, -1)', check, [node('Pad', ['x', pads(1, -1)], ['s']), mix], lambda x: x - shifted(x, 1))
tests.test('shifted by two (Pad 2, then Slice)', check,
           [node('Pad', ['x', pads(2, 0)], ['p']), node('Slice', ['p', 'zero', 'minus2', 'axis2'], ['s']), mix], lambda x: x - shifted(x, 2))
tests.test('shifted by two (Slice, then zeros before it)', check,
           [node('Slice', ['x', 'zero', 'minus2', 'axis2'], ['p']), node('Concat', ['zeros', 'p'], ['s'], axis=2), mix],
           lambda x: x - shifted(x, 2))
tests.test('shifted ahead by two', check, [node('Pad', ['x', pads(-2, 2)], ['s']), mix], lambda x: x - shifted(x, -2))
tests.test('ahead by one and back by one', check, [node('Pad', ['x', pads(-1, 1)], ['p']), node('Pad', ['p', pads(1, -1)], ['s']), mix],
           lambda x: x - shifted(shifted(x, -1), 1))

# ---- over the whole sequence ----
for op, function in {'ReduceMean': np.mean, 'ReduceMax': np.max, 'ReduceMin': np.min, 'ReduceL2': lambda x, axis: np.sqrt((x * x).sum(axis))}.items():
    tests.test(op, check, [node('Conv', ['x', 'k3', 'bias'], ['a'], pads=[1, 1]), node(op, ['a'], ['m'], axes=[2], keepdims=0),
                           node('Gemm', ['m', 'w', 'b'], ['y'])],
               lambda x, function=function: function(conv(pad(x, 1, 1), k3), axis=1) @ constants['w'] + constants['b'])
tests.test('sum over channels and time', check, [node('ReduceSum', ['x'], ['y'], keepdims=0)], lambda x: x.sum().reshape(1))
tests.test('sum of squares over time', check, [node('ReduceSumSquare', ['x'], ['y'], axes=[2])], lambda x: (x * x).sum(1))
tests.test('GlobalAveragePool of two places a step', check, [node('Conv', ['x', 'down4', 'bias'], ['a'], strides=[2], pads=[2, 0]),
                                                            node('GlobalAveragePool', ['a'], ['y'])],
           lambda x: conv(pad(x, 2, 0), down4, stride=2).mean(1))
tests.test('GlobalMaxPool', check, [node('GlobalMaxPool', ['x'], ['y'])], lambda x: x.max(1))

# ---- transposed ----
UP = [2]
tests.test('twice as many places', check, [node('ConvTranspose', ['x', 't2', 'bias'], ['y'], strides=UP)],
           lambda x: transposed(x, t2, 2) + constants['bias'][:, None])
tests.test('overlapping, cut off behind', check, [node('ConvTranspose', ['x', 't4', 'bias'], ['a'], strides=UP),
                                                  node('Slice', ['a', 'zero', 'minus2', 'axis2'], ['y'])],
           lambda x: transposed(x, t4, 2, 0, 2) + constants['bias'][:, None])
tests.test('overlapping, padded: look-ahead', check, [node('ConvTranspose', ['x', 't4'], ['y'], strides=UP, pads=[1, 1])],
           lambda x: transposed(x, t4, 2, 1, 1))
tests.test('stride 3, padding of the output', check, [node('ConvTranspose', ['x', 't5'], ['y'], strides=[3], pads=[2, 1], output_padding=[1])],
           lambda x: transposed(x, t5, 3, 2, 1, 1))
tests.test('stride 1', check, [node('ConvTranspose', ['x', 't3'], ['y'], pads=[1, 1])], lambda x: transposed(x, t3, 1, 1, 1))
tests.test('down and up again', check, [node('Conv', ['x', 'down4', 'bias'], ['a'], strides=[2], pads=[1, 1]), node('Relu', ['a'], ['r']),
                                        node('ConvTranspose', ['r', 'back4'], ['u'], strides=UP, pads=[1, 1]), node('Add', ['u', 'x'], ['y'])],
           lambda x: transposed(np.maximum(conv(pad(x, 1, 1), down4, stride=2), 0), back4, 2, 1, 1) + x)

# ---- what no stream has ----
tests.test('refused: a padded sequence as the answer', refused, [node('Pad', ['x', pads(1, 0)], ['y'])], 'more places than the sequence')
tests.test('refused: padded, then an LSTM\'s worth of other things', refused, [node('Pad', ['x', pads(1, 0)], ['p']), node('Sigmoid', ['p'], ['y'])],
           'node "y"', 'Sigmoid')
tests.test('refused: padded with ones', refused, [node('Concat', ['ones', 'x'], ['p'], axis=2), node('Conv', ['p', 'k2', 'bias'], ['y'])],
           'node "p"', 'end to end')
tests.test('refused: the edge repeated', refused, [node('Pad', ['x', pads(1, 0)], ['p'], mode='edge'), node('Conv', ['p', 'k2', 'bias'], ['y'])],
           'node "p"', 'zeros')
tests.test('refused: cut off, and zeros in its place', refused, [node('Slice', ['x', 'zero', 'minus1', 'axis2'], ['a']),
                                                                 node('Pad', ['a', pads(0, 1)], ['y'])], 'node "y"', 'cut off')
tests.test('refused: cut off, and convolved', refused, [node('Slice', ['x', 'zero', 'minus1', 'axis2'], ['p']),
                                                        node('Conv', ['p', 'k2', 'bias'], ['y'], pads=[1, 1])], 'node "y"', 'cut off')
tests.test('refused: the mean of a padded sequence', refused, [node('Pad', ['x', pads(1, 0)], ['p']), node('ReduceMean', ['p'], ['y'], axes=[2])],
           'node "y"', 'ReduceMean')
tests.test('refused: the first steps only', refused, [node('Slice', ['x', 'zero', 'plus4', 'axis2'], ['y'])], 'node "y"', 'part of the sequence')
tests.test('refused: a mean before its time', refused, [node('ReduceMean', ['x'], ['m'], axes=[2]), node('Sub', ['x', 'm'], ['y'])],
           'node "y"', 'whole sequence')
tests.test('refused: pads without end', refused, [node('Pad', ['x', pads(2 ** 40, 0)], ['p']), node('Conv', CONV3, ['y'])], 'node "p"')
tests.test('refused: a shift ahead without end', refused, [node('Pad', ['x', pads(-9999, 9999)], ['y'])], 'node "y"', 'ahead')
tests.test('refused: no padding, fewer answers', refused, [node('Conv', ['x', 'k3', 'bias'], ['y'])], 'output')
tests.end()
