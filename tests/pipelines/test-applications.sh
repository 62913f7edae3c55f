#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The applications with tiny sizes and data made up here: every script runs, says its result as one object, draws its picture, saves
# its models, and has learnt something; wrong input is refused with the file and the reason.  Prints TAP.
# test-applications.sh SOURCES BUILD
scripts=$1/pipelines/applications
RNN_BUILD=$2
export RNN_BUILD
. "$(dirname "$0")/../tap.sh"

# report STATUS NAME: of what wrote $work/log
report() {
  check "$2" [ "$1" -eq 0 ]
}

# application SCRIPT ARGUMENTS: its result in $work/result, a table, a picture
application() {
  script=$1
  shift
  "$scripts/$script" "$@" --smoke --json --threads 1 --out "$work" --save "$work" > "$work/log" 2>&1
  status=$?
  grep '^{' "$work/log" | tail -n 1 > "$work/result"
  grep -q "^{\"application\":\"$script\",\"seed\":1,.*}\$" "$work/result" || status=1
  case $script in language) drawn=language-text-curve ;; music) drawn=chorales ;; *) drawn=$script ;; esac
  [ -s "$work/$drawn.tsv" ] && grep -q '</svg>' "$work/$drawn.svg" || status=1
  report $status "$script"
}

# figure NAME: its value in the result
figure() {
  sed -n "s/.*\"$1\":\([-0-9.e]*\).*/\1/p" "$work/result"
}

# at_least NAME VALUE, at_most NAME VALUE
at_least() {
  awk -v a="$(figure "$1")" -v b="$2" 'BEGIN { exit !(a != "" && a >= b) }'
  report $? "$1 is at least $2"
}
at_most() {
  awk -v a="$(figure "$1")" -v b="$2" 'BEGIN { exit !(a != "" && a <= b) }'
  report $? "$1 is at most $2"
}

saved() {
  "$RNN_BUILD/rnncore/tools/rnncore" info "$work/$1.safetensors" > "$work/log" 2>&1
  report $? "a model of $1"
}

# learnt TABLE: its loss, the third column, has fallen by a tenth
learnt() {
  awk 'NR == 2 { first = $3 } { last = $3 } END { exit !(last < 0.9 * first) }' "$work/$1.tsv"
  report $? "$1 has learnt"
}

# refused NAME PATTERN ARGUMENTS
refused() {
  name=$1 pattern=$2
  shift 2
  "$RNN_BUILD/pipelines/experiments/experiment" "$@" --out "$work" --recipes "$scripts/../../models/applications" > "$work/log" 2>&1
  [ $? -ne 0 ] && grep -q "$pattern" "$work/log"
  report $? "$name"
}

# Two digits of eight shaking points: 0 is a ring, 1 a stroke.
mkdir "$work/pens"
for part in tra:420 tes:80; do
  awk -v n="${part#*:}" 'BEGIN {
    srand (n)
    for (i = 0; i < n; i++) {
      line = ""
      for (p = 0; p < 8; p++) {
        x = i % 2 ? 50 : 50 + 45 * cos (6.283 * p / 8); y = i % 2 ? 100 - 14 * p : 50 + 45 * sin (6.283 * p / 8)
        x += 6 * rand () - 3; y += 6 * rand () - 3
        line = line sprintf ("%d,%d,", x < 0 ? 0 : x > 100 ? 100 : x, y < 0 ? 0 : y > 100 ? 100 : y)
      }
      print line (i % 2 ? "0100000000" : "1000000000")
    }
  }' > "$work/pens/pendigits.${part%:*}"
done
application handwriting "$work/pens"
at_least digits_right 95
saved handwriting-digits
saved handwriting-strings

application drawing "$work/pens"
at_most nats 4
"$RNN_BUILD/rnncore/tools/rnncore" generate "$work/drawing.safetensors" > "$work/log" 2>&1 && grep -q '</svg>' "$work/log"
report $? "rnncore generate draws"

