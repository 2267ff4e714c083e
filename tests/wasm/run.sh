#!/bin/bash
# nib on WebAssembly, in node, with its vectors and without.
#     run.sh core ROOT WORK                        the core of the unit tests; WORK is a folder for what is built
#     run.sh all ROOT WORK                         all unit tests that need no threads: some minutes
#     run.sh answers ROOT WORK PROGRAMS COMPILER   a network's outputs for MNIST ($NIB_DATA/mnist), and this machine's
#     run.sh recognizer ROOT WORK PROGRAMS         the drawing page's recognizer, and the program recognize
#
# PROGRAMS is the folder of train and recognize, COMPILER this machine's. What is missing is installed where CI=true or
# NIB_INSTALL=1 (by apt-get); elsewhere, and where that fails, the test is skipped (status 77).
set -euo pipefail

what=$1 root=$(cd "$2" && pwd) programs=${4:-} compiler=${5:-}
mkdir -p "$3"
work=$(cd "$3" && pwd)
here=$root/tests/wasm
cxx=${NIB_WASM_CXX:-clang++}

skip() {
    echo "skipped: $1"
    exit 77
}

is_there() {
    command -v node >/dev/null && command -v "$cxx" >/dev/null &&
        echo 'int main() {}' | "$cxx" --target=wasm32-wasi -x c++ - -o "$work/probe" 2>/dev/null
}
packages="clang-14 lld-14 wasi-libc libc++-14-dev-wasm32 libc++abi-14-dev-wasm32 libclang-rt-14-dev-wasm32 nodejs"
if ! is_there && { [ "${CI:-}" = true ] || [ "${NIB_INSTALL:-}" = 1 ]; }; then
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    # shellcheck disable=SC2086 # a list
    if ! { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $packages; }; then
        echo "$packages could not be installed"
    fi
fi
is_there || skip "Clang for wasm32-wasi and node are needed (Debian: $packages; NIB_INSTALL=1 installs them)"

# Node's fast calls of WASI lose objects to its garbage collector.
run() { node --no-turbo-fast-api-calls "$here/run.mjs" "$@"; }

# compile MODE ARGUMENT...: MODE is simd or scalar.
compile() {
    local simd=()
    [ "$1" = scalar ] || simd=(-msimd128)
    "$cxx" -std=c++20 --target=wasm32-wasi "${simd[@]}" -fno-exceptions -g0 -Wno-unused-command-line-argument \
        -include "$here/library.hpp" "-I$root/include" "-I$here" "-I$root/tests" \
        -Wl,--stack-first,-z,stack-size=4194304 "${@:2}"
}

# Unit tests: those of a room are compiled together, each file in a namespace of its own.

rooms='model io kernels ink layers core'
core='core/matrix core/random core/text core/error core/detail/join core/detail/math
    kernels/vector kernels/matmul kernels/detail/int8
    layers/dense layers/relu layers/log_softmax layers/layer_norm
    model/model_file model/predict
    ink/rasterize ink/quickdraw ink/unipen ink/normalize_image ink/read_drawings ink/write_drawings
    io/safetensors io/torch_pth io/tensor_formats'
# What has numbers of 64 bits, and what is about threads and files.
left_out='core/threads core/executor core/detail/atomic core/detail/flush_subnormals model/sequential io/atomic_file
    io/atomic_file_killed io/file_identity io/detail/paths io/detail/temporary_file io/detail/state_dict_writer
    io/detail/tensor_checks'
# Test cases that expect sizes or pointers of 64 bits, another locale, or that what fails is destroyed.
skipped_cases='numbers are printed and parsed alike in a locale*,malformed UNIPEN files,a large file takes no memory*'
skipped_cases+=',a small file makes no large allocation,offsets fit the data*,a tensor that does not lie within*'
skipped_cases+=',the file holds as many bytes as the shape says*,valid files with unusual layouts are accepted'
skipped_cases+=',segments that wait for their components*,a file is written whole or not at all'

