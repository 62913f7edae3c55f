# SPDX-License-Identifier: LGPL-2.1-or-later
"""gi.repository.Rnn does in Python what librnncore does in C.  Prints TAP.
test-gi.py TOOL MODEL LM RECORDING RECIPE SERIES.csv EXAMPLE; RECORDING: raw, 16 bit mono at 16 kHz; RECIPE: of a forecast"""
import array
import gc
import json
import math
import subprocess
import sys
import tempfile
import traceback
import wave

import gi
gi.require_version("Rnn", "1.0")
from gi.repository import GLib, Rnn

tool, model_file, lm_file, recording, recipe_file, series_file, example = sys.argv[1:]


def raises(call, *words):
    try:
        call()
    except GLib.Error as error:
        return all(word in error.message for word in words)
    return False


def drain(transcriber):
    results = []
    while result := transcriber.next():
        results.append(result)
    return results


def hear(transcriber, data, size):
    results = []
    for i in range(0, len(data), size):
        transcriber.push_s16(GLib.Bytes.new(data[i:i + size]))
        results += drain(transcriber)
    transcriber.finish()
    return results + drain(transcriber)


def captions(results):
    return [(r.text, r.start, r.end, round(r.confidence, 5)) for r in results if r.kind == Rnn.ResultKind.FINAL]


def test_model():
    model = Rnn.Model.load(model_file)
    recipe = json.loads(model.get_recipe())
    return (model.get_name() == recipe["name"] and model.get_rate() == recipe["input"]["rate"] and model.get_latency() > 0
            and model.get_n_params() > 1000 and model.get_license() == recipe["license"])


def test_errors():
    model = Rnn.Model.load(model_file)
    return (raises(lambda: Rnn.Model.load("/nowhere.safetensors"), "/nowhere.safetensors")
            and raises(lambda: Rnn.Transcriber.new(model, {"beam-widht": "3"}), "beam_widht")
            and raises(lambda: Rnn.Transcriber.new(model, {"beam-width": "many"}), "beam_width")
            and raises(lambda: Rnn.Forecaster.new(model, 0.9), ""))


def test_transcriber():
    data = open(recording, "rb").read()
    options = {"lm-file": lm_file, "beam-width": "16"}
    transcriber = Rnn.Transcriber.new(Rnn.Model.load(model_file), options)
    whole = captions(hear(transcriber, data, 64000))
    again = captions(hear(transcriber, data, 334))          # finish made it as new, and cuts change nothing
    written = subprocess.run([tool, "transcribe", "--model", model_file, "--rate", "16000", "--text", "--lm-file", lm_file,
                              "--beam-width", "16", recording], capture_output=True, text=True, check=True).stdout
    return whole and whole == again and " ".join(written.split()) == " ".join(" ".join(c[0] for c in whole).split())


def test_floats():
    """Floats are heard as 16 bits are."""
    data = open(recording, "rb").read()
    samples = array.array("h", data)
    transcriber = Rnn.Transcriber.new(Rnn.Model.load(model_file), None)
    transcriber.push([s / 32768 for s in samples])
    results = drain(transcriber)
    transcriber.finish()
    return captions(results + drain(transcriber)) == captions(hear(transcriber, data, 64000))


def test_flush():
    """What was heard so far is there to its last word, and nothing is left for the end; what follows is later."""
    data = open(recording, "rb").read()
    transcriber = Rnn.Transcriber.new(Rnn.Model.load(model_file), None)
    whole = captions(hear(transcriber, data, len(data)))
    transcriber.push_s16(GLib.Bytes.new(data))
    results = drain(transcriber)
    transcriber.flush()
    results += drain(transcriber)
    more = captions(hear(transcriber, data, 3200))
    return whole and [c[0] for c in captions(results)] == [c[0] for c in whole] and more and more[0][1] >= captions(results)[-1][2]


def test_results_stay():
    """Results and their words outlive the transcriber."""
    data = open(recording, "rb").read()
    results = hear(Rnn.Transcriber.new(Rnn.Model.load(model_file), {"output-mode": "lines", "partial-interval": "100"}), data, 3200)
    gc.collect()
    finals = [r for r in results if r.kind == Rnn.ResultKind.FINAL]
    partials = [r for r in results if r.kind == Rnn.ResultKind.PARTIAL]
    words = [w for r in finals for w in r.get_words()]
    return (partials and words and [w.text for w in words] == " ".join(r.text for r in finals).split()
            and all(w.start < w.end for w in words) and all(0 <= w.confidence <= 1 for w in words)
            and all(r.stable_length <= len(r.text) for r in partials))


