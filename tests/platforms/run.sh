#!/bin/bash
# One program, built for another platform, says what it says here.
#     run.sh PLATFORM COMPILER ROOT WORK    PLATFORM is libc++ or mingw; COMPILER is this platform's; WORK is a folder
#
# libc++ needs clang++ with libc++, mingw needs MinGW-w64's g++ with POSIX threads, and wine to run what it builds. They
# are installed where CI=true or NIB_INSTALL=1; elsewhere, or where that fails, the test is skipped (status 77). Without
# wine the program is only built.
set -euo pipefail

platform=$1 compiler=$2 root=$3 work=$4
source=$root/tests/platforms/basic.cpp

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# have PROGRAM PACKAGE...: whether there is the program, after installing the packages where that is allowed.
have() {
    command -v "$1" >/dev/null && return
    [ "${CI:-}" = true ] || [ "${NIB_INSTALL:-}" = 1 ] || return
    as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install \
        -y -qq --no-install-recommends "${@:2}" && command -v "$1" >/dev/null
}

skip() {
    echo "skipped: $1; with NIB_INSTALL=1 the test installs what it needs"
    exit 77
}

mkdir -p "$work"
cd "$work"
build() { "$@" -std=c++20 -O1 -I"$root/include" "$source"; }

case $platform in
libc++)
    has_libcxx() { echo '#include <version>' | clang++ -stdlib=libc++ -x c++ -fsyntax-only - 2>/dev/null; }
    have clang++ clang || skip "there is no clang++"
    has_libcxx || have no-such-program libc++-dev libc++abi-dev || has_libcxx || skip "there is no libc++"
    build clang++ -stdlib=libc++ -o there
    there=$(./there there.safetensors)
    build "$compiler" -o here
    here=$(./here here.safetensors)
    cmp here.safetensors there.safetensors
    ;;
mingw)
    have x86_64-w64-mingw32-g++-posix g++-mingw-w64-x86-64-posix || skip "there is no MinGW-w64"
    build x86_64-w64-mingw32-g++-posix -static -o there.exe
    command -v wine >/dev/null || {
        echo "built; there is no wine to run it"
        exit 0
    }
    export WINEPREFIX=$work/wine WINEDEBUG=-all
    there=$(wine ./there.exe there.safetensors 2>/dev/null | tr -d '\r')
    # Windows' logarithm and power differ in their last bits, and so does what is trained.
    there=${there% hash *}
    here='accuracy 0.9917 class 0 numbers right'
    ;;
*)
    echo "expected libc++ or mingw, found $platform"
    exit 2
    ;;
esac
[ "$here" = "$there" ] || {
    printf 'here:  %s\nthere: %s\n' "$here" "$there"
    exit 1
}
echo "$there"
