#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# mpirun -n 2 gst-launch-1.0 ... rnntrainer on tones made here: the losses, the model and the report of one process; the
# second process says nothing; a process that is killed ends the other.  Prints TAP.   test-mpi.sh BUILD-DIRECTORY
set -u
build=$1
export GST_PLUGIN_PATH="$build/plugins" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

. "$(dirname "$0")/../tap.sh"
command -v mpirun > /dev/null || skip_all "there is no mpirun (openmpi-bin)"
[ -e "$build/rnncore/librnncore-mpi.so" ] || skip_all "built without MPI"
cd "$work" || exit 1

# Six tones with one letter each.
for i in 1 2 3 4 5 6; do
  gst-launch-1.0 -q audiotestsrc freq=$((200 * i)) num-buffers=$((8 + i)) ! audio/x-raw,rate=8000 ! wavenc ! \
    filesink location=$i.wav || exit 1
  printf '%s.wav\tnobody\t%s\n' $i "$(echo $i | tr 1-6 aab)"
done > tones.tsv
cat > recipe.json << 'END'
{"format": 1, "name": "tones",
 "input": {"kind": "audio", "rate": 8000, "features": {"n_mels": 10, "cmvn": "global", "stack": 2, "stride": 2}},
 "layers": [{"cell": "lstm", "name": "rnn", "hidden": 16}, {"cell": "dropout", "name": "drop", "p": 0.1},
   {"cell": "dense", "name": "out", "units": 4}],
 "output": {"kind": "ctc", "blank": 0, "tokens": ["<blank>", " ", "a", "b"]},
 "train": {"batch_size": 4, "shards": 2, "learning_rate": 0.01, "noise": 0.1}}
END

# train NAME EPOCHS [LAUNCHER...]: writes NAME.log, NAME.safetensors, NAME.jsonl
train() {
  out=$1 epochs=$2
  shift 2
  "$@" gst-launch-1.0 -m rnncorpussrc name=train location=tones.tsv rnncorpussrc name=dev location=tones.tsv \
    rnntrainer name=t model-file=recipe.json "location=$out.safetensors" "config=epochs=$epochs" \
    train.audio ! t.sink train.text ! t.label dev.audio ! t.dev_sink dev.text ! t.dev_label \
    t.src ! filesink "location=$out.jsonl" async=false buffer-mode=unbuffered > "$out.log" 2>&1
}

# The figures of each epoch in a log
curve() {
  grep -a -o 'rnntrainer, type=(string)epoch.*' "$1" | grep -o '[a-z-]*\(loss\|norm\|rate\)=(double)[^,;]*'
}

same_curve() {
  curve alone.log > alone.curve
  curve together.log > together.curve
  [ "$(grep -c dev-loss alone.curve)" -eq 5 ] && diff alone.curve together.curve
}

# mpirun may put what one says in the midst of a line of the other.
said() {
  sed 's/\[1,[01]\]<[a-z]*>:/\n&/g' together.log
}
second_is_silent() {
  said > said.log
  grep -a -q '^\[1,0\].*rnntrainer, ' said.log && ! grep -a '^\[1,1\].*\(rnntrainer, \|Progress\)' said.log
}

# The second is killed once they train: mpirun ends the first, and says that it did not end well.
killed() {
  cat > second-dies << 'END'
if [ "$OMPI_COMM_WORLD_RANK" -eq 1 ]; then
  (until grep -q '"epoch"' killed.jsonl; do sleep 0.1; done; kill -9 $$) &
fi
exec "$@"
END
  train killed 1000000 timeout 60 mpirun -n 2 --oversubscribe --bind-to none sh second-dies
  status=$?
  [ $status -ne 0 ] && [ $status -ne 124 ] && grep -q '"epoch"' killed.jsonl
}

echo 1..6
check "one process" train alone 5
check "two processes" train together 5 mpirun -n 2 --oversubscribe --bind-to none --tag-output
check "the same losses" same_curve
check "the same model" cmp alone.safetensors together.safetensors
check "the second is silent" second_is_silent
check "killed" killed
