#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Captions a recording from Python, without GStreamer: a line a caption, with its time.

  transcribe.py english.safetensors english.lm talk.wav        (16 bit mono, 16 kHz)

Needs Debian's python3-gi; GI_TYPELIB_PATH tells where Rnn-1.0.typelib is, if it is not installed for the system."""
import sys
import wave

import gi
gi.require_version("Rnn", "1.0")
from gi.repository import GLib, Rnn

model = Rnn.Model.load(sys.argv[1])
transcriber = Rnn.Transcriber.new(model, {"lm-file": sys.argv[2], "output-mode": "lines"})


def show():
    while result := transcriber.next():
        if result.kind == Rnn.ResultKind.FINAL:
            print(f"{result.start / 1e9:7.2f} {result.text}", flush=True)


with wave.open(sys.argv[3]) as wav:
    assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, model.get_rate())
    while samples := wav.readframes(1600):
        transcriber.push_s16(GLib.Bytes.new(samples))
        show()
transcriber.finish()
show()
