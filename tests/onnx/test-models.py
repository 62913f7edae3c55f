#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models of others, as they are distributed, answer what ONNX Runtime answered.  They are in ../shared, if that is there.
test-models.py TOOL"""
import json
import os
import sys
import wave
import tool
import numpy as np

here = os.path.dirname(os.path.realpath(__file__))
models = os.path.join(here, '../../../shared/data/models')
rnncore = tool.Tool(sys.argv[1])
tests = tool.Tests()


def samples(path):
    with wave.open(path) as file:
        return np.frombuffer(file.readframes(file.getnframes()), '<i2').astype('f4') / 32768


def silero(chunk=0):
    folder = os.path.join(models, 'silero-vad')
    x = samples(os.path.join(folder, 'test.wav'))
    x = x[:len(x) // 512 * 512].reshape(-1, 512)
    want = np.loadtxt(os.path.join(folder, 'silero_vad_16k_test.wav.probs.txt'), ndmin=2)[:, -1]
    got = rnncore.run(os.path.join(folder, 'silero_vad_16k_op15.onnx'), {'x': x}, chunk)['x']
    tool.close(got[:len(want)], want.reshape(-1, 1), 1e-4)


def silero_weights():
    """Those of a later training: they hear speech in the same blocks."""
    folder = os.path.join(models, 'silero-vad')
    x = samples(os.path.join(folder, 'test.wav'))
    want = np.loadtxt(os.path.join(folder, 'silero_vad_16k_test.wav.probs.txt'), ndmin=2)[:, -1]
    got = rnncore.run(os.path.join(folder, 'silero_vad_16k.safetensors'), {'x': x[:len(want) * 512].reshape(-1, 512)})['x'].ravel()
    assert np.mean((got > 0.5) == (want > 0.5)) > 0.98 and np.corrcoef(got, want)[0, 1] > 0.98


def gtcrn_frames():
    folder = os.path.join(models, 'gtcrn')
    with open(os.path.join(folder, 'gtcrn_simple.ref.json')) as file:
        frames = json.load(file)
    got = rnncore.run(os.path.join(folder, 'gtcrn_simple.onnx'), {'x': np.array([f['in'] for f in frames], 'f4')}, 1)['x']
    tool.close(got, np.array([f['out'] for f in frames]).reshape(len(frames), -1), 1e-5)


def gtcrn_sound():
    """A spectrum of half-overlapping frames in, one out; joined, what others heard."""
    folder = os.path.join(models, 'gtcrn')
    mix, want = samples(os.path.join(folder, 'mix.wav')), samples(os.path.join(folder, 'enh_stream.wav'))
    window, padded = np.sqrt(np.hanning(513)[:512]), np.pad(mix, 256, mode='reflect')
    starts = range(0, len(padded) - 511, 256)
    spectrum = np.stack([np.fft.rfft(padded[i:i + 512] * window) for i in starts])
    x = np.stack([spectrum.real, spectrum.imag], -1).reshape(len(spectrum), -1).astype('f4')
    y = rnncore.run(os.path.join(folder, 'gtcrn_simple.onnx'), {'x': x})['x'].reshape(-1, 257, 2)
    out = np.zeros(len(padded))
    for k, i in enumerate(starts):
        out[i:i + 512] += np.fft.irfft(y[k, :, 0] + 1j * y[k, :, 1]) * window
    tool.close(out[256:256 + len(want)], want, 1e-3)


def nnsplit():
    """Two bytes are a step; layers look ahead to the end."""
    with open(os.path.join(models, 'nnsplit/en.ref.json')) as file:
        reference = json.load(file)
    text = np.frombuffer(reference['text'].encode(), 'u1')
    got = rnncore.run(os.path.join(models, 'nnsplit/en.onnx'), {'x': text[:len(text) // 2 * 2].reshape(-1, 2)})['x']
    tool.close(got.ravel(), reference['output'], 1e-4)


def converted(name):
    """What is saved answers the same."""
    model = os.path.join(models, name)
    result = rnncore.call('convert', model, rnncore.file('model.safetensors'))
    assert result.returncode == 0, result.stderr
    n = int(result.stdout.split('->')[0].split()[-1]) if '->' in result.stdout else None
    x = np.random.default_rng(1).standard_normal((5, n or 512)).astype('f4')
    tool.close(rnncore.run(rnncore.file('model.safetensors'), {'x': x})['x'], rnncore.run(model, {'x': x})['x'], 0)


if os.path.isdir(models):
    tests.test('silero', silero)
    tests.test('silero, block by block', silero, 1)
    tests.test('silero, weights alone', silero_weights)
    tests.test('gtcrn, frames', gtcrn_frames)
    tests.test('gtcrn, sound', gtcrn_sound)
    tests.test('nnsplit', nnsplit)
    tests.test('converted', converted, 'dtln/model_2.onnx')
else:
    tests.skip('models of others', 'there is no ../shared')
tests.end()
