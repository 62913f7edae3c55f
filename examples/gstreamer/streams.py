#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many streams in one process, each a pipeline that starts and ends when it likes: the weights are there once, and steps of
# streams that meet run as one batch.   streams.py MODEL FILE...
import sys, threading
import gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst

model, *files = sys.argv[1:]
Gst.init(None)
lock = threading.Lock()


def serve(number, file):
    pipeline = Gst.parse_launch('uridecodebin name=source caps=audio/x-raw expose-all-streams=false ! audioconvert ! audioresample ! '
        f'rnntranscriber model-file="{model}" precision=int8 batch-group=all output-mode=segments ! appsink name=captions sync=false')
    pipeline.get_by_name('source').set_property('uri', Gst.filename_to_uri(file))
    pipeline.set_state(Gst.State.PLAYING)
    captions = pipeline.get_by_name('captions')
    while sample := captions.emit('pull-sample'):
        buffer = sample.get_buffer()
        with lock:
            print(f'{number}: {buffer.extract_dup(0, buffer.get_size()).decode()}', flush=True)
    pipeline.set_state(Gst.State.NULL)


threads = [threading.Thread(target=serve, args=[i, f]) for i, f in enumerate(files)]
for t in threads:
    t.start()
for t in threads:
    t.join()
