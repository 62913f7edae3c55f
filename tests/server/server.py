# SPDX-License-Identifier: LGPL-2.1-or-later
# Imported by the tests of this folder: the server as a process, its clients, and TAP.
import asyncio, http.client, json, os, re, subprocess, sys, traceback, urllib.parse

SERVE, MODEL = sys.argv[1:3]
NUMBERS = '/usr/share/pocketsphinx/test/data/numbers.raw'
checks = []


def check(name, reason=None):
    """A test: @check ('what it shows'); with a reason it is skipped."""
    def add(function):
        checks.append((name, reason, function))
        return function
    return add


def run():
    print(f'1..{len(checks)}')
    for i, (name, reason, function) in enumerate(checks, 1):
        if reason:
            print(f'ok {i} {name} # SKIP {reason}')
            continue
        try:
            result = function()
            if asyncio.iscoroutine(result):
                asyncio.run(asyncio.wait_for(result, 90))
            print(f'ok {i} {name}', flush=True)
        except Exception:
            print(f'not ok {i} {name}')
            print(re.sub('^', '# ', traceback.format_exc(), flags=re.M), flush=True)


class Server:
    """with Server ('--metrics') as s: it listens at s.port."""
    def __init__(self, *options, model=True):
        self.command = [SERVE, *([] if '--port' in options else ['--port', '0']), *options] + (['--model', MODEL] if model else [])

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r'127\.0\.0\.1:(\d+)/', line).group(1))
        self.ws = f'ws://127.0.0.1:{self.port}'
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(30) == 0, 'the server ended with an error'

    def request(self, method, path, body=None, **headers):
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        c.request(method, path, body, headers, encode_chunked='Transfer-Encoding' in headers)
        r = c.getresponse()
        return r.status, r.read().decode()

    def put(self, stream, *results):
        body = ''.join(json.dumps(r) for r in results)
        return self.request('PUT', '/captions/' + urllib.parse.quote(stream), body)[0]

    def events(self, n, last=None):
        """The first n events that a browser gets, as (event, id, data)."""
        c = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        c.request('GET', '/events', headers={'Last-Event-ID': last} if last else {})
        r, found, fields = c.getresponse(), [], {}
        assert r.getheader('Content-Type').startswith('text/event-stream')
        while len(found) < n:
            line = r.readline().decode().rstrip('\n')
            if line:
                key, _, value = line.partition(':')
                fields[key] = value.strip()
            elif fields:
                if 'data' in fields:
                    found.append((fields.get('event'), fields.get('id'), fields['data']))
                fields = {}
        c.close()
        return found


def numbers(rate=16000):
    sound = open(NUMBERS, 'rb').read()
    if rate != 16000:
        import audioop
        sound = audioop.ratecv(sound, 2, 1, 16000, rate, None)[0]
    return sound


async def transcribe(ws, sound, size=6400, config=None):
    """What Vosk's clients do: an answer is awaited after each message.  Returns all answers."""
    import websockets
    answers = []
    async with websockets.connect(ws) as c:
        await c.send(json.dumps({'config': config or {'sample_rate': 16000}}))
        for at in range(0, len(sound), size):
            await c.send(sound[at:at + size])
            answers.append(json.loads(await c.recv()))
        await c.send('{"eof" : 1}')
        answers.append(json.loads(await c.recv()))
        # the server closes after the last answer
        try:
            await c.recv()
            raise AssertionError('an answer after the last one')
        except websockets.ConnectionClosed as closed:
            assert closed.code == 1000, closed
    return answers


def text_of(answers):
    return ' '.join(a['text'] for a in answers if a.get('text'))
