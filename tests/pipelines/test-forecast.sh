#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# forecast and evaluate-forecast as a user runs them, and a pipeline that is killed and started again.  Prints TAP.
#   test-forecast.sh SOURCE-ROOT BUILD-DIRECTORY
set -u
pipelines=$1/pipelines
RNN_BUILD=$2 GST_PLUGIN_PATH=$2/plugins
export RNN_BUILD GST_PLUGIN_PATH
. "$(dirname "$0")/../tap.sh"
GST_REGISTRY=$work/registry
export GST_REGISTRY
cd "$work" || exit 1

# fails MESSAGE COMMAND...: the command fails and says so in one line
fails() {
  expected=$1
  shift
  ! "$@" > log 2>&1 && [ "$(wc -l < log)" = 1 ] && grep -qF -- "$expected" log
}

# Numbers with a point, in any locale.
awk() {
  LC_ALL=C command awk "$@"
}

# Two waves, an hour a step, a line that is missing
awk 'BEGIN {
  print "date,load,other"
  for (t = 0; t < 700; t++)
    if (t != 300)
      printf "2020-01-%02dT%02d:00:00Z,%.4f,%d\n", int(t / 24) + 1, t % 24, 50 + 10 * sin(t * 3.14159265 / 12) + 2 * sin(t / 3), t
}' > load.csv

passengers() {
  "$pipelines/forecast" --plot plot.svg > log 2>&1 && [ "$(grep -c '^196[12]-' log)" = 24 ] && grep -q '</svg>' plot.svg
}
check "without a file it forecasts airline passengers and draws them" passengers
check "what is there is not overwritten" fails "plot.svg exists" "$pipelines/forecast" load.csv --plot plot.svg

saves() {
  "$pipelines/forecast" load.csv --target load --horizon 12 --save m.safetensors > log 2>&1 &&
    "$pipelines/forecast" load.csv --target load --horizon 12 --model m.safetensors > again 2>&1 && grep '^20' log > a &&
    grep '^20' again > b && [ -s a ] && cmp a b
}
check "a saved model forecasts the same" saves

evaluate() {
  "$pipelines/evaluate-forecast" load.csv --time date --target load --split 400,150,149 --horizons 6,12 --json -q > log &&
    tail -n 1 log | grep -q '^{"file":"load.csv",.*"horizons":{"6":{"windows":144,"model":{"mse":.*"12":{"windows":138,.*}}}$'
}
check "evaluate-forecast ends with one object" evaluate

# A season's naive forecast knows the large wave alone: the model has to be better.
better() {
  tail -n 1 log | sed 's/.*"12":{[^{]*"model":{"mse":\([0-9.e-]*\).*"snaive":{"mse":\([0-9.e-]*\).*/\1 \2/' |
    awk '{ exit !($1 < $2 / 2) }'
}
check "and the model is better than the season before" better

check "a horizon of 0" fails "a horizon of 0" "$pipelines/evaluate-forecast" load.csv --target load --split 400,150,149 \
  --horizons 0 -q
printf 'id,1,2,3,4,5,6\na,1,2,1,2,1,2\n' > wide.csv
printf 'id,1,2\na,1,2\n' > next.csv
check "a calendar with --m4" fails "neither times nor columns" "$pipelines/evaluate-forecast" --m4 wide.csv next.csv --season 2 \
  --calendar hour
check "parts longer than the table" fails "has 700 rows" "$pipelines/evaluate-forecast" load.csv --target load \
  --split 4000,150,149 --horizons 6 -q
check "a column that is not there" fails 'load.csv:1: there is no column "lod"' "$pipelines/forecast" load.csv --target lod
printf 'date,y\n2020-01-01,1\n2020-01-02,two\n' > bad.csv
check "a value that is none" fails 'bad.csv:3: column y: "two" is no number' "$pipelines/forecast" bad.csv
printf 'a model' > none.safetensors
check "a file that is no model" fails "none.safetensors" "$pipelines/forecast" load.csv --target load --model none.safetensors

