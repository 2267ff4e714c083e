#!/bin/sh
# Builds and runs a program with the flags that pkg-config gives for nib as installed from its build.
#     pkg_config.sh CMAKE SOURCE BUILD COMPILER COMPILED
# COMPILED is 1 where BUILD installs the compiled library.
set -eu

cmake=$1 source=$2 build=$3 compiler=$4 compiled=$5
command -v pkg-config >/dev/null || {
    echo "skipped: there is no pkg-config"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
# Nothing installed holds the path of the prefix.
mv "$work/prefix" "$work/moved"
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name nib.pc)")
export PKG_CONFIG_PATH

consume() {
    pkg-config --print-errors "$1 >= 0.1"
    flags=$(pkg-config --cflags --libs "$1")
    echo "== $1: $flags"
    # shellcheck disable=SC2086 # the flags are words
    "$compiler" -std=c++20 "$source/tests/consumers/main.cpp" $flags -o "$work/$1"
    "$work/$1"
}

consume nib
[ "$compiled" = 0 ] || consume nib-compiled
