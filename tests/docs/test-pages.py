# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands of a page of docs/ do what it says: each block is run by sh, then the check in the comment behind it.  Prints TAP.
# test-pages.py SOURCE-ROOT BUILD-DIRECTORY PAGE      GST_PLUGIN_PATH says where the plugin is.
# <!-- check: COMMAND --> or, for what no test can do, <!-- not run: WHY --> stands behind every block; ```text and others are not commands.
import array, json, math, os, re, shutil, subprocess, sys, tempfile, wave

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
PAGE = f'{ROOT}/docs/{sys.argv[3]}.md'
NUMBERS = '/usr/share/pocketsphinx/test/data/numbers.raw'
DIGITS = '/usr/share/asterisk/sounds/en_US_f_Allison/digits'
PHONES = 'test -r /usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict && command -v flite'       # to look words up
WORDS = 'zero one two three four five six seven eight nine'.split()
NEEDS = {                       # what stands in a command: what it takes
    'avenc_aac': 'gst-inspect-1.0 avenc_aac', 'jpegparse': 'gst-inspect-1.0 jpegparse', 'rnnscope': 'gst-inspect-1.0 rnnscope',
    'my/': f'test -r {DIGITS}/0.wav', 'books.tsv': f'test -r {DIGITS}/0.wav', 'GI_TYPELIB_PATH': f'test -e {BUILD}/gi/Rnn-1.0.typelib',
    '.keras': f'ls {BUILD}/rnncore/*hdf5*', 'gstreamer-app-1.0': 'pkg-config --exists gstreamer-app-1.0',
    'python3': "python3 -c 'from gi.repository import GLib'", 'pipelines/hls': "/usr/bin/python3 -c 'from gi.repository import Gst'",
    'srtsrc': 'gst-inspect-1.0 srtsrc', 'pipelines/train-english': PHONES, 'my.training': PHONES, 'my.safetensors': PHONES,
    'rtsp://': f"python3 {ROOT}/tests/docs/rtsp-server.py",
}


def write(name, channels, samples):
    with wave.open(name, 'wb') as w:
        w.setparams((channels, 2, 16000, 0, 'NONE', ''))
        w.writeframes(samples.tobytes())


def sounds():
    mono = array.array('h', open(NUMBERS, 'rb').read())
    write('talk.wav', 1, mono)
    write('words.wav', 1, mono)
    shutil.copy(NUMBERS, 'sound.raw')
    write('opposite.wav', 2, array.array('h', (x for s in mono for x in (s, max(-32768, min(32767, -s))))))
    for name in ('one-sided.wav', 'interview.wav'):
        write(name, 2, array.array('h', (x for s in mono for x in (s, 0))))
    os.mkdir('lectures')
    shutil.copy('talk.wav', 'lectures/monday.wav')


def films():
    subprocess.run('''gst-launch-1.0 -q matroskamux name=m ! filesink location=film.mkv videotestsrc num-buffers=40 !
        video/x-raw,width=64,height=48,framerate=10/1 ! jpegenc ! queue ! m. filesrc location=talk.wav ! wavparse ! queue ! m.
        '''.replace('\n', ' '), shell=True, check=True)
    with open('lesson.srt', 'w') as f:
        f.write('1\n00:00:00,300 --> 00:00:01,900\nThirty three four\n\n2\n00:00:01,900 --> 00:00:03,400\nsix ninety two\n\n')
    subprocess.run('''gst-launch-1.0 -q matroskamux name=m ! filesink location=lesson.mkv filesrc location=talk.wav ! wavparse ! queue ! m.
        filesrc location=lesson.srt ! subparse ! queue ! m.'''.replace('\n', ' '), shell=True, check=True)


def manifest(name, digits, speakers):
    with open(name, 'w') as f:
        f.writelines(f'{DIGITS}/{d}.wav\t{s}\t{WORDS[d]}\n' for s in speakers for d in digits)


