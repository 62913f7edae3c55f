# SPDX-License-Identifier: LGPL-2.1-or-later
# pipelines/caption: what its options make of a recording whose words are known, and whatever comes in: several files, a folder, channels
# in opposite phase, a microphone.  Prints TAP.   test-caption.py SOURCE-ROOT BUILD-ROOT
import array, json, os, re, subprocess, sys, tempfile
sys.dont_write_bytecode = True
import signs, webvtt

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
CAPTION = [ROOT + '/pipelines/caption', '--model', 'signs.safetensors']
GAP = '_' * 14
WORDS = 'bill bit till it lit bill tilt bit'
n = 0


def check(name, got, wanted):
    global n
    n += 1
    print(f"{'ok' if got == wanted else 'not ok'} {n} {name}" + ('' if got == wanted else f'\n# {got!r}\n# not {wanted!r}'), flush=True)


def caption(*arguments, path=None, fails=False):
    """What it said."""
    r = subprocess.run([*CAPTION, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, 'RNN_BUILD': BUILD, 'PATH': (path + ':' if path else '') + os.environ['PATH']})
    assert (r.returncode != 0) == fails, (arguments, r.stdout[-2000:])
    return r.stdout


def cues(path):
    with open(path, 'rb') as f:
        return webvtt.parse(f.read())


def texts(path):
    return [text for _, _, text in cues(path)]


def fake(name, script):
    """A folder with a gst-launch-1.0 of our own."""
    os.mkdir(name)
    with open(name + '/gst-launch-1.0', 'w') as f:
        f.write('#!/bin/sh\n' + script)
    os.chmod(name + '/gst-launch-1.0', 0o755)
    return os.path.abspath(name)


def record():
    said = signs.say('_' + WORDS + GAP)
    signs.write_wav('talk.wav', said)
    signs.write_wav('opposite.wav', array.array('h', (x for s in said for x in (s, -s))), 2)
    signs.write_wav('left.wav', array.array('h', (x for s in said for x in (s, 0))), 2)
    one, two = signs.say('_bill it' + GAP), signs.say('_tilt bit' + GAP)
    two = two[:len(one)] + array.array('h', bytes(2 * max(0, len(one) - len(two))))
    signs.write_wav('two.wav', array.array('h', (x for pair in zip(one, two) for x in pair)), 2)


def try_shapes():
    caption('talk.wav', '--vtt', 'lines.vtt', '--columns', '12', '--lines', '1')
    got = texts('lines.vtt')
    check('--columns, --lines: no line is longer', [t for t in got if len(t) > 12 or '\n' in t], [])
    check('--columns, --lines: all words', ' '.join(got), WORDS)
    caption('talk.wav', '--vtt', 'pages.vtt', '--columns', '12', '--lines', '2')
    got = texts('pages.vtt')
    check('two lines at most', max(t.count('\n') for t in got), 1)
    check('two lines: all words', ' '.join(got).replace('\n', ' '), WORDS)
    caption('talk.wav', '--vtt', 'words.vtt', '--words')
    check('--words', texts('words.vtt'), WORDS.split())
    caption('talk.wav', '--vtt', 'rolled.vtt', '--roll-up', '--columns', '12', '--lines', '2')
    rows = [t.split('\n') for t in texts('rolled.vtt')]
    check('--roll-up: a line moves up as it was', [(a, b) for a, b in zip(rows, rows[1:]) if len(b) == 2 and b[0] not in a], [])
    check('--roll-up: all words', ' '.join(dict.fromkeys(line for r in rows for line in r)), WORDS)


