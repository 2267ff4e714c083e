#!/bin/sh
# tools/get_mnist.sh against a server of its own on 127.0.0.1, with two small stand-in files.
set -eu

script=$(cd "$(dirname "$0")/.." && pwd)/tools/get_mnist.sh
for needed in python3 gzip md5sum; do
    command -v "$needed" >/dev/null 2>&1 || {
        echo "skipped: the test of get_mnist.sh needs $needed"
        exit 77
    }
done
command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || {
    echo "skipped: the test of get_mnist.sh needs curl or wget"
    exit 77
}

work=$(mktemp -d)
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# Serves the folder DIR below /good/, the folder OTHER below /wrong/, DIR without resuming below /whole/, and 404s
# elsewhere. Each request is a line in LOG: the path and the first byte asked for.
cat >"$work/server.py" <<'PYTHON'
import http.server, os, re, sys

work = sys.argv[1]
folders = {"good": "good", "wrong": "wrong", "whole": "good"}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        _, mirror, name = self.path.split("/", 2)
        wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(wanted[1]) if wanted and mirror != "whole" else 0
        with open(work + "/log", "a") as log:
            log.write(f"{mirror} {name} {first}\n")
        path = os.path.join(work, folders.get(mirror, "none"), name)
        if not os.path.isfile(path):
            self.send_error(404)
            return
        content = open(path, "rb").read()
        if first and first >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        self.wfile.write(content[first:])

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(work + "/port.new", "w") as port:
    port.write(str(server.server_address[1]))
os.rename(work + "/port.new", work + "/port")
server.serve_forever()
PYTHON

mkdir "$work/good" "$work/wrong"
for name in images labels; do
    # Random bytes do not shrink, so a packed file is long enough to be cut.
    head -c 5000 /dev/urandom >"$work/$name"
    gzip -c "$work/$name" >"$work/good/$name.gz"
    gzip -c "$0" >"$work/wrong/$name.gz"
    echo "$(md5sum <"$work/good/$name.gz" | cut -d ' ' -f 1) $(md5sum <"$work/$name" | cut -d ' ' -f 1) $name"
done >"$work/checksums"

python3 "$work/server.py" "$work" &
server=$!
tries=0
until [ -f "$work/port" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || {
        echo "the test's server did not start"
        exit 1
    }
    sleep 0.1
done
host=http://127.0.0.1:$(cat "$work/port")
# Nothing listens on port 1.
down=http://127.0.0.1:1
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY || true

case_name=
fail() {
    echo "FAILED: $case_name: $*"
    echo "-- output"
    cat "$work/output"
    echo "-- requests"
    cat "$work/log"
    exit 1
}

# fetch STATUS MIRROR...: runs the script on $work/data and expects the exit status.
fetch() {
    expected=$1
    shift
    : >"$work/log"
    found=0
    NIB_MNIST_MIRRORS="$*" NIB_MNIST_CHECKSUMS="$work/checksums" PATH="$tools" \
        sh "$script" "$work/data" >"$work/output" 2>&1 || found=$?
    [ "$found" -eq "$expected" ] || fail "expected status $expected, found $found"
}
expect_files() {
    for name in images labels; do cmp -s "$work/$name" "$work/data/$name" || fail "$name is not what was served"; done
    [ "$(find "$work/data" -type f | wc -l)" -eq 2 ] || fail "left behind: $(ls "$work/data")"
}
expect_requests() {
    [ "$(cat "$work/log")" = "$1" ] || fail "expected the requests
$1"
}
expect_output() { grep -q "$1" "$work/output" || fail "expected the output to say: $1"; }
start() {
    case_name="$downloader: $1"
    echo "$case_name"
    rm -rf "$work/data"
}

# The path that holds only one of the downloaders.
only() {
    tools=$work/only-$1
    mkdir "$tools"
    for tool in sh cat cut gzip md5sum mkdir mv rm tr wc "$1"; do ln -s "$(command -v "$tool")" "$tools/$tool"; done
}

run_cases() {
    start "all files from the first mirror"
    fetch 0 "$host/good/" "$host/wrong/"
    expect_files
    expect_requests "good images.gz 0
good labels.gz 0"

    case_name="$downloader: nothing is downloaded twice"
    fetch 0 "$host/good"
    expect_files
    expect_requests ""

    case_name="$downloader: a file that is wrong is replaced, and the others are left alone"
    echo rubbish >"$work/data/labels"
    fetch 0 "$host/good"
    expect_files
    expect_requests "good labels.gz 0"
    expect_output "labels is there but has another checksum"

    start "the first mirror is down, the second lacks the file"
    fetch 0 "$down" "$host/none" "$host/good"
    expect_files

    start "a mirror with another content is not believed"
    fetch 0 "$host/wrong" "$host/good"
    expect_files
    expect_output "expected md5 .*, found"

    start "a partial file goes on where it ended"
    mkdir "$work/data"
    head -c 1234 "$work/good/images.gz" >"$work/data/images.gz.part"
    fetch 0 "$host/good"
    expect_files
    expect_requests "good images.gz 1234
good labels.gz 0"

    start "a partial file that does not fit is downloaded as a whole"
    mkdir "$work/data"
    head -c 1234 "$0" >"$work/data/images.gz.part"
    fetch 0 "$host/good"
    expect_files

    start "a partial file on a server that cannot resume is downloaded as a whole"
    mkdir "$work/data"
    head -c 1234 "$work/good/images.gz" >"$work/data/images.gz.part"
    fetch 0 "$host/whole"
    expect_files

    start "a download that was complete already is only unpacked"
    mkdir "$work/data"
    cp "$work/good/images.gz" "$work/data/images.gz.part"
    cp "$work/good/labels.gz" "$work/data/labels.gz"
    fetch 0 "$down"
    expect_files

    start "no mirror answers: status 1, and what was there is kept"
    mkdir "$work/data"
    head -c 1234 "$work/good/images.gz" >"$work/data/images.gz.part"
    echo old >"$work/data/images"
    fetch 1 "$down" "$host/none"
    expect_output "images.gz could not be downloaded from any mirror"
    head -c 1234 "$work/good/images.gz" | cmp -s - "$work/data/images.gz.part" || fail "the partial file changed"
    [ "$(cat "$work/data/images")" = old ] || fail "the old file changed"
}

for downloader in curl wget; do
    command -v "$downloader" >/dev/null 2>&1 || {
        echo "skipped: $downloader is missing"
        continue
    }
    only "$downloader"
    run_cases
done

case_name="wrong usage"
status=0
sh "$script" a b >"$work/output" 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "expected status 2, found $status"
echo "all cases passed"
