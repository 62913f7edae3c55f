#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Sound of your own into a pipeline, partial and final results out of it.   live.py MODEL RECORDING.wav [SECONDS]
# The recording (16 kHz, mono) stands for a live source that gives SECONDS of sound at a time (0.02).
import json, sys, threading, time, wave
import gi
gi.require_version('Gst', '1.0')
gi.require_version('GstApp', '1.0')
from gi.repository import Gst, GstApp

model, recording = sys.argv[1:3]
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 0.02
Gst.init(None)
pipeline = Gst.parse_launch(
    f'appsrc name=sound is-live=true format=time min-latency={int(seconds * Gst.SECOND)} '  # what a buffer says begins so long before it comes
    'caps=audio/x-raw,format=S16LE,layout=interleaved,rate=16000,channels=1 ! '
    f'rnntranscriber name=t model-file="{model}" partial-interval=200 output-mode=segments latency={int(20000 + 1000 * seconds)} '
    't.src ! fakesink sync=false async=false t.unsynced_src ! appsink name=results emit-signals=true sync=false async=false')


def on_result(sink):
    """In a streaming thread."""
    buffer = sink.emit('pull-sample').get_buffer()
    result = json.loads(buffer.extract_dup(0, buffer.get_size()))
    print(f"{result['type']:8} {result['start'] / 1e9:6.2f}  {result['text']}", flush=True)
    return Gst.FlowReturn.OK


def feed(source):
    sound, began, at = wave.open(recording), time.monotonic(), 0
    n = int(16000 * seconds)
    while samples := sound.readframes(n):
        length = len(samples) // 2
        # a live source has a sound when its last sample was spoken
        time.sleep(max(0, began + (at + length) / 16000 - time.monotonic()))
        buffer = Gst.Buffer.new_wrapped(samples)
        buffer.pts, buffer.duration = at * Gst.SECOND // 16000, length * Gst.SECOND // 16000
        source.push_buffer(buffer)
        at += length
    source.end_of_stream()


pipeline.get_by_name('results').connect('new-sample', on_result)
pipeline.set_state(Gst.State.PLAYING)
threading.Thread(target=feed, args=[pipeline.get_by_name('sound')], daemon=True).start()
wanted = Gst.MessageType.EOS | Gst.MessageType.ERROR | Gst.MessageType.WARNING
while (message := pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE, wanted)).type == Gst.MessageType.WARNING:
    print(message.parse_warning()[0].message, file=sys.stderr)
pipeline.set_state(Gst.State.NULL)
if message.type == Gst.MessageType.ERROR:
    sys.exit(message.parse_error()[0].message)