def try_files():
    out = caption('talk.wav', '--txt', 'talk.txt', '--json', 'talk.json', '--srt', 'talk.srt')
    check('all that was written is named', sorted(re.search(r'wrote (.*)', out).group(1).split()), ['talk.json', 'talk.srt', 'talk.txt'])
    with open('talk.txt') as f:
        check('--txt', f.read().split(), WORDS.split())
    with open('talk.json') as f:
        objects = [json.loads(line) for line in f]
    words = [w for o in objects for w in o['words']]
    check('--json: an object a line with its words', [w['text'] for w in words], WORDS.split())
    check('--json: words in order', [w for a, w in zip(words, words[1:]) if w['start'] < a['end']], [])
    before = open('talk.txt').read()
    out = caption('talk.wav', '--txt', 'talk.txt', fails=True)
    check('what is there stays', ('--force' in out, open('talk.txt').read() == before), (True, True))
    caption('talk.wav', '--txt', 'talk.txt', '--force', '--words')
    check('--force', open('talk.txt').read().split('\n')[:-1], WORDS.split())
    os.mkdir('out')
    caption('talk.wav', 'left.wav', '--vtt', 'out')
    check('several files', [sorted(os.listdir('out')), texts('out/talk.vtt') == texts('out/left.vtt')], [['left.vtt', 'talk.vtt'], True])
    os.mkdir('in')
    for name in ('a.wav', 'b.wav'):
        os.link('talk.wav', 'in/' + name)
    caption('in', '--vtt', 'out')
    check('a folder', texts('out/b.vtt'), texts('out/talk.vtt'))


def try_detector():
    """Rumble, which the shipped model takes for words."""
    signs.write_wav('rumble.wav', signs.rumble())
    english = ('--model', ROOT + '/models/english.safetensors')
    out = caption('rumble.wav', '--vtt', 'rumble.vtt', *english)
    check('no words in rumble', (texts('rumble.vtt'), 'no words were heard' in out), ([], True))
    caption('rumble.wav', '--vtt', 'anywhere.vtt', *english, '--vad', 'none')
    check('--vad none: words anywhere', texts('anywhere.vtt') != [], True)
    out = caption('talk.wav', '--vtt', 'bad.vtt', '--vad', 'signs.safetensors', fails=True)
    check('--vad: what is no detector', 'signs.safetensors: the model writes text' in out, True)


def try_channels():
    for name in ('opposite', 'left'):
        caption(name + '.wav', '--vtt', name + '.vtt', '--words')
        got, wanted = cues(name + '.vtt'), cues('words.vtt')
        check(f'{name}: heard as one channel is', [t for _, _, t in got], [t for _, _, t in wanted])
        check(f'{name}: and when', [a for a, b in zip(got, wanted) if abs(a[0] - b[0]) > 20 or abs(a[1] - b[1]) > 20], [])
    caption('two.wav', '--channel', 'each', '--vtt', '.')
    check('--channel each', [texts('two.1.vtt'), texts('two.2.vtt')], [['bill it'], ['tilt bit']])
    caption('two.wav', '--channel', '2', '--vtt', 'second.vtt')
    check('--channel 2', texts('second.vtt'), ['tilt bit'])


def try_microphone():
    real = subprocess.run(['sh', '-c', 'command -v gst-launch-1.0'], capture_output=True, text=True).stdout.strip()
    path = fake('mic', f'''for a; do
  shift
  if [ "$a" = autoaudiosrc ]; then set -- "$@" filesrc location=talk.wav ! wavparse; else set -- "$@" "$a"; fi
done
exec {real} "$@"
''')
    out = caption('--mic', '--vtt', 'mic.vtt', '--words', path=path)
    check('--mic', texts('mic.vtt'), WORDS.split())
    check('--mic: captions as they come', len(re.findall(r'^\d\d:\d\d:\d\d\.\d{3}  \w', out, re.M)), len(WORDS.split()))


def try_progress():
    path = fake('slow', '''[ "$2" != filesrc ] || exit 0
echo 'progressreport0 (00:00:05): 40 / 200 seconds (20.0 %)'
printf '00:00:01.000 --> 00:00:02.000\\nbit\\n\\n'
echo 'progressreport0 (00:00:10): 100 / 200 seconds (50.0 %)'
''')
    out = caption('talk.wav', '--vtt', 'slow.vtt', path=path)
    check('time left', re.findall(r'caption: (\d+) % of 200 s, (\d+) s left', out), [('20', '20'), ('50', '10')])


print('TAP version 13')
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    signs.write_model('signs.safetensors')
    record()
    try_shapes()
    try_files()
    try_channels()
    try_detector()
    try_microphone()
    try_progress()
    os.chdir('/')
print(f'1..{n}')
