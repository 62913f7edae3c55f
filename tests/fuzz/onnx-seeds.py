#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Seeds of every operator for fuzz-onnx, of ONNX's own tests (Debian's libonnx-testdata, python3-onnx), each with all its inputs going
in, with the first or the last one and the others as constants, and with constants alone, which the reader folds.
onnx-seeds.py FOLDER"""
import glob
import os
import sys
try:
    import onnx
except ImportError:
    sys.exit(0)

MOST = 4096     # bytes: fuzzing likes its seeds small


def read(path):
    tensor = onnx.TensorProto()
    with open(path, 'rb') as file:
        tensor.ParseFromString(file.read())
    return tensor


def seed(folder, keep):
    """The model with the inputs of the slice @keep left, the others as what they are in the test."""
    model = onnx.load(os.path.join(folder, 'model.onnx'))
    inputs = list(model.graph.input)
    kept = inputs[keep]
    for i, value in enumerate(inputs):
        if value not in kept:
            tensor = read(os.path.join(folder, 'test_data_set_0', 'input_%d.pb' % i))
            tensor.name = value.name
            model.graph.initializer.append(tensor)
    del model.graph.input[:]
    model.graph.input.extend(kept)
    if not kept:
        model.graph.input.append(onnx.helper.make_tensor_value_info('goes in', onnx.TensorProto.FLOAT, ['n', 1, 1]))
        model.graph.output.append(onnx.helper.make_tensor_value_info('comes out', onnx.TensorProto.FLOAT, ['n', 1, 1]))
        model.graph.node.append(onnx.helper.make_node('Relu', ['goes in'], ['comes out']))
    return model.SerializeToString()


os.makedirs(sys.argv[1], exist_ok=True)
for folder in glob.glob('/usr/share/libonnx-testdata/data/node/*'):
    for name, keep in ('all', slice(None)), ('first', slice(1)), ('last', slice(-1, None)), ('none', slice(0)):
        try:
            data = seed(folder, keep)
        except Exception:       # optional inputs, sequences: not for the reader
            continue
        if len(data) <= MOST:
            with open(os.path.join(sys.argv[1], os.path.basename(folder) + '.' + name), 'wb') as file:
                file.write(data)
