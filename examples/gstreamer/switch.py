#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Another model, or another language, while a stream plays: it takes over at the next end of an utterance, and no word is lost.
# switch.py MODEL OTHER-MODEL FILE...   The files are played one after the other; after the first word the models change.
import sys
import gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst

model, other, *files = sys.argv[1:]
Gst.init(None)
pipeline = Gst.parse_launch('concat name=all ! identity single-segment=true ! '
    f'rnntranscriber name=t model-file="{model}" ! appsink name=words sync=false ' +
    ' '.join('uridecodebin name=file%d caps=audio/x-raw expose-all-streams=false ! audioconvert ! audioresample ! '
        'audio/x-raw,rate=16000,channels=1,format=S16LE ! all.' % i for i in range(len(files))))
for i, file in enumerate(files):
    pipeline.get_by_name(f'file{i}').set_property('uri', Gst.filename_to_uri(file))
transcriber, words = pipeline.get_by_name('t'), pipeline.get_by_name('words')
pipeline.set_state(Gst.State.PLAYING)
while sample := words.emit('pull-sample'):
    buffer = sample.get_buffer()
    print(f"{buffer.pts / 1e9:6.2f}  {buffer.extract_dup(0, buffer.get_size()).decode()}", flush=True)
    if transcriber.get_property('model-file') != other:
        transcriber.set_property('model-file', other)
bus = pipeline.get_bus()
while message := bus.pop_filtered(Gst.MessageType.WARNING):     # such as a model that cannot take over
    print(message.parse_warning()[0].message, file=sys.stderr)
message = bus.pop_filtered(Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
if message:
    sys.exit(message.parse_error()[0].message)
