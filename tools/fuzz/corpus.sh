#!/bin/sh
# Inputs for the fuzzer of readers to start from:  tools/fuzz/corpus.sh DATA OUT
#
# Each file of DATA (tests/data, tests/cases/files) that one of the readers takes goes to OUT, after the byte that names
# the reader.
set -eu
if [ $# -ne 2 ]; then
    echo "usage: tools/fuzz/corpus.sh DATA OUT" >&2
    exit 2
fi
mkdir -p "$2"
for file in "$1"/*; do
    [ -f "$file" ] || continue
    case $file in
        *.cpp) continue ;;
        *.safetensors) reader='\000' ;;
        *.pth | *.zip) reader='\001' ;;
        *.npy) reader='\002' ;;
        *.npz) reader='\003' ;;
        *idx*) reader='\004' ;;
        *.pgm) reader='\005' ;;
        *deflate*.bin) reader='\007\012' ;;
        *.gz) reader='\010\012' ;;
        *) reader='\006' ;;
    esac
    [ "$(wc -c <"$file")" -gt 100000 ] || { printf '%b' "$reader" && cat "$file"; } >"$2/$(basename "$file")"
done
# There is no .gz among them: one for the reader of gzip, one for that of IDX.
printf '\010\012' >"$2/text.gz"
printf 'a text that repeats itself, a text that repeats itself' | gzip -9n >>"$2/text.gz"
printf '\004' >"$2/idx.gz"
printf '\000\000\010\001\000\000\000\003abc' | gzip -9n >>"$2/idx.gz"
# And one for that of CSV.
printf '\011"a";b;kind\r\n1;-2.5e3;x\n"4";5;y\n' >"$2/kinds.csv"
