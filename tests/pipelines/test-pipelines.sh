#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The scripts of pipelines/ as a user runs them, on recordings of Debian's asterisk-core-sounds-en-wav: a model that
# learns these ten digits by heart, then transcribes them.  Prints TAP.   test-pipelines.sh SOURCE-ROOT BUILD-DIRECTORY
set -u
pipelines=$1/pipelines here=$1/tests/pipelines
RNN_BUILD=$2
export RNN_BUILD
sounds=/usr/share/asterisk/sounds/en_US_f_Allison/digits
. "$here/../tap.sh"
[ -r $sounds/0.wav ] || skip_all "$sounds is not there (asterisk-core-sounds-en-wav)"
cd "$work" || exit 1
TMPDIR=$work/tmp
export TMPDIR
mkdir tmp

# run NAME COMMAND...: check, and its output stays in the file log
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
printf 'nowhere.wav\tanna\tone\nmanifest.tsv\tbert\ttwo\ndigit 0.wav\tcarl\t\320\271\320\260\n' >> "my corpus/manifest.tsv"

train() {
  "$pipelines/train-english" "my corpus/manifest.tsv" --recipe "$here/digits.json" "$@"
}
run train train --out digits.safetensors --threads 1
check progress has log 'loss [0-9.]' 'dev WER [0-9.]* %' ' frames/s' ' left' 'epoch 30/30'
check learnt has log 'best WER 0.0 %'
check model-saved test -s digits.safetensors
check dev-speakers same "$(cat digits.training/dev-speakers)" dora
check held-out lacks digits.training/train.tsv dora
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
check log-goes-on same "$(grep -c '"epoch": 1,' broken.training/log.jsonl) $(grep -c '"examples"' broken.training/log.jsonl)" '1 2'
check same-weights cmp digits.safetensors broken.safetensors

# From weights that are there.
run fine-tuning "$pipelines/train-english" "my corpus/manifest.tsv" --recipe digits.safetensors --out tuned.safetensors --threads 1 \
  --config epochs=1,learning_rate=0
check weights-kept has log 'best WER 0.0 %'

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

# The models that are shipped know the digits of this voice, which they were never trained on: nine of ten at least, english in a
# stream with pauses, english-small in clips that begin with speech.
i=0
for word in zero one two three four five six seven eight nine; do
  printf '%s/%s.wav\t\t%s\n' $sounds $i $word
  i=$((i + 1))
done > ten.tsv
run shipped-model "$pipelines/evaluate" ten.tsv --pad 1
check shipped-digits has log '^WER \(0\|10\)\.00 %'
run shipped-small "$pipelines/evaluate" ten.tsv --model "$(dirname "$pipelines")/models/english-small.safetensors"
check shipped-small-digits has log '^WER \(0\|10\)\.00 %'

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
  check demonstration-vtt has sentences.vtt '^WEBVTT' ' --> '
fi
check caption-nothing refuses '/nowhere.wav: cannot be read' caption /nowhere.wav
check caption-empty refuses 'empty.tsv: is empty' caption empty.tsv
# An earlier file stays as it is where nothing comes of a new one, or only a part.
cp seven.vtt earlier.vtt
check caption-no-audio refuses 'nothing could be captioned' caption "my corpus/test.tsv" --vtt earlier.vtt --force
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
check caption-both refuses 'either a recording or --mic' caption --mic seven.vtt

# A pipeline that does not end when it is asked to: the second signal stops it.
printf '#!/bin/sh\n[ "$2" != filesrc ] || exit 0\ntrap "" INT TERM\ntouch stuck/begun\nsleep 20\ntouch stuck/ended\n' > stuck/gst-launch-1.0
chmod +x stuck/gst-launch-1.0
PATH=$PWD/stuck:$PATH "$pipelines/caption" "my corpus/digit 7.wav" --vtt earlier.vtt --force > log 2>&1 &
captioner=$!
while [ ! -e stuck/begun ]; do sleep 0.05; done
kill -TERM $captioner
while ! grep -q 'once more stops it' log; do sleep 0.05; done
kill -TERM $captioner
wait $captioner
check stopped-at-once test ! -e stuck/ended
check stopped-keeps cmp earlier.vtt seven.vtt

