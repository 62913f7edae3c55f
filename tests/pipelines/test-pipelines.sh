#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The scripts of pipelines/ as a user runs them, on recordings of Debian's asterisk-core-sounds-en-wav: a model that
# learns these ten digits by heart, then transcribes them.  Prints TAP.   test-pipelines.sh SOURCE-ROOT BUILD-DIRECTORY
set -u
pipelines=$1/pipelines here=$1/tests/pipelines
RNN_BUILD=$2
export RNN_BUILD
sounds=/usr/share/asterisk/sounds/en_US_f_Allison/digits
n=0

if [ ! -r $sounds/0.wav ]; then
  echo "1..0 # SKIP $sounds is not there (asterisk-core-sounds-en-wav)"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# check NAME COMMAND...: ok when the command succeeds; else its output is shown
check() {
  n=$((n + 1))
  name=$1
  shift
  if "$@" > check.log 2>&1; then
    echo "ok $n $name"
  else
    echo "not ok $n $name"
    tail -n 20 check.log log 2> /dev/null | sed 's/^/# /'
  fi
}

# run NAME COMMAND...: the same, and its output stays in the file log
run() {
  run_name=$1
  shift
  check "$run_name" run_logged "$@"
}
run_logged() {
  "$@" > log 2>&1 < /dev/null
}

# has FILE PATTERN..., lacks FILE PATTERN
has() {
  file=$1
  shift
  for pattern; do
    grep -q -e "$pattern" "$file" || { echo "$file has no '$pattern'"; cat "$file"; return 1; }
  done
}
lacks() {
  [ -r "$1" ] && ! grep -e "$2" "$1"
}
# refuses MESSAGE COMMAND...: it fails and says so
refuses() {
  message=$1
  shift
  if "$@" > refused.log 2>&1 < /dev/null; then
    echo "it should have failed: $*"
    return 1
  fi
  has refused.log "$message"
}
same() {
  [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }
}

# ---- train-english ----

# Four speakers, one of whom is held out; figures in the texts; a path with a space; two lines that are no good.
mkdir "my corpus"
i=0
for word in zero one two three four five six seven eight nine; do
  cp "$sounds/$i.wav" "my corpus/digit $i.wav"
  for speaker in anna bert carl dora; do
    case $speaker in
      anna) printf '%s/%s.wav\t%s\t%s\n' "$sounds" $i $speaker $i ;;
      bert) printf 'digit %s.wav\t%s\t%s\n' $i $speaker "$(echo $word | tr a-z A-Z)" ;;
      *) printf 'digit %s.wav\t%s\t%s\n' $i $speaker $word ;;
    esac
  done
  i=$((i + 1))
done > "my corpus/manifest.tsv"
printf 'nowhere.wav\tanna\tone\nmanifest.tsv\tbert\ttwo\ndigit 0.wav\tcarl\tna\303\257ve\n' >> "my corpus/manifest.tsv"

train() {
  "$pipelines/train-english" "my corpus/manifest.tsv" --recipe "$here/digits.json" "$@"
}
run train train --out digits.safetensors --threads 1
check progress has log 'loss [0-9.]' 'dev WER [0-9.]* %' ' frames/s' ' left' 'epoch 30/30'
check learnt has log 'best 0.0 %'
check model-saved test -s digits.safetensors
check dev-speakers same "$(cat digits.training/dev-speakers)" dora
check held-out lacks digits.training/train.tsv dora
check figures lacks digits.training/train.tsv '	[0-9]'
check bad-lines has log 'train.tsv:[0-9]*: .*nowhere.wav skipped: ' 'train.tsv:[0-9]*: .*manifest.tsv skipped: ' \
  'digit 0.wav skipped: '
check counted has digits.training/log.jsonl '"examples": 30, "skipped": 1, "dev_examples": 10'

# Interrupted, it saves and says how to go on; the same command then goes on to the same weights.
"$pipelines/train-english" "my corpus/manifest.tsv" --recipe "$here/digits.json" --out broken.safetensors --threads 1 \
  --config epochs=30 > first.log 2>&1 &
trainer=$!
while ! grep -q '"epoch": 2' broken.training/log.jsonl 2> /dev/null; do sleep 0.05; done
kill -TERM $trainer
wait $trainer
check interrupted same $? 130
check early lacks first.log 'epoch 30/30'
check says-how has first.log 'interrupted; the same command goes on from .*broken.training/checkpoint.ckpt'
run resumed train --out broken.safetensors --threads 1 --config epochs=30
check goes-on has log 'going on from ' 'resumed from the checkpoint'
check same-weights cmp digits.safetensors broken.safetensors

check no-manifest refuses 'no manifest given' "$pipelines/train-english"
check no-such-manifest refuses '/nowhere.tsv: cannot be read' "$pipelines/train-english" /nowhere.tsv
check no-out refuses 'no --out given' train
check bad-option refuses 'unknown option --outt' train --outt x
check no-value refuses '^train-english: --config needs a value$' train --out bad.safetensors --config
printf '\357\273\277# a comment\r\n\r\ndigit 1.wav anna one\r\n' > "my corpus/spaces.tsv"
check no-tabs refuses '/my corpus/spaces.tsv:3: expected path<TAB>text or path<TAB>speaker<TAB>text' \
  "$pipelines/train-english" "my corpus/manifest.tsv" "my corpus/spaces.tsv" --out bad.safetensors
