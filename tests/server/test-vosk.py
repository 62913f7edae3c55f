# SPDX-License-Identifier: LGPL-2.1-or-later
# Clients of Vosk's protocol get captions from rnncore-serve.  Prints TAP.   test-vosk.py SERVE MODEL
import asyncio, json, os, signal, socket, sys
from server import *

try:
    import websockets
except ImportError:
    print('1..0 # SKIP there is no python3-websockets')
    sys.exit()
if not os.path.exists(NUMBERS):
    print(f'1..0 # SKIP {NUMBERS} is not there (pocketsphinx-testdata)')
    sys.exit()


async def refused(s, codes, *messages):
    async with websockets.connect(s.ws, max_size=None) as c:
        try:
            for m in messages:
                await c.send(m)
            while True:
                await asyncio.wait_for(c.recv(), 30)
        except websockets.ConnectionClosed as closed:
            assert closed.code in codes, closed
            return closed.reason


@check('partials, then a final with words and their times')
async def dialogue():
    with Server() as s:
        answers = await transcribe(s.ws, numbers())
    partials = [a['partial'] for a in answers if 'partial' in a]
    finals = [a for a in answers if a.get('text')]
    words = [w for a in finals for w in a['result']]
    assert any(partials) and finals, answers
    assert len(answers) == -(-len(numbers()) // 6400) + 1
    assert 'three' in text_of(answers).split()
    assert [w['word'] for w in words] == text_of(answers).split()
    assert all(0 <= w['start'] < w['end'] <= len(numbers()) / 32000 and 0 <= w['conf'] <= 1 for w in words), words
    assert all(a['end'] <= b['start'] + 1e-6 for a, b in zip(words, words[1:]))


@check('the same text however the sound is cut, odd bytes included')
async def cuts():
    with Server() as s:
        texts = [text_of(await transcribe(s.ws, numbers(), size)) for size in (6400, 333, 100000, 8001)]
    assert len(set(texts)) == 1, texts


@check('other rates are resampled')
async def rates():
    with Server('--sample-rate', '22050') as s:
        for rate in 8000, 44100, 48000:
            answers = await transcribe(s.ws, numbers(rate), config={'sample_rate': float(rate)})
            assert text_of(answers), rate
            assert answers[-1].get('text') is not None
        assert text_of(await transcribe(s.ws, numbers(22050), config={'words': 0}))


@check('without words, and with alternatives')
async def shapes():
    with Server('--decoder', 'beam') as s:
        plain = await transcribe(s.ws, numbers(), config={'sample_rate': 16000, 'words': 0})
        several = await transcribe(s.ws, numbers(), config={'sample_rate': 16000, 'max_alternatives': 3})
    assert all('result' not in a for a in plain) and text_of(plain)
    lists = [a['alternatives'] for a in several if 'alternatives' in a]
    assert lists and lists[0][0]['text'] and all('confidence' in x for l in lists for x in l), several


@check('a phrase list is taken where words are searched by beam')
async def phrases():
    with Server('--decoder', 'beam') as s:
        config = {'sample_rate': 16000, 'phrase_list': ['zero one two three four', '[unk]', 'a:b,c']}
        assert text_of(await transcribe(s.ws, numbers(), config=config))
    with Server() as s:         # greedily nothing can be boosted, but the client is served
        assert text_of(await transcribe(s.ws, numbers(), config=config))


@check('an end without sound, and without config')
async def nothing():
    with Server() as s:
        async with websockets.connect(s.ws) as c:
            await c.send('{"eof" : 1}')
            assert json.loads(await c.recv()) == {'text': ''}


@check('many clients at once hear what each hears alone')
async def crowd():
    with Server() as s:
        alone = text_of(await transcribe(s.ws, numbers()))
        crowd = await asyncio.gather(*[transcribe(s.ws, numbers(), 3200 + 320 * i) for i in range(12)])
    assert all(text_of(a) == alone for a in crowd)


@check('too many clients are sent away')
async def too_many():
    with Server('--max-clients', '2') as s, Server('--max-per-address', '1') as t:
        async with websockets.connect(s.ws), websockets.connect(s.ws):
            assert 'too many' in await refused(s, (1008,))
        async with websockets.connect(t.ws):
            assert 'too many' in await refused(t, (1008,))


@check('who sends faster than can be transcribed is sent away, others go on')
async def flood():
    with Server('--max-backlog', '5', '--metrics') as s:
        sound = bytes(640000)   # 20 s; few of them, since a reason is lost where a client still sends 5 s after it (libsoup's limit)
        reason, answers = await asyncio.gather(refused(s, (1008,), '{"config":{"sample_rate":16000}}', *[sound] * 4),
            transcribe(s.ws, numbers()))
        assert 'faster' in reason and text_of(answers)
        assert 'rnn_dropped_total 1' in s.request('GET', '/metrics')[1]


@check('what is no message of the protocol ends the conversation, and tells why')
async def nonsense():
    with Server() as s:
        for message in 'hello', '{', '[]', '{"config":7}', '{"config":{"sample_rate":"x"}}', '{"config":{"sample_rate":1e9}}', \
                '{"config":{"phrase_list":{}}}', '{"config":{"phrase_list":[1]}}', '{"config":{"max_alternatives":-1}}':
            assert await refused(s, (1003,), message), message
        await refused(s, (1009, 1006), bytes((1 << 20) + 2))    # its reason may not outlive what is still being sent
        assert text_of(await transcribe(s.ws, numbers()))


@check('clients that fall silent are closed, those that vanish are forgotten')
async def silent():
    with Server('--idle', '1', '--metrics') as s:
        assert 'too long' in await refused(s, (1008,))
        c = await websockets.connect(s.ws)
        await c.send(bytes(64000))
        c.transport.abort()
        for _ in range(100):
            if 'rnn_clients 0' in s.request('GET', '/metrics')[1]:
                break
            await asyncio.sleep(.1)
        else:
            raise AssertionError('the client is still there')


UPGRADE = b'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' \
    b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'


@check('clients that go before a busy server lets them in are no clients')
async def impatient():
    with Server('--metrics') as s:
        async with websockets.connect(s.ws):
            os.kill(s.process.pid, signal.SIGSTOP)
            for _ in range(4):
                c = socket.create_connection(('127.0.0.1', s.port))
                c.sendall(UPGRADE)
                c.close()       # the answer to the request arrives nowhere
            os.kill(s.process.pid, signal.SIGCONT)
            assert text_of(await transcribe(s.ws, numbers()))
            assert 'rnn_connections_total 2' in s.request('GET', '/metrics')[1]


@check('a server ends while clients are connected')
async def leaving():
    with Server() as s:
        c = await websockets.connect(s.ws)
        await c.send(bytes(64000))


run()