def test_example():
    """examples/transcribe.py says what the object does."""
    data = open(recording, "rb").read()
    heard = captions(hear(Rnn.Transcriber.new(Rnn.Model.load(model_file), {"lm-file": lm_file, "output-mode": "lines"}),
                          data, 64000))
    with tempfile.TemporaryDirectory() as work:
        with wave.open(work + "/talk.wav", "wb") as wav:
            wav.setnchannels(1), wav.setsampwidth(2), wav.setframerate(16000), wav.writeframes(data)
        written = subprocess.run([sys.executable, example, model_file, lm_file, work + "/talk.wav"], capture_output=True,
                                 text=True, check=True).stdout
    return heard and written.splitlines() == [f"{start / 1e9:7.2f} {text}" for text, start, _, _ in heard]


def test_hotwords():
    transcriber = Rnn.Transcriber.new(Rnn.Model.load(model_file), {"lm-file": lm_file})
    return transcriber.set_hotwords("forward:3") and raises(lambda: transcriber.set_hotwords("forward:much"), "much")


def test_forecaster():
    with tempfile.TemporaryDirectory() as work:
        file = work + "/series.safetensors"
        subprocess.run([tool, "forecast", "--quiet", "--recipe", recipe_file, "--horizon", "12", "--save", file, series_file],
                       capture_output=True, check=True)
        forecaster = Rnn.Forecaster.new(Rnn.Model.load(file), 0.9)
    ready = forecaster.is_ready() or list(forecaster.get_mean()) != [] or not math.isnan(forecaster.get_quantile(0, 0.5))
    truths = [float(row.split(",")[1]) for row in open(series_file).read().split()[1:]]
    for truth in truths[:-12]:
        forecaster.push(truth)
    mean, radius = forecaster.get_mean(), forecaster.get_radius()
    return (not ready and len(mean) == len(radius) == forecaster.get_horizon() == 12
            and all(abs(m - t) < 0.2 * t for m, t in zip(mean, truths[-12:])) and all(r >= 0 for r in radius)
            and math.isnan(forecaster.get_quantile(12, 0.5))
            and forecaster.get_quantile(0, 0.1) <= forecaster.get_quantile(0, 0.9))


def test_covariates():
    """Told of calendar, known and past columns, it forecasts what the tool does of the same table."""
    with tempfile.TemporaryDirectory() as work:
        file, table = work + "/known.safetensors", work + "/known.csv"
        rows = [(20 + 10 * math.sin(i) + 5 * (i % 12 == 3), 10 * math.sin(i), (7 * i) % 5) for i in range(150)]
        times = [f"{2000 + i // 12}-{i % 12 + 1:02}-01" for i in range(150)]
        with open(table, "w") as out:
            out.write("time,y,plan,other\n")
            for i, (time, (y, plan, other)) in enumerate(zip(times, rows)):
                out.write(f"{time},{y if i < 138 else ''},{plan},{other if i < 138 else ''}\n")
        printed = subprocess.run([tool, "forecast", "--quiet", "--recipe", recipe_file, "--target", "y", "--horizon", "12", "--calendar", "month",
                                  "--known", "plan", "--past", "other", "--save", file, table], capture_output=True, text=True, check=True)
        forecaster = Rnn.Forecaster.new(Rnn.Model.load(file), 0.9)
    names = (forecaster.get_known(), forecaster.get_past(), forecaster.get_categories())
    wrong = [raises(call, word) for call, word in (
        (lambda: forecaster.set_clock("yesterday", "1mo"), "yesterday"), (lambda: forecaster.set_clock("2000-01-01", "soon"), "soon"),
        (lambda: forecaster.foretell(0, []), "known ahead"), (lambda: forecaster.foretell(13, [1]), "13"),
        (lambda: forecaster.push_with(1, [1, 2]), "of the past"), (lambda: forecaster.set_category("shop", "Paris"), "shop"))]
    forecaster.set_clock("2000-01-01", "1mo")
    for i in range(12):
        forecaster.foretell(i, [rows[i][1]])
    for i in range(138):
        if i + 12 < 150:
            forecaster.foretell(12, [rows[i + 12][1]])
        forecaster.push_with(rows[i][0], [rows[i][2]])
    told = [float(line.split("\t")[1]) for line in printed.stdout.splitlines()[1:]]
    return (names == (["plan"], ["other"], []) and all(wrong) and len(told) == 12
            and all(abs(a - b) < 1e-4 * abs(b) for a, b in zip(forecaster.get_mean(), told)))


tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
print(f"1..{len(tests)}")
for i, (name, test) in enumerate(tests, 1):
    try:
        passed = test()
    except Exception:
        traceback.print_exc()
        passed = False
    print(f"{'ok' if passed else 'not ok'} {i} - {name[5:].replace('_', ' ')}", flush=True)
