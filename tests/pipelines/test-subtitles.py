# SPDX-License-Identifier: LGPL-2.1-or-later
# Subtitles of a model that spells arrows, tags, comments and entities show just what it spelled, whichever way they were written and
# whoever reads them: by WebVTT's rules, FFmpeg and Chromium (the last two where they are installed).  Prints TAP.
# test-subtitles.py SOURCE-ROOT BUILD-ROOT      GST_PLUGIN_PATH says where the plugin is.
import glob, json, os, re, subprocess, sys, tempfile
sys.dont_write_bytecode = True
import signs, webvtt

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
TOOL = BUILD + '/rnncore/tools/rnncore'
TEXTS = ['--> b', '<i>b</i> & b', '&lt;b', '<!-- b -->', '{\\i b', "'b' it", '<b i.b']
n = 0


def check(name, got, wanted):
    global n
    n += 1
    print(f"{'ok' if got == wanted else 'not ok'} {n} {name}" + ('' if got == wanted else f'\n# {got!r}\n# not {wanted!r}'), flush=True)


def skip(name, why):
    global n
    n += 1
    print(f'ok {n} {name} # SKIP {why}')


def run(*command):
    r = subprocess.run(command, capture_output=True, env={**os.environ, 'RNN_BUILD': BUILD})
    assert r.returncode == 0, (command, r.stdout[-500:], r.stderr[-1500:])
    return r.stdout


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def write_all():
    """name -> bytes of the .vtt and .srt of each way."""
    model = 'model-file=signs.safetensors'
    run(ROOT + '/pipelines/caption', 'signs.wav', '--model', 'signs.safetensors', '--vtt', 'c.vtt', '--srt', 'c.srt', '--txt', 'c.txt')
    run(*'gst-launch-1.0 -q filesrc location=signs.wav ! wavparse ! audioconvert ! rnntranscriber'.split(), model, 'output-mode=captions',
        *'! text/x-raw,format=pango-markup ! webvttenc ! filesink location=g.vtt'.split())
    vtt = {'rnncore transcribe': run(TOOL, 'transcribe', 'signs.wav', '--model', 'signs.safetensors', '--vtt'),
        'caption': read('c.vtt'), 'webvttenc': read('g.vtt')}
    srt = {'rnncore transcribe': run(TOOL, 'transcribe', 'signs.wav', '--model', 'signs.safetensors', '--srt'), 'caption': read('c.srt')}
    return vtt, srt


def texts(cues):
    return [text for _, _, text in cues]


def try_vtt(vtt, odd):
    """Each reader reads all of them in one go; what it makes of @odd is returned for the browser."""
    for reader in (webvtt.by_rules, webvtt.by_ffmpeg, webvtt.by_chromium):
        who = reader.__name__[3:]
        found = reader([*vtt.values(), *odd])
        wanted = TEXTS
        if who == 'ffmpeg':     # it takes braces for those of ASS even here
            wanted = [t for t in TEXTS if '{' not in t]
            found = found and [[c for c in cues if c[2] != '\\'] for cues in found]
        for i, name in enumerate(vtt):
            if found is None:
                skip(f'{name}: read by {who}', f'there is no {who}, or it does not start')
            else:
                check(f'{name}: read by {who}', texts(found[i]), wanted)
    return found and found[len(vtt):]


def try_srt(srt):
    """No sign of markup is left, and the texts are the same but for those."""
    for name, data in srt.items():
        found = re.findall(r'^\d+\r?\n\S+ --> \S+\r?\n(.*?)\r?\n\r?\n', data.decode(), re.S | re.M)
        check(f'{name}: SubRip without markup', [f for f in found if re.search(r'[<>]|\{\\', f)], [])
        check(f'{name}: SubRip says it', [f.translate({0x2039: '<', 0x203a: '>', 0x2060: None}) for f in found], TEXTS)


ODD = [     # WebVTT as people write it, and worse
    'WEBVTT\n\n00:00.000 --> 00:02.000\n<v Joe>hello</v> there\n', 'WEBVTT a title\nKind: captions\n\nname\n01:00:00.000 -->01:00:02.500 line:0\n'
    'two\nlines\n', '\ufeffWEBVTT\r\n\r\nNOTE no cue\r\n\r\n00:01.000\t-->\t00:02.000\r\n<00:00:01.500>a &amp; b &lt;i&gt;\r\n',
    'WEBVTT\n\n00:01.000 --> 00:02.000\n<i>Hee!</b> <bad>hee</bad>\n\n00:61.000 --> 00:62.000\nno time\n\n00:03.000 --> 00:04.000\n<c unclosed\n',
    'WEBVTTX\n\n00:01.000 --> 00:02.000\nno\n', 'WEBVTT\n\n00:01.000 --> 00:02.000\none\n00:02.000 --> 00:03.000\ntwo\n',
    'WEBVTT\n\n0:01.000 --> 00:02.000\nno\n\n00:01,000 --> 00:02,000\nno\n\n00:00.000 --> 00:01.0000\nno\n']


def try_rules(odd, browser):
    """The rules themselves: as a browser has them, and as vtt.js's own cases say, where they are there."""
    if browser is None:
        skip('rules are those of a browser', 'there is no Chromium, or it does not start')
    else:
        check('rules are those of a browser', webvtt.by_rules(odd), browser)
    cases = [(v, v[:-3] + 'json') for v in glob.glob(ROOT + '/../shared/data/tests/vtt/**/*.vtt', recursive=True) if os.path.exists(v[:-3] + 'json')]
    if not cases:
        skip("vtt.js's cases", '../shared/data/tests/vtt has none')
        return
    for v, j in cases:
        with open(j) as f:
            wanted = [(round(1000 * c['startTime']), round(1000 * c['endTime']), webvtt.cue_text(c['text'])) for c in json.load(f)['cues']]
        check(os.path.basename(v), webvtt.parse(read(v)), wanted)


def try_speaking():
    """What a training learns of a cue with markup is what a browser shows of it."""
    marked = ['<v Joe>hello</v> there', '<c.red>a</c> b', '<00:00:01.500>word &amp; <b>word</b>', '<i>hee</b> hee', '<bad>that</bad>']
    spoken = [subprocess.run([TOOL, 'text', '-'], input=t.encode(), stdout=subprocess.PIPE).stdout
        for t in ('\n'.join(marked) + '\n', '\n'.join(map(webvtt.cue_text, marked)) + '\n')]
    check('learnt without markup', *spoken)


print('TAP version 13')
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    signs.write_model('signs.safetensors')
    silence = '_' * 14
    signs.write_wav('signs.wav', signs.say('__' + silence.join(TEXTS) + silence))
    vtt, srt = write_all()
    odd = [x.encode() for x in ODD]
    browser = try_vtt(vtt, odd)
    try_srt(srt)
    check('caption: text alone', read('c.txt').decode().splitlines(), TEXTS)
    try_rules(odd, browser)
    try_speaking()
    os.chdir('/')
print(f'1..{n}')