# Words of made-up syllables, each letter one phone.
awk 'BEGIN {
  split ("B AE D EH K IH", phone, " "); split ("b a d e k i", letter, " ")
  for (a = 1; a <= 5; a += 2) for (b = 2; b <= 6; b += 2) for (c = 1; c <= 5; c += 2) for (d = 2; d <= 6; d += 2) for (e = 1; e <= 6; e++)
    print letter[a] letter[b] letter[c] letter[d] letter[e], phone[a], phone[b], phone[c], phone[d], phone[e]
}' > "$work/words.dict"
application g2p "$work/words.dict"
at_most phone_errors 60
grep -q '</svg>' "$work/g2p-attention.svg"
report $? "a picture of attention"
saved g2p
"$RNN_BUILD/rnncore/tools/rnncore" g2p "$work/g2p.safetensors" badek > "$work/log" 2>&1 && grep -Eq '^[A-Z]+( [A-Z]+)*$' "$work/log"
report $? "rnncore g2p says a word"
! "$RNN_BUILD/rnncore/tools/rnncore" g2p "$work/g2p.safetensors" 'w0rd' > "$work/log" 2>&1 && grep -q 'no token for "0rd"' "$work/log"
report $? "rnncore g2p refuses what has no letter"

# Ten seconds of everything that a broadcast is made of, twelve lines of sixteen bytes a frame.
mkdir "$work/clips"
for clip in picture-a still-a black-a bars-a noise-a picture-b-test still-b-test black-b-test bars-b-test noise-b-test; do
  LC_ALL=C awk -v clip="$clip" 'BEGIN {
    srand (length (clip))
    for (t = 0; t < 60; t++) for (y = 0; y < 12; y++) for (x = 0; x < 16; x++) {
      v = 16
      if (clip ~ /^bars/) v = 40 + 30 * int (x / 3)
      if (clip ~ /^noise/) v = 60 + int (120 * rand ())
      if (clip ~ /^still/) v = 60 + 8 * x + int (5 * rand ())
      if (clip ~ /^picture/) v = 60 + 100 * (int ((x + t / 2) / 4 + y / 4) % 2) + int (5 * rand ())
      printf "%c", v
    }
  }' > "$work/clips/$clip.gray"
done
application monitor "$work/clips"
at_least frames_right 60
at_most without_state_frozen_right 50
saved monitor

application nextframe
at_least convlstm_similarity 0
saved nextframe
saved nextframe-feedforward

application written
at_least rules_right 90
learnt written

# A catalogue of messages: awk's printf "%c" writes its words, LANGUAGE's are the English ones turned round.
catalogue() {
  LC_ALL=C awk -v first="$1" '
    function word(n) { printf "%c%c%c%c", n % 256, int (n / 256) % 256, 0, 0 }
    BEGIN {
      split ("open close save print find show hide move copy delete", verb, " ")
      split ("file window page line word table picture", noun, " ")
      n = 0
      for (v = 1; v <= 10; v++) for (k = 1; k <= 7; k++) if ((v * 7 + k) % 4 != first) {
        from[n] = verb[v] " the " noun[k] " at once"; to[n++] = "at once the " noun[k] " " verb[v]
      }
      printf "%c%c%c%c", 222, 18, 4, 149
      word(0); word(n); word(28); word(28 + 8 * n); word(0); word(28 + 16 * n)
      at = 28 + 16 * n
      for (i = 0; i < n; i++) { word(length (from[i])); word(at); at += length (from[i]) + 1 }
      for (i = 0; i < n; i++) { word(length (to[i])); word(at); at += length (to[i]) + 1 }
      for (i = 0; i < n; i++) printf "%s%c", from[i], 0
      for (i = 0; i < n; i++) printf "%s%c", to[i], 0
    }'
}
mkdir "$work/messages"
for package in a b c d e f; do
  catalogue "$(printf '%s' "$package" | tr abcdef 330333)" > "$work/messages/$package.mo"
  printf 'de\t%s\t%s\n' "$package" "$work/messages/$package.mo" >> "$work/messages/list"
