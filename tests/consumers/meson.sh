#!/bin/bash
# Builds and runs projects of Meson's: nib as installed, found through pkg-config and through CMake, and a copy of nib as a
# subproject.
#     meson.sh CMAKE SOURCE BUILD COMPILER
#
# It needs Meson, and installs it where CI=true or NIB_INSTALL=1; elsewhere, or where that fails, it is skipped (status 77).
set -euo pipefail

cmake=$1 source=$2 build=$3 compiler=$4
here=$source/tests/consumers

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# have PROGRAM PACKAGE: whether there is the program, after installing the package where that is allowed.
have() {
    command -v "$1" >/dev/null && return
    [ "${CI:-}" = true ] || [ "${NIB_INSTALL:-}" = 1 ] || return
    as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install \
        -y -qq --no-install-recommends "$2" && command -v "$1" >/dev/null
}

for program in meson pkg-config; do
    have "$program" "$program" || {
        echo "skipped: there is no $program; with NIB_INSTALL=1 the test installs what it needs"
        exit 77
    }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export CXX=$compiler

# consume NAME PROJECT OPTION...
consume() {
    local project=$work/$1
    echo "== $1"
    mkdir -p "$project"
    cp "$here/main.cpp" "$here/$2"/meson* "$project/"
    meson setup "$project/build" "$project" "${@:3}"
    meson compile -C "$project/build"
    "$project/build/consumer"
}

"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name nib.pc)") \
    consume pkg_config meson_dependency -Dmethod=pkg-config
consume cmake meson_dependency -Dmethod=cmake -Dcmake_prefix_path="$work/prefix"

mkdir -p "$work/subproject/subprojects"
ln -s "$source" "$work/subproject/subprojects/nib"
consume subproject meson_subproject
# Nothing of nib's own programs came along.
if grep -q nib_example "$work/subproject/build/build.ninja"; then
    echo "expected no programs of nib's in a project that it is a part of"
    exit 1
fi
