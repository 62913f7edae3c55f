#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# rnncore read: 50 lines in ten fonts, drawn by pango-view, by Debian's eng.traineddata: of the characters that `tesseract --psm 7` reads at
# least 98 % are the same.  Then what a small made-up model reads of any picture, PGM and PNG alike, and what is refused.
# Prints TAP.  test-tesseract.sh TOOL
tool=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
small=$here/../data/import/tesseract-int8.traineddata
english=/usr/share/tesseract-ocr/5/tessdata/eng.traineddata
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
cd "$out" || exit 1

draw_lines() {
  n=0
  while IFS= read -r line; do
    font=$(sed -n "$((n % 10 + 1))p" <<EOF
DejaVu Serif 20
Liberation Sans 24
FreeSerif 28
DejaVu Sans 16
Liberation Serif 22
FreeMono 20
FreeSans Bold 18
Liberation Serif Italic 26
Liberation Mono 18
DejaVu Sans Condensed 32
EOF
    )
    pango-view --font="$font" --dpi=96 --margin=10 -qo "$(printf %02d $n).png" --text="$line"
    n=$((n + 1))
  done < "$here/../data/import/lines.txt"
}

if [ -f "$english" ] && command -v tesseract > /dev/null && command -v pango-view > /dev/null; then
  draw_lines
  ls ./*.png > list
  OMP_THREAD_LIMIT=1 tesseract list theirs --psm 7 -c page_separator= > log 2>&1
  grep . theirs.txt > theirs
  "$tool" read "$english" ./*.png > ours
  if rate=$(/usr/bin/python3 -c '
import sys
def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        last, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            last, row[j + 1] = row[j + 1], min(last + (x != y), row[j] + 1, row[j + 1] + 1)
    return row[-1]
theirs, ours = [open(name).read().splitlines() for name in ("theirs", "ours")]
wrong, n = sum(map(distance, theirs, ours)), sum(map(len, theirs))
print("%d of %d characters differ" % (wrong, n))
sys.exit(len(theirs) != 50 or len(ours) != 50 or wrong > n / 50)'); then
    echo "ok 1 50 lines, $rate"
  else
    echo "not ok 1 50 lines: $rate"
    diff theirs ours | head -20 | sed 's/^/# /'
  fi
else
  echo "ok 1 # SKIP tesseract-ocr-eng or pango1.0-tools are not installed"
fi

/usr/bin/python3 -c '
import struct, zlib
w, h = 150, 40
rows = [bytes(0 if (x // 5 + y // 7) % 3 == 0 and 5 < y < 33 else 255 for x in range(w)) for y in range(h)]
open("a.pgm", "wb").write(b"P5 # a comment\n%d %d\n255\n" % (w, h) + b"".join(rows))
open("dark.pgm", "wb").write(b"P5 %d %d 255\n" % (w, h) + b"".join(bytes(255 - v for v in row) for row in rows))
chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
png = lambda w, h: b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 0, 0, 0, 0)) + \
    chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b"")
open("a.png", "wb").write(png(w, h))
open("huge.png", "wb").write(png(30000, 30000))
open("cut.pgm", "wb").write(b"P5 100 100 255\n" + b"x" * 50)
open("thin.pgm", "wb").write(b"P5 1 30000 255\n" + bytes(30000))
open("wide.pgm", "wb").write(b"P5 30000 1 255\n" + bytes(30000))'
"$tool" read "$small" a.pgm a.png dark.pgm > said 2> log
if [ "$(wc -l < said)" = 3 ] && [ "$(sort -u said | wc -l)" = 1 ] && grep -q '[ab]' said; then
  echo "ok 2 PGM, PNG and white on black are read alike"
else
  echo "not ok 2 PGM, PNG and white on black are read alike"
  sed 's/^/# /' said log
fi
number=3
for file in huge.png cut.pgm thin.pgm wide.pgm "$small" /dev/null; do
  if "$tool" read "$small" "$file" > said 2> log || ! grep -q "$file" log; then
    echo "not ok $number refused: ${file##*/}"
  else
    echo "ok $number refused: ${file##*/}"
  fi
  number=$((number + 1))
done
echo 1..8