check bad-config refuses 'learning_pace' train --out bad.safetensors --config learning_pace=1
check bad-recipe refuses 'manifest.tsv' "$pipelines/train-english" "my corpus/manifest.tsv" --out bad.safetensors \
  --recipe "my corpus/manifest.tsv" --fresh

# ---- evaluate ----

gst-launch-1.0 -q filesrc location="my corpus/digit 7.wav" ! wavparse ! audioconvert ! flacenc ! \
  filesink location="my corpus/seven.flac"
gst-launch-1.0 -q filesrc location="my corpus/digit 8.wav" ! wavparse ! audioconvert ! audioresample ! \
  audio/x-raw,rate=48000,channels=2 ! vorbisenc ! oggmux ! filesink location="my corpus/eight.ogg"
{
  printf 'digit 3.wav\tanna\tThree\n%s/4.wav\t\tFOUR\nseven.flac\t\tseven\neight.ogg\tx\teight\n' $sounds
  printf 'gone.wav\tx\tfive\nmanifest.tsv\tx\tsix\ndigit 9.wav\t\tnine\n'
} > "my corpus/test.tsv"
evaluate() {
  "$pipelines/evaluate" "$@" --model digits.safetensors
}
run evaluate evaluate "my corpus/test.tsv" --out heard.tsv
printf 'digit 3.wav\tthree\n%s/4.wav\tfour\nseven.flac\tseven\neight.ogg\teight\ndigit 9.wav\tnine\n' \
  $sounds > expected.tsv
check heard cmp heard.tsv expected.tsv
check rates has log '^WER 28.57 % (S 0, D 2, I 0, N 7 words)' '^CER ' '^real-time factor 0\.[0-9]' \
  '^peak memory [0-9.]* MB' 'test.tsv:5: gone.wav skipped: ' 'test.tsv:6: manifest.tsv skipped: '

# The same texts in figures, heard by a model that knows words only.
printf 'digit 3.wav\t3\r\ndigit 4.wav\tanna\t4\r\ngone.wav\t1 2\r\n' > "my corpus/figures.tsv"
run figures-evaluate evaluate "my corpus/figures.tsv"
check figures-rates has log '^WER 50.00 % (S 0, D 2, I 0, N 4 words)' '^3 utterances, 1 of them missing$'

# Whatever came before it, a recording is heard the same.
sort -r "my corpus/test.tsv" > "my corpus/reversed.tsv"
run reversed evaluate "my corpus/reversed.tsv" --out reversed.tsv
sort heard.tsv > a && sort reversed.tsv > b
check no-bleeding cmp a b

check evaluate-no-value refuses '^evaluate: --out needs a value$' "$pipelines/evaluate" heard.tsv --out
check no-corpus refuses 'no manifest given' "$pipelines/evaluate"
check corpus-not-there refuses '/nowhere.tsv: cannot be read' evaluate /nowhere.tsv
printf '# nothing\n\n' > blank.tsv
check corpus-blank refuses 'blank.tsv: there is no recording in it' evaluate blank.tsv
: > empty.tsv
check corpus-empty refuses 'empty.tsv: is empty' evaluate empty.tsv
printf 'gone.wav\tone\n' > gone.tsv
check corpus-gone refuses 'gone.tsv: none of its recordings could be read' evaluate gone.tsv
check corpus-no-tabs refuses '^evaluate: my corpus/spaces.tsv:3: expected path<TAB>text' \
  evaluate "my corpus/spaces.tsv"
check no-model refuses '/nowhere.safetensors: there is no such model' "$pipelines/evaluate" heard.tsv \
  --model /nowhere.safetensors
head -c 1000 digits.safetensors > cut.safetensors
check cut-model refuses '^ERROR: .*cut.safetensors' "$pipelines/evaluate" heard.tsv --model cut.safetensors
check cut-model-plainly lacks refused.log 'from element'

# The same with weights of 8 and 16 bits, packed when the model is loaded, or in a file of their own.
run int8 evaluate "my corpus/test.tsv" --out heard8.tsv --precision int8
check heard-int8 cmp heard8.tsv expected.tsv
run quantize "$RNN_BUILD/rnncore/tools/rnncore" quantize digits.safetensors digits8.safetensors \
  --calibration "my corpus/digit 7.wav"
run packed "$pipelines/evaluate" "my corpus/test.tsv" --out packed8.tsv --model digits8.safetensors
check heard-packed cmp packed8.tsv expected.tsv
check no-precision refuses 'int4: there is no such precision' evaluate heard.tsv --precision int4
check train-packed refuses 'digits8.safetensors: its weights are int8' "$pipelines/train-english" \
  "my corpus/manifest.tsv" --out bad.safetensors --recipe digits8.safetensors --fresh

