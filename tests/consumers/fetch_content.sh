#!/bin/sh
# Builds and runs a project that downloads nib with FetchContent: an archive, and a repository of git's.
#     fetch_content.sh CMAKE SOURCE COMPILER GENERATOR
set -eu

cmake=$1 source=$2 compiler=$3 generator=$4
here=$source/tests/consumers
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

consume() {
    name=$1
    shift
    echo "== $name"
    "$cmake" -S "$here/fetch_content" -B "$work/$name" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" "$@"
    "$cmake" --build "$work/$name"
    "$work/$name/consumer"
}

# What the library itself is made of is enough.
mkdir "$work/nib"
cp -R "$source/include" "$source/CMakeLists.txt" "$source/LICENSE" "$work/nib/"
(cd "$work" && "$cmake" -E tar czf nib.tar.gz nib)
consume archive -DNIB_URL="$work/nib.tar.gz"

if command -v git >/dev/null; then
    cd "$work/nib"
    git init -q -b main
    git add .
    git -c user.name=consumer -c user.email=consumer@localhost -c commit.gpgsign=false commit -q -m "nib"
    consume repository -DNIB_REPOSITORY="file://$work/nib"
else
    echo "there is no git: the repository is left out"
fi
