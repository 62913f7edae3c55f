#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Models of other frameworks, converted, answer what those frameworks answered: data/import/NAME.ref.safetensors for every other
# NAME.*, with the recipe NAME.json where there is one (made by PyTorch 1.13; those of Keras by
# the equations of its layers in NumPy, written by h5py; those of TensorFlow by tensorflow-reference.py and tflite-reference.py).  Where ../shared is, its models, too.
# Prints TAP.  test-convert.sh TOOL
tool=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
shared=$here/../../../shared/data/models
. "$here/../tap.sh"

# compare NAME MODEL REFERENCE [RECIPE]
compare() {
  check "$1" answers_alike "$2" "$3" ${4:+"$4"}
}
answers_alike() {
  rm -f "$work/model.safetensors"
  "$tool" convert ${3:+--recipe "$3"} "$1" "$work/model.safetensors" && "$tool" compare "$work/model.safetensors" --reference "$2"
}

for reference in "$here"/../data/import/*.ref.safetensors; do
  name=${reference%.ref.safetensors}
  recipe=$name.json
  [ -f "$recipe" ] || recipe=
  for model in "$name".*; do
    case $model in
      *.json | *.safetensors) ;;
      *) compare "${model##*/}" "$model" "$reference" $recipe ;;
    esac
  done
done
for reference in "$here"/../data/import/*/*.ref.safetensors; do       # JSON that is no recipe
  compare "$(basename "$(dirname "$reference")")" "${reference%.ref.safetensors}.json" "$reference"
done
if [ -d "$shared" ]; then
  for reference in "$shared"/*/*.ref.safetensors; do
    for model in "${reference%.ref.safetensors}".h5; do
      [ -f "$model" ] && compare "${model##*/models/}" "$model" "$reference"
    done
  done
  for model in "$shared"/ml-kws/*.pb; do        # their own operations, one after another
    if /usr/bin/python3 -c 'import numpy' 2> /dev/null; then
      /usr/bin/python3 "$here/tensorflow-reference.py" "$model" "$work/ref.safetensors" && compare "${model##*/models/}" "$model" "$work/ref.safetensors"
    else
      skip "${model##*/models/}" "python3-numpy is not installed"
    fi
  done
  for model in "$shared"/tflite-lstm/*.tflite; do       # samples 0 to 9 are the digits 0 to 9
    if /usr/bin/python3 -c 'import numpy' 2> /dev/null; then
      digits=$(/usr/bin/python3 "$here/tflite-reference.py" "$model" "$work/ref.safetensors" "$shared"/tflite-lstm/sample?.png)
      if [ "$digits" = "0 1 2 3 4 5 6 7 8 9" ]; then
        compare "${model##*/models/}" "$model" "$work/ref.safetensors"
      else
        check "${model##*/models/}: the reference says $digits" false
      fi
    fi
  done
  for folder in "$shared"/char-rnn/*; do
    /usr/bin/python3 "$here/char-rnn-reference.py" "$folder" "$work/ref.safetensors"
    compare "char-rnn/${folder##*/}" "$folder/manifest.json" "$work/ref.safetensors"
  done
  for model in "$shared"/sketch-rnn/*.gen.json; do
    /usr/bin/python3 "$here/sketch-rnn-reference.py" "${model%.gen.json}.ref.json" "$work/ref.safetensors"
    compare "${model##*/models/}" "$model" "$work/ref.safetensors"
  done
else
  skip shared "there is no ../shared with more models"
fi

# Weights of 16 bits: a smaller file (this one is mostly its header), the same answers but for the rounding, and nothing more to round the second time.
halves() {
  "$tool" convert "$here/../data/import/keras-sequential.h5" "$work/whole.safetensors" \
    && "$tool" convert --half "$work/whole.safetensors" "$work/half.safetensors" \
    && [ "$(stat -c %s "$work/half.safetensors")" -lt $(($(stat -c %s "$work/whole.safetensors") * 9 / 10)) ] \
    && "$tool" compare "$work/half.safetensors" --reference "$here/../data/import/keras-sequential.ref.safetensors" --tolerance 2e-3 \
    && ! "$tool" compare "$work/half.safetensors" --reference "$here/../data/import/keras-sequential.ref.safetensors" --tolerance 1e-7 \
    && "$tool" convert --half "$work/half.safetensors" "$work/again.safetensors" && cmp "$work/half.safetensors" "$work/again.safetensors"
}
check "--half" halves
echo "1..$n"
