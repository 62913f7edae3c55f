#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden cases of cells/attention.c, by the formulas as they stand in the papers (PyTorch's modules for the linear parts:
query = nn.Linear (n_in, units), key = nn.Linear (memory, units, bias=False), score = nn.Linear (units, 1, bias=False)), in
double precision and plain loops.  Gradients of loss = sum (y * wy) by central differences, which in doubles are good to 1e-8.

    attention.py DIRECTORY
"""
import json, math, random, struct, sys

T, B, S, N_IN, M, UNITS = 3, 2, 4, 3, 5, 4
LENGTHS = [4, 2]


def linear (weight, bias, x):
    return [sum (w * v for w, v in zip (row, x)) + (bias[i] if bias else 0) for i, row in enumerate (weight)]


def softmax (e):
    top = max (e)
    p = [math.exp (v - top) for v in e]
    return [v / sum (p) for v in p]


def dot (p, x, memory, place):
    q = linear (p["query.weight"], None, x)
    return softmax ([sum (a * b for a, b in zip (q, m)) / math.sqrt (M) for m in memory])


def additive (p, x, memory, place):
    q = linear (p["query.weight"], p["query.bias"], x)
    keys = [linear (p["key.weight"], None, m) for m in memory]
    return softmax ([sum (v * math.tanh (a + b) for v, a, b in zip (p["score.weight"][0], q, k)) for k in keys])


def monotonic (p, x, memory, place):
    K = UNITS
    q = linear (p["query.weight"], p["query.bias"], x)
    for k in range (K):
        place[k] += math.exp (q[2 * K + k])
    return [sum (math.exp (q[k]) * math.exp (-math.exp (q[K + k]) * (place[k] - (s + 1)) ** 2) for k in range (K))
            for s in range (len (memory))]


def run (weigh, p, x, memory):
    y = [[None] * B for _ in range (T)]
    for b in range (B):
        place = [0.0] * UNITS
        seen = [memory[s][b] for s in range (LENGTHS[b])]
        for t in range (T):
            w = weigh (p, x[t][b], seen, place)
            y[t][b] = x[t][b] + [sum (a * m[i] for a, m in zip (w, seen)) for i in range (M)]
    return y


def flat (a):
    return [v for b in a for v in flat (b)] if isinstance (a, list) else [a]


def shape (a):
    return [len (a)] + shape (a[0]) if isinstance (a, list) else []


def random_array (rng, *dims):
    return [random_array (rng, *dims[1:]) for _ in range (dims[0])] if dims else rng.gauss (0, 1)


def gradient (a, loss):
    """Of the nested list a, in place."""
    if isinstance (a[0], list):
        return [gradient (b, loss) for b in a]
    out = []
    for i, kept in enumerate (a):
        a[i] = kept + 1e-5
        up = loss ()
        a[i] = kept - 1e-5
        down = loss ()
        a[i] = kept
        out.append ((up - down) / 2e-5)
    return out


def write (path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, a in tensors.items ():
        values = flat (a)
        header[name] = {"dtype": "F32", "shape": shape (a), "data_offsets": [len (data), len (data) + 4 * len (values)]}
        data += struct.pack ("<%df" % len (values), *values)
    text = json.dumps (header).encode ()
    text += b" " * (-len (text) % 8)
    with open (path, "wb") as file:
        file.write (struct.pack ("<Q", len (text)) + text + data)


def make (folder, weigh, shapes):
    rng = random.Random (weigh.__name__)
    p = {name: random_array (rng, *dims) for name, dims in shapes.items ()}
    x, memory, wy = random_array (rng, T, B, N_IN), random_array (rng, S, B, M), random_array (rng, T, B, N_IN + M)
    loss = lambda: sum (a * b for a, b in zip (flat (run (weigh, p, x, memory)), flat (wy)))
    tensors = {"in.x": x, "in.memory": memory, "in.wy": wy, "out.y": run (weigh, p, x, memory),
               "grad.x": gradient (x, loss), "grad.memory": gradient (memory, loss)}
    for name in shapes:
        tensors["w." + name] = p[name]
        tensors["grad.w." + name] = gradient (p[name], loss)
    write ("%s/%s.safetensors" % (folder, weigh.__name__), tensors, {"score": weigh.__name__, "licence": "CC0-1.0"})


make (sys.argv[1], dot, {"query.weight": (M, N_IN)})
make (sys.argv[1], additive, {"query.weight": (UNITS, N_IN), "query.bias": (UNITS,), "key.weight": (UNITS, M),
                              "score.weight": (1, UNITS)})
make (sys.argv[1], monotonic, {"query.weight": (3 * UNITS, N_IN), "query.bias": (3 * UNITS,)})
