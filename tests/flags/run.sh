#!/bin/bash
# nib compiles with flags that its own build does not use, and says one thing where the language is too old.
#     run.sh COMPILER ROOT WORK    WORK is a folder for what is built
set -euo pipefail

compiler=$1 root=$2 work=$3
here=$root/tests/flags
mkdir -p "$work"
compile() { "$compiler" -I"$root/include" "$@"; }
is_clang() { "$compiler" --version | grep -q clang; }

echo "== warnings"
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wdouble-promotion -Wnull-dereference -Wcast-align
    -Wsign-conversion -Wold-style-cast -Wundef)
is_clang || warnings+=(-Wuseless-cast)
compile -std=c++20 -fsyntax-only -Werror "${warnings[@]}" "$root/tests/abi/user.cpp"

echo "== instrumented functions"
compile -std=c++20 -O1 -finstrument-functions -c "$here/predict.cpp" -o "$work/instrumented.o"

echo "== without exceptions and run-time types"
compile -std=c++20 -O1 -fno-exceptions -fno-rtti "$here/predict.cpp" -o "$work/predict"
"$work/predict"
compile -std=c++20 -O1 -fno-exceptions -fno-rtti "$here/fail_handler.cpp" -o "$work/fail_handler"
[ "$("$work/fail_handler")" = 'two\nlines' ]

echo "== without threads"
compile -std=c++20 -O1 -DNIB_THREADS=0 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror "$here/one_thread.cpp" \
    -o "$work/one_thread"
"$work/one_thread"

echo "== C++17"
for header in nib core/detail/abi core/text kernels/matmul; do
    if echo "#include <nib/$header.hpp>" | LC_ALL=C compile -std=c++17 -fsyntax-only -x c++ - 2>"$work/messages"; then
        [ "$header" = core/detail/abi ] || {
            echo "$header.hpp was expected not to compile"
            exit 1
        }
        continue
    fi
    grep -q 'error: \(#error \)\?"nib needs C++20: compile with -std=c++20"' "$work/messages"
    # The other one is what ends the compilation.
    if [ "$(grep -c 'error:' "$work/messages")" -ne 2 ] ||
        ! grep -q 'fatal error: .*stop: nib needs C++20' "$work/messages"; then
        cat "$work/messages"
        exit 1
    fi
done
