# SPDX-License-Identifier: LGPL-2.1-or-later
# The page of rnncore-serve: what comes in, what a browser is told, what it makes of it.  Prints TAP.
# test-page.py SERVE MODEL [SCREENSHOT.png]
import importlib.util, json, re, shutil
from browser import Browser
from server import *

CHROMIUM = shutil.which('chromium')
MISSING = None if CHROMIUM and importlib.util.find_spec('websockets') else 'there is no chromium, or no python3-websockets'
HARMFUL = '<b>bold</b> & --> <script>document.title = "spoilt"</script>'


def final(text, start=0):
    return {'type': 'final', 'text': text, 'start': start, 'end': start + 10**9, 'words': []}


def partial(text, stable=0):
    return {'type': 'partial', 'text': text, 'stable-length': stable, 'start': 0, 'end': 1}


@check('who joins late gets the last lines and what is under way')
def late():
    with Server('--lines', '3', model=False) as s:
        assert s.put('hall', *[final(f'line {i}') for i in range(5)], partial('under way', 5)) == 204
        events = s.events(5)
    assert events[0][0] == 'begin'
    data = [json.loads(e[2]) for e in events[1:]]
    assert [d['text'] for d in data] == ['line 2', 'line 3', 'line 4', 'under way']
    assert data[3]['type'] == 'partial' and data[3]['stable'] == 5 and events[4][1] is None
    assert all(d['stream'] == 'hall' for d in data)


@check('who was away gets what it has missed, once')
def missed():
    with Server(model=False) as s:
        s.put('a', final('one'), final('two'), final('three'))
        events = s.events(4)
        s.put('b', final('four'))
        again = s.events(2, last=events[2][1])
        assert [json.loads(e[2])['text'] for e in again] == ['three', 'four']
        # ids of another server are none of ours
        assert s.events(5, last='12345678901234567890')[0][0] == 'begin'


@check('captions come in pieces, from this machine, by PUT')
def intake():
    with Server(model=False) as s:
        body = (json.dumps(final('}{"\\ü')) + '\n' + json.dumps(final('two'), ensure_ascii=False)).encode()
        assert s.request('PUT', '/captions/x', iter([body[i:i + 1] for i in range(len(body))]), **{'Transfer-Encoding': 'chunked'})[0] == 204
        assert [json.loads(e[2])['text'] for e in s.events(3)[1:]] == ['}{"\\ü', 'two']
        assert s.request('POST', '/captions/x', body)[0] == 405
        assert s.request('GET', '/captions/x')[0] == 405
        assert s.request('PUT', '/', body)[0] == 405
        assert s.request('GET', '/nothing')[0] == 404
        assert s.request('GET', '/metrics')[0] == 404


@check('what is no caption is refused')
def refused():
    with Server(model=False) as s:
        for body in b'nonsense', b'{"type":"final"}', b'{"type":"other","text":"x"}', b'[1]', b'{]', b'{' * 70000, b'{"a":"' + b'x' * 70000, \
                json.dumps(final('x' * 5000)).encode(), b'{"type":"final","text":"\xff"}':
            assert s.request('PUT', '/captions/x', body)[0] == 400, body[:40]
        for name in '', 'x' * 65, '%07', '%ff':
            assert s.request('PUT', '/captions/' + name, json.dumps(final('x')))[0] in (400, 403), name
        for i in range(64):
            assert s.put(f'stream {i}', final('x')) == 204
        assert s.put('one too many', final('x')) == 400


@check('metrics are OpenMetrics')
def metrics():
    with Server('--metrics', model=False) as s:
        s.put('a', final('one'))
        status, text = s.request('GET', '/metrics')
    assert status == 200 and text.endswith('# EOF\n') and 'rnn_lines_total 1\n' in text, text
    types = dict(re.findall(r'^# TYPE (\S+) (\S+)$', text, re.M))
    for line in text.splitlines():
        assert re.fullmatch(r'# (TYPE|HELP|UNIT|EOF).*|[a-z_]+(\{le="[^"]+"\})? [-0-9.e+]+', line), line
        if line[0] != '#':
            name = re.match('[a-z_]+', line).group()
            assert name in types or re.sub('_(total|bucket|count|sum)$', '', name) in types, line


def fill(s):
    s.put('great hall', final('good evening and welcome'), final('to the annual meeting of the society', 3 * 10**9),
        partial('the first item of the agenda is', 14))
    s.put('chapel', final('thirty three four six nine two'), final(HARMFUL))


@check('a browser shows streams, lines, what may change, and no markup', MISSING)
async def browser():
    with Server(model=False) as s:
        fill(s)
        async with Browser(CHROMIUM, f'http://127.0.0.1:{s.port}/', 900, 600) as b:
            await b.wait("document.querySelectorAll('section div p').length == 4")
            await b.wait("document.querySelector('.partial').textContent == 'the first item of the agenda is'")
            assert await b.evaluate('document.title') == 'Live captions'
            assert await b.evaluate("document.querySelector('.stable').textContent") == 'the first item'
            assert await b.evaluate("document.querySelectorAll('section')[1].querySelectorAll('p')[1].textContent") == HARMFUL
            colours = [await b.evaluate(f"getComputedStyle(document.querySelector('{x}')).color") for x in ('.stable', '.partial')]
            assert colours[0] != colours[1], colours
            if len(sys.argv) > 3:
                await b.screenshot(sys.argv[3])
            # a line under way becomes a line; nothing is doubled
            s.put('great hall', final('the first item of the agenda is tea'))
            await b.wait("document.querySelectorAll('section div p').length == 5")
            assert await b.evaluate("document.querySelector('.partial').textContent") == ''
            assert await b.evaluate('transcript ()') == 'great hall\ngood evening and welcome\nto the annual meeting of the society\n' \
                f'the first item of the agenda is tea\n\nchapel\nthirty three four six nine two\n{HARMFUL}\n'


@check('on a phone: one stream, size, contrast, and a server that comes back', MISSING)
async def phone():
    with Server(model=False) as s:
        fill(s)
        async with Browser(CHROMIUM, f'http://127.0.0.1:{s.port}/?stream=chapel', 360, 640) as b:
            await b.wait("document.querySelectorAll('section').length == 2")
            assert await b.evaluate("[...document.querySelectorAll('section')].map (s => s.hidden)") == [True, False]
            assert await b.evaluate('document.documentElement.scrollWidth <= innerWidth')
            size = "parseFloat(getComputedStyle(document.querySelector('section:not([hidden]) p')).fontSize)"
            small = await b.evaluate(size)
            await b.evaluate("document.getElementById('larger').click()")
            assert await b.evaluate(size) > small
            paper = [await b.evaluate("document.getElementById('contrast').click(), getComputedStyle(document.body).backgroundColor") for _ in range(3)]
            assert len(set(paper)) > 1, paper
            assert await b.evaluate("transcript()") == f'thirty three four six nine two\n{HARMFUL}\n'
            port = s.port
            s.process.terminate()
            await b.wait("document.getElementById('state').textContent != 'live'")
            s.process.wait()
            with Server('--port', str(port), model=False) as again:
                again.put('chapel', final('back again'))
                await b.wait("document.getElementById('state').textContent == 'live'")
                await b.wait("document.querySelector('section:not([hidden]) div').textContent.endsWith('back again')")


run()
