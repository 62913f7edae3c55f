# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands of docs/cookbook.md do what it says: each block is run by sh, then the check in the comment behind it.  Prints TAP.
# test-cookbook.py SOURCE-ROOT RNNCORE      GST_PLUGIN_PATH says where the plugin is.
import array, json, os, re, shutil, subprocess, sys, tempfile, wave

ROOT, TOOL = map(os.path.abspath, sys.argv[1:3])
NUMBERS = '/usr/share/pocketsphinx/test/data/numbers.raw'


def write(name, channels, samples):
    with wave.open(name, 'wb') as w:
        w.setparams((channels, 2, 16000, 0, 'NONE', ''))
        w.writeframes(samples.tobytes())


def prepare():
    mono = array.array('h', open(NUMBERS, 'rb').read())
    write('talk.wav', 1, mono)
    write('opposite.wav', 2, array.array('h', (x for s in mono for x in (s, max(-32768, min(32767, -s))))))
    write('one-sided.wav', 2, array.array('h', (x for s in mono for x in (s, 0))))
    os.symlink(ROOT + '/models', 'models')
    with open('log.jsonl', 'w') as f:
        for e in range(1, 4):
            f.write(json.dumps({'epoch': e, 'loss': 10 / e, 'learning_rate': .001}) + '\n')
    subprocess.run('gst-launch-1.0 -q matroskamux name=m ! filesink location=film.mkv videotestsrc num-buffers=40 ! '
        'video/x-raw,width=64,height=48,framerate=10/1 ! jpegenc ! queue ! m. filesrc location=talk.wav ! wavparse ! queue ! m.', shell=True, check=True)


def blocks():
    """(title, command, check) of each block."""
    title = None
    for part in re.finditer(r'^## ([^\n]*)$|^```\n(.*?)^```\n(?:<!-- check: (.*?) -->)?', open(ROOT + '/docs/cookbook.md').read(), re.S | re.M):
        if part.group(1):
            title = part.group(1)
        else:
            yield title, part.group(2), part.group(3)


if not os.path.exists(NUMBERS):
    print(f'1..0 # SKIP {NUMBERS} is not there (pocketsphinx-testdata)')
    sys.exit()
work = tempfile.mkdtemp()
os.chdir(work)
os.environ['PATH'] = os.path.dirname(TOOL) + ':' + os.environ['PATH']
prepare()
found = list(blocks())
print(f'1..{len(found)}')
for i, (title, command, check) in enumerate(found, 1):
    missing = [e for e in re.findall(r'\b(avenc_aac|jpegparse|rnnscope)\b', command)
        if subprocess.run(['gst-inspect-1.0', e], stdout=subprocess.DEVNULL).returncode]
    if missing:
        print(f'ok {i} {title} # SKIP there is no {missing[0]}')
        continue
    try:
        r = subprocess.run(['timeout', '120', 'sh', '-euc', command + '\n' + (check or 'false')], capture_output=True, text=True)
        log, code = r.stdout[-1000:] + r.stderr[-2000:], r.returncode
    except UnicodeDecodeError as e:
        log, code = repr(e), 1
    print(f"{'ok' if code == 0 else 'not ok'} {i} {title}" + ('' if code == 0 else '\n# ' + log.replace('\n', '\n# ')), flush=True)
shutil.rmtree(work)
