#!/bin/bash
# ONNX files from end to end: networks that nib writes are checked by ONNX's own library and run by onnxruntime, and the
# outputs compared with nib's.
#     run.sh MODELS EXPORT_ONNX WORK    the program that writes networks, the example, a folder that is kept
#
# It needs python3-onnx, and node with the package onnxruntime-web, whose WebAssembly is inside the package. It installs
# them where CI=true or NIB_INSTALL=1, the package below WORK; elsewhere, or where that fails, it is skipped (status 77).
set -euo pipefail

models=$1 export_onnx=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
runtime=onnxruntime-web@1.20.1

may_install() { [ "${CI:-}" = true ] || [ "${NIB_INSTALL:-}" = 1 ]; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends "$@"
}

# The Python that has the library: the system's own need not be the first on the path. (-I: a folder of that name here is
# not the library.)
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if "$candidate" -I -c 'import onnx.checker, numpy' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# Written when all of it is there.
installed=$work/installed
has_runtime() { [ -e "$installed" ] && [ "$(cat "$installed")" = "$runtime" ]; }

install_runtime() {
    npm install --prefix "$work" --no-audit --no-fund --loglevel=error "$runtime" && echo "$runtime" >"$installed"
}

mkdir -p "$work"

missing=()
find_python >/dev/null || missing+=(python3-onnx)
command -v node >/dev/null || missing+=(nodejs)
has_runtime || command -v npm >/dev/null || missing+=(npm)
install_missing() {
    { [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"; } && { has_runtime || install_runtime; }
}
if may_install; then
    install_missing || {
        echo "skipped: ${missing[*]} $runtime (npm) could not be installed"
        exit 77
    }
elif [ ${#missing[@]} -gt 0 ] || ! has_runtime; then
    has_runtime || missing+=("$runtime (npm)")
    echo "skipped: the test of ONNX files needs ${missing[*]}; with NIB_INSTALL=1 it installs what it needs"
    exit 77
fi

files=$work/models
rm -rf "$files"
mkdir "$files"
"$models" "$files"

# The example reads the model file and writes the same network.
"$export_onnx" "$files/digits.safetensors" "$files/exported.onnx"
cmp "$files/digits.onnx" "$files/exported.onnx"
rm "$files/exported.onnx"

"$(find_python)" "$here/check.py" "$files"
node "$here/run.mjs" "$work" "$files"
