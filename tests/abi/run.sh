#!/bin/bash
# Units of one program that are compiled with different flags share no symbol of nib but Error's, and each catches the
# Error that another throws.
#     run.sh COMPILER ROOT WORK    WORK is a folder for what is built
set -euo pipefail

compiler=$1 root=$2 work=$3
here=$root/tests/abi
mkdir -p "$work"
cd "$work"

compile() { "$compiler" -std=c++20 -I"$root/include" "$@"; }

# describe FLAG...: the inline namespace's name and, after a tab, a sum of all that the compiler itself defines; fails
# where the compiler does not know a flag.
describe() {
    local text
    text=$(echo NIB_ABI | compile "$@" -Werror -include nib/core/config.hpp -x c++ -E -dD -P - 2>/dev/null) || return
    printf '%s\t%s\n' "$(tail -n 1 <<<"$text")" "$(grep '^#define _' <<<"$text" | sort | cksum)"
}

# 1. Each of these has a name of its own, unless to the compiler they are the same.
flag_sets=("" -fno-exceptions -fno-rtti -fno-threadsafe-statics -funsigned-char -ffast-math -ffinite-math-only
    -fno-math-errno -D_GLIBCXX_DEBUG)
math=(-fno-signed-zeros -fno-trapping-math -freciprocal-math -frounding-math -funsafe-math-optimizations
    -fsignaling-nans)
case $("$compiler" -dumpmachine) in
x86_64-*)
    flag_sets+=(-msse3 -mssse3 -msse4.1 "-msse4.2 -mno-popcnt" -msse4.2 -mavx "-mavx -mf16c" "-mavx -mfma" -mavx2
        "-mavx2 -mfma" "-mavx2 -mfma -mf16c" -mpopcnt -mlzcnt -mbmi -mbmi2 -mmovbe -mprfchw -msse4a -mfma4 -mxop -mtbm
        -mgfni -mavx512f "-mavx512f -mfma" -mavx512cd -mavx512bw -mavx512dq -mavx512vl "-mavx512f -mfma -mavx512vl"
        "-mavx512bw -mavx512vl" "-mavx512dq -mavx512vl" -mavx512ifma -mavx512vbmi -mavx512vbmi2 -mavx512vnni
        -mavx512bitalg -mavx512vpopcntdq -mavx512bf16 -mavx512fp16 -mavx512vp2intersect -mavxvnni -march=x86-64-v3
        -march=x86-64-v4)
    ;;
esac
# Clang has a macro for few of these.
if ! "$compiler" --version | grep -q clang; then flag_sets+=("${math[@]}"); fi
: >all
for flags in "${flag_sets[@]}"; do
    # shellcheck disable=SC2086  # several flags
    description=$(describe $flags) || continue
    printf '%s\t%s\n' "$description" "$flags" >>all
done
# One line for each sum, then: name and flags.
awk -F '\t' '!known[$2]++ { print $1 "\t" $3 }' all >names
grep -q '^v[0-9]*_[0-9]*_base	$' names || {
    echo "expected a name that ends in _base without flags, found:"
    head -n 1 names
    exit 1
}
shared=$(cut -f 1 names | sort | uniq -d)
if [ -n "$shared" ]; then
    echo "different flags, one name:"
    grep -F "$shared" names
    exit 1
fi
count=$(wc -l <names)
[ "$count" -ge 9 ]

# 2. Every weak symbol that has to do with nib has the name in it, but for Error's.
compile -O0 -c "$here/user.cpp" -o user.o
tag=$(describe | cut -f 1)
weak=$(nm -C user.o | grep ' [WVu] .*nib::')
[ "$(wc -l <<<"$weak")" -gt 100 ]
if grep -vF "$tag" <<<"$weak" | grep -vE ' (vtable for |typeinfo for |typeinfo name for )?nib::Error(::|$)'; then
    echo "these have no $tag in their names"
    exit 1
fi

# 3. Error's own code touches no register of vectors, whatever the flags.
vectors=
case $("$compiler" -dumpmachine) in x86_64-*) vectors=-mavx512f ;; esac
compile -O2 -fno-inline ${vectors:+"$vectors"} -c "$here/thrower.cpp" -o vectors.o
errors_code=$(objdump -dC vectors.o | sed -n '/^[0-9a-f]* <nib::Error::.*>:$/,/^$/p')
grep -q 'nib::Error::~Error()' <<<"$errors_code"
if grep -E '%[xyz]mm|%k[0-7]' <<<"$errors_code"; then
    echo "nib::Error's code uses vectors"
    exit 1
fi

# 4. What one unit throws, another catches.
for flags in -ffinite-math-only -fno-rtti -fvisibility=hidden; do
    compile "$flags" -c "$here/thrower.cpp" -o thrower.o
    compile "$here/catcher.cpp" thrower.o -o catcher
    ./catcher | grep -q '^caught: thrown by another unit$'
done

echo "$count sets of flags, $count names"
