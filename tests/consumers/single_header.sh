#!/bin/sh
# The single header that tools/amalgamate makes: the same bytes each time, in several files of a program, its functions
# compiled in each or once; and the core of the test suite passes with it in place of nib's headers.
#     single_header.sh SOURCE COMPILER DOCTEST
# DOCTEST is the folder that holds doctest/doctest.h, or nothing, which leaves the test suite out.
set -eu

source=$1 compiler=$2 doctest=$3
amalgamate=$source/tools/amalgamate
python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null || {
    echo "skipped: there is no Python 3.8 or newer"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"

compile() { "$compiler" -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror "$@"; }

echo "== the same bytes"
mkdir project
"$amalgamate" -o project/nib.hpp
(cd / && PYTHONHASHSEED=1 "$amalgamate" nib) >again.hpp
cmp project/nib.hpp again.hpp
for word in "$source" '#include <nib/' '#include "nib/' '#pragma once'; do
    if grep -nF "$word" project/nib.hpp; then
        echo "the single header holds $word"
        exit 1
    fi
done
grep -qF 'THE SOFTWARE IS PROVIDED "AS IS"' project/nib.hpp
! "$amalgamate" nib kernels/nothing 2>error || exit 1
grep -q 'there is no header .*kernels/nothing.hpp' error

# Several headers in one hold each part once.
"$amalgamate" nib ink model/int8.hpp -o parts.hpp
[ "$(grep -c '^// <nib/core/matrix.hpp>$' parts.hpp)" = 1 ]
echo '#include "parts.hpp"' >parts.cpp
compile -fsyntax-only parts.cpp

echo "== a program of two files"
sed 's|<nib/nib.hpp>|"nib.hpp"|; s|int main()|int consumer()|' "$source/tests/consumers/main.cpp" >consumer.cpp
cat >main.cpp <<'CPP'
#include "nib.hpp"
#include "nib.hpp"

int consumer();

int main() {
    nib::Rng rng{1};
    const nib::Sequential<nib::Dense<2, 3>, nib::ReLU> net{rng};
    return net.parameters().size() == 9 ? consumer() : 1;
}
CPP
compile -Iproject main.cpp consumer.cpp -o program
./program

echo "== only that of all headers can be compiled once"
mkdir all
"$amalgamate" all -o all/nib.hpp
head -n 30 all/nib.hpp | grep -q '^//.*NIB_COMPILING'
if head -n 30 project/nib.hpp | grep '^//.*NIB_COMPIL'; then
    echo "a header of some of nib promises that"
    exit 1
fi
echo '#include "nib.hpp"' >once.cpp
for macro in NIB_COMPILING NIB_COMPILED; do
    ! compile -D$macro -Iproject -fsyntax-only once.cpp 2>error || exit 1
    grep -q 'only the single header of .*amalgamate all. is for NIB_COMPILING' error
done

[ -n "$doctest" ] || exit 0
echo "== its functions compiled once"
printf '#define NIB_COMPILING\n#include "nib.hpp"\n' >functions.cpp
compile -Iall -c functions.cpp
compile -Iall -DNIB_COMPILED main.cpp consumer.cpp functions.o -o program
./program

# In place of each header of nib's stands one that includes the single header.
echo "== the core of the test suite"
(cd "$source/include" && find nib -name '*.hpp') >names
while IFS= read -r name; do
    mkdir -p "headers/$(dirname "$name")"
    printf '#include "%s/all/nib.hpp"\n' "$work" >"headers/$name"
done <names
tests=
for test in core/matrix io/safetensors ink/unipen layers/dense model/sequential optim/adam; do
    tests="$tests $source/tests/${test}_test.cpp"
done
# shellcheck disable=SC2086 # the tests are words
compile -DNIB_COMPILED -Iheaders -I"$source/tests" -idirafter "$doctest" -DNIB_TEST_DATA="\"$source/tests/data\"" \
    $tests "$source/tests/main.cpp" functions.o -o tests
./tests