# Counts, and paths of them beyond the horizon of the model: what is drawn are counts
sampled() {
  awk 'BEGIN { srand(1); print "y"; for (t = 0; t < 300; t++) print int(rand() * (t % 7 < 2 ? 2 : 9)) }' > counts.csv
  "$pipelines/forecast" counts.csv --season 7 --horizon 14 --samples 51 --recipe "$pipelines/../models/forecast/counts.json" > table 2> log &&
    [ "$(grep -c '^[0-9]' table)" = 14 ] && awk -F '\t' 'NR > 1 && (int($2) != $2 || $3 < 0 || $3 > $2 || $2 > $4) { exit 1 }' table
}
check "sampled paths of counts" sampled

# The last forecast of a run that was killed half way and started again is that of a whole one.
last_forecast() {
  gst-launch-1.0 -q filesrc location="$1" ! rnncsvparse columns=load ! rnnforecast model-file=m.safetensors \
    state-file="$2" state-interval=0 ${3:-} ! rnncsvenc ! filesink location=out.csv > log 2>&1 && tail -n 12 out.csv
}
restart() {
  head -n 400 load.csv > half.csv
  last_forecast load.csv whole.state > whole && last_forecast half.csv half.state > half &&
    last_forecast load.csv half.state > resumed && ! cmp -s half whole && cmp whole resumed
}
check "a pipeline goes on where the one before it was" restart

# The same where the first run is killed in the middle of its work, and learns.
killed() {
  last_forecast load.csv adapted.state adapt=readout > adapted || return 1
  { cat half.csv && sleep 60; } | gst-launch-1.0 -q fdsrc ! rnncsvparse columns=load ! rnnforecast model-file=m.safetensors \
    state-file=killed.state state-interval=0 adapt=readout ! fakesink &
  until [ -s killed.state ]; do sleep 0.1; done
  kill -9 $!
  wait $! 2> /dev/null
  last_forecast load.csv killed.state adapt=readout > resumed && cmp adapted resumed &&
    last_forecast load.csv killed.state adapt=readout > again && cmp adapted again
}
check "and one that is killed while it learns" killed

trains() {
  "$pipelines/train-forecast" load.csv t.safetensors --target load --time date --horizon 12 > log 2>&1 &&
    "$pipelines/forecast" load.csv --target load --horizon 12 --model t.safetensors > table 2> log && [ "$(wc -l < table)" = 13 ] &&
    awk -F '\t' 'NR > 1 && !($3 < $2 && $2 < $4) { exit 1 }' table
}
check "train-forecast makes a model of a pipeline" trains
many() {
  awk 'BEGIN { print "id,t,y"; for (s = 1; s < 6; s++) for (t = 0; t < 80; t++) print s ",2020-01-" 1 + int(t / 24) "T" t % 24 ":00," s * 10 + t % 8 }' |
    sed 's/-\([0-9]\)T/-0\1T/; s/T\([0-9]\):/T0\1:/' > many.csv
  "$pipelines/train-forecast" many.csv many.safetensors --id id --time t --target y --horizon 8 --season 8 --config epochs=1 > log 2>&1 &&
    grep -q 'series:5,rows:400' log && [ -s many.safetensors ]
}
check "and of several series one model" many

# Load follows a plan that nobody could guess; the table's last rows have the plan alone.
awk 'BEGIN { srand(4); print "date,load,plan"
  for (t = 0; t < 500; t++) {
    p = int(rand() * 9)
    printf "2020-01-%02dT%02d:00:00Z,%s,%d\n", int(t / 24) + 1, t % 24, t < 490 ? 5 + 2 * p : "", p
  } }' > plan.csv
follows_plan() {
  "$pipelines/forecast" plan.csv --target load --horizon 6 --known plan --calendar hour --save plan.safetensors > table 2> log &&
    tail -n 6 table | cut -f 2 > said && sed -n 492,497p plan.csv | cut -d , -f 3 | paste said - |
    awk '{ e = $1 - 5 - 2 * $2; if (e > 2 || e < -2) exit 1; n++ } END { exit n != 6 }'
}
check "what is known ahead is looked at" follows_plan
check "a plan that ends too early" fails "column plan is known for 10 rows after the last value; the model looks 24 ahead" \
  "$pipelines/forecast" plan.csv --target load --horizon 24 --known plan
check "a column to be known that is not there" fails 'plan.csv:1: there is no column "plans"' \
  "$pipelines/forecast" plan.csv --target load --known plans