files_of() {
    if [ "$what" = core ]; then
        for file in $core; do [[ $file != "$1"/* ]] || echo "$file"; done
    else
        # shellcheck disable=SC2086 # a list
        (cd "$root/tests" && find "$1" -name '*_test.cpp') | sort | sed 's/_test.cpp$//' |
            grep -vxF "$(printf '%s\n' $left_out)"
    fi
}

# unit FILE...: a source that includes them.
unit() {
    echo '#include <nib/all.hpp>'
    for file in "$@"; do grep -ho '^#include <[a-z_]*>' "$root/tests/${file}_test.cpp" || true; done | sort -u
    for header in support reference ink/unipen_text io/malformed_torch io/packed_text io/pickle_builder \
        io/protobuf_reader io/torch_builder io/zip_builder kernels/listed layers/activation optim/torch_optim; do
        echo "#include \"$header.hpp\""
    done
    for file in "$@"; do
        printf 'namespace %s {\n#include "%s_test.cpp"\n}\n' "${file//\//_}" "$file"
    done
}

doctest=(-O1 -D_WASI_EMULATED_SIGNAL -DDOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS
    -DDOCTEST_CONFIG_NO_POSIX_SIGNALS -DDOCTEST_CONFIG_SUPER_FAST_ASSERTS "-DNIB_TEST_DATA=\"$root/tests/data\"")

# test_room MODE ROOM: compiles and runs a room's tests.
test_room() {
    local program=$work/$1-$2
    compile "$1" "${doctest[@]}" "$work/$2.cpp" "$work/$1-main.o" -lwasi-emulated-signal \
        -Wl,--export-table,--export=__stack_pointer -o "$program.wasm"
    if run "$program.wasm" "--test-case-exclude=$skipped_cases" >"$program.log" 2>&1; then
        echo "$2, $1: $(sed -n 's/.*test cases: *\([0-9]*\) .*/\1/p' "$program.log") test cases"
    else
        cat "$program.log"
        echo "FAILED: $2, $1"
        return 1
    fi
}

# Room by room, two at a time. In the core, what is the same with vectors and without is tested once.
test_rooms() {
    local jobs=()
    for mode in simd scalar; do
        compile $mode "${doctest[@]}" -c "$here/main.cpp" -o "$work/$mode-main.o"
        for room in $rooms; do
            [[ $what = core && $mode = scalar && $room = [ci]* ]] || jobs+=("$mode $room")
        done
    done
    for room in $rooms; do
        # shellcheck disable=SC2046 # a list
        unit $(files_of "$room") >"$work/$room.cpp"
    done
    local status=0
    for ((i = 0; i < ${#jobs[@]}; i += 2)); do
        # shellcheck disable=SC2086 # two words
        test_room ${jobs[i]} & local first=$!
        # shellcheck disable=SC2086
        [ -z "${jobs[i + 1]:-}" ] || test_room ${jobs[i + 1]} || status=1
        wait $first || status=1
    done
    return $status
}

# A network of two epochs, for those who compare answers.
train() { "$programs/train" --synthetic 20000 --epochs 2 --save "$1" "${@:2}" 2>/dev/null | tail -n 1; }

compare_answers() {
    local data=${NIB_DATA:-}/mnist
    [ -n "${NIB_DATA:-}" ] || skip "set NIB_DATA to the folder that holds mnist"
    train "$work/model.safetensors"
    "$compiler" -std=c++20 -O2 "-I$root/include" "$here/answers.cpp" -o "$work/answers" -pthread
    NIB_CPU=sse2 "$work/answers" "$work/model.safetensors" "$data" >"$work/sse2"
    "$work/answers" "$work/model.safetensors" "$data" >"$work/native"
    cat "$work/sse2"
    # Fused multiply-add changes bits of outputs, and no class.
    diff <(head -n 2 "$work/sse2") <(head -n 2 "$work/native")
    for mode in simd scalar; do
        compile $mode -O2 "$here/answers.cpp" -o "$work/answers-$mode.wasm"
        run "$work/answers-$mode.wasm" "$work/model.safetensors" "$data" >"$work/$mode"
        diff "$work/sse2" "$work/$mode"
        echo "the same in WebAssembly ($mode)"
    done
}

test_recognizer() {
    train "$work/model.safetensors"
    train "$work/other.pth" --hidden 32
    cmake "-DOUTPUT=$work/nib.wasm" "-DCOMPILER=$(command -v "$cxx")" -P "$root/tools/draw/build_module.cmake"
    node "$here/recognizer_test.mjs" "$work/nib.wasm" "$work/model.safetensors" "$work/other.pth" \
        "$programs/recognize" "$work"
}

case $what in
core | all)
    [ "$what" = core ] || rooms="$rooms loss optim"
    test_rooms
    ;;
answers) compare_answers ;;
recognizer) test_recognizer ;;
*)
    echo "expected core, all, answers or recognizer, found $what" >&2
    exit 2
    ;;
esac
