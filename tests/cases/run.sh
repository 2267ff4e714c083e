#!/bin/sh
# Files in the shape of those that people have, and what the programs make of them. Each line of the table below has the
# program, the file, the exit status, and a pattern (grep's) that what it prints has to match, line breaks as '|'.
#     run.sh EXAMPLES SCRATCH       SCRATCH has no spaces
set -eu

examples=$1
scratch=$2
files=$(dirname "$0")/files
rm -rf "$scratch"
mkdir -p "$scratch"
model=$scratch/model.safetensors
"$examples/train" --synthetic 20000 --augment --batch 30 --epochs 2 --save "$model" >/dev/null 2>&1

# What each file's drawings show is what a person reads in them.
cat >"$scratch/table" <<'END'
recognize up_ok.unp 0 ^1 .*|4 .*|accuracy 1.0000 (2/2)|$
recognize up_same_line.unp 0 ^7 .*|accuracy 1.0000 (1/1)|$
recognize up_same_line_all.unp 0 ^7 .*|accuracy 1.0000 (1/1)|$
recognize up_comment_digits.unp 0 ^7 .*|1 .*|accuracy 1.0000 (2/2)|$
recognize up_text_digits.unp 0 ^7 .*|accuracy 1.0000 (1/1)|$
recognize up_lexicon_freq.unp 0 ^7 .*|accuracy 1.0000 (1/1)|$
recognize up_penup_counted.unp 0 ^1 .*|4 .*|accuracy 1.0000 (2/2)|$
recognize up_penup_silent.unp 0 ^1 .*|7 .*|accuracy 1.0000 (2/2)|$
recognize up_empty_down.unp 0 ^1 .*|accuracy 1.0000 (1/1)|$
recognize up_hierarchy.unp 0 ^1 .*|7 .*|accuracy 1.0000 (2/2)|$
recognize up_q_delin.unp 1 ^recognize: none of the 2 drawings can be used; the first: .*up_q_delin.unp:3: expected component numbers in .SEGMENT, such as 6 or 6-7, found '?', which tells none|$
recognize up_include.unp 1 ^recognize: .*up_include.unp:3: .INCLUDE 'up_ok.unp' is not followed.*put the text of that file in place of the line|$
recognize ik_crohme.inkml 0 ^1 .*|7 .*|accuracy 1.0000 (2/2)|$
recognize ik_diff.inkml 0 ^7 [^|]*|$
recognize ik_empty_trace.inkml 0 ^7 [^|]*|$
recognize ik_office_T_dev.inkml 0 ^7 [^|]*|$
recognize ik_trailing_comma.inkml 0 ^7 [^|]*|$
recognize qd_empty_mid.ndjson 0 1 of 3 drawings cannot be used and are left out; the first: .*:2: .*|7 .*|7 .*|accuracy 1.0000 (2/2)|$
recognize qd_word_int.ndjson 0 ^7 .*|accuracy 1.0000 (1/1)|$
recognize pc_black_on_transparent.png 0 ^7 [^|]*|$
recognize pc_white_on_transparent.png 0 ^7 [^|]*|$
recognize pc_newline_end.pgm 0 ^7 [^|]*|$
recognize pc_plain_attached.pgm 0 ^7 [^|]*|$
recognize pc.bmp 0 ^7 [^|]*|$
recognize pc.pbm 0 ^7 [^|]*|$
recognize pc.ppm 0 ^7 [^|]*|$
recognize png_empty_idat.png 1 ^recognize: .*png_empty_idat.png: [^|]*found no ink|$
inspect npy_L.npy 0 1 tensor, 6 numbers.*float32  \[2, 3\]|$
inspect npy_b1_lt.npy 0 1 tensor, 6 numbers.*bool  \[2, 3\]|$
inspect npy_dquote.npy 0 1 tensor, 6 numbers.*float32  \[2, 3\]|$
inspect npy_eq_f4.npy 0 1 tensor, 6 numbers.*float32  \[2, 3\]|$
inspect npy_u1_lt.npy 0 1 tensor, 6 numbers.*uint8  \[2, 3\]|$
inspect npz_ok.npz 0 2 tensors, 8 numbers.*
inspect npz_compressed.npz 0 2 tensors, 8 numbers.*
inspect st_e8m0.safetensors 0 3 tensors, 26 numbers.*
inspect st_meta_null.safetensors 0 2 tensors, 22 numbers.*
inspect lfs.pth 1 ^inspect: .*lfs.pth: [^|]*Git LFS pointer.*git lfs pull
inspect crc_one.pth 1 ^inspect: .*crc_one.pth: [^|]*expected the checksum 0, found
inspect key_two.pth 1 found several: 'generator' and 'discriminator': save the one that you want alone|$
inspect legacy2.pth 1 written before PyTorch 1.6, or with _use_new_zipfile_serialization=False: load and save it again
inspect legacy3.pth 1 written before PyTorch 1.6, or with _use_new_zipfile_serialization=False: load and save it again
inspect legacy4.pth 1 written before PyTorch 1.6, or with _use_new_zipfile_serialization=False: load and save it again
inspect legacy5.pth 1 written before PyTorch 1.6, or with _use_new_zipfile_serialization=False: load and save it again
embed names_permuted.pth 1 "layers.2.weight" takes 4 features, "layers.0.weight" before it gives 3; number them
embed names_ambiguous.pth 1 cannot tell which layer comes first, "a" or "b"
evaluate st_e8m0.safetensors 1 ^evaluate: .*st_e8m0.safetensors: [^|]*|$
rasterize up_comment_in_stroke.unp 0 ^1 image|$
rasterize up_q_delin.unp 1 ^rasterize: none of the 2 drawings can be used
rasterize pc.bmp 1 ^rasterize: .*pc.bmp: [^|]*picture
END