# What is there stays, and a recording is never written over.
cp "my corpus/digit 3.wav" talk.wav
echo mine > talk.vtt
check caption-mine refuses 'talk.vtt: is there already; --force writes over it' caption talk.wav
check caption-mine-stays same "$(cat talk.vtt)" mine
check caption-self refuses 'talk.wav: is the recording itself' caption talk.wav --srt talk.wav --force
check caption-self-stays cmp talk.wav "my corpus/digit 3.wav"
run caption-force caption talk.wav --force
check caption-forced has talk.vtt '^three$'
check caption-no-folder refuses '^caption: /nonexistent/x.srt: there is no folder /nonexistent; make it first$' \
  caption talk.wav --srt /nonexistent/x.srt
check caption-one-line same "$(wc -l < refused.log)" 1

# Whatever a file is called; names that differ in their ending alone.
mkdir names same && cd names || exit 1
tab=$(printf 'a\ttab')
for file in -dash 'back\slash' "$tab" S01:take-2 'q"uo te %41'; do
  cp ../talk.wav "./$file.wav"
  run "caption-name-$(echo "$file" | tr -c 'a-zA-Z0-9\n' _)" "$pipelines/caption" "./$file.wav" --model ../digits.safetensors
  check "caption-named-$(echo "$file" | tr -c 'a-zA-Z0-9\n' _)" has "./$file.vtt" '^three$'
done
cd ..
cp "my corpus/seven.flac" same/talk.flac
cp "my corpus/eight.ogg" same/talk.ogg
printf 'no sound\n' > same/notes.txt
run caption-folder caption same --srt same/ --txt same --json same
check caption-folder-differs has same/talk.flac.srt '^seven'
check caption-folder-both has same/talk.ogg.srt '^eight'
check caption-txt same "$(cat same/talk.ogg.txt)" eight
check caption-json has same/talk.flac.json '^{"type":"final","text":"seven",.*"words":\[{"text":"seven","start":'
run caption-words caption same/talk.ogg --words --precision int8 --vtt words.vtt
check caption-word has words.vtt '^eight$'
mkdir hollow
check caption-hollow refuses 'hollow: there is no recording in this folder' caption hollow
check caption-several refuses 'both.vtt: is no folder, but there are several recordings' caption same --vtt both.vtt
check caption-lm refuses '/nowhere.arpa: cannot be read' caption talk.wav --vtt lm.vtt --lm /nowhere.arpa
printf 'zero one two three\nfour five six\nseven eight nine three three\n' > digits.txt
run ngram "$RNN_BUILD/rnncore/tools/rnncore" ngram digits.txt --order 2 --out digits.arpa
run caption-with-lm caption talk.wav --vtt lm.vtt --lm digits.arpa --lm-weight 0.3
check captioned-with-lm has lm.vtt '^three$'
run evaluate-lm evaluate "my corpus/figures.tsv" --lm digits.arpa
check evaluate-lm-rate has log '^WER 50.00 % (S 0, D 2, I 0, N 4 words)'
run caption-no-lm caption talk.wav --vtt lm.vtt --lm none --force
# Without a language model only the words of the one beside the model come out, however probable; greedily, whatever is spelled.
cp "$pipelines/../models/english.safetensors" beside.safetensors
printf 'three nine eight\n' > few.txt
run ngram-beside "$RNN_BUILD/rnncore/tools/rnncore" ngram few.txt --order 1 --out few.bin
mv few.bin beside.lm
run caption-words-alone caption talk.wav --model beside.safetensors --lm none --punctuation none --txt alone.txt
check caption-has-words has alone.txt '^.*three'
# What stands between dots tells models of a name apart, which share its language model.
mv beside.safetensors beside.other.safetensors
run caption-variant caption talk.wav --model beside.other.safetensors --lm none --punctuation none --txt variant.txt
check caption-variant-words cmp -s alone.txt variant.txt
check caption-words-known same "$(tr ' ' '\n' < alone.txt | grep -v -x -e three -e nine -e eight -e '')" ""
run evaluate-greedy evaluate "my corpus/figures.tsv" --greedy
check evaluate-greedy-rate has log '^WER [0-9.]* %'
check evaluate-greedy-words refuses 'greedy looks for no words' evaluate "my corpus/figures.tsv" --greedy --lm digits.arpa

# A recording whose track changes is heard to its end; one without sound says so in a line.
cat "my corpus/eight.ogg" "my corpus/eight.ogg" > twice.ogg
gst-launch-1.0 -q filesrc location="my corpus/digit 9.wav" ! wavparse ! audioconvert ! audioresample ! \
  audio/x-raw,rate=48000,channels=2 ! vorbisenc ! oggmux ! filesink location=nine.ogg
