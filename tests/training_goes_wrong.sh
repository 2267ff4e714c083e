#!/bin/sh
# Training that goes wrong leaves the user with no less than before: a rate that is too high, data that are none, a full
# disk, a dead standard output, Ctrl-C, and kill -9 at any moment. Before each there are a checkpoint and a saved network;
# after it both are whole, those of before or newer ones of the run, and no half-written file stands in their place.
#     training_goes_wrong.sh DIR SCRATCH       DIR: the example programs
# SCRATCH has no spaces: $on is split into words.
# shellcheck disable=SC2086
set -eu

programs=$1
scratch=$2
train=$programs/train
failures=0

fail() {
    echo "FAILED: $test: $*"
    failures=$((failures + 1))
}

start() {
    test=$1
    echo "$test"
    cp "$scratch/good_checkpoint" "$scratch/run/checkpoint"
    cp "$scratch/good_model" "$scratch/run/model"
}

# Both files are as they were.
check_untouched() {
    cmp -s "$scratch/good_checkpoint" "$scratch/run/checkpoint" || fail "the checkpoint is another"
    cmp -s "$scratch/good_model" "$scratch/run/model" || fail "the saved network is another"
    check_folder
}

# Both can be used.
check_usable() {
    "$train" --data "$data" --resume "$scratch/run/checkpoint" --epochs 1 >/dev/null 2>"$scratch/err" ||
        fail "the checkpoint cannot be gone on from: $(cat "$scratch/err")"
    "$programs/evaluate" "$scratch/run/model" --data "$data" >/dev/null 2>"$scratch/err" ||
        fail "the saved network cannot be evaluated: $(cat "$scratch/err")"
}

# Nothing else was left in the folder.
check_folder() {
    left=$(ls "$scratch/run")
    [ "$left" = "checkpoint
model" ] || fail "found in the folder: $left"
}

# It failed with one line of its own, which matches the pattern.
check_complaint() {
    [ "$status" = 1 ] || fail "expected exit status 1, found $status"
    [ "$(grep -c '^train: ' "$scratch/err")" = 1 ] || fail "expected one line, found: $(cat "$scratch/err")"
    grep -q "$1" "$scratch/err" || fail "expected a message with '$1', found: $(cat "$scratch/err")"
}

run() {
    status=0
    "$@" >"$scratch/out" 2>"$scratch/err" || status=$?
}

rm -rf "$scratch"
mkdir -p "$scratch/run" "$scratch/data"
data=$scratch/data
# MNIST's four files, of digits that a generator of random numbers draws.
images() { # PREFIX COUNT
    awk -v count="$2" -v seed="$2" 'BEGIN {
        srand(seed)
        for (i = 0; i < count; ++i) {
            label = i % 10
            printf "{\"word\":\"%d\",\"drawing\":[[[%d,%d,%d],[%d,%d,%d]]]}\n", label, label * 20 + rand() * 20, 100 + rand() * 20,
                250 - label * 20, rand() * 20, 100 + rand() * 99, 200 + rand() * 50
        }
    }' >"$scratch/strokes.ndjson"
    "$programs/rasterize" "$scratch/strokes.ndjson" --idx "$1" >/dev/null
}
images "$data/train" 300
images "$data/t10k" 100
"$train" --data "$data" --epochs 1 --checkpoint "$scratch/good_checkpoint" --save "$scratch/good_model" >/dev/null
on="--data $data --resume $scratch/run/checkpoint --epochs 1000000 --checkpoint $scratch/run/checkpoint
    --save $scratch/run/model"

start "a rate that is too high, from a checkpoint"
run "$train" $on --lr 1e6
check_complaint "fit: epoch 2, step .* not finite\|fit: epoch 2, .*found .*too high"
grep -q "$scratch/run/checkpoint has the first 1 epoch" "$scratch/err" || fail "the checkpoint is not named"
check_untouched

start "a rate that is too high, anew"
run "$train" --data "$data" --lr 1e6 --epochs 50 --checkpoint "$scratch/run/checkpoint" --save "$scratch/run/model"
check_complaint "fit: epoch 1, .*the learning rate, 1000000, may be too high.*no checkpoint"
check_untouched

start "a file of labels that is cut short"
cp -r "$data" "$scratch/cut"
head -c 100 "$data/train-labels-idx1-ubyte" >"$scratch/cut/train-labels-idx1-ubyte"
run "$train" $on --data "$scratch/cut"
check_complaint "train-labels-idx1-ubyte: "
check_untouched

