# SPDX-License-Identifier: LGPL-2.1-or-later
# rnnscope in whole pipelines: what its pictures hold, pixel by pixel.  Prints TAP.   test-scope.py MODEL
# GST_PLUGIN_PATH says where the plugin is.
import os, subprocess, sys, traceback

MODEL = os.path.abspath(sys.argv[1])
NUMBERS = '/usr/share/pocketsphinx/test/data/numbers.raw'
W, H, FPS = 300, 200, 10
PAPER, WAVE = b'\x18\x14\x10', b'\xff\xd0\x7f'  # B, G, R


def launch(*words, code=0):
    r = subprocess.run(['gst-launch-1.0', '-q', *' '.join(words).split()], capture_output=True, timeout=90)
    assert (r.returncode == 0) == (code == 0), r.stderr.decode()
    return r.stdout if code == 0 else r.stderr.decode()


def pictures(source, scope, caps=f'video/x-raw,format=BGRx,width={W},height={H},framerate={FPS}/1'):
    raw = launch(source, '!', scope, '!', caps, '! fdsink')
    size = 4 * W * H
    assert len(raw) % size == 0
    return [raw[i:i + size] for i in range(0, len(raw), size)]


def column(picture, x, top, bottom):
    """Its pixels, without the byte that means nothing."""
    return [picture[4 * (y * W + x):4 * (y * W + x) + 3] for y in range(top, bottom)]


def has(picture, colour, xs, top, bottom):
    return any(colour in column(picture, x, top, bottom) for x in xs)


def written(picture):
    return any(min(p) > 150 for x in range(W) for p in column(picture, x, 4 * H // 5, H))


def tone(seconds, *more):
    return f'audiotestsrc num-buffers={seconds * 10} samplesperbuffer=1600 freq=440 {" ".join(more)} ! audio/x-raw,format=S16LE,rate=16000,channels=1'


def numbers(caps='audio/x-raw,format=S16LE', blocksize=4096):
    return f'filesrc blocksize={blocksize} location={NUMBERS} ! rawaudioparse pcm-format=s16le sample-rate=16000 num-channels=1 ! audioconvert ! {caps}'


def scrolls():
    """100 ms are ten columns; what has been drawn of sound moves and does not change."""
    frames = pictures(numbers(), 'rnnscope')
    assert len(frames) > 15, len(frames)
    for a, b in zip(frames[10:14], frames[11:15]):
        for x in range(10, W - 10):
            assert column(a, x, 0, H // 5 - 1) == column(b, x - 10, 0, H // 5 - 1), x


def loud_and_silent():
    frames = pictures(tone(2), 'rnnscope')
    last = frames[-1]
    new = range(W - 100, W - 5)  # bands are of 25 ms, so the last columns are not known yet
    assert all(WAVE in column(last, x, 0, H // 5 - 1) for x in range(W - 100, W))
    # 440 Hz is below the middle of the bands: the brightest pixel stands in the lower half, and at one height throughout
    heights = {max(range(H // 5, 3 * H // 5 - 1), key=lambda y: sum(column(last, x, y, y + 1)[0])) for x in new}
    assert len(heights) == 1 and heights.pop() > 2 * H // 5, heights
    # before the first sound there is nothing
    assert not has(frames[0], WAVE, range(W - 11), 0, H // 5 - 1)
    silent = pictures(tone(2, 'wave=silence'), f'rnnscope model-file={MODEL}')[-1]
    assert not written(silent), 'words in silence'


def words():
    heard = pictures(numbers(), f'rnnscope model-file={MODEL}')[-1]
    deaf = pictures(numbers(), 'rnnscope')[-1]
    assert written(heard) and not written(deaf)
    tokens = [column(heard, x, 3 * H // 5, 4 * H // 5 - 1) for x in range(W)]
    assert any(max(sum(p) for p in c) > 600 for c in tokens), 'no token is sure'
    assert not any(p != PAPER for x in range(W) for p in column(deaf, x, 3 * H // 5, 4 * H // 5 - 1))


def cuts():
    """The same pictures however the sound is cut, and of floats."""
    whole = pictures(numbers(), f'rnnscope model-file={MODEL}')
    for source in numbers(blocksize=334), numbers('audio/x-raw,format=F32LE'):
        other = pictures(source, f'rnnscope model-file={MODEL}')
        assert len(whole) == len(other), (len(whole), len(other))
        for i, (a, b) in enumerate(zip(whole, other)):
            assert all(column(a, x, 0, H) == column(b, x, 0, H) for x in range(W)), (source, i)


def refusals():
    eight = 'audiotestsrc num-buffers=5 ! audio/x-raw,rate=8000,channels=1 ! audioconvert'
    assert '16000 Hz' in launch(eight, f'! rnnscope model-file={MODEL} ! fakesink async=false', code=1)   # gst-launch can wait for ever for a preroll
    assert 'none.safetensors' in launch(tone(1), '! rnnscope model-file=/none.safetensors ! fakesink async=false', code=1)
    launch(eight, '! rnnscope ! fakesink')
    launch(tone(1), '! rnnscope ! video/x-raw,width=1,height=1 ! fakesink')


if not os.path.exists(NUMBERS):
    print(f'1..0 # SKIP {NUMBERS} is not there (pocketsphinx-testdata)')
    sys.exit()
tests = scrolls, loud_and_silent, words, cuts, refusals
print(f'1..{len(tests)}')
for i, test in enumerate(tests, 1):
    try:
        test()
        print(f'ok {i} {test.__name__}', flush=True)
    except Exception:
        print(f'not ok {i} {test.__name__}')
        print('# ' + traceback.format_exc().replace('\n', '\n# '), flush=True)