evaluates_plan() {
  "$pipelines/evaluate-forecast" plan.csv --target load --known plan --split 300,90,90 --horizons 6 --json -q > log &&
    tail -n 1 log | sed 's/.*"model":{"mse":\([0-9.e-]*\).*"nlinear":{"mse":\([0-9.e-]*\).*/\1 \2/' | awk '{ exit !(5 * $1 < $2) }'
}
check "and evaluate-forecast says what that gives" evaluates_plan
streams_plan() {
  "$pipelines/train-forecast" plan.csv stream.safetensors --target load --horizon 4 --known plan --calendar hour > log 2>&1 &&
    head -n 400 plan.csv | cut -d , -f 1,2 > loads.csv &&
    gst-launch-1.0 -q filesrc location=loads.csv ! rnncsvparse ! rnnforecast model-file=stream.safetensors known-file=plan.csv ! \
      rnncsvenc ! filesink location=out.csv > log 2>&1 &&
    tail -n 4 out.csv | cut -d , -f 3 > said && sed -n 401,404p plan.csv | cut -d , -f 2 | paste said - |
    awk '{ e = $1 - $2; if (e > 3 || e < -3) exit 1; n++ } END { exit n != 4 }'
}
check "a stream with a table of what is known ahead" streams_plan
# Of two kinds of series the plan means opposite things
categories() {
  awk 'BEGIN { srand(5); print "id,shop,t,y,plan"
    for (s = 1; s < 7; s++) for (t = 0; t < 120; t++) {
      p = rand() < 0.1
      printf "%d,%s,%d,%g,%d\n", s, s % 2 ? "up" : "down", t * 3600, s % 2 ? p : -p, p
    } }' > shops.csv
  "$pipelines/train-forecast" shops.csv shops.safetensors --id id --time t --target y --known plan --category shop --horizon 4 --season 1 \
    --recipe "$pipelines/../models/forecast/one.json" --config scaling=none > log 2>&1 || return 1
  for kind in up down; do
    awk -F , -v OFS=, -v kind=$kind '$2 == kind || NR == 1 { print $3, $4 } ' shops.csv | head -n 100 > one.csv
    awk 'BEGIN { print "time,plan"; for (t = 0; t < 200; t++) print t * 3600 "," (t >= 99) }' > always.csv
    gst-launch-1.0 -q filesrc location=one.csv ! rnncsvparse time-column=t ! rnnforecast model-file=shops.safetensors known-file=always.csv \
      categories=shop=$kind ! rnncsvenc ! filesink location=$kind.out > log 2>&1 || return 1
  done
  tail -n 1 up.out | awk -F , '{ exit !($3 > 0.5) }' && tail -n 1 down.out | awk -F , '{ exit !($3 < -0.5) }'
}
check "categories say what the plan means" categories
# One model of six series, each reported by itself: with the categories it errs less than a fifth as much
compares() {
  awk 'BEGIN { srand(5); print "id,shop,t,y,plan"
    for (s = 1; s < 7; s++) for (t = 0; t < 300; t++) {
      p = rand() < 0.06 ? (t % 2 ? 1 : -1) : 0
      printf "%d,%s,%d,%g,%d\n", s, s % 2 ? "up" : "down", t * 3600, s % 2 ? p : -p, p
    } }' > shops.csv
  sed 's/"scaling": "last"/"scaling": "none", "context": 4, "segment": 4/; s/0\.001/0.005/' "$pipelines/../models/forecast/one.json" > short.json
  for category in shop ''; do
    "$pipelines/evaluate-forecast" shops.csv --time t --id id --target y --known plan ${category:+--category $category} --season 1 \
      --split 200,50,50 --horizons 4 --recipe short.json --json -q > log || return 1
    grep -q '^horizon 4, 282 windows' log && tail -n 1 log | sed 's/.*"model":{"mse":\([0-9.e-]*\).*/\1/'
  done > errors
  awk 'NR == 1 { with = $1 } NR == 2 { exit !(5 * with < $1) }' errors && [ "$(wc -l < errors)" = 2 ]
}
check "evaluate-forecast measures many series in one model" compares
check "series that are too short for its parts" fails "1 has 300 rows, but the parts together 3000" \
  "$pipelines/evaluate-forecast" shops.csv --time t --id id --target y --split 2000,500,500 --horizons 4 -q
