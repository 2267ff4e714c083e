#!/bin/bash
# The drawing page from end to end: run.mjs in Chromium.
#     run.sh PAGE MODEL PROGRAMS SCRATCH    the assembled page, the model in it, the folder of the example programs
#
# It needs node 18 and Chromium, and installs them where CI=true or NIB_INSTALL=1; elsewhere, or where that fails, it is
# skipped (status 77). CHROMIUM names another program.
set -euo pipefail

page=$1 model=$2 programs=$3 scratch=$4
here=$(cd "$(dirname "$0")" && pwd)

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

find_chromium() {
    local candidate
    for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        if command -v "$candidate" 2>/dev/null; then return; fi
    done
    return 1
}

missing=()
find_chromium >/dev/null || missing+=(chromium)
command -v node >/dev/null || missing+=(nodejs)
if [ ${#missing[@]} -gt 0 ]; then
    if [ "${CI:-}" != true ] && [ "${NIB_INSTALL:-}" != 1 ]; then
        echo "skipped: the test of the drawing page needs ${missing[*]}; with NIB_INSTALL=1 it installs what it needs"
        exit 77
    fi
    # A font, without which there are no letters to lay out.
    if ! { as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
            --no-install-recommends "${missing[@]}" fonts-dejavu-core; }; then
        echo "skipped: ${missing[*]} could not be installed"
        exit 77
    fi
fi

node "$here/run.mjs" "$page" "$model" "$programs" "$(find_chromium)" "$scratch"
