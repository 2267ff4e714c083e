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
echo "$failures failed of $(wc -l <"$scratch/table")"
[ "$failures" = 0 ]
