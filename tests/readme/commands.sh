#!/bin/sh
# Runs the commands of the README's console blocks:  commands.sh PROGRAMS SOURCE WORK
#
# PROGRAMS is the folder of the example programs. Each line that the README shows below a command is printed by it, with
# any digits in place of those there; "…" stands for other lines.
set -eu

programs=$1 source=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
ln -s "$source/examples" "$work/examples"
cd "$work"
PATH=$programs:$PATH

# shellcheck disable=SC2016 # the quotes of Markdown
sed -n '/^```console$/,/^```$/{/^```/d;p;}' "$source/README.md" >lines
count=0
while IFS= read -r line; do
    case $line in
    "$ "*)
        echo "$line"
        sh -c "${line#??}" >output </dev/null
        sed 's/[0-9]/0/g' output >printed
        count=$((count + 1))
        ;;
    …) ;;
    *)
        printf '%s\n' "$line" | sed 's/[0-9]/0/g' >expected
        grep -qxFf expected printed || {
            echo "expected a line as '$line', found:"
            tail output
            exit 1
        }
        ;;
    esac
done <lines
[ "$count" -gt 0 ] || {
    echo "the README has no block of commands"
    exit 1
}
