#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# The transcript of any file or URI, a line per utterance with its time.   transcript.py MODEL FILE|URI
import sys
import gi
gi.require_version('Gst', '1.0')
from gi.repository import Gst

model, what = sys.argv[1:3]
Gst.init(None)
pipeline = Gst.parse_launch('uridecodebin name=source caps=audio/x-raw expose-all-streams=false ! audioconvert ! audioresample ! '
    f'rnntranscriber model-file="{model}" ! fakesink sync=false')
pipeline.get_by_name('source').set_property('uri', what if '://' in what else Gst.filename_to_uri(what))
pipeline.set_state(Gst.State.PLAYING)
bus = pipeline.get_bus()
while True:
    message = bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR |
        Gst.MessageType.WARNING | Gst.MessageType.ELEMENT)
    if message.type == Gst.MessageType.ERROR:
        sys.exit(message.parse_error()[0].message)
    if message.type == Gst.MessageType.EOS:
        break
    if message.type == Gst.MessageType.WARNING:
        print(message.parse_warning()[0].message, file=sys.stderr)
        continue
    said = message.get_structure()
    if said.get_name() == 'rnntranscriber' and said.get_string('type') == 'endpoint' and said.get_string('text'):
        seconds = said.get_value('timestamp') // Gst.SECOND
        print(f"{seconds // 60:02d}:{seconds % 60:02d}  {said.get_string('text')}")
pipeline.set_state(Gst.State.NULL)
