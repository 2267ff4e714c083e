#!/bin/sh
# The fuzzer of readers can start from the files of the tests: each reader gets some, and all of them are read.
#     run.sh REPLAY CORPUS       CORPUS is a folder to make
set -eu
replay=$1
corpus=$2
tests=$(dirname "$0")/..
rm -rf "$corpus"
for data in "$tests/data" "$tests/cases/files"; do
    "$tests/../tools/fuzz/corpus.sh" "$data" "$corpus"
done
readers=$(for file in "$corpus"/*; do head -c 1 "$file"; done | od -An -v -to1 | tr -s ' \n' ' ')
for reader in 000 001 002 003 004 005 006 007 010 011; do
    case " $readers " in
        *" $reader "*) ;;
        *)
            echo "the corpus has nothing for reader $reader" >&2
            exit 1
            ;;
    esac
done
expected="$(find "$corpus" -type f | wc -l | tr -d ' ') files"
found=$("$replay" "$corpus")
if [ "$found" != "$expected" ]; then
    echo "expected $expected, found $found" >&2
    exit 1
fi