def texts():
    os.mkdir('my')
    manifest('my/manifest.tsv', range(10), 'abcdefg')
    with open('my/test.tsv', 'w') as f:
        f.write(os.path.abspath('talk.wav') + '\ta\tthirty three four six ninety two\n')
    for name in ('books', 'games', 'books-dev', 'games-dev'):
        manifest(name + '.tsv', range(6), 'ab')
    for name in ('texts.txt', 'other.txt'):
        with open(name, 'w') as f:
            f.write('thirty three four six ninety two\nthirty four\nsix three\nninety three\n' * 20)
    with open('log.jsonl', 'w') as f:
        f.writelines(json.dumps({'epoch': e, 'loss': 10 / e, 'learning_rate': .001}) + '\n' for e in range(1, 4))
    with open('load.csv', 'w') as f:
        f.write('date,load,other\n')
        f.writelines(f'2020-01-{t // 24 + 1:02}T{t % 24:02}:00:00Z,{50 + 10 * math.sin(t * math.pi / 12) + 2 * math.sin(t / 3):.4f},{t}\n'
            for t in range(700))


def own_ports(text):
    """Several tests may run at once on one machine."""
    return re.sub(r'(?<![\d.])(5004|5005|7001|8554)(?!\d)', lambda m: str(int(m.group()) + 5000 + os.getpid() % 40000), text)


def prepare():
    for name in ('models', 'pipelines', 'examples', 'tests'):
        os.symlink(f'{ROOT}/{name}', name)
    os.symlink(BUILD, 'build')
    os.mkdir('bin')
    os.symlink(sys.executable, 'bin/python3')   # this one has GObject introspection
    os.environ.update(RNN_BUILD=BUILD, PKG_CONFIG_PATH=f'{BUILD}/meson-uninstalled', TMPDIR=os.getcwd(),
        LD_LIBRARY_PATH=f'{BUILD}/rnncore:' + os.environ.get('LD_LIBRARY_PATH', ''), PATH=f'{os.getcwd()}/bin:{BUILD}/rnncore/tools:' + os.environ['PATH'])
    sounds()
    texts()
    if re.search(r'film\.mkv|lesson\.mkv', open(PAGE).read()):
        films()


def blocks():
    """(title, command, check or None, why it is not run or None) of each block."""
    title = None
    for part in re.finditer(r'^##? ([^\n]*)$|^```\w+\n.*?^```$|^```\n(.*?)^```\n(?:<!-- check: (.*?) -->|<!-- not run: (.*?) -->)?', open(PAGE).read(), re.S | re.M):
        if part.group(1):
            title = part.group(1)
        elif part.group(2):
            yield title, part.group(2), part.group(3), part.group(4)


def succeeds(command):
    return subprocess.run(command, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def lacking(command):
    return next((what for what, test in NEEDS.items() if what in command and not succeeds(test)), None)


def run(command, check):
    """What it said, if it failed."""
    try:
        r = subprocess.run(['timeout', '240', 'sh', '-euc', command + '\n' + (check or 'echo there is no check; false')], capture_output=True, text=True)
    except UnicodeDecodeError as e:
        return repr(e)
    return r.stdout[-1000:] + r.stderr[-2000:] + f'exit {r.returncode}' if r.returncode else None


if not os.path.exists(NUMBERS):
    print(f'1..0 # SKIP {NUMBERS} is not there (pocketsphinx-testdata)')
    sys.exit()
work = tempfile.mkdtemp()
os.chdir(work)
prepare()
found = list(blocks())
server = None
if any('rtsp://' in command for _, command, _, _ in found) and not lacking('rtsp://'):
    server = subprocess.Popen(['python3', ROOT + '/tests/docs/rtsp-server.py', own_ports('8554'), 'talk.wav'], stdout=subprocess.PIPE)
    server.stdout.readline()
print(f'1..{len(found)}')
for i, (title, command, check, reason) in enumerate(found, 1):
    missing = lacking(command)
    command = own_ports(command)
    if reason or missing:
        print(f'ok {i} {title} # SKIP ' + (reason or f'there is nothing for {missing}'))
        continue
    failure = run(command, check)
    print(f'ok {i} {title}' if failure is None else f'not ok {i} {title}\n# ' + failure.replace('\n', '\n# '), flush=True)
if server:
    server.terminate()
os.chdir('/')
shutil.rmtree(work)
