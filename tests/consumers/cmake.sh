#!/bin/sh
# Builds and runs the consumer all ways: nib as a subdirectory, and nib as installed from its build, each as headers and
# as the compiled library; the headers alone, as include/nib/README.md installs them; and what the README shows, the
# CMake project and the line without CMake.
#     cmake.sh CMAKE SOURCE BUILD COMPILER GENERATOR COMPILED
# COMPILED is 1 where BUILD installs the compiled library.
set -eu

cmake=$1 source=$2 build=$3 compiler=$4 generator=$5 compiled=$6
unset CXXFLAGS CMAKE_BUILD_TYPE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

configure() {
    "$cmake" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" "$@" >"$work/log" 2>&1 || {
        cat "$work/log"
        exit 1
    }
}

# A build that does not optimise is said to be slow, and no other.
expect_note() {
    grep -q 'nib: CMAKE_BUILD_TYPE is not set' "$work/log" || {
        echo "expected a note that there is no CMAKE_BUILD_TYPE"
        exit 1
    }
}

consume() {
    name=$1
    shift
    echo "== $name"
    configure -S "$source/tests/consumers/cmake" -B "$work/$name" "$@"
    expect_note
    "$cmake" --build "$work/$name"
    "$work/$name/consumer"
}

echo "== the README's project"
mkdir "$work/readme"
ln -s "$source" "$work/readme/nib"
# shellcheck disable=SC2016 # the quotes of Markdown
sed -n '/^```cmake$/,/^```$/{/^```/d;p;}' "$source/README.md" >"$work/readme/CMakeLists.txt"
cp "$source/tests/consumers/main.cpp" "$work/readme/"
configure -S "$work/readme" -B "$work/readme/build" -DCMAKE_BUILD_TYPE=Debug
if grep 'nib:' "$work/log"; then exit 1; fi
"$cmake" --build "$work/readme/build"
"$work/readme/build/your_program"

# But for the level of optimisation, which would take longer than all else here.
echo "== the README's line without CMake"
line=$(sed -n 's/^g++ \(.*\)-O2/\1-O0/p' "$source/README.md")
# shellcheck disable=SC2086 # the line is words
(cd "$work/readme/nib" && "$compiler" ${line% -o *} -o "$work/readme/${line#* -o }")
"$work/readme/digits" --help

consume subdirectory -DNIB_SOURCE_DIR="$source"
# A part of another project installs nothing.
"$cmake" --install "$work/subdirectory" --prefix "$work/nothing"
if [ -n "$(find "$work/nothing" -type f 2>/dev/null)" ]; then
    echo "installing the project that nib is a part of was expected to install nothing of nib"
    exit 1
fi
consume subdirectory_compiled -DNIB_SOURCE_DIR="$source" -DNIB_TARGET=nib::compiled

"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
# A copy that was moved proves that nothing installed holds the path of the build or of the prefix.
mv "$work/prefix" "$work/moved"
consume installed -DCMAKE_PREFIX_PATH="$work/moved"
[ "$compiled" = 0 ] || consume installed_compiled -DCMAKE_PREFIX_PATH="$work/moved" -DNIB_TARGET=nib::compiled

configure -S "$source" -B "$work/headers" -DNIB_BUILD_EXAMPLES=OFF -DNIB_BUILD_TESTS=OFF
"$cmake" --install "$work/headers" --prefix "$work/headers_prefix" >/dev/null
consume installed_headers -DCMAKE_PREFIX_PATH="$work/headers_prefix"

# The headers' installation says what to do for the compiled library, whether it is linked or asked for.
refuse() {
    message=$1
    shift
    if "$cmake" -S "$work/project" -B "$work/wrong" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" "$@" >"$work/log" 2>&1; then
        echo "expected to fail: $*"
        exit 1
    fi
    tr -s ' \n' ' ' <"$work/log" | grep -q "$message" || {
        cat "$work/log"
        exit 1
    }
    rm -rf "$work/wrong"
}
mkdir "$work/project"
cp "$source/tests/consumers/main.cpp" "$work/"
cp "$source/tests/consumers/cmake/CMakeLists.txt" "$work/project/"
refuse 'has no nib::compiled (configure nib with -DNIB_BUILD_COMPILED=ON' \
    -DCMAKE_PREFIX_PATH="$work/headers_prefix" -DNIB_TARGET=nib::compiled
sed 's/find_package(nib 0.1 REQUIRED)/find_package(nib 0.1 REQUIRED COMPONENTS compiled)/' \
    "$source/tests/consumers/cmake/CMakeLists.txt" >"$work/project/CMakeLists.txt"
refuse 'has no nib::compiled (configure nib with -DNIB_BUILD_COMPILED=ON' -DCMAKE_PREFIX_PATH="$work/headers_prefix"

# A version that does not fit is refused.
sed 's/find_package(nib 0.1 REQUIRED)/find_package(nib 99 REQUIRED)/' "$source/tests/consumers/cmake/CMakeLists.txt" \
    >"$work/project/CMakeLists.txt"
refuse 'requested version "99"' -DCMAKE_PREFIX_PATH="$work/moved"
