# SPDX-License-Identifier: LGPL-2.1-or-later
# A model that hears tones as signs, among them those that subtitles take for markup, and sound that says a text to it.
import array, json, math, random, struct, wave

SIGNS = ['<', '>', '&', '-', 'b', 'i', "'", '/', '!', 'l', 't', ';', '{', '\\', '.', ' ']
RATE, MELS = 16000, 40


def band(k):
    return 2 + 2 * k


def mel(hz):
    return 1127 * math.log(1 + hz / 700)


def frequency(k):
    low, high = mel(20), mel(RATE / 2)
    return 700 * (math.exp((low + (high - low) / (MELS + 1) * (band(k) + 1)) / 1127) - 1)


def write_model(path):
    """out: the energy of a sign's band against a threshold, the blank."""
    n = len(SIGNS) + 1
    recipe = {'format': 1, 'name': 'signs', 'license': 'CC0-1.0',
        'input': {'kind': 'audio', 'rate': RATE, 'features': {'n_mels': MELS, 'scale': 32768.0}},
        'layers': [{'cell': 'dense', 'name': 'out', 'units': n}], 'output': {'kind': 'ctc', 'blank': 0, 'tokens': ['<blank>'] + SIGNS}}
    weight = array.array('f', bytes(4 * n * MELS))
    for k in range(len(SIGNS)):
        weight[(k + 1) * MELS + band(k)] = 1
    bias = array.array('f', [19] + [0] * len(SIGNS))
    data = weight.tobytes() + bias.tobytes()
    header = json.dumps({'__metadata__': {'format': 'pt', 'rnncore': json.dumps(recipe)},
        'out.weight': {'dtype': 'F32', 'shape': [n, MELS], 'data_offsets': [0, 4 * n * MELS]},
        'out.bias': {'dtype': 'F32', 'shape': [n], 'data_offsets': [4 * n * MELS, len(data)]}}).encode()
    header += b' ' * (-len(header) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(header)) + header + data)


def say(text):
    """A sign is 60 ms of its tone and 40 ms of silence; '_' 100 ms of silence."""
    samples = array.array('h')
    for sign in text:
        k = SIGNS.index(sign) if sign in SIGNS else None
        for i in range(RATE // 10):
            loud = k is not None and i < RATE * 6 // 100
            samples.append(round(8000 * math.sin(2 * math.pi * frequency(k) * i / RATE)) if loud else 0)
    return samples


def write_wav(path, samples, channels=1):
    with wave.open(path, 'wb') as w:
        w.setparams((channels, 2, RATE, 0, 'NONE', ''))
        w.writeframes(samples.tobytes())


def rumble():
    """15 s of what is no speech; models/english takes it for words."""
    noise, x, samples = random.Random(1), 0, array.array('h')
    for _ in range(15 * RATE):
        x = 0.998 * x + 0.006 * noise.gauss(0, 1)
        samples.append(int(32767 * max(-1, min(1, x))))
    return samples
