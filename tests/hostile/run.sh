#!/bin/sh
# The example programs on hostile files (hostile.py), which are shorter here than where one looks for weaknesses.
#     run.sh EXAMPLES SCRATCH SLACK
# It is skipped (status 77) where python3 is missing.
set -eu

command -v python3 >/dev/null 2>&1 || {
    echo "skipped: the test of hostile files needs python3"
    exit 77
}
exec python3 "$(dirname "$0")/hostile.py" "$1" "$2" --slack "$3" --megabytes 4
