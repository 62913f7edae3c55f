# SPDX-License-Identifier: LGPL-2.1-or-later
# The page of rnncore-serve: what comes in, what a browser is told, what it makes of it.  Prints TAP.
# test-page.py SERVE MODEL [SCREENSHOT.png]
import html, json, re, shutil, subprocess, tempfile
from server import *

CHROMIUM = shutil.which('chromium')
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


def browse(s, *options, path='/', size='900,600', ms=3000):
    with tempfile.TemporaryDirectory() as home:
        r = subprocess.run([CHROMIUM, '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
            f'--user-data-dir={home}', '--hide-scrollbars', f'--timeout={ms}', f'--window-size={size}', *options,
            f'http://127.0.0.1:{s.port}{path}'], capture_output=True, text=True, timeout=180)
    return r.stdout


def shows(s, *patterns, **how):
    """The page comes to look so; a busy machine gets more time."""
    for ms in 3000, 12000, 60000:
        dom = browse(s, '--dump-dom', ms=ms, **how)
        if all(re.search(p, dom, re.S) for p in patterns):
            return dom
    raise AssertionError(dom[-2000:])


def fill(s):
    s.put('great hall', final('good evening and welcome'), final('to the annual meeting of the society', 3 * 10**9),
        partial('the first item of the agenda is', 14))
    s.put('chapel', final('thirty three four six nine two'), final(HARMFUL))


@check('a browser shows streams, lines, what may change, and no markup', None if CHROMIUM else 'there is no chromium')
def browser():
    with Server(model=False) as s:
        fill(s)
        dom = shows(s, '<title>Live captions</title>', re.escape(html.escape(HARMFUL, quote=False)), '<option value="chapel">',
            '<h2>great hall</h2>.*<p[^>]*>good evening and welcome</p>.*<span class="stable">the first item</span><span> of the')
    assert dom.count('<section') == 2


@check('it fits a phone, and shows the stream that is asked for', None if CHROMIUM else 'there is no chromium')
def phone():
    with Server(model=False) as s, tempfile.TemporaryDirectory() as folder:
        fill(s)
        picture = sys.argv[3] if len(sys.argv) > 3 else folder + '/page.png'
        browse(s, f'--screenshot={picture}')
        assert open(picture, 'rb').read(8) == b'\x89PNG\r\n\x1a\n'
        shows(s, '<section hidden=""><h2>great hall', '<section><h2>chapel', path='/?stream=chapel', size='360,640')


run()
