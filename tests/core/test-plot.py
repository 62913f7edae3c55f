# SPDX-License-Identifier: LGPL-2.1-or-later
# rnncore plot draws what a log says, as SVG and PNG.  Prints TAP.   test-plot.py TOOL
import json, os, subprocess, sys, tempfile, traceback, zlib
import xml.etree.ElementTree as xml

TOOL = os.path.abspath(sys.argv[1])
os.chdir(work := tempfile.mkdtemp())
BLUE, VERMILION, GREEN = '#0072b2', '#d55e00', '#009e73'


def epoch(e, **more):
    return {'epoch': e, 'update': 10 * e, 'loss': 100 / e, 'infeasible': 0, 'learning_rate': 10.0 ** -e, 'seconds': 1.5, **more}


def log(name, *objects, end='\n'):
    open(name, 'w').write('\n'.join(map(json.dumps, objects)) + end)


def plot(*arguments, code=0):
    r = subprocess.run([TOOL, 'plot', *arguments], capture_output=True, text=True, env={**os.environ, 'LC_ALL': 'de_DE.UTF-8'})
    assert r.returncode == code, r
    return r.stderr


def read_svg(path):
    """Curves by colour, each a list of [(x, y), ...], and texts."""
    space, curves, texts = '{http://www.w3.org/2000/svg}', {}, []
    for item in xml.parse(path).getroot():
        if item.tag == space + 'polyline':
            points = [tuple(map(float, p.split(','))) for p in item.get('points').split()]
            curves.setdefault(item.get('stroke'), []).append(points)
        elif item.tag == space + 'text':
            texts.append(item.text)
    return curves, texts


def read_png(path):
    """Width, height, and the colours that are there, as a set."""
    data = open(path, 'rb').read()
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    at, packed = 8, b''
    while at < len(data):
        n, kind = int.from_bytes(data[at:at + 4], 'big'), data[at + 4:at + 8]
        if kind == b'IHDR':
            width, height = int.from_bytes(data[at + 8:at + 12], 'big'), int.from_bytes(data[at + 12:at + 16], 'big')
            assert data[at + 16:at + 18] == b'\x08\x02'
        packed += data[at + 8:at + 8 + n] if kind == b'IDAT' else b''
        at += n + 12
    raw, last, colours = zlib.decompress(packed), bytearray(3 * width), set()
    for y in range(height):
        kind, row = raw[y * (3 * width + 1)], bytearray(raw[y * (3 * width + 1) + 1:(y + 1) * (3 * width + 1)])
        for i in range(3 * width):
            a, b, c = (row[i - 3], last[i], last[i - 3]) if i >= 3 else (0, last[i], 0)
            p = a + b - c
            paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
            row[i] = row[i] + (0, a, b, (a + b) // 2, paeth)[kind] & 255
        colours |= {bytes(row[i:i + 3]) for i in range(0, 3 * width, 3)}
        last = row
    return width, height, {'#' + c.hex() for c in colours}


def curves():
    log('log.jsonl', *[epoch(e, dev_loss=120 / e, dev_metric=1 / e) for e in range(1, 9)])
    plot('log.jsonl', '--out', 'a.svg')
    found, texts = read_svg('a.svg')
    training = next(c for c in found[BLUE] if len(c) == 8)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in zip(training, training[1:])), training      # falls: y counts downwards
    steps = [b[0] - a[0] for a, b in zip(training, training[1:])]
    assert max(steps) - min(steps) < .05, steps
    dev = next(c for c in found[VERMILION] if len(c) == 8)
    # one axis for both: 120 / e stands as far above 100 / e as 100 / e does above 80 / e
    bottom_up = [(a[1] - b[1]) * e for e, (a, b) in enumerate(zip(training, dev), 1)]
    assert max(bottom_up) - min(bottom_up) < .1, bottom_up
    # a rate of eight decades is a straight line on its axis
    rate = [c for c in found[BLUE] if len(c) == 8][2]
    falls = [b[1] - a[1] for a, b in zip(rate, rate[1:])]
    assert max(falls) - min(falls) < .05, falls
    assert {'loss', 'metric on the dev set', 'learning rate', 'training', 'dev', 'epoch'} <= set(texts), texts


def again():
    """A training says first what it learns from. One that went on from a checkpoint tells epochs twice; the last line is being written."""
    log('log.jsonl', {'examples': 30, 'skipped': 1}, epoch(1), epoch(2), epoch(3), epoch(2), epoch(3), epoch(4), end='\n{"epoch": 5, "lo')
    plot('log.jsonl', '--out', 'b.svg')
    found, _ = read_svg('b.svg')
    assert sorted(len(c) for c in found[BLUE]) == [2, 2, 4, 4], found[BLUE]     # curves, and their keys


def several():
    log('a <&>.jsonl', *[epoch(e, dev_metric=.5, dev_sets={'an4': .5, 'b&c': None, 'books': .7}) for e in (1, 2, 3)])
    log('b.jsonl', epoch(1), epoch(2, loss=None))
    plot('a <&>.jsonl', 'b.jsonl', '--out', 'c.svg')
    _, texts = read_svg('c.svg')
    assert 'a <&>.jsonl: training' in texts and 'b.jsonl: training' in texts and 'a <&>.jsonl: books' in texts, texts


def picture():
    log('log.jsonl', *[epoch(e, dev_loss=120 / e, dev_metric=1 / e) for e in range(1, 9)])
    message = subprocess.run([TOOL, 'plot', 'log.jsonl', '--out', 'd.png', '--width', '500', '--height', '400'], capture_output=True, text=True)
    if 'draws no png' in message.stderr:
        return 'this build has no cairo'
    width, height, colours = read_png('d.png')
    assert (width, height) == (500, 400) and {BLUE, VERMILION, '#ffffff'} <= colours, (width, height, len(colours))


def refusals():
    log('log.jsonl', epoch(1))
    log('empty.jsonl', end='')
    open('bad.jsonl', 'w').write('{"epoch": 1}\nno JSON\n')
    plot('log.jsonl', '--out', 'e.svg')
    for words, arguments, code in (('--force', ['log.jsonl', '--out', 'e.svg'], 2), ('bad.jsonl:2', ['bad.jsonl', '--out', 'f.svg'], 1),
            ('no epoch', ['empty.jsonl', '--out', 'f.svg'], 1), ('f.gif', ['log.jsonl', '--out', 'f.gif'], 2), ('--out', ['log.jsonl'], 2),
            ('pixels', ['log.jsonl', '--out', 'f.svg', '--width', '9999'], 2), ('none.jsonl', ['none.jsonl', '--out', 'f.svg'], 1)):
        message = plot(*arguments, code=code)
        assert words in message, message
        assert not os.path.exists('f.svg')
    plot('log.jsonl', '--out', 'e.svg', '--force')


tests = curves, again, several, picture, refusals
print(f'1..{len(tests)}')
for i, test in enumerate(tests, 1):
    try:
        skipped = test()
        print(f'ok {i} {test.__name__}' + (f' # SKIP {skipped}' if skipped else ''))
    except Exception:
        print(f'not ok {i} {test.__name__}')
        print('# ' + traceback.format_exc().replace('\n', '\n# '))
subprocess.run(['rm', '-r', work])
