# SPDX-License-Identifier: LGPL-2.1-or-later
# Handwriting over HTTP: drawings go in, digits come out; what is none is refused.  Prints TAP.
# test-draw.py SERVE MODEL ROOT BUILD [SCREENSHOT.png]
import importlib.util, json, math, os, shutil, signal, subprocess
from browser import Browser
from server import *

ROOT, HAND = sys.argv[3], os.path.dirname(MODEL) + '/handwriting.safetensors'
os.environ['RNN_BUILD'] = sys.argv[4]
CHROMIUM = shutil.which('chromium')
MISSING = None if CHROMIUM and importlib.util.find_spec('websockets') else 'there is no chromium, or no python3-websockets'

# The first of each digit in the test part of UCI's pendigits, by writers that the model has not learnt from: x and y of eight points
# (Alpaydin & Alimoglu, Pen-Based Recognition of Handwritten Digits, UCI Machine Learning Repository, CC BY 4.0).
PENDIGITS = '''
34 89 3 70 1 25 49 0 100 23 100 67 56 99 0 100
70 100 100 97 70 81 45 65 30 49 20 33 0 16 0 0
0 90 46 100 88 92 79 69 60 48 39 27 47 6 100 0
30 74 55 100 89 87 66 56 100 38 92 8 41 0 0 20
40 100 0 81 15 58 100 57 47 87 50 88 40 42 36 0
100 100 67 98 41 80 44 50 78 42 68 16 35 2 0 0
100 100 79 80 54 59 32 38 21 16 50 0 79 16 0 16
3 71 0 95 45 100 100 99 79 78 48 53 31 24 54 0
88 92 2 99 16 66 94 37 70 0 0 24 42 65 100 100
95 82 71 100 27 77 77 73 100 80 93 42 56 13 0 0
'''.split('\n')[1:-1]


def line(*corners):
    """Points a few hundredths of a box apart, as a finger leaves them"""
    points = [corners[0]]
    for (x, y), (to_x, to_y) in zip(corners, corners[1:]):
        n = math.ceil(math.hypot(to_x - x, to_y - y) / .04)
        points += [(x + (to_x - x) * i / n, y + (to_y - y) * i / n) for i in range(1, n + 1)]
    return points


def arc(x, y, wide, high, begin, end):
    angles = [math.radians(begin + (end - begin) * i / 24) for i in range(25)]
    return line(*[(x + wide * math.cos(a), y + high * math.sin(a)) for a in angles])


# Another hand, in a box of 0.7 x 1, y upwards; 4 and 5 are two strokes.
HANDMADE = {
    '0': [arc(.35, .5, .3, .5, 90, 450)],
    '1': [line((.35, 1), (.35, 0))],
    '2': [arc(.35, .7, .3, .3, 160, -40) + line((.56, .5), (.05, 0), (.7, 0))],
    '3': [arc(.3, .75, .3, .25, 150, -90) + arc(.3, .25, .35, .25, 90, -150)],
    '4': [line((.3, 1), (.03, .35), (.68, .35)), line((.5, .75), (.5, 0))],
    '5': [line((.15, 1), (.1, .55)) + arc(.28, .3, .33, .3, 110, -150), line((.15, 1), (.65, 1))],
    '6': [arc(.62, .5, .54, .5, 110, 180) + arc(.36, .25, .26, .25, 180, 530)],
    '7': [line((.03, 1), (.68, 1), (.25, 0))],
    '8': [arc(.35, .75, .22, .25, 60, 270) + arc(.35, .25, .3, .25, 90, -270) + arc(.35, .75, .22, .25, -90, 60)],
    '9': [arc(.32, .7, .3, .3, 20, 380) + line((.6, .7), (.5, 0))],
}


def place(digits, size=120, gap=.3):
    """Strokes of digits side by side, in pixels"""
    left, placed = 20, []
    for strokes in digits:
        placed += [[(left + size * x, 50 + size * y) for x, y in s] for s in strokes]
        left = max(x for s in placed for x, _ in s) + gap * size
    return placed


def drawing(strokes):
    at, steps = (0, 0), []
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            steps.append([round(x - at[0], 1), round(y - at[1], 1), 0 if i else 1])
            at = (x, y)
    return {'steps': steps}


def ask(s, body, status=200):
    got, answer = s.request('PUT', '/draw', body if isinstance(body, (bytes, str)) else json.dumps(body))
    assert got == status, (got, answer)
    return json.loads(answer)['text' if status == 200 else 'error']


def drawn(text, **options):
    return drawing(place([HANDMADE[c] for c in text], **options))


def serve(*options):
    return Server('--pen', HAND, *options, model=False)


@check('digits of writers that were not learnt from are read, alone and side by side')
def pendigits():
    digits = [[line(*[(int(r[i]) / 140, int(r[i + 1]) / 100) for i in range(0, 16, 2)])] for r in (row.split() for row in PENDIGITS)]
    with serve() as s:
        assert [ask(s, drawing(place([d]))) for d in digits] == list('0123456789')
        assert ask(s, drawing(place([digits[i] for i in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)]))) == '0123456789'


@check('whatever its size, a drawing is read from left to right, however its strokes follow one another')
def handmade():
    with serve() as s:
        for size in 30, 120, 700:
            assert ask(s, drawn('0123456789', size=size)) == '0123456789', size
        strokes = place([HANDMADE[c] for c in '45'])     # all bars and stems at the end
        assert ask(s, drawing([strokes[i] for i in (2, 0, 3, 1)])) == '45'