check "a category that changes within a series" fails 'shops.csv:302: column shop: "down", but "up"' \
  "$pipelines/evaluate-forecast" shops.csv --time t --target y --category shop --split 200,50,50 --horizons 4 -q

# Bad input: one line that names file and line or reason, and no model
trains_not() {
  printf '%b' "$1" > bad.csv
  "$pipelines/train-forecast" bad.csv new.safetensors --horizon 2 > log 2> errors && return 1
  [ ! -e new.safetensors ] && [ "$(wc -l < errors)" = 1 ] && grep -qF -- "$2" errors
}
check "an empty table" fails "bad.csv: is empty" sh -c ': > bad.csv; "$0" bad.csv new.safetensors' "$pipelines/train-forecast"
check "a header alone" trains_not 'date,y\n' "bad.csv"
check "one row" trains_not 'date,y\n2020-01-01,1\n' "bad.csv: "
check "a ragged row" trains_not 'date,y\n2020-01-01,1\n2020-01-02,1,5\n' "bad.csv:3:"
check "time that jumps back" trains_not 'date,y\n2020-01-02,1\n2020-01-03,1\n2020-01-01,1\n' "bad.csv:4:"
check "a step that changes" trains_not 'date,y\n2020-01-01,1\n2020-01-02,1\n2020-01-03,1\n2020-01-03T07:00,1\n' "bad.csv:5:"
check "bytes that are no text" trains_not 'date,y\n\0\0377\0001\0002,\0377\n' "bad.csv"
check "nothing but missing values" trains_not "date,y\n$(awk 'BEGIN { for (i = 10; i < 30; i++) printf "2020-01-%d,\\n", i }')" "bad.csv: "
check "a value of 1e300" trains_not 'date,y\n2020-01-01,1\n2020-01-02,1e300\n' "bad.csv:3:"
live() {
  "$pipelines/forecast-live" --learn 80 --horizon 3 --season 8 -- \
    awk 'BEGIN { for (t = 0; t < 100; t++) print 20 + 5 * sin(t * 3.14159265 / 4) }' > out.csv 2> log &&
    head -n 1 out.csv | grep -q 'value,value.lower,value.upper' && [ "$(wc -l < out.csv)" -gt 60 ]
}
check "forecast-live learns of what a command prints, and goes on" live
# The picture is always a whole one; without a command it is vmstat that is asked, whose columns have names.
moves() {
  "$pipelines/forecast-live" --learn 80 --horizon 3 --season 8 --plot live.svg -- \
    awk 'BEGIN { for (t = 0; t < 100; t++) print 20 + 5 * sin(t * 3.14159265 / 4) }' > plotted.csv 2> log &&
    cmp plotted.csv out.csv && [ ! -e live.svg.part ] && grep -q '</svg>' live.svg
}
command -v gnuplot > /dev/null && check "and draws it anew with every value" moves
processor() {
  mkdir -p bin
  cat > bin/vmstat << 'END'
#!/bin/sh
echo "procs -----------memory---------- ------cpu-----"
echo " r  b   free  us sy id wa"
awk 'BEGIN { for (t = 0; t < 90; t++) print 1, 0, 5000, 20, 10, 60 + 10 * (t % 4), 0 }'
END
  chmod +x bin/vmstat
  PATH=$PWD/bin:$PATH "$pipelines/forecast-live" --learn 80 --horizon 2 --season 4 > busy.csv 2> log && [ "$(wc -l < busy.csv)" -gt 60 ] &&
    tail -n 2 busy.csv | awk -F , '{ expected = NR == 1 ? 20 : 10; if ($3 < expected - 1 || $3 > expected + 1) exit 1 }'
}
check "what vmstat says of the processor" processor
constant() {
  awk 'BEGIN { print "y"; for (i = 0; i < 60; i++) print 5 }' > constant.csv
  "$pipelines/forecast" constant.csv --horizon 3 > log 2>&1 && [ "$(tail -n 3 log | cut -f 2,3,4 | tr '\t' '\n' | grep -c -E '^(5|4\.9|5\.0)')" = 9 ]
}
check "a constant is forecast as itself" constant

echo "1..$n"