failures=0
while read -r program file status pattern; do
    case $program in
        recognize) set -- "$model" "$files/$file" ;;
        rasterize) set -- "$files/$file" --idx "$scratch/images" ;;
        embed) set -- "$files/$file" "$scratch/header.hpp" ;;
        *) set -- "$files/$file" ;;
    esac
    found=0
    "$examples/$program" "$@" >"$scratch/out" 2>&1 </dev/null || found=$?
    text=$(tr '\n' '|' <"$scratch/out")
    if [ "$found" != "$status" ] || ! printf '%s\n' "$text" | grep -q -e "$pattern"; then
        echo "FAILED: $program $file: expected status $status and '$pattern', found status $found and '$text'"
        failures=$((failures + 1))
    fi
done <"$scratch/table"
rows=$(wc -l <"$scratch/table")

fail() {
    echo "FAILED: $1"
    failures=$((failures + 1))
}

# Checkpoints of one network, whatever stands in them beside it: the numbers are those of its state_dict alone.
"$examples/inspect" "$files/plain.pth" --save "$scratch/plain.safetensors" >/dev/null
for file in "$files"/ck_*.pth "$files"/crc_off*.pth "$files"/deflated.pth "$files"/sd_*.pth "$files"/subclass*.pth \
    "$files"/key_[!t]*.pth; do
    rows=$((rows + 1))
    rm -f "$scratch/found.safetensors"
    "$examples/inspect" "$file" --save "$scratch/found.safetensors" >"$scratch/out" 2>&1 || true
    cmp -s "$scratch/plain.safetensors" "$scratch/found.safetensors" ||
        fail "$file: expected the numbers of plain.pth, found '$(cat "$scratch/out")'"
done

# The same network with other names of its layers, in other orders: it is the same network.
"$examples/embed" "$files/plain.pth" "$scratch/plain.hpp" >/dev/null
for name in input_hidden_output l1_l2_head encoder letters reverse; do
    rows=$((rows + 1))
    rm -f "$scratch/found.hpp"
    "$examples/embed" "$files/names_$name.pth" "$scratch/found.hpp" >"$scratch/out" 2>&1 || true
    cmp -s "$scratch/plain.hpp" "$scratch/found.hpp" ||
        fail "names_$name.pth: expected the network of plain.pth, found '$(cat "$scratch/out")'"
done

# MNIST's files as archives lay them out. D is a file's name with a dash (train-images-idx3-ubyte), P with a point.
printf '\000\000\010\003\000\000\000\010\000\000\000\034\000\000\000\034' >"$scratch/images"
head -c 6272 /dev/zero >>"$scratch/images"
printf '\000\000\010\001\000\000\000\010\000\001\002\003\004\005\006\007' >"$scratch/labels"
for layout in D P MNIST/raw/D MNIST/raw/P raw/D D/D P/D P/P D.gz MNIST/raw/D.gz; do
    rows=$((rows + 1))
    rm -rf "$scratch/data"
    for part in train t10k; do
        for kind in images:idx3-ubyte labels:idx1-ubyte; do
            dash=$part-${kind%:*}-${kind#*:} point=$part-${kind%:*}.${kind#*:}
            file=$scratch/data/$(printf '%s\n' "$layout" | sed "s,D,$dash,g; s,P,$point,g")
            mkdir -p "$(dirname "$file")"
            case $file in
                *.gz) gzip -c "$scratch/${kind%:*}" >"$file" ;;
                *) cp "$scratch/${kind%:*}" "$file" ;;
            esac
        done
    done
    "$examples/train" --data "$scratch/data" --hidden 4 --epochs 1 >"$scratch/out" 2>&1 || true
    grep -q '^test accuracy .*/8)$' "$scratch/out" || fail "$layout: found '$(cat "$scratch/out")'"
done

echo "$failures failed of $rows"
[ "$failures" = 0 ]
