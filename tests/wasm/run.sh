#!/bin/bash
# nib's tests on WebAssembly, with its vectors and without, in node.
#     run.sh core|all ROOT WORK    the core of the tests, or all that need no threads; WORK is a folder for what is built
#
# Test files of a room are compiled together, each in a namespace of its own. What is missing is installed where CI=true
# or NIB_INSTALL=1 (by apt-get); elsewhere, and where that fails, the test is skipped (status 77).
set -euo pipefail

which=$1 root=$2 work=$3
here=$root/tests/wasm
cxx=${NIB_WASM_CXX:-clang++}

is_there() {
    command -v node >/dev/null && command -v "$cxx" >/dev/null && mkdir -p "$work" &&
        echo 'int main() {}' | "$cxx" --target=wasm32-wasi -x c++ - -lc++ -o "$work/probe" 2>/dev/null
}
packages="clang-14 lld-14 wasi-libc libc++-14-dev-wasm32 libc++abi-14-dev-wasm32 libclang-rt-14-dev-wasm32 nodejs"
if ! is_there && { [ "${CI:-}" = true ] || [ "${NIB_INSTALL:-}" = 1 ]; }; then
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    # shellcheck disable=SC2086 # a list
    $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        install -y -qq --no-install-recommends $packages || true
fi
is_there || {
    echo "skipped: Clang for wasm32-wasi and node are needed (Debian: $packages; NIB_INSTALL=1 installs them)"
    exit 77
}

# What libc++ 14 cannot compile (std::ranges, calls that are ambiguous there), and what is about threads and files.
left_out='core/threads core/detail/atomic core/detail/flush_subnormals model/predict model/sequential
    model/detail/sequential_text io/atomic_file io/atomic_file_killed io/file_identity io/detail/paths
    io/detail/temporary_file'
core='core/matrix core/random core/text core/error core/detail/join core/detail/math
    kernels/vector kernels/lanes kernels/matmul kernels/detail/int8
    layers/dense layers/relu layers/log_softmax layers/layer_norm
    model/mlp model/model_file
    ink/rasterize ink/quickdraw ink/unipen ink/normalize_image ink/read_drawings ink/write_drawings
    io/safetensors io/torch_pth io/tensor_formats'
# Test cases that expect sizes of 64 bits, another locale, or that what fails is destroyed.
skipped_cases='numbers are printed and parsed alike in a locale*,malformed UNIPEN files,a large file takes no memory*'
skipped_cases+=',a small file makes no large allocation,offsets fit the data*,a tensor that does not lie within*'
skipped_cases+=',what is in archives of torch.save*,a file is written whole or not at all'

files_of() {
    case $which in
    core) for file in $core; do [[ $file != "$1"/* ]] || echo "$file"; done ;;
    all)
        (cd "$root/tests" && ls "$1"/*_test.cpp "$1"/detail/*_test.cpp 2>/dev/null || true) | sed 's/_test.cpp$//' |
            grep -vxF "$(printf '%s\n' $left_out)"
        ;;
    *) echo "expected core or all, found $which" >&2 && exit 2 ;;
    esac
}

# unit FILE...: a source that includes them.
unit() {
    echo '#include <nib/all.hpp>'
    for file in "$@"; do grep -ho '^#include <[a-z_]*>' "$root/tests/${file}_test.cpp" || true; done | sort -u
    for header in support reference ink/unipen_text io/malformed_torch io/packed_text io/pickle_builder \
        io/protobuf_reader io/torch_builder io/zip_builder kernels/listed layers/activation; do
        echo "#include \"$header.hpp\""
    done
    for file in "$@"; do
        printf 'namespace %s {\n#include "%s_test.cpp"\n}\n' "${file//\//_}" "$file"
    done
}

flags=(-std=c++20 --target=wasm32-wasi -fno-exceptions -O1 -g0 -Wall -Wextra -D_WASI_EMULATED_SIGNAL
    -DDOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS -DDOCTEST_CONFIG_NO_POSIX_SIGNALS
    -DDOCTEST_CONFIG_SUPER_FAST_ASSERTS "-DNIB_TEST_DATA=\"$root/tests/data\"" -include "$here/library.hpp"
    "-I$root/include" "-I$here" "-I$root/tests")
link=(-lwasi-emulated-signal -Wl,--export-table,--export=__stack_pointer,--stack-first,-z,stack-size=4194304)

# one MODE ROOM: compiles and runs a room's tests.
one() {
    local mode=$1 room=$2 simd=()
    [ "$mode" = scalar ] || simd=(-msimd128)
    local program=$work/$mode-$room
    "$cxx" "${flags[@]}" "${simd[@]}" "$work/$room.cpp" "$here/main.cpp" "${link[@]}" -o "$program.wasm"
    # Node's fast calls of WASI lose objects to the garbage collector.
    if node --no-turbo-fast-api-calls "$here/run.mjs" "$program.wasm" "--test-case-exclude=$skipped_cases" \
        >"$program.log" 2>&1; then
        printf '%s, %s: %s\n' "$room" "$mode" "$(grep -o '[0-9]* | *[0-9]* passed' "$program.log" | head -n 1)"
    else
        cat "$program.log"
        echo "FAILED: $room, $mode"
        return 1
    fi
}

rooms="io kernels model layers ink core"
[ "$which" = core ] || rooms="$rooms loss optim"
for room in $rooms; do
    # shellcheck disable=SC2046 # a list
    unit $(files_of "$room") >"$work/$room.cpp"
done
status=0
for room in $rooms; do
    one simd "$room" & first=$!
    one scalar "$room" & second=$!
    wait $first || status=1
    wait $second || status=1
done
exit $status
