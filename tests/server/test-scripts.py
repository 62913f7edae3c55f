# SPDX-License-Identifier: LGPL-2.1-or-later
# pipelines/web and pipelines/serve as a user runs them.  Prints TAP.   test-scripts.py SERVE MODEL SOURCE-ROOT BUILD
import http.client, importlib.util, json, os, signal, subprocess, sys
from server import *

ROOT = sys.argv[3]
os.environ['RNN_BUILD'] = sys.argv[4]
MISSING = None if os.path.exists(NUMBERS) else 'there is no recording (pocketsphinx-testdata)'


class Script(Server):
    def __init__(self, name, *options):
        self.command = [f'{ROOT}/pipelines/{name}', '--port', '0', '--model', MODEL, *options]

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0, 'it ended with an error'


def ready(plugin):
    return subprocess.run(['gst-inspect-1.0', '--exists', plugin]).returncode == 0


@check('the captions of a recording are on the page', MISSING or (None if ready('souphttpclientsink') else 'there is no souphttpclientsink'))
def web():
    with Script('web', '--silent') as s:
        connection = http.client.HTTPConnection('127.0.0.1', s.port, timeout=120)
        connection.request('GET', '/events')
        events, text = connection.getresponse(), ''
        while 'thirty' not in text.split():
            line = events.readline().decode()
            assert line, 'the server ended'
            event = json.loads(line[6:]) if line.startswith('data: {') else {}
            text += ' ' + event['text'] if event.get('type') == 'final' else ''
        assert event['stream'] == 'numbers'
        connection.close()


@check('the server has the model that it was given', MISSING or (None if importlib.util.find_spec('websockets') else 'there is no python3-websockets'))
async def serve():
    with Script('serve', '--metrics') as s:
        assert 'three' in text_of(await transcribe(s.ws, numbers())).split()
        assert s.request('GET', '/metrics')[0] == 200


@check('what is wrong is said')
def refusals():
    for arguments, words in ((['web', 'none.wav'], 'none.wav'), (['web', '--nonsense'], 'unknown option'), (['serve', '--nonsense'], 'nonsense'),
            (['serve', '--model', 'none.safetensors'], 'none.safetensors'),
            (['serve', '--vad', MODEL], f'{MODEL}: the model writes text'), (['web', '--port', '1', '--listen', '300.1.1.1'], '300.1.1.1')):
        r = subprocess.run([f'{ROOT}/pipelines/{arguments[0]}', *arguments[1:]], capture_output=True, text=True, timeout=60)
        assert r.returncode and words in r.stderr, r


run()