cat "my corpus/eight.ogg" nine.ogg > chain.ogg
run caption-chain caption chain.ogg
check caption-chained same "$(grep -v -e '-->' -e WEBVTT chain.vtt | tr -d '\n')" eightnine
gst-launch-1.0 -q videotestsrc num-buffers=10 ! theoraenc ! oggmux ! filesink location=dumb.ogv
check caption-dumb refuses '^caption: dumb.ogv: nothing could be captioned: there is no sound in it' caption dumb.ogv
check caption-dumb-line same "$(wc -l < refused.log)" 2

# No locale changes a number.
mkdir locales
for locale in de_DE.UTF-8 tr_TR.UTF-8; do
  localedef -i ${locale%.*} -f UTF-8 locales/$locale > /dev/null 2>&1
  if LOCPATH=$PWD/locales LC_ALL=$locale locale 2>&1 | grep -q 'Cannot set'; then
    echo "# there is no locale $locale: not tested"
    continue
  fi
  run "evaluate-$locale" env LOCPATH="$PWD/locales" LC_ALL=$locale "$pipelines/evaluate" "my corpus/figures.tsv" \
    --model digits.safetensors
  check "evaluate-$locale-numbers" has log '^WER 50.00 % ' '^real-time factor 0\.[0-9]* of one core ([0-9.]* s for [1-9.]*'
  run "train-$locale" env LOCPATH="$PWD/locales" LC_ALL=$locale "$pipelines/train-english" "my corpus/manifest.tsv" \
    --recipe "$here/digits.json" --out $locale.safetensors --config epochs=1 --fresh
  check "train-$locale-json" has $locale.training/log.jsonl '"examples": 30,' '"loss": [0-9]*\.[0-9]*, '
done

# The same recordings louder, between silence, in noise.
run evaluate-gain evaluate "my corpus/figures.tsv" --gain -6
check evaluate-gain-rate has log '^WER '
run evaluate-pad evaluate "my corpus/figures.tsv" --pad .5
check evaluate-pad-rate has log '^WER '
run evaluate-noise evaluate "my corpus/figures.tsv" --noise white-noise.wav:40
check evaluate-noise-rate has log '^WER '
check evaluate-no-noise refuses 'silence.wav: is silent' evaluate "my corpus/figures.tsv" --noise silence.wav:10
check evaluate-no-number refuses '^evaluate: --gain: loud is no number$' evaluate "my corpus/figures.tsv" --gain loud

# ---- corpora as they unpack ----

mkdir -p LibriSpeech/dev-clean/84/121123 "voices x/en/clips"
printf '84-121123-0000 GO DO YOU HEAR\n84-121123-0001 BUT\n' > LibriSpeech/dev-clean/84/121123/84-121123.trans.txt
run librispeech "$pipelines/librispeech" LibriSpeech
printf '%s/LibriSpeech/dev-clean/84/121123/84-121123-000%d.flac\t84\t%s\n' "$work" 0 'GO DO YOU HEAR' "$work" 1 BUT > expected.tsv
check librispeech-rows cmp dev-clean.tsv expected.tsv
check librispeech-again refuses 'dev-clean.tsv: is there already' "$pipelines/librispeech" LibriSpeech/dev-clean
printf 'client_id\tpath\tsentence\nann\ta.mp3\t"He said ""no""."\nbob\tb.mp3\tYes.\n' > "voices x/en/train.tsv"
printf 'clip\tduration[ms]\na\t1\n' > "voices x/en/clip_durations.tsv"
run common-voice "$pipelines/common-voice" "voices x/en"
printf '%s/voices x/en/clips/%s.mp3\t%s\t%s\n' "$work" a ann 'He said "no".' "$work" b bob Yes. > expected.tsv
check common-voice-rows cmp train.tsv expected.tsv
check common-voice-own refuses "own folder" "$pipelines/common-voice" "voices x/en" --out "voices x/en"

# What is private is gone; what a killed run has left goes with the next one.
mkdir tmp/rnn-pipelines.999999.x
"$pipelines/librispeech" --help > /dev/null
check private-gone same "$(ls tmp)" ''

for script in caption evaluate train-english synthesize librispeech common-voice; do
  check "$script-help" sh -c "\"$pipelines/$script\" --help | grep -q \"^  $script \""
done
echo "1..$n"
