# SPDX-License-Identifier: LGPL-2.1-or-later
# Every script shows what the elements that it runs warn of, once in a line, and little else.  Prints TAP.
# test-warnings.py SOURCE-ROOT BUILD-ROOT
import glob, os, re, signal, subprocess, sys, tempfile, threading
sys.dont_write_bytecode = True
import signs

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
SERVE = BUILD + '/server/rnncore-serve'
MODEL = ['--model', 'signs.safetensors']
HOTWORD = ['--hotwords', 'x1y:5']               # the model has no such signs
UNSAID = r'(?i:hotwords that cannot be said are left out: "x1y")'
n = 0


def check(name, good, said='', reason=None):
    global n
    n += 1
    print(f"{'ok' if good or reason else 'not ok'} {n} {name}{f' # SKIP {reason}' if reason else ''}" +
        ('' if good or reason else '\n' + re.sub('^', '# ', said[-4000:], flags=re.M)), flush=True)


def begin(script, *arguments, **more):
    return subprocess.Popen([f'{ROOT}/pipelines/{script}', *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **{'stdin': subprocess.DEVNULL, **more})


def tells(name, process, warning):
    """It ends well, with that warning and no other line of GStreamer's than what the script is for."""
    out, err = process.communicate(timeout=120)
    lines = (out + err).split('\n')
    check(name, process.returncode == 0 and len([l for l in lines if re.search(warning, l)]) == 1 and
        not [l for l in lines if re.match(r'Setting pipeline|Pipeline is|Additional debug|WARNING: from element', l)], out + err)


def try_web():
    needs = None if os.path.exists(SERVE) and not subprocess.run(['gst-inspect-1.0', '--exists', 'souphttpclientsink']).returncode else 'no server'
    if needs:
        return check('web, serve', False, reason=needs)
    for script, arguments in ('web', ['--silent', 'talk.wav']), ('serve', []):
        process = begin(script, '--port', '0', *MODEL, *HOTWORD, *arguments)
        patience = threading.Timer(200, process.send_signal, [signal.SIGINT])
        patience.start()
        seen = process.stdout.readline()        # it listens
        while not re.search(UNSAID, seen) and (line := process.stderr.readline()):
            seen += line
        patience.cancel()
        process.send_signal(signal.SIGINT)
        seen += process.communicate(timeout=60)[1]
        check(script, re.search(UNSAID, seen) and process.returncode == 0, seen)


def warning_launch():
    """A folder with a gst-launch-1.0 that warns, where no element does."""
    real = subprocess.run(['sh', '-c', 'command -v gst-launch-1.0'], capture_output=True, text=True).stdout.strip()
    os.mkdir('bin')
    with open('bin/gst-launch-1.0', 'w') as f:
        f.write(f'#!/bin/sh\n[ "$1" = -q ] || echo "WARNING: from element /GstPipeline:pipeline0/GstX:x: beware"\nexec {real} "$@"\n')
    os.chmod('bin/gst-launch-1.0', 0o755)
    return os.path.abspath('bin')


def write_series():
    with open('load.csv', 'w') as f:
        f.write('t,a\n' + ''.join(f'{t},{t % 7}\n' for t in range(200)))
    with open('old.state', 'w') as f:
        f.write('this is no state')


def try_series():
    tells('train-forecast', begin('train-forecast', 'load.csv', 'm.safetensors', '--time', 't', '--horizon', '2', '--config', 'epochs=1',
        env={**os.environ, 'PATH': warning_launch() + ':' + os.environ['PATH']}), 'WARNING: beware')
    process = begin('forecast-live', '--learn', '80', '--horizon', '2', '--season', '7', '--state', 'old.state', '--', 'seq', '100')
    out, err = process.communicate(timeout=120)
    check('forecast-live', re.search('WARNING: .*old.state.*starting anew', err), err)
    check('forecast-live: its numbers alone are its output', len(re.findall(r'^[\d.,]+$', out, re.M)) == out.count('\n') - 1 > 20, out)


def try_words():
    tells('caption', begin('caption', 'talk.wav', '--vtt', 'talk.vtt', *MODEL, *HOTWORD), UNSAID)
    with open('two.tsv', 'w') as f:
        f.write('talk.wav\ta\tbill bit\ntalk.wav\ta\tx y z\n')
    tells('evaluate', begin('evaluate', 'two.tsv', *MODEL, *HOTWORD), UNSAID)
    tells('train-english', begin('train-english', 'two.tsv', '--recipe', 'signs.safetensors', '--config', 'epochs=1', '--out', 'new.safetensors'),
        'WARNING: .*skipped: no token for "x"')
    process = begin('hls', 'talk.wav', '--out', 'hls', *MODEL, '--property', 'hotwords=x1y:5')
    if subprocess.run(['/usr/bin/python3', '-c', 'from gi.repository import Gst'], stderr=subprocess.DEVNULL).returncode:
        process.wait()
        return check('hls', False, reason='no python3-gi')
    tells('hls', process, UNSAID)


def try_quiet():
    """Nobody asks gst-launch-1.0 to keep what elements of this project say to itself."""
    files = [f for f in glob.glob(ROOT + '/pipelines/**', recursive=True) + glob.glob(ROOT + '/docs/**/*.md', recursive=True) +
        glob.glob(ROOT + '/examples/**', recursive=True) + [ROOT + '/README.md'] if os.path.isfile(f)]
    quiet = []
    for f in files:
        with open(f, encoding='utf-8', errors='replace') as text:
            quiet += [(f, line) for line in text.read().replace('\\\n', ' ').split('\n')
                if re.search(r'(?<!`)gst-launch-1\.0 (-\S+ )*-q\b.* rnn[a-z]{2}|\b(launch|play) (-\S+ )*-q\b', line)]
    check('no script or page swallows warnings', len(files) > 50 and not quiet, repr(quiet))


print('TAP version 13')
os.environ['RNN_BUILD'] = BUILD
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    signs.write_model('signs.safetensors')
    signs.write_wav('talk.wav', signs.say('_bill bit till it lit' + '_' * 14))
    try_words()
    try_web()
    write_series()
    try_series()
    try_quiet()
    os.chdir('/')
print(f'1..{n}')