done
application translation "$work/messages/list"
at_least de_known 50
learnt translation-de
grep -q '</svg>' "$work/translation-de-attention.svg"
report $? "a picture of attention over messages"
saved translation-de

application control --minutes 0.05
saved control-t-maze
cut -f3 "$work/control.tsv" > "$work/seeds"
"$scripts/control" --smoke --seed 2 --threads 1 --out "$work" > "$work/log" 2>&1 && cut -f3 "$work/control.tsv" | grep -vx 2 | cmp -s - "$work/seeds"
report $? "what another seed left stays in the table"

"$scripts/all" --only written --seeds 2 --smoke --threads 1 --out "$work/all" > "$work/log" 2>&1 &&
  grep -q '^| \[written\](#written) | by the rules | .* 2 seeds) |' "$work/all/README.md"
report $? "all measures over seeds and makes the page"
cp "$work/all/written.jsonl" "$work/measured"
! RNN_BUILD=$work/nowhere "$scripts/all" --only written --out "$work/all" > "$work/log" 2>&1 && cmp -s "$work/measured" "$work/all/written.jsonl"
report $? "all keeps what was measured when an application fails"

# A text that begins again and again, and a scale in two voices: models that the tool lets speak and play.
head -c 6000 "$1/COPYING" | tr -cd 'a-z \n' | head -c 2560 > "$work/text"
application language "$work/text" --cells gru,lstm-tied
at_least text_gru 0.1
# In one pass over so short a text there are two updates; more where there is time for them.
"$scripts/language" "$work/text" --cells gru --smoke --minutes 0.02 --threads 1 --out "$work/timed" > "$work/log" 2>&1 &&
  awk 'NR == 2 { exit !($3 > 20 && $4 <= 4) }' "$work/timed/language-text.tsv"
report $? "language learns for the time that it has"
"$RNN_BUILD/rnncore/tools/rnncore" perplexity "$work/characters-lstm-tied.safetensors" "$work/text" --json > "$work/log" 2>&1 &&
  grep -q '"bits_per_character":[0-9]' "$work/log"
report $? "rnncore perplexity reads a model whose embedding is tied"
"$RNN_BUILD/rnncore/tools/rnncore" generate "$work/characters-gru.safetensors" --prompt the --length 20 > "$work/log" 2>&1
report $? "rnncore generate speaks"
"$RNN_BUILD/rnncore/tools/rnncore" perplexity "$work/characters-gru.safetensors" "$work/text" --json > "$work/log" 2>&1 &&
  grep -q '"bits_per_character":[0-9]' "$work/log"
report $? "rnncore perplexity reads"
awk 'BEGIN {
  for (t = 0; t < 16; t++)
    chorale = chorale (t ? ", " : "") "[" 60 + t % 7 ", " 72 + t % 5 "]"
  printf "{\"train\": [[%s]], \"valid\": [[%s]], \"test\": [[%s]]}\n", chorale, chorale, chorale
}' > "$work/chorales.json"
application music "$work/chorales.json" --cells gru
"$RNN_BUILD/rnncore/tools/rnncore" generate "$work/chorales-gru.safetensors" --midi "$work/piece.mid" --length 8 > "$work/log" 2>&1 &&
  [ "$(head -c 4 "$work/piece.mid")" = MThd ]
report $? "rnncore generate plays"

printf '1,2,3\n' > "$work/pens/pendigits.tra"
refused "a digit of too few points" 'pendigits.tra:1' handwriting "$work/pens"
refused "no digits there" 'nowhere/pendigits.tra' handwriting "$work/nowhere"
refused "clips of one kind only" 'no clip' monitor "$work/pens"
printf 'de\tx\t%s\n' "$work/text" > "$work/list"
refused "a catalogue that is none" 'text: no catalogue' translation "$work/list"
refused "a list of nothing" 'LANGUAGE, PACKAGE, CATALOGUE' translation "$work/text"
refused "a dictionary without words" 'too few words' g2p "$work/pens/pendigits.tra"
echo "1..$n"