start "a file of images that is none"
head -c 100000 /dev/zero >"$scratch/cut/train-images-idx3-ubyte"
run "$train" $on --data "$scratch/cut"
check_complaint "train-images-idx3-ubyte: "
check_untouched

start "other data"
cp "$data/t10k-images-idx3-ubyte" "$scratch/cut/train-images-idx3-ubyte"
cp "$data/t10k-labels-idx1-ubyte" "$scratch/cut/train-labels-idx1-ubyte"
run "$train" $on --data "$scratch/cut"
check_complaint "cannot go on with other data: the run had 300 images .*, not 100 images"
check_untouched

start "a file that may not grow"
run sh -c 'trap "" XFSZ; ulimit -f 8; exec "$@"' sh "$train" $on
check_complaint "checkpoint: cannot write: .*has the first 1 epoch"
check_untouched

if [ -c /dev/full ]; then
    start "a full disk under standard output"
    status=0
    "$train" $on >/dev/full 2>"$scratch/err" || status=$?
    check_complaint "standard output: cannot write: "
    check_untouched
fi

start "a reader that is gone"
status=0
{ "$train" $on 2>"$scratch/err" || echo $? >"$scratch/status"; } | true
status=$(cat "$scratch/status")
check_complaint "standard output: cannot write: "
check_usable

# A full disk: a file system of 2 MB, where this may be mounted.
mkdir "$scratch/small"
if mount -t tmpfs -o size=2m tmpfs "$scratch/small" 2>/dev/null; then
    trap 'umount "$scratch/small"' EXIT
    start "a full disk"
    cp "$scratch/good_checkpoint" "$scratch/small/checkpoint"
    cp "$scratch/good_model" "$scratch/small/model"
    dd if=/dev/zero of="$scratch/small/ballast" bs=1024 count=4096 2>/dev/null || true
    run "$train" --data "$data" --resume "$scratch/small/checkpoint" --epochs 3 --checkpoint "$scratch/small/checkpoint"
    check_complaint "checkpoint: cannot write: .*"
    run "$train" --data "$data" --epochs 1 --save "$scratch/small/model"
    check_complaint "model: cannot write: "
    cmp -s "$scratch/good_checkpoint" "$scratch/small/checkpoint" || fail "the checkpoint is another"
    cmp -s "$scratch/good_model" "$scratch/small/model" || fail "the saved network is another"
    [ "$(find "$scratch/small" -mindepth 1 | wc -l)" = 3 ] || fail "found in the folder: $(ls "$scratch/small")"
    umount "$scratch/small"
    trap - EXIT
else
    echo "skipped: a full disk, which needs the right to mount a file system"
fi

# A signal after an epoch and so many hundredths of a second, or, for KILL, after these alone.
interrupt() { # SIGNAL HUNDREDTHS
    : >"$scratch/out"
    "$train" $on >"$scratch/out" 2>"$scratch/err" &
    child=$!
    until [ "$1" = KILL ] || grep -q "^epoch" "$scratch/out" || ! kill -0 $child 2>/dev/null; do sleep 0.05; done
    sleep "$(printf '0.%02d' "$2")"
    kill "-$1" $child 2>/dev/null || fail "it had ended: $(cat "$scratch/err")"
    status=0
    wait $child 2>/dev/null || status=$?
}

for signal in INT TERM; do
    start "signal $signal"
    interrupt $signal 10
    [ $status = "$([ $signal = INT ] && echo 130 || echo 143)" ] || fail "found exit status $status"
    grep -q "^train: interrupted: $scratch/run/checkpoint has the first .*, to go on from by: train " "$scratch/err" ||
        fail "it does not say how to go on: $(cat "$scratch/err")"
    cmp -s "$scratch/good_model" "$scratch/run/model" || fail "the saved network is another"
    check_folder
    check_usable
done

# Each lands in another part of an epoch; most of these are spent on writing the checkpoint. What was being written may
# stay beside, under a name of its own.
for hundredths in 13 17 22 29 31 38 43 47; do
    start "kill -9 after 0.$hundredths seconds"
    interrupt KILL $hundredths
    cmp -s "$scratch/good_model" "$scratch/run/model" || fail "the saved network is another"
    check_usable
    rm -f "$scratch"/run/*tmp*
done

[ $failures = 0 ] && rm -rf "$scratch"
exit $failures