@check('while it grows, more and more of it is read')
def growing():
    with serve() as s:
        strokes = place([HANDMADE[c] for c in '3127'])
        assert [ask(s, drawing(strokes[:n])) for n in range(5)] == ['', '3', '31', '312', '3127']
        for n in range(1, len(strokes[3])):              # a digit under way changes none before it
            assert ask(s, drawing(strokes[:3] + [strokes[3][:n]])).startswith('312')


@check('specks say nothing, nor does a lone dot')
def specks():
    with serve() as s:
        assert ask(s, drawing([[(5, 5)]])) == ''
        assert ask(s, drawing(place([HANDMADE['8']]) + [[(400, 60), (402, 61)]])) == '8'


@check('what is no drawing is refused with a reason, and the server goes on')
def refused():
    with serve() as s:
        for body in b'', b'nonsense', b'[]', b'{', b'{}', b'{"steps":1}', b'{"steps":[1]}', b'{"steps":[[1,2]]}', b'{"steps":[[1,2,3,4]]}', \
                b'{"steps":[["1",2,0]]}', b'{"steps":[[1e300,2,0]]}', b'{"steps":[[NaN,2,0]]}', b'{"steps":[]}{"steps":[]}', b'{"steps":' + b'[' * 9999, \
                b'{"steps":[' + b'[0,0,0],' * 9000 + b'[0,0,0]]}', bytes(range(256)), b'\xff' * 2_000_000:
            assert ask(s, body, 400), body[:40]
        assert 'characters' in ask(s, drawing([[(i * 50, 0), (i * 50, 100)] for i in range(65)]), 400)
        assert ask(s, {'steps': []}) == ''
        many = [[s[::4] + s[-1:] for s in HANDMADE[c]] for c in '0123456789' * 6 + '0123']
        assert 60 <= len(ask(s, drawing(place(many)))) <= 64
        for method, path in ('POST', '/draw'), ('DELETE', '/draw'), ('PUT', '/draw/x'):
            assert s.request(method, path, b'{"steps":[]}')[0] in (404, 405), (method, path)
        assert ask(s, drawn('42')) == '42'


@check('the page is there where it is asked for, and only for a model that reads strokes')
def asked():
    with serve() as s:
        status, page = s.request('GET', '/draw')
        assert status == 200 and '<canvas' in page and s.request('GET', '/draw/x')[0] == 404 and s.request('GET', '/')[0] == 200
    with Server(model=False) as s:
        assert s.request('GET', '/draw')[0] == 404 and s.request('PUT', '/draw', b'{"steps":[]}')[0] in (404, 405)
    for model, words in (MODEL, 'pen strokes'), ('none.safetensors', 'none.safetensors'):
        r = subprocess.run([SERVE, '--port', '0', '--pen', model], capture_output=True, text=True, timeout=60)
        assert r.returncode == 1 and words in r.stderr, r


@check('pipelines/draw is one command')
def script():
    class Script(Server):
        def __init__(self):
            self.command = [f'{ROOT}/pipelines/draw', '--port', '0']
    with Script() as s:
        assert ask(s, drawn('2026')) == '2026'
    r = subprocess.run([f'{ROOT}/pipelines/draw', '--model', 'none'], capture_output=True, text=True, timeout=60)
    assert r.returncode and 'none' in r.stderr


# Events as a browser makes them of a mouse, and on a phone of a finger; a point in four of each stroke, for every one waits for a picture
async def write(b, strokes, finger):
    top = await b.evaluate("(r => [r.left, r.top, r.height])(document.querySelector('canvas').getBoundingClientRect())")
    for stroke in strokes:
        stroke = stroke[::4] + stroke[-1:]
        points = [{'x': top[0] + x, 'y': top[1] + top[2] - y} for x, y in stroke]
        if finger:
            await b.call('Input.dispatchTouchEvent', type='touchStart', touchPoints=points[:1])
            for p in points[1:]:
                await b.call('Input.dispatchTouchEvent', type='touchMove', touchPoints=[p])
            await b.call('Input.dispatchTouchEvent', type='touchEnd', touchPoints=[])
        else:
            kinds = ['mousePressed'] + ['mouseMoved'] * (len(points) - 1) + ['mouseReleased']
            for kind, p in zip(kinds, points + points[-1:]):
                await b.call('Input.dispatchMouseEvent', type=kind, button='left', buttons=1, clickCount=1, **p)


@check('with a mouse: what is written is read live, Undo and Clear', MISSING)
async def mouse():
    with serve() as s:
        async with Browser(CHROMIUM, f'http://127.0.0.1:{s.port}/draw', 900, 520) as b:
            text = "document.getElementById('text').textContent"
            await b.wait("document.querySelector('canvas')?.width > 0")
            shown = '27542' if len(sys.argv) > 5 else '27'
            strokes = place([HANDMADE[c] for c in shown], size=190)
            await write(b, strokes, False)
            await b.wait(f"{text} == '{shown}'")
            if len(sys.argv) > 5:
                await b.screenshot(sys.argv[5])
            await b.evaluate("document.getElementById('undo').click()")
            await b.wait(f"{text} == '{shown[:-1]}'")
            await b.evaluate("document.getElementById('clear').click()")
            await b.wait(f"{text} == ''")
            assert await b.evaluate("document.getElementById('state').textContent") == ''


@check('with a finger on a phone, whose page stays where it is', MISSING)
async def finger():
    with serve() as s:
        async with Browser(CHROMIUM, f'http://127.0.0.1:{s.port}/draw', 500, 640) as b:
            await b.call('Emulation.setTouchEmulationEnabled', enabled=True)
            await b.wait("document.querySelector('canvas')?.width > 0")
            await write(b, place([HANDMADE[c] for c in '43'], size=150), True)
            await b.wait("document.getElementById('text').textContent == '43'")
            assert await b.evaluate('document.documentElement.scrollWidth <= innerWidth && scrollY == 0')


run()
