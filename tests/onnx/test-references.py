#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reference cases of ONNX's operators, each made into a model by python3-onnx and read from its file: what is data goes in, the rest
is in the model.  They are in ../shared, if that is there.  test-references.py TOOL"""
import glob
import json
import os
import struct
import sys
import tool
import numpy as np
try:
    import onnx
    from onnx import helper, numpy_helper
except ImportError:
    print('1..0 # SKIP there is no python3-onnx')
    sys.exit(0)

here = os.path.dirname(os.path.realpath(__file__))
rnncore = tool.Tool(sys.argv[1])
tests = tool.Tests()
# formal names of inputs and outputs, where a case does not say them
LISTS = {'RNN': (['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h'], ['Y', 'Y_h']),
         'GRU': (['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h'], ['Y', 'Y_h']),
         'LSTM': (['X', 'W', 'R', 'B', 'sequence_lens', 'initial_h', 'initial_c', 'P'], ['Y', 'Y_h', 'Y_c'])}
DATA = ['X', 'x', 'signal', 'initial_h', 'initial_c']


def metadata(path):
    with open(path, 'rb') as file:
        n = struct.unpack('<Q', file.read(8))[0]
        return json.loads(file.read(n))['__metadata__']


def info(name, array, steps):
    kind = onnx.TensorProto.INT64 if array.dtype.kind in 'iu' else onnx.TensorProto.FLOAT
    shape = list(array.shape)
    if steps and name in ('X', 'Y'):
        shape[0] = 'seq'
    return helper.make_tensor_value_info(name, kind, shape)


def build(path, tensors, steps=False):
    """The model of a case, and the inputs and outputs that it has (name -> array)."""
    about = metadata(path)
    node = json.loads(about['nodes'])[0]
    opset = json.loads(about['opset'])[0][1] if 'opset' in about else 14
    inputs, outputs = LISTS.get(node['op_type'], (node.get('inputs'), node.get('outputs')))
    given = {k[3:]: v for k, v in tensors.items() if k.startswith('in.')}
    wanted = {k[4:]: v for k, v in tensors.items() if k.startswith('out.')}
    names = [k if k in given else '' for k in inputs]
    while not names[-1]:
        names.pop()
    made = [helper.make_node(node['op_type'], names, [k if k in wanted else '' for k in outputs], **node['attributes'])]
    data = {k: v for k, v in given.items() if k in DATA and v.ndim}
    constants = [numpy_helper.from_array(v.astype('i4') if k == 'sequence_lens' else v, k) for k, v in given.items() if k not in data]
    if not data:                # of constants alone: times what goes in, which is 1
        (name, array), = wanted.items()
        made.append(helper.make_node('Mul', [name, 'one'], ['product']))
        data, wanted = {'one': np.ones(array.shape, 'f4')}, {'product': array}
    graph = helper.make_graph(made, 'case', [info(k, v, steps) for k, v in data.items()], [info(k, v, steps) for k, v in wanted.items()],
                              constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', max(opset, 7))])
    onnx.save(model, rnncore.file('case.onnx'))
    return data, wanted


def check(path, steps=False):
    tensors = tool.load(path)
    data, wanted = build(path, tensors, steps)
    got = rnncore.run(rnncore.file('case.onnx'), data)
    for name, array in wanted.items():
        # ONNX computed its examples of windows with pi = 3.1415
        tool.close(got[name], array, (1e-3 if 'window.' in path or 'symmetric' in path else 2e-6) * max(1, np.abs(array).max()))
        assert steps or got[name].shape == array.shape, '%s: %s for %s' % (name, got[name].shape, array.shape)


cases = sorted(glob.glob(os.path.join(here, '../../../shared/references/onnx/*.safetensors')))
for path in cases:
    tests.test(os.path.basename(path)[:-len('.safetensors')], check, path)
if not cases:
    tests.skip('reference cases', 'there is no ../shared')
tests.end()