# The model that is shipped knows the digits of this voice, which it was never trained on: nine of ten at least.
i=0
for word in zero one two three four five six seven eight nine; do
  printf '%s/%s.wav\t\t%s\n' $sounds $i $word
  i=$((i + 1))
done > ten.tsv
run shipped-model "$pipelines/evaluate" ten.tsv
check shipped-digits has log '^WER \(0\|10\)\.00 %'

# And it hears nothing where there is nothing, over several of its utterances.
for noise in silence white-noise; do
  gst-launch-1.0 -q audiotestsrc wave=$noise volume=0.05 num-buffers=500 ! wavenc ! filesink location=$noise.wav
  run "shipped-$noise" "$pipelines/caption" $noise.wav --vtt $noise.vtt
  check "shipped-$noise-wordless" same "$(cat $noise.vtt)" WEBVTT
  check "shipped-$noise-told" has log 'no words were heard$'
done

# ---- caption ----

caption() {
  "$pipelines/caption" "$@" --model digits.safetensors
}
run caption caption "my corpus/digit 7.wav" --vtt seven.vtt --srt seven.srt
check printed has log '^00:00:0[0-9.]*  seven$' 'wrote seven.vtt seven.srt'
check vtt has seven.vtt '^WEBVTT' '^00:00:0.* --> 00:00:0' '^seven$'
check srt has seven.srt '^1' '^00:00:0.* --> 00:00:0' '^seven'
run caption-url caption "file://$sounds/4.wav"
check url-named has 4.vtt '^four$'
if [ -r /usr/share/pocketsphinx/test/data/numbers.raw ]; then
  run demonstration caption
  check demonstration-vtt has numbers.vtt '^WEBVTT' ' --> '
fi
check caption-nothing refuses '/nowhere.wav: cannot be read' caption /nowhere.wav
check caption-directory refuses 'my corpus: is a directory' caption "my corpus"
check caption-empty refuses 'empty.tsv: is empty' caption empty.tsv
# An earlier file stays as it is where nothing comes of a new one, or only a part.
cp seven.vtt earlier.vtt
check caption-no-audio refuses 'nothing could be captioned' caption "my corpus/test.tsv" --vtt earlier.vtt
check caption-keeps cmp earlier.vtt seven.vtt
mkdir early stuck
printf '#!/bin/sh\ncat seven.vtt\nexit 1\n' > early/gst-launch-1.0
chmod +x early/gst-launch-1.0
check caption-early refuses 'ended early; what was captioned is in x.vtt.part' \
  env PATH="$PWD/early:$PATH" "$pipelines/caption" "my corpus/digit 7.wav" --vtt x.vtt
# What is no regular file is written itself.
mkfifo fifo.vtt
timeout 20 cat fifo.vtt > piped.vtt &
reader=$!
run caption-fifo caption "my corpus/digit 7.wav" --vtt fifo.vtt
wait $reader
check caption-fifo-read cmp piped.vtt seven.vtt

# Interrupted, it keeps what was captioned so far: of a digit and forty minutes of silence.
gst-launch-1.0 -q concat name=c ! wavenc ! filesink location=long.wav filesrc location="my corpus/digit 7.wav" ! \
  wavparse ! c. audiotestsrc wave=silence num-buffers=20000 ! audio/x-raw,rate=8000 ! c.
rm log # in which the last caption was heard
"$pipelines/caption" long.wav --vtt long.vtt --model digits.safetensors > log 2>&1 &
captioner=$!
while ! grep -q ' seven$' log 2> /dev/null; do sleep 0.05; done
kill -TERM $captioner
wait $captioner
check caption-interrupted same "$(grep -v -e '-->' long.vtt)" "$(printf 'WEBVTT\n\nseven')"
check caption-interrupts has log 'once more stops it' 'wrote long.vtt'
check caption-no-model refuses 'there is no such model' "$pipelines/caption" "my corpus/digit 7.wav" --model /nowhere
check caption-no-value refuses '^caption: --vtt needs a value$' "$pipelines/caption" "my corpus/digit 7.wav" --vtt
check caption-two refuses 'one recording at a time' caption a.wav b.wav
check caption-both refuses 'either a recording or --mic' caption --mic a.wav

# A pipeline that does not end when it is asked to: the second signal stops it.
printf '#!/bin/sh\ntrap "" INT TERM\ntouch stuck/begun\nsleep 20\ntouch stuck/ended\n' > stuck/gst-launch-1.0
chmod +x stuck/gst-launch-1.0
PATH=$PWD/stuck:$PATH "$pipelines/caption" "my corpus/digit 7.wav" --vtt earlier.vtt > log 2>&1 &
captioner=$!
while [ ! -e stuck/begun ]; do sleep 0.05; done
kill -TERM $captioner
while ! grep -q 'once more stops it' log; do sleep 0.05; done
kill -TERM $captioner
wait $captioner
check stopped-at-once test ! -e stuck/ended
check stopped-keeps cmp earlier.vtt seven.vtt

for script in caption evaluate train-english synthesize; do
  check "$script-help" sh -c "\"$pipelines/$script\" --help | grep -q \"^  $script \""
done
echo "1..$n"
