#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What teaches without speech, and without words: train-spelling teaches the layers behind the phones and leaves those before them alone;
# train-language makes a language model that the search takes; wordless makes recordings that a training takes.  Prints TAP.   test-spelling.sh SOURCE-ROOT BUILD-DIRECTORY
set -u
pipelines=$1/pipelines RNN_BUILD=$2
export RNN_BUILD
rnncore=$2/rnncore/tools/rnncore digits=/usr/share/asterisk/sounds/en_US_f_Allison/digits cmudict=/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict
numbers=/usr/share/pocketsphinx/test/data/numbers.raw
. "$(dirname "$0")/../tap.sh"
for needed in $digits/0.wav $cmudict $numbers; do
  [ -r $needed ] || skip_all "$needed is not there"
done
cd "$work" || exit 1

# The phones that a model hears, by the search alone.
hear() {
  "$rnncore" transcribe $numbers --rate 16000 --model "$1" --lm-file "$2" --beam-width 64
}

check wordless "$pipelines/wordless" 6 quiet
check wordless-rows test "$(LC_ALL=C grep -c "^[a-z]*-[0-9]*.wav	wordless	$" quiet/manifest.tsv)" = 6
set -- zero one two three four five six seven eight nine
for digit in 0 1 2 3 4 5 6 7 8 9; do
  printf '%s/%s.wav\tallison\t%s\n' $digits $digit "$1"
  shift
done > manifest.tsv
model=$(dirname "$pipelines")/models/english.safetensors words=$(dirname "$pipelines")/models/english.lm
check train "$pipelines/train-english" manifest.tsv quiet/manifest.tsv --recipe "$model" --out digits.safetensors --threads 1 \
  --config epochs=1,batch_size=4,join=300,pause=20
check train-all grep -q '"examples": 16, "skipped": 0' digits.training/log.jsonl
printf 'One, two; three. "Four five!" Six seven eight nine zero.\nNine eight? Seven six five four three two one.\n' > book.txt
check spelling "$pipelines/train-spelling" digits.safetensors digits.training book.txt --out spelling.safetensors --threads 1 --smoke
check spelling-new sh -c '! cmp -s digits.safetensors spelling.safetensors'
hear digits.safetensors "$words" > before.txt
hear spelling.safetensors "$words" > after.txt
check spelling-hears grep -q '[[:alpha:]]' before.txt
check spelling-hears-alike cmp before.txt after.txt
check no-folder sh -c '"$1" "$2" manifest.tsv book.txt --out x.safetensors 2>&1 | grep -q "manifest.tsv: there is no checkpoint.ckpt.features"' \
  x "$pipelines/train-spelling" digits.safetensors
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do cat book.txt; done > books.txt
check language "$pipelines/train-language" books.txt books.txt --size 40 --out language.safetensors --threads 1 --smoke
echo "seven eight nine zero" > said.txt
check language-knows sh -c '"$1" ngram --lm language.safetensors --perplexity said.txt | grep -q "1 sentences, 4 words, 0 of them unknown"' x "$rnncore"
hear digits.safetensors "$words,language.safetensors:0.2" > together.txt
check language-searched grep -q '[[:alpha:]]' together.txt
check language-none sh -c '"$1" quiet/manifest.tsv --out x.safetensors 2>&1 | grep -q "there are no sentences in the texts"' x "$pipelines/train-language"
echo "1..$n"
