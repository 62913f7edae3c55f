#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ONNX's own tests of its operators (Debian's libonnx-testdata), through the reader: the first input is what goes in, the others are
constants of the model.  What a recurrent model has no use for may be refused, but by the node's name, and never answered wrongly.
test-nodes.py TOOL"""
import os
import sys
import tool
import numpy as np
try:
    import onnx
    from onnx import numpy_helper
except ImportError:
    print('1..0 # SKIP there is no python3-onnx')
    sys.exit(0)

FOLDER = '/usr/share/libonnx-testdata/data/node'
# the operators, and which of their cases are refused for a reason
OPS = '''abs add averagepool basic_conv batchnorm clip concat conv_with convtranspose cos div dropout elu erf exp expand flatten gather_0
gather_1 gemm globalaveragepool globalmaxpool gru hardsigmoid hardswish identity instancenorm layer_normalization leakyrelu log lstm matmul
maxpool min mul neg pow prelu reciprocal reduce_l2 reduce_max reduce_mean reduce_min reduce_sum reflect_pad edge_pad constant_pad relu
reshape rnn scatternd selu sigmoid simple_rnn sin slice softmax softplus softsign split sqrt squeeze sub sum tanh thresholdedrelu tile
top_k transpose unsqueeze'''.split()
rnncore = tool.Tool(sys.argv[1])
tests = tool.Tests()
refused = []


def read(path):
    tensor = onnx.TensorProto()
    with open(path, 'rb') as file:
        tensor.ParseFromString(file.read())
    return tensor


def check(name):
    folder = os.path.join(FOLDER, name)
    model = onnx.load(os.path.join(folder, 'model.onnx'))
    data = os.path.join(folder, 'test_data_set_0')
    inputs = [read(os.path.join(data, 'input_%d.pb' % i)) for i in range(len(model.graph.input))]
    for value, tensor in list(zip(model.graph.input, inputs))[1:]:
        tensor.name = value.name
        model.graph.initializer.append(tensor)
    del model.graph.input[1:]
    onnx.save(model, rnncore.file('node.onnx'))
    x = numpy_helper.to_array(inputs[0])
    if x.dtype.kind != 'f':
        return
    try:
        got = rnncore.run(rnncore.file('node.onnx'), {model.graph.input[0].name: x.astype('f4')})
    except AssertionError as error:
        assert 'node "' in str(error) or 'goes in' in str(error) or 'no node makes' in str(error), error
        refused.append(name)
        return
    for i, output in enumerate(model.graph.output):
        want = numpy_helper.to_array(read(os.path.join(data, 'output_%d.pb' % i)))
        if output.name in got and want.dtype.kind in 'fi':
            tool.close(got[output.name], want, 1e-4 * max(1, np.abs(want).max() if want.size else 1))


if os.path.isdir(FOLDER):
    for case in sorted(os.listdir(FOLDER)):
        if any(case[5:].startswith(op) for op in OPS) and not any(word in case for word in ('expanded', 'training', 'identity_')):
            tests.test(case, check, case)
    tests.test('most are answered', lambda: None if len(refused) * 3 < tests.n else sys.exit(1))
    print('# refused:', *refused)
else:
    tests.skip('nodes', 'there is no libonnx-testdata')
tests.end()
