#!/bin/sh
# Downloads MNIST, the four IDX files, unpacked and checked:  tools/get_mnist.sh [DIR]   (DIR is data/mnist)
#
# What is already there and right is left alone; what was downloaded in part goes on from there. Needs curl or wget,
# and gzip. The environment can name other mirrors (NIB_MNIST_MIRRORS, with spaces between them) and a file with other
# files and checksums (NIB_MNIST_CHECKSUMS: lines of the .gz's md5, the unpacked file's md5, and its name).
set -eu
unset CDPATH

google=https://storage.googleapis.com/cvdf-datasets/mnist/
pytorch=https://ossci-datasets.s3.amazonaws.com/mnist/
mirrors=${NIB_MNIST_MIRRORS:-"$google $pytorch"}

checksums() {
    if [ -n "${NIB_MNIST_CHECKSUMS:-}" ]; then
        cat "$NIB_MNIST_CHECKSUMS"
    else
        echo f68b3c2dcbeaaa9fbdd348bbdeb94873 6bbc9ace898e44ae57da46a324031adb train-images-idx3-ubyte
        echo d53e105ee54ea40749a09fcbcd1e9432 a25bea736e30d166cdddb491f175f624 train-labels-idx1-ubyte
        echo 9fb629c4189551a2d022fa330f9573f3 2646ac647ad5339dbf082846283269ea t10k-images-idx3-ubyte
        echo ec29112dd5afa0611ce80d1b7f02629c 27ae3e4e09519cfbb04c329615203637 t10k-labels-idx1-ubyte
    fi
}

say() { echo "get_mnist: $*" >&2; }
fail() {
    say "$*"
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

md5_of() {
    if has md5sum; then
        md5sum <"$1" | cut -d ' ' -f 1
    else
        md5 -q "$1"
    fi
}

# is_right FILE MD5
is_right() { [ -f "$1" ] && [ "$(md5_of "$1")" = "$2" ]; }

# download URL FILE: goes on where FILE ends.
download() {
    if has curl; then
        curl --fail --location --silent --show-error --connect-timeout 20 --speed-limit 1 --speed-time 60 \
            --continue-at - --output "$2" "$1"
    else
        wget --no-verbose --tries=1 --timeout=60 --continue --output-document="$2" "$1"
    fi >&2
}

# download_checked URL FILE MD5: FILE may hold the beginning already. Where the server cannot go on from there, or the
# beginning was wrong, the file is downloaded as a whole; until that has come the beginning is kept.
download_checked() {
    if [ -s "$2" ]; then
        is_right "$2" "$3" && return
        say "going on with $1 from byte $(wc -c <"$2" | tr -d ' ')"
        download "$1" "$2" && is_right "$2" "$3" && return
        say "downloading $1 as a whole"
        rm -f "$2.whole"
        download "$1" "$2.whole" || return 1
        mv "$2.whole" "$2"
    else
        download "$1" "$2" || return 1
    fi
    is_right "$2" "$3" && return
    say "$1: expected md5 $3, found $(md5_of "$2")"
    rm -f "$2"
    return 1
}

# get NAME PACKED_MD5 UNPACKED_MD5
get() {
    if is_right "$1" "$3"; then
        say "$dir/$1 is there"
        return
    fi
    [ ! -e "$1" ] || say "$dir/$1 is there but has another checksum; it is replaced"
    if ! is_right "$1.gz" "$2"; then
        fetched=
        for mirror in $mirrors; do
            if download_checked "${mirror%/}/$1.gz" "$1.gz.part" "$2"; then
                fetched=yes
                break
            fi
        done
        [ -n "$fetched" ] || fail "$1.gz could not be downloaded from any mirror: $mirrors"
        mv "$1.gz.part" "$1.gz"
    fi
    gzip -dc "$1.gz" >"$1.part" || fail "$dir/$1.gz could not be unpacked"
    is_right "$1.part" "$3" || fail "$dir/$1.gz: unpacked, expected md5 $3, found $(md5_of "$1.part")"
    mv "$1.part" "$1"
    rm -f "$1.gz" "$1.gz.part.whole"
    say "$dir/$1 is new"
}

case $#-${1:-} in
0- | 1-[!-]*) ;;
1--h | 1---help)
    echo "usage: tools/get_mnist.sh [DIR]    downloads MNIST's four files to DIR (data/mnist)"
    exit 0
    ;;
*)
    say "usage: tools/get_mnist.sh [DIR]"
    exit 2
    ;;
esac
has curl || has wget || fail "needs curl or wget"
has gzip || fail "needs gzip"
has md5sum || has md5 || fail "needs md5sum"

list=$(checksums) || exit 1
dir=${1:-data/mnist}
mkdir -p "$dir"
cd "$dir"
echo "$list" | while read -r packed unpacked name; do
    get "$name" "$packed" "$unpacked" || exit 1
done
