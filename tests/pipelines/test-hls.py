# SPDX-License-Identifier: LGPL-2.1-or-later
# pipelines/hls: what it makes of a film whose words are known is whole, agrees with itself, and is played by GStreamer's own player with
# its captions; FFmpeg finds the segments' clock where the texts say it is.  Prints TAP.   test-hls.py SOURCE-ROOT BUILD-ROOT
import functools, glob, html, http.server, os, re, shutil, subprocess, sys, tempfile, threading
sys.dont_write_bytecode = True
import signs, webvtt

try:
    import gi
    gi.require_version('Gst', '1.0')
    from gi.repository import Gst
    Gst.init(None)
    lacking = [e for e in ('hlsdemux2', 'mpegtsmux', 'aacparse') if not Gst.ElementFactory.find(e)]
    lacking += [] if any(Gst.ElementFactory.find(e) for e in ('fdkaacenc', 'avenc_aac', 'voaacenc')) else ['an encoder of AAC']
    lacking += [] if any(Gst.ElementFactory.find(e) for e in ('x264enc', 'openh264enc', 'avenc_h264')) else ['an encoder of H.264']
except (ImportError, ValueError):
    lacking = ['python3-gi']
if lacking:
    print(f'1..0 # SKIP there is no {", ".join(lacking)}')
    sys.exit()
ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
TOOL = BUILD + '/rnncore/tools/rnncore'
SECONDS = 2
n = 0


def check(name, got, wanted):
    global n
    n += 1
    print(f"{'ok' if got == wanted else 'not ok'} {n} {name}" + ('' if got == wanted else f'\n# {got!r}\n# not {wanted!r}'), flush=True)


def run(*command):
    r = subprocess.run(['timeout', '-k', '5', '120', *command], capture_output=True, text=True, env={**os.environ, 'RNN_BUILD': BUILD})
    assert r.returncode == 0, (command, r.returncode, r.stdout[-1000:], r.stderr[-1000:])
    return r.stdout


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def entries(path):
    return [(round(float(seconds), 3), name) for seconds, name in re.findall(r'#EXTINF:([\d.]+),\n(\S+)', read(path).decode())]


def record():
    silence = '_' * 14
    said = signs.say('__' + silence.join(['bill it', '<b> & till', 'it tilt bit bill', 'lit']) + silence)
    signs.write_wav('film.wav', said)
    run(*(f'gst-launch-1.0 -q matroskamux name=m ! filesink location=film.mkv videotestsrc num-buffers={len(said) // 1600} ! '
        'video/x-raw,width=320,height=240,framerate=10/1 ! jpegenc ! queue ! m. filesrc location=film.wav ! wavparse ! queue ! m.').split())


def try_folder(folder, cues):
    stream, text = entries(folder + '/stream.m3u8'), entries(folder + '/text.m3u8')
    check('a segment of text for each of the stream', [s for s, _ in text], [s for s, _ in stream])
    check('all of them are there', [name for _, name in stream + text if not os.path.getsize(f'{folder}/{name}')], [])
    check('both end', [b'#EXT-X-ENDLIST' in read(f'{folder}/{name}.m3u8') for name in ('stream', 'text')], [True, True])
    check('nothing is left half written', glob.glob(folder + '/*.part'), [])
    at, seen, wrong = 0, set(), []
    for seconds, name in text:
        got = webvtt.parse(read(f'{folder}/{name}'))
        wanted = [c for c in cues if c[0] < 1000 * (at + seconds) - 1 and c[1] > 1000 * at + 1]
        seen.update(got)
        wrong += [] if got == wanted else [(name, got, wanted)]
        at += seconds
    check('what each holds is what is said in it', wrong, [])
    check('no caption is lost', sorted(seen), sorted(cues))
    check('some caption crosses a border', any(a[0] // (1000 * SECONDS) != a[1] // (1000 * SECONDS) for a in cues), True)


def try_clock(folder):
    said = {re.search(rb'MPEGTS:(\d+),LOCAL:00:00:00.000', read(f)).group(1).decode() for f in glob.glob(folder + '/text*.vtt')}
    found = run('ffprobe', '-v', 'error', '-show_entries', 'packet=pts', '-of', 'csv=p=0', folder + '/stream00000.ts')
    check("FFmpeg's clock of the first segment", said, {str(min(int(x.strip(',')) for x in found.split()))})
    kinds = run('ffprobe', '-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', folder + '/stream00001.ts')
    check('sound and picture', sorted(set(kinds.split())), ['aac', 'h264'])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def try_player(folder, cues):
    """It shows what crosses a border once more, spells signs itself, and counts from a time of its own."""
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    run('gst-launch-1.0', '-q', 'playbin3', f'uri=http://127.0.0.1:{server.server_address[1]}/master.m3u8', 'flags=0x6', 'audio-sink=fakesink',
        'text-sink=text/x-raw ! webvttenc ! filesink location=played.vtt async=false')
    server.shutdown()
    played = [(a, b, html.unescape(text)) for a, b, text in dict.fromkeys(webvtt.parse(read('played.vtt')))]
    check('GStreamer plays it with its captions', [c[2] for c in played], [c[2] for c in cues])
    check('and at their times', [(a, b) for a, b in zip(played, cues) if abs(a[0] - played[0][0] - b[0] + cues[0][0]) > 50], [])


def try_detector():
    signs.write_wav('rumble.wav', signs.rumble())
    for out, options in ('gated', []), ('open', ['--vad', 'none']):
        run(ROOT + '/pipelines/hls', 'rumble.wav', '--out', out, *options)
    check('no words in rumble, unless they are looked for there', ['-->' in ''.join(read(f).decode() for f in glob.glob(out + '/text*.vtt'))
        for out in ('gated', 'open')], [False, True])
    r = subprocess.run([ROOT + '/pipelines/hls', 'rumble.wav', '--out', 'refused', '--vad', 'none.safetensors'], capture_output=True, text=True,
        env={**os.environ, 'RNN_BUILD': BUILD})
    check('--vad: what is not there', (r.returncode, r.stderr), (1, 'hls: none.safetensors: cannot be read\n'))


print('TAP version 13')
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    signs.write_model('signs.safetensors')
    record()
    cues = webvtt.parse(run(TOOL, 'transcribe', 'film.wav', '--model', 'signs.safetensors', '--vtt').encode())
    hls = [ROOT + '/pipelines/hls', '--segment', str(SECONDS), '--model', 'signs.safetensors']
    run(*hls, 'film.mkv', '--out', 'film')
    try_folder('film', cues)
    if shutil.which('ffprobe'):
        try_clock('film')
    try_player('film', cues)
    run(*hls, 'film.wav', '--out', 'last', '--keep', '2')
    check('--keep', [len(entries(f'last/{name}.m3u8')) for name in ('stream', 'text')], [2, 2])
    again = subprocess.run([*hls, 'film.wav', '--out', 'last'], capture_output=True, text=True, env={**os.environ, 'RNN_BUILD': BUILD})
    check('a stream that is there stays', (again.returncode, 'holds a stream already' in again.stderr), (1, True))
    try_detector()
    os.chdir('/')
print(f'1..{n}')
