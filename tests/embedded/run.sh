#!/bin/sh
# Embedded headers on a Cortex-M4 in QEMU, without a heap, exceptions and RTTI:  run.sh PROGRAMS SCRATCH COMPILER
#
# PROGRAMS is the folder of train and embed, COMPILER the host's. What is missing is installed where CI=true or
# NIB_INSTALL=1 (by apt-get); elsewhere, and where that fails, the test is skipped.
set -eu

programs=$1 work=$2 compiler=$3
here=$(cd "$(dirname "$0")" && pwd)
include=$here/../../include

missing=
for tool in arm-none-eabi-g++ arm-none-eabi-nm arm-none-eabi-size qemu-system-arm; do
    command -v "$tool" >/dev/null 2>&1 || missing="$missing $tool"
done
if [ -n "$missing" ]; then
    if { [ "${CI:-}" = true ] || [ "${NIB_INSTALL:-}" = 1 ]; } && command -v apt-get >/dev/null 2>&1; then
        as_root=
        [ "$(id -u)" -eq 0 ] || as_root=sudo
        if ! { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends \
            gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib libnewlib-arm-none-eabi qemu-system-arm; }; then
            echo "skipped: the Cortex-M4 needs$missing, which could not be installed"
            exit 77
        fi
    else
        echo "skipped: the Cortex-M4 needs$missing (NIB_INSTALL=1 installs them)"
        exit 77
    fi
fi

rm -rf "$work"
mkdir -p "$work/float" "$work/int8"
data=
[ -z "${NIB_DATA:-}" ] || data=$NIB_DATA/mnist
if [ -n "$data" ]; then
    "$programs/train" --data "$data" --epochs 1 --save "$work/model.safetensors" | tail -n 1
    "$programs/embed" "$work/model.safetensors" "$work/int8/model.hpp" --int8 --data "$data"
else
    "$programs/train" --synthetic 20000 --epochs 2 --save "$work/model.safetensors" 2>/dev/null | tail -n 1
    "$programs/embed" "$work/model.safetensors" "$work/int8/model.hpp" --int8 2>/dev/null
fi
"$programs/embed" "$work/model.safetensors" "$work/float/model.hpp"
"$compiler" -std=c++20 -O2 -I"$include" -I"$work" "$here/expect.cpp" -o "$work/expect" -pthread
"$work/expect" "$work/model.safetensors" "$work" ${data:+"$data"}

# not_linked PROGRAM PATTERN WHAT
not_linked() {
    ! arm-none-eabi-nm -C "$1" | grep -E " ($2)" || {
        echo "FAILED: $1 holds $3"
        exit 1
    }
}

for kind in float int8; do
    program=$work/$kind/program
    define=
    [ "$kind" = float ] || define=-DINT8
    # shellcheck disable=SC2086 # nothing, or a word
    arm-none-eabi-g++ -std=c++20 -Os -mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -DNDEBUG $define \
        -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections -Wall -Wextra -Wpedantic -Wconversion -Wshadow \
        -Werror -I"$include" -I"$work/$kind" "$here/main.cpp" "$here/board.cpp" -nostartfiles --specs=nano.specs \
        -T"$here/mps2.ld" -Wl,--gc-sections -o "$program"
    not_linked "$program" "_?malloc|_?sbrk|_malloc_r|operator new|operator delete|free\$" "a heap"
    not_linked "$program" "__cxa_throw|__cxa_allocate_exception|__gxx_personality|_Unwind_RaiseException" "exceptions"
    not_linked "$program" "typeinfo|vtable" "RTTI"
    echo "$kind network, with ten images of 784 bytes and their answers:"
    arm-none-eabi-size "$program"
    timeout 120 qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none \
        -semihosting-config enable=on,target=native -kernel "$program"
done
