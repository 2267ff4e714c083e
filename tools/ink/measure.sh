#!/bin/sh
# What nib reaches on digits that people drew: trains four networks with the example programs and prints the accuracy of
# each on MNIST's test images and on a file of pen trajectories, which none of them is trained on.
#
#   tools/ink/measure.sh BUILD DATA OUT
#
# BUILD is a built folder (cmake --preset release && cmake --build --preset release), DATA has mnist/ and
# pendigits/pendigits-orig.tra (UCI, "Pen-Based Recognition of Handwritten Digits"), OUT gets the models and, for each, a
# picture of its 50 worst mistakes.
set -eu
if [ $# -ne 3 ]; then
    echo "usage: tools/ink/measure.sh BUILD DATA OUT" >&2
    exit 2
fi
build=$1 mnist=$2/mnist strokes=$2/pendigits/pendigits-orig.tra out=$3
mkdir -p "$out"

# measure NAME TRAIN-OPTION...
measure() {
    name=$1
    shift
    echo "== $name: train $*"
    "$build/examples/train" "$@" --save "$out/$name.safetensors" >"$out/$name.log"
    echo "training $(awk '/^epoch/ { s += $8 } END { printf "%.0f", s }' "$out/$name.log") s"
    echo "MNIST $("$build/examples/evaluate" "$out/$name.safetensors" --data "$mnist" | tail -n 1)"
    echo "drawings $("$build/examples/recognize" "$out/$name.safetensors" "$strokes" | tail -n 1)"
    "$build/tools/ink-report" "$out/$name.safetensors" "$strokes" "$out/$name-worst.png"
}

long() {
    measure "$@" --augment --threads 2
}

measure plain --data "$mnist"
long default --data "$mnist" --synthetic 60000 --epochs 20 --batch 64
long large --data "$mnist" --synthetic 80000 --epochs 46 --batch 128 --hidden 512,256 --lr 0.002
long synthetic --synthetic 240000 --epochs 20 --batch 64 --lr 0.002
