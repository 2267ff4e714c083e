#!/usr/bin/env python3
"""Runs the example programs on hostile files of every format that they read.

    hostile.py EXAMPLES SCRATCH [--megabytes N] [--slack X] [--verbose] [WORD...]

EXAMPLES is the folder of the programs, SCRATCH one that is emptied. Files that attack by their length have N megabytes,
64 unless it is told. With WORDs only the cases run whose names hold one of them.

Of each run is required: that it ends within ten seconds of a processor, by itself and with status 0, 1 or 2; that it takes less memory
than 300 MB, or than twice what belongs together in the file; and, where it fails, that standard error has one line of
printable characters. SLACK multiplies both bounds, for builds with sanitizers and for slow machines.
"""
import argparse
import os
import resource
import shutil
import struct
import subprocess
import sys
import time
import traceback
import zlib

SECONDS = 10  # of a processor, so that other work of the machine does not count
PATIENCE = 300  # by the clock
MEGABYTES = 300
LONGEST_LINE = 2000

arguments = argparse.ArgumentParser()
arguments.add_argument("examples")
arguments.add_argument("scratch")
arguments.add_argument("words", nargs="*")
arguments.add_argument("--megabytes", type=int, default=64)
arguments.add_argument("--slack", type=float, default=1)
arguments.add_argument("--verbose", action="store_true")
options = arguments.parse_args()

ROOM = options.megabytes << 20
SCRATCH = os.path.abspath(options.scratch)
OUT = os.path.join(SCRATCH, "out")


# Files ----------------------------------------------------------------------------------------------------------------


def write(path, *pieces):
    with open(path, "wb") as file:
        for piece in pieces:
            file.write(piece)


def repeat(path, head, piece, tail=b"", length=None):
    """`head`, then `piece` until the file has `length` bytes, then `tail`; never much of it in memory."""
    length = ROOM if length is None else length
    with open(path, "wb") as file:
        file.write(head)
        many = max(1, (1 << 20) // len(piece))
        for _ in range(max(1, length // (many * len(piece)))):
            file.write(piece * many)
        file.write(tail)


def count(path, head, make, tail=b"", length=None):
    """As repeat, of make(0), make(1), ..., which are not alike."""
    length = ROOM if length is None else length
    with open(path, "wb") as file:
        file.write(head)
        written = number = 0
        while written < length:
            piece = b"".join(make(i) for i in range(number, number + 10000))
            number += 10000
            written += file.write(piece)
        file.write(tail)


def sparse(path, head, size):
    """`head` and zeros that take no room on a disk."""
    write(path, head)
    os.truncate(path, size)


def idx(*sizes, kind=8):
    return struct.pack(">HBB", 0, kind, len(sizes)) + b"".join(struct.pack(">I", size) for size in sizes)


def safetensors(header):
    return struct.pack("<Q", len(header)) + header


def entry(name, shape, begin, end, dtype="F32"):
    return '"%s":{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}' % (
        name, dtype, ",".join(map(str, shape)), begin, end)


def network(*layers):
    """The safetensors header of dense layers (in, out), and how many bytes of numbers belong to it."""
    entries, end = [], 0
    for number, (width_in, width_out) in enumerate(layers):
        for name, shape in (("weight", (width_out, width_in)), ("bias", (width_out,))):
            begin, end = end, end + 4 * width_out * (width_in if name == "weight" else 1)
            entries.append(entry("%d.%s" % (2 * number, name), shape, begin, end))
    header = ("{" + ",".join(entries) + "}").encode()
    return safetensors(header + b" " * (-len(header) % 8)), end


def archive(entries):
    """A zip of (name, bytes, method, declared size)."""
    local, central, offset = [], [], 0
    for name, data, method, size in entries:
        name = name.encode()
        fields = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 33, zlib.crc32(data), len(data), size, len(name), 0)
        local.append(b"PK\3\4" + fields + name + data)
        central.append(b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, offset) + name)
        offset += len(local[-1])
    directory = b"".join(central)
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), offset, 0)
    return b"".join(local) + directory + b"PK\5\6" + end


def deflated_zeros(size, head=b""):
    """`head` and zeros, deflated a thousandfold."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = compressor.compress(head) + compressor.flush(zlib.Z_FULL_FLUSH)
    piece = compressor.compress(bytes(16 << 20)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first + piece * max(1, size >> 24) + b"\3\0"


def npy(header, version=1):
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(header)) + header


def npy_of(shape, dtype="<f4"):
    text = ("{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (dtype, shape)).encode()
    return npy(text + b" " * (-(len(text) + 11) % 64) + b"\n")


# Pickles, opcode by opcode.
def integer(value):
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return b"X" + struct.pack("<I", len(value)) + value


def numbers(*values):
    return b"(" + b"".join(map(integer, values)) + b"t"


def tensor(size, stride, numel, offset=0, key=b"0"):
    return (b"ctorch._utils\n_rebuild_tensor_v2\n((" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(key) +
            text(b"cpu") + integer(numel) + b"tQ" + integer(offset) + numbers(*size) + numbers(*stride) +
            b"\x89ccollections\nOrderedDict\n)RtR")


def state(*items):
    return b"\x80\2}(" + b"".join(text(name) + value for name, value in items) + b"u."


def pth(pickle, *storages):
    entries = [("archive/data.pkl", pickle, 0, len(pickle))]
    entries += [("archive/data/%d" % i, data, 0, len(data)) for i, data in enumerate(storages)]
    return archive(entries + [("archive/version", b"3\n", 0, 2)])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *chunks, depth=8, color=0):
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


def zlib_zeros(size):
    return b"\x78\xda" + deflated_zeros(size)[:-2] + b"\3\0\0\0\0\1"


# What the programs are run with besides: a network for images of 28 x 28, ten of them, a drawing.
def make_good():
    os.makedirs(OUT)
    head, size = network((784, 10))
    write("good.safetensors", head, bytes(size))
    os.makedirs("digits")
    for name in ("train", "t10k"):
        write("digits/%s-images-idx3-ubyte" % name, idx(10, 28, 28), bytes(range(256)) * 30, bytes(160))
        write("digits/%s-labels-idx1-ubyte" % name, idx(10), bytes(range(10)))
    write("good.unp", b'.SEGMENT DIGIT 0 ? "1"\n.PEN_DOWN\n1 1\n1 9\n.PEN_UP\n')
    run_ok("train", "--data", "digits", "--epochs", "1", "--hidden", "8", "--checkpoint", "good.checkpoint")


# Running --------------------------------------------------------------------------------------------------------------

failures = []
runs = 0
largest = slowest = 0.0


def so_far(pid):
    """Seconds of a processor and bytes that a process has taken, where the system tells."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return seconds, int(fields[21]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0, 0


def measure(command, most_bytes):
    """Status, seconds of a processor, bytes and standard error of a run, which is ended when it takes far too much."""
    with open("stderr", "wb") as errors:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        seen = 0
        stopped = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid != 0:
                break
            seconds, size = so_far(process.pid)
            seen = max(seen, size)
            stopped = (seconds > 1.1 * SECONDS * options.slack or seen > 2 * most_bytes or
                       time.monotonic() - start > PATIENCE * options.slack)
            if stopped:
                process.kill()
                _, status, usage = os.wait4(process.pid, 0)
                break
            time.sleep(0.002)
        seconds = usage.ru_utime + usage.ru_stime
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    with open("stderr", "rb") as errors:
        return process.returncode, stopped, seconds, max(seen, usage.ru_maxrss * unit), errors.read(1 << 20)


def in_child(make, path):
    """So that this process stays small: a program's memory is measured from before it was started."""
    pid = os.fork()
    if pid == 0:
        try:
            make(path)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("hostile.py: a file could not be made")


def run_ok(program, *rest):
    command = [os.path.join(options.examples, program), *rest]
    status, _, _, _, errors = measure(command, 1 << 40)
    if status != 0:
        sys.exit("%s: status %d: %s" % (" ".join(command), status, errors.decode(errors="replace")))


def judge(status, stopped, seconds, size, errors, most_bytes):
    problems = []
    if size > most_bytes:
        problems.append("took %d MB of memory%s" % (size >> 20, ", and was stopped" if stopped else ""))
    if seconds > SECONDS * options.slack or (stopped and size <= most_bytes):
        problems.append("took %.1f seconds%s" % (seconds, ", and was stopped" if stopped else ""))
    if not stopped and status not in (0, 1, 2):
        problems.append("ended with status %d" % status)
    if not stopped and status != 0:
        lines = errors.decode(errors="replace").split("\n")
        if len(lines) != 2 or lines[1] != "" or lines[0] == "":
            problems.append("expected one line on standard error, found %d: %.300r" % (len(lines) - 1, errors[:300]))
        elif not lines[0].isprintable():
            problems.append("its error is not printable: %.300r" % lines[0])
        elif len(lines[0]) > LONGEST_LINE:
            problems.append("its error has %d characters" % len(lines[0]))
    return problems


def hostile(name, make, *commands, belongs=0):
    """Runs the commands on what make(path) writes; {} in a command is the path. `belongs`: bytes that may be read."""
    global runs, largest, slowest
    if options.words and not any(word in name for word in options.words):
        return
    path = "hostile"
    try:
        in_child(make, path)
        most_bytes = int(max(MEGABYTES << 20, 2 * belongs) * options.slack)
        for command in commands:
            words = command.split()
            full = [os.path.join(options.examples, words[0])] + [word.replace("{}", path) for word in words[1:]]
            status, stopped, seconds, size, errors = measure(full, most_bytes)
            problems = judge(status, stopped, seconds, size, errors, most_bytes)
            runs += 1
            largest, slowest = max(largest, size), max(slowest, seconds)
            if options.verbose or problems:
                print("%s %s: %s: status %d, %d MB, %.2f s: %s" % (
                    "FAILED" if problems else "ok", name, command, status, size >> 20, seconds,
                    "; ".join(problems) or errors.decode(errors="replace").strip()[:300]), flush=True)
            failures.extend("%s: %s: %s" % (name, command, problem) for problem in problems)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if os.path.lexists(path):
            os.remove(path)
        shutil.rmtree(OUT)
        os.makedirs(OUT)


# What each kind of file is given to.
INSPECT = ("inspect {}",)
CONVERT = ("inspect {} --save out/x.safetensors", "inspect {} --save out/x.npz", "inspect {} --save out/x.pth")
LOAD = ("evaluate {} --data digits", "recognize {} good.unp", "export_onnx {} out/x.onnx", "embed {} out/x.hpp")
MODEL = INSPECT + ("inspect {} --save out/x.safetensors",) + LOAD
RESUME = ("train --data digits --epochs 2 --hidden 8 --resume {}",)
TEST_IMAGES = ("evaluate good.safetensors --data {}", "train --data {} --epochs 1 --hidden 8")
TRAINING_IMAGES = ("embed good.safetensors out/x.hpp --int8 --data {}", "train --data {} --epochs 1 --hidden 8")
DRAWINGS = ("rasterize {} --idx out/x", "recognize good.safetensors {}")
PICTURE = ("recognize good.safetensors {}",)


# Hostile files --------------------------------------------------------------------------------------------------------


def pair(images, labels, split="t10k"):
    """A folder whose other pair is good. `images` and `labels`: head and size of a file."""
    def make(path):
        shutil.copytree("digits", path)
        for name, (head, size) in (("images-idx3", images), ("labels-idx1", labels)):
            sparse("%s/%s-%s-ubyte" % (path, split, name), head, size)
    return make


def idx_cases():
    good = (idx(10, 28, 28), 16 + 7840)
    few = (idx(10000), 8 + 10000)
    for split in ("t10k", "train"):
        commands = TEST_IMAGES if split == "t10k" else TRAINING_IMAGES

        def images(name, *files, commands=commands, **rest):
            hostile("idx %s (%s)" % (name, split), pair(*files, split=split), *commands, **rest)
        images("4.29e9 labels, all there", good, (idx(0xffffffff), 8 + 0xffffffff))
        images("13,000,000 images beside 10,000 labels", (idx(13000000, 28, 28), 16 + 13000000 * 784), few)
        images("an image of 65,536 squared", (idx(1, 65536, 65536), 16 + (1 << 32)), (idx(1), 9))
        images("ten images of 32,768 squared beside nine labels", (idx(10, 32768, 32768), 16 + 10 * (1 << 30)),
               (idx(9), 17))
        images("counts that overflow", (idx(0xffffffff, 0xffffffff, 0xffffffff), 16), few)
        images("4.29e9 images without pixels", (idx(0xffffffff, 0, 0), 16), (idx(0xffffffff), 8))
        images("a count beside a file of 16 bytes", (idx(4000000000, 28, 28), 16), few)
        images("labels of rank 255", good, (idx(*[1] * 255), 8 + 255 * 4))
        images("images of rank 255 and eight-byte numbers", (idx(*[65536] * 255, kind=14), 1 << 20), few)
        images("ten labels and 10 GB behind them", good, (idx(10), 10 << 30))
        images("10,000,000 images of one pixel", (idx(10000000, 1, 1), 16 + 10000000), (idx(10000000), 8 + 10000000),
               commands=commands[:1])


def endless(path):
    os.symlink("/dev/zero", path)


def safetensors_cases():
    big, _ = network((784, 3500000))
    wide = 3355443 * 784 * 4
    unequal = safetensors(("{%s,%s}" % (entry("0.weight", (3355443, 784), 0, wide),
                                        entry("0.bias", (10,), wide, wide + 40))).encode())
    hostile("safetensors: a weight of 10 GB beside a bias for 10",
            lambda path: sparse(path, unequal, len(unequal) + wide + 40), *INSPECT, *LOAD)
    small, size = network((784, 10))
    whole = len(small) + size
    junk = small[8:].rstrip()[:-1] + ("," + entry("junk", (10 << 30,), size, size + (10 << 30), "U8") + "}").encode()
    hostile("safetensors: a network and 10 GB that do not belong to it",
            lambda path: sparse(path, safetensors(junk), 8 + len(junk) + size + (10 << 30)), *INSPECT, *LOAD)
    hostile("safetensors: a network of 10 GB without its numbers", lambda path: write(path, big), *MODEL)
    hostile("safetensors: a header of 2^63 bytes", lambda path: write(path, struct.pack("<Q", 1 << 63), b"{}"), *MODEL)
    hostile("safetensors: a header of 100 MB in 16 bytes", lambda path: write(
        path, struct.pack("<Q", 100000000), b"{}      "), *MODEL)

    def header(name, start, piece, end, count_up=False, commands=INSPECT + LOAD[:1], length=None):
        def make(path):
            rest = start[8:] if start.startswith(b"\0" * 8) else start
            (count if count_up else repeat)(path, bytes(8) + rest, piece, end, length)
            with open(path, "r+b") as file:
                file.write(struct.pack("<Q", os.path.getsize(path) - 8))
        hostile("safetensors: a long header of " + name, make, *commands)
    header("spaces", b"{}", b" ", b"")
    header("arrays in each other", b'{"a":', b"[", b"")
    header("objects in each other", b"", b'{"a":', b"")
    header("one name", b'{"', b"a", b'":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}', commands=MODEL)
    header("one name of escapes", b'{"', b"\\u0041", b'":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}')
    header("one number", b'{"a":{"dtype":"F32","shape":[', b"1", b'],"data_offsets":[0,0]}}')
    header("one shape", b'{"a":{"dtype":"F32","shape":[0', b",1", b'],"data_offsets":[0,0]}}', commands=MODEL)
    header("one dtype", b'{"a":{"dtype":"', b"F", b'","shape":[0],"data_offsets":[0,0]}}')
    header("one metadata value", b'{"__metadata__":{"a":"', b"a", b'"}}')
    header("metadata", b'{"__metadata__":{"a":""', lambda i: b',"%x":""' % i, b"}}", True)
    header("one metadata key again and again", b'{"__metadata__":{"a":""', b',"a":""', b"}}")
    header("tensors", b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}',
           lambda i: b',"%x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % i, b"}", True, MODEL)
    header("one tensor again and again", b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}',
           b',"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}', b"}")
    header("unknown keys", b'{"a":{"dtype":"F32"', lambda i: b',"%x":0' % i, b"}}", True)
    layers = [(1, 1)] * 30000
    hostile("safetensors: 30,000 layers", lambda path: write(path, network(*layers)[0], bytes(8 * len(layers))), *MODEL)
    hostile("safetensors: 65,535 sizes of 2^63", lambda path: write(path, safetensors(
        ("{%s}" % entry("0.weight", [1 << 63] * 65535, 0, 4)).encode()), bytes(4)), *MODEL)
    hostile("safetensors: sizes of 2^64 - 1 beside one of 0", lambda path: write(path, safetensors(
        ("{%s}" % entry("0.weight", [(1 << 64) - 1] * 9 + [0], 0, 0)).encode())), *MODEL)
    hostile("a model that never ends", endless, *MODEL)
    hostile("safetensors: behind it 10 GB", lambda path: sparse(path, small, whole + (10 << 30)), *MODEL)


def checkpoint_cases():
    with open("good.checkpoint", "rb") as file:
        good = file.read()
    length = struct.unpack("<Q", good[:8])[0]
    head, data = good[8:8 + length].rstrip(), good[8 + length:]
    for key in (b"epochs", b"steps", b"random_state_0"):
        for value in (b"9" * 19, b"2147483646", b"-1", b"1e9", b"9" * 100000):
            start = head.index(b'"%s":"' % key) + len(key) + 4
            changed = head[:start] + value + head[head.index(b'"', start):]
            hostile("checkpoint: %s %s..." % (key.decode(), value.decode()[:19]),
                    lambda path: write(path, safetensors(changed), data), *RESUME)
    hostile("checkpoint: 10 GB behind it", lambda path: sparse(path, good, 10 << 30), *RESUME)
    junk = head[:-1] + ("," + entry("exp_avg.9.weight", (10 << 28,), len(data), len(data) + (10 << 30)) + "}").encode()
    hostile("checkpoint: a moment of 10 GB",
            lambda path: sparse(path, safetensors(junk) + data, 8 + len(junk) + len(data) + (10 << 30)), *RESUME)
    hostile("checkpoint: a network of 10 GB", lambda path: sparse(
        path, *(lambda made, n: (made, len(made) + n))(*network((784, 3500000)))), *RESUME)
    hostile("checkpoint: long metadata", lambda path: count(
        path, struct.pack("<Q", ROOM), lambda i: b',"%x":""' % i, b"}}"), *RESUME)
    hostile("a checkpoint that never ends", endless, *RESUME)


def torch_cases():
    def model(name, pickle, *storages, commands=MODEL):
        hostile("pth: " + name, lambda path: write(path, pth(pickle, *storages)), *commands)

    def bomb(name, head, piece, tail=b".", commands=INSPECT + LOAD[:1]):
        # A zip whose pickle lies outside of this program's memory: made in pieces, its checksum on the way.
        def make(path):
            repeat("pickle", b"\x80\2" + head, piece, tail)
            size = os.path.getsize("pickle")
            crc = 0
            with open("pickle", "rb") as file:
                while data := file.read(1 << 20):
                    crc = zlib.crc32(data, crc)
            fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, crc, size, size, 16, 0)
            central = b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0)
            central += b"archive/data.pkl"
            end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), 46 + size, 0)
            with open(path, "wb") as file:
                file.write(b"PK\3\4" + fields + b"archive/data.pkl")
                with open("pickle", "rb") as pickle:
                    shutil.copyfileobj(pickle, file)
                file.write(central + b"PK\5\6" + end)
            os.remove("pickle")
        hostile("pth: a pickle of " + name, make, *commands)

    four = bytes(4)
    bias = ("0.bias", tensor((10,), (0,), 1))
    model("a storage of 2^40 numbers in 4 bytes", state(("0.weight", tensor((10, 784), (784, 1), 1 << 40)), bias), four)
    model("a tensor of 10^10 numbers that are all one", state(
        ("0.weight", tensor((100000, 100000), (0, 0), 1))), four, commands=MODEL + CONVERT)
    model("a network of 12 GB whose numbers are all one", state(
        ("0.weight", tensor((4000000, 784), (0, 0), 1)), ("0.bias", tensor((4000000,), (0,), 1))), four,
        commands=MODEL + CONVERT)
    model("sizes that overflow", state(("0.weight", tensor((1 << 62, 1 << 62), (0, 0), 1)), bias), four)
    model("strides that overflow", state(("0.weight", tensor((10, 784), (1 << 62, 1 << 62), 1)), bias), four)
    model("negative sizes and strides", state(("0.weight", tensor((-10, 784), (-784, -1), 1, -1)), bias), four)
    model("a tensor of 10,000 sizes", state(("0.weight", tensor([1] * 10000, [1] * 10000, 1)), bias), four)
    model("numbers of 255 bytes", state(("0.weight", tensor((1 << 2000, 1), (1, 1), 1)), bias), four)
    model("a text of 2^32 - 1 bytes", b"\x80\2X\xff\xff\xff\xffab.")
    model("a text of 2^63 bytes", b"\x80\4\x8d" + struct.pack("<Q", 1 << 63) + b"ab.")
    model("a number of 2^31 - 1 bytes", b"\x80\2\x8b" + struct.pack("<I", (1 << 31) - 1) + b"ab.")
    model("a memo of 2^32 - 1", b"\x80\2}r\xff\xff\xff\xff.")
    model("a frame of 2^63 bytes", b"\x80\4\x95" + struct.pack("<Q", 1 << 63) + b"}.")
    model("tuples that double 100 times", b"\x80\2}X\1\0\0\0a)" + b"q\0h\0\x86" * 100 + b"s.")
    model("lists that double 100 times", b"\x80\2}X\1\0\0\0a]" + b"".join(
        b"q%c]h%ca h%ca".replace(b" ", b"") % (i, i, i) for i in range(100)) + b"s.")
    model("a list that holds itself", b"\x80\2}X\1\0\0\0a]q\0h\0as.")
    model("a dictionary that holds itself", b"\x80\2}q\0X\1\0\0\0ah\0s.")
    model("one tensor under a million names", b"\x80\2}(" + text(b"a") + tensor((1,), (1,), 1) + b"q\0" + b"".join(
        text(b"%x" % i) + b"h\0" for i in range(ROOM >> 6)) + b"u.", four, commands=MODEL)
    bomb("lists in each other", b"", b"]", b".")
    bomb("marks", b"", b"(", b".")
    bomb("tuples in each other", b")", b"\x85", b".")
    bomb("dictionaries in each other", b"", b"}X\1\0\0\0a", b".")
    bomb("a list of empty lists", b"](", b"]", b"e.")
    bomb("a list of empty dictionaries", b"](", b"}", b"e.")
    bomb("a list of ones", b"](", b"K\1", b"e.")
    bomb("a list appended to", b"]", b"Na", b".")
    bomb("a dictionary of one key", b"}(", b"K\1N", b"u.")
    bomb("texts of one letter", b"](", b"X\1\0\0\0a", b"e.")
    bomb("one text", b"X" + struct.pack("<I", max(1, ROOM >> 20) << 20), b"a", b".")
    bomb("calls that are unknown", b"](", b"ca\nb\n)R", b"e.")
    bomb("ordered dictionaries", b"](", b"ccollections\nOrderedDict\n)R", b"e.")
    bomb("copies", b"}", b"2", b".")
    bomb("the memo's entries", b"}", b"\x94", b".")
    bomb("persistent names", b"](", b"(" + text(b"storage") + b"ctorch\nFloatStorage\n" + text(b"0") + text(b"cpu") +
         b"K\1tQ", b"e.")
    hostile("pth: before PyTorch 1.6, then 10 GB", lambda path: sparse(path, bytes.fromhex("80028a0a6cfc9c46"), 10 << 30),
            *MODEL)


def zip_cases():
    def packed(name, entries, commands=MODEL):
        hostile("zip: " + name, lambda path: write(path, archive(entries)), *commands)

    good = state(("0.weight", tensor((10, 784), (784, 1), 7840)), ("0.bias", tensor((10,), (1,), 10, key=b"1")))
    version = ("a/version", b"3\n", 0, 2)
    bias = ("a/data/1", bytes(40), 0, 40)
    gigabytes = 3 << 30
    for size in (gigabytes, 31360, 0, 0xffffffff):
        bomb = deflated_zeros(gigabytes)
        packed("a deflated pickle of 3 GB that says %d" % size, [("a/data.pkl", bomb, 8, size), version])
        packed("a deflated weight of 3 GB that says %d" % size,
               [("a/data.pkl", good, 0, len(good)), ("a/data/0", bomb, 8, size), bias, version])
        bomb = deflated_zeros(gigabytes, npy_of("(10, 784)"))
        packed("a deflated array of 3 GB that says %d" % size,
               [("0.weight.npy", bomb, 8, size), ("0.bias.npy", npy_of("(10,)") + bytes(40), 0, 168)])
        bomb = deflated_zeros(gigabytes, npy_of("(1000000, 784)"))
        packed("a deflated array of a weight for a million that says %d" % size,
               [("0.weight.npy", bomb, 8, size), ("0.bias.npy", npy_of("(10,)") + bytes(40), 0, 168)])
    packed("deflated garbage", [("a/data.pkl", bytes(range(256)) * 4096, 8, 1 << 20), version])
    packed("60,000 entries", [("%x.npy" % i, npy_of("(0,)"), 0, 128) for i in range(60000)])
    packed("60,000 entries that are deflated", [("%x.npy" % i, zlib.compress(npy_of("(0,)"))[2:-4], 8, 128)
                                                for i in range(60000)])
    packed("names of 65,535 bytes", [("a" * 65530 + "%05d" % i, b"", 0, 0) for i in range(500)])
    packed("names that leave the folder", [("../../%d.npy" % i, npy_of("(1,)") + bytes(4), 0, 132) for i in range(3)])

    def overlapping(path):  # every entry is the same 1 MB
        name = b"0.npy"
        data = npy_of("(262112,)") + bytes(262112 * 4)
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data), 5, 0)
        central = b"".join(b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) +
                           b"%05d" % i for i in range(60000))
        end = struct.pack("<HHHHIIH", 0, 0, 60000, 60000, len(central), 35 + len(data), 0)
        write(path, b"PK\3\4" + fields + name + data + central + b"PK\5\6" + end)
    hostile("zip: 60,000 entries that are one", overlapping, *MODEL)

    def zip64(path, entries, size, offset):
        record = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, entries, entries, size, offset)
        write(path, b"PK\3\4" + bytes(100) + b"PK\6\6" + record + b"PK\6\7" + struct.pack("<IQI", 0, 104, 1) + b"PK\5\6" +
              struct.pack("<HHHHIIH", 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0))
    for values in ((1 << 63, 1 << 63, 0), (1 << 40, 46 << 40, 0), (0xffffffffffffffff, 104, 0), (1 << 20, 100, 4)):
        hostile("zip64: %d entries in %d bytes" % values[:2], lambda path: zip64(path, *values), *MODEL)
    hostile("zip: a directory of zeros", lambda path: write(
        path, b"PK\3\4", bytes(ROOM), b"PK\5\6", struct.pack("<HHHHIIH", 0, 0, 65535, 65535, ROOM, 4, 0)), *MODEL)
    hostile("zip: 10 GB before the directory", lambda path: (sparse(path, b"PK\3\4", 10 << 30), append(
        path, archive([("0.weight.npy", npy_of("(1,)") + bytes(4), 0, 132)]))), *MODEL)


def append(path, data):
    with open(path, "ab") as file:
        file.write(data)


def npy_cases():
    def array(name, data, size=None, commands=MODEL):
        hostile("npy: " + name, lambda path: sparse(path, data, size or len(data)), *commands)
    array("10^18 numbers in 128 bytes", npy_of("(1000000000000000000,)"))
    array("sizes that overflow", npy_of("(4294967296, 4294967296, 4294967296)"))
    array("sizes that overflow beside one of 0", npy_of("(4294967296, 4294967296, 4294967296, 0)"))
    array("a header of 4 GB in 16 bytes", b"\x93NUMPY\2\0\xff\xff\xff\xff{}\n")
    array("a number of 4 GB", npy_of("(1,)", "|S4000000000"))
    array("a number of 10 GB that is there", npy_of("(1,)", "<f10737418240"), 10 << 30)
    array("10 GB behind it", npy_of("(1,)"), 10 << 30)
    array("10 GB", npy_of("(2684354560,)"), 128 + (10 << 30), INSPECT + LOAD)
    for name, head, piece, tail in (
            ("spaces", b"{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", b" ", b"\n"),
            ("sizes", b"{'descr': '<f4', 'fortran_order': False, 'shape': (0,", b"1,", b"), }\n"),
            ("brackets", b"{'descr': '<f4', 'fortran_order': False, 'shape': ", b"(", b"}\n"),
            ("one number", b"{'descr': '<f4', 'fortran_order': False, 'shape': (", b"1", b",), }\n"),
            ("one dtype", b"{'descr': '<f", b"4", b"', 'fortran_order': False, 'shape': (0,), }\n"),
            ("a dtype of fields", b"{'descr': [", b"('a', '<f4'),", b"], 'fortran_order': False, 'shape': (0,), }\n"),
            ("keys", b"{", b"'descr': '<f4', ", b"'fortran_order': False, 'shape': (0,), }\n"),
            ("a text without an end", b"{'", b"a", b"\n")):
        def make(path):
            repeat(path, b"\x93NUMPY\2\0" + bytes(4) + head, piece, tail)
            with open(path, "r+b") as file:
                file.seek(8)
                file.write(struct.pack("<I", os.path.getsize(path) - 12))
        hostile("npy: a long header of " + name, make, *INSPECT, *LOAD[:1])


def picture_cases():
    def picture(name, data, size=None, **rest):
        hostile("picture: " + name, lambda path: sparse(path, data, size or len(data)), *PICTURE, **rest)
    picture("PGM of 65,536 squared, all there", b"P5 65536 65536 255\n", 19 + (1 << 32))
    picture("PGM of 65,536 squared", b"P5 65536 65536 255\n")
    picture("PGM of sizes that overflow", b"P5 18446744073709551615 18446744073709551615 255\n")
    picture("PGM of 4096 squared in two bytes", b"P5 4096 4096 65535\n", 19 + (1 << 25), belongs=3 << 24)
    picture("PGM with 10 GB behind it", b"P5 8 8 255\n", 10 << 30)
    picture("PBM of 65,536 squared, all there", b"P4 65536 65536\n", 15 + (1 << 29))
    picture("PPM of 65,536 squared, all there", b"P6 65536 65536 255\n", 19 + 3 * (1 << 32))
    for name, head, piece in (("comments", b"P5 ", b"#\n"), ("one comment", b"P5 #", b"a"), ("spaces", b"P5", b" "),
                              ("one number", b"P5 ", b"1"), ("pixels", b"P2 28 28 255\n", b"1 "),
                              ("one pixel", b"P2 1 1 255\n", b"1"), ("pixels of 4096 squared", b"P2 4096 4096 255\n", b"1 ")):
        hostile("picture: PGM of long " + name, lambda path: repeat(path, head, piece, b"\n"), *PICTURE,
                belongs=ROOM + (1 << 24))
    gigabytes = zlib_zeros(3 << 30)
    picture("PNG of 65,536 squared", png(65536, 65536, chunk(b"IDAT", gigabytes)))
    picture("PNG of 2^31 - 1 squared", png((1 << 31) - 1, (1 << 31) - 1, chunk(b"IDAT", gigabytes)))
    picture("PNG of 8 squared and 3 GB", png(8, 8, chunk(b"IDAT", gigabytes)))
    picture("PNG of 4096 squared and 3 GB", png(4096, 4096, chunk(b"IDAT", gigabytes)), belongs=1 << 25)
    picture("PNG of 4096 squared in four channels of two bytes", png(
        4096, 4096, chunk(b"IDAT", zlib_zeros(1 << 27)), depth=16, color=6), belongs=1 << 28)
    picture("PNG of 1 x 4096 and 3 GB, in millions of chunks", png(1, 4096, *[chunk(b"IDAT", b"")] * (ROOM // 96),
                                                                   chunk(b"IDAT", zlib_zeros(1 << 24))))
    picture("PNG without data", png(28, 28))
    picture("PNG of empty data", png(28, 28, chunk(b"IDAT", b"")))
    picture("PNG of a chunk of 4 GB", b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 0xffffffff) + b"IHDR", 5 << 30)
    hostile("picture: PNG of text", lambda path: repeat(path, png(28, 28)[:-12], chunk(b"tEXt", b"a" * 100),
                                                        png(28, 28)[-12:]), *PICTURE)
    picture("PNG with 10 GB behind it", png(8, 8, chunk(b"IDAT", zlib.compress(bytes(72)))), 10 << 30)
    for bits in (1, 8, 24, 32):
        for width, height in ((65536, 65536), ((1 << 31) - 1, -(1 << 31)), (4096, 4096)):
            head = b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits,
                                                                                 0, 0, 0, 0, 0, 0)
            picture("BMP of %d bits, %d x %d" % (bits, width, height), head)
            picture("BMP of %d bits, %d x %d, and 20 GB" % (bits, width, height), head, 20 << 30, belongs=1 << 26)
    frame = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, 65500, 65500, 3) + bytes(
        (1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0))
    picture("JPEG of 65,500 squared", frame + b"\xff\xda")
    picture("JPEG of 65,500 squared and 10 GB", frame + b"\xff\xda", 10 << 30)
    picture("GIF of 65,535 squared", b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(768) + b",\0\0\0\0\xff\xff\xff\xff\0\x08")
    picture("PSD of 65,535 squared", b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 4, 65535, 65535, 8, 3))
    hostile("a picture that never ends", endless, *PICTURE)


def stroke_cases():
    def drawn(name, head, piece, tail=b"", length=None, commands=DRAWINGS):
        hostile("strokes: " + name, lambda path: repeat(path, head, piece, tail, length), *commands)

    def counted(name, head, make, tail=b"", length=None):
        hostile("strokes: " + name, lambda path: count(path, head, make, tail, length), *DRAWINGS)

    # UNIPEN
    segment = b'.SEGMENT DIGIT 0 ? "1"\n'
    drawn("UNIPEN of one line of digits", segment + b".PEN_DOWN\n", b"1")
    drawn("UNIPEN of one line of points", segment + b".PEN_DOWN\n", b"1 2 ", b"\n.PEN_UP\n")
    drawn("UNIPEN of one stroke", segment + b".PEN_DOWN\n", b"1 2\n2 1\n", b".PEN_UP\n")
    drawn("UNIPEN of tiny strokes that no segment has", segment, b".PEN_DOWN\n1 2\n.PEN_UP\n")
    drawn("UNIPEN of tiny strokes", b'.SEGMENT DIGIT 0-1 ? "1"\n', b".PEN_DOWN\n1 2\n.PEN_UP\n")
    drawn("UNIPEN of empty strokes", segment, b".PEN_DOWN\n.PEN_UP\n")
    drawn("UNIPEN of empty lines", segment, b"\n")
    drawn("UNIPEN of one keyword", b"", b".A")
    drawn("UNIPEN of keywords", segment, b".A\n")
    drawn("UNIPEN of a comment", b".COMMENT ", b"a 1 2 ", b"\n")
    drawn("UNIPEN of comments", b"", b".COMMENT\n1 2\n")
    drawn("UNIPEN of a lexicon", b".LEXICON ", b'"1" ')
    drawn("UNIPEN of a hierarchy", b".HIERARCHY ", b"A ", b"\n" + segment + b".PEN_DOWN\n1 2\n.PEN_UP\n")
    drawn("UNIPEN of a label", b'.SEGMENT DIGIT 0 ? "', b"1", b'"\n.PEN_DOWN\n1 2\n3 4\n.PEN_UP\n')
    counted("UNIPEN of segments that no stroke has", b"", lambda i: b'.SEGMENT DIGIT %d ? "1"\n' % i)
    drawn("UNIPEN of segments of one stroke", b"", segment, b".PEN_DOWN\n1 2\n.PEN_UP\n")
    for places in (b"0-4000000000", b"0-18446744073709551615", b"0:0-9:4000000000", b"4000000000", b"0-1e9", b"-1",
                   b"9" * 100000):
        drawn("UNIPEN of the places %s" % places[:24].decode(), b'.SEGMENT DIGIT %s ? "1"\n' % places,
              b".PEN_DOWN\n1 2\n3 4\n.PEN_UP\n", length=1)
    drawn("UNIPEN of one segment of many places", b".SEGMENT DIGIT 0", b",0", b' ? "1"\n.PEN_DOWN\n1 2\n.PEN_UP\n')
    counted("UNIPEN of one segment of many other places", b".SEGMENT DIGIT 0", lambda i: b",%d" % i,
            b' ? "1"\n.PEN_DOWN\n1 2\n.PEN_UP\n')
    counted("UNIPEN of parts of strokes", b".SEGMENT DIGIT 0", lambda i: b",0:%d-0:%d" % (i, i),
            b' ? "1"\n.PEN_DOWN\n1 2\n.PEN_UP\n', ROOM >> 3)
    drawn("UNIPEN of 10,000 segments of 10,000 strokes", b'.SEGMENT DIGIT 0-9999 ? "1"\n' * 10000,
          b".PEN_DOWN\n1 2\n.PEN_UP\n", length=10000 * 22)
    drawn("UNIPEN that includes what never ends", b".INCLUDE /dev/zero\n" + segment, b".PEN_DOWN\n1 2\n.PEN_UP\n", length=1)
    drawn("UNIPEN of numbers beyond all bounds", segment + b".PEN_DOWN\n", b"1e308 -1e308\n-1e308 1e308\nnan inf\n",
          b".PEN_UP\n", 1)
    drawn("UNIPEN of a stroke without an end", segment + b".PEN_DOWN\n", b"1 2\n3 4\n")

    # QuickDraw
    one = b'{"word":"1","drawing":[[[1,2],[1,2]]]}\n'
    drawn("QuickDraw of drawings", b"", one, length=ROOM >> 6)
    drawn("QuickDraw of arrays in each other", b'{"word":"1","drawing":', b"[")
    drawn("QuickDraw of objects in each other", b"", b'{"a":')
    drawn("QuickDraw of one line of numbers", b'{"word":"1","drawing":[[[1', b",2", b"],[1]]]}\n")
    drawn("QuickDraw of one stroke", b'{"word":"1","drawing":[[[1' + b",2" * (ROOM >> 2) + b"],[1", b",2", b"]]]}\n",
          ROOM >> 1)
    drawn("QuickDraw of tiny strokes", b'{"word":"1","drawing":[[[1],[2]]', b",[[1],[2]]", b"]}\n")
    drawn("QuickDraw of empty strokes", b'{"word":"1","drawing":[[[],[]]', b",[[],[]]", b"]}\n")
    drawn("QuickDraw of empty arrays", b'{"word":"1","drawing":[[[1],[2]', b",[]", b"]]}\n")
    drawn("QuickDraw of empty drawings", b"", b'{"word":"1","drawing":[]}\n')
    drawn("QuickDraw of empty lines", one, b"\n")
    drawn("QuickDraw of spaces", b'{"word":"1",', b" ", b'"drawing":[[[1,2],[1,2]]]}\n')
    drawn("QuickDraw of a word", b'{"word":"', b"1", b'","drawing":[[[1,2],[1,2]]]}\n')
    drawn("QuickDraw of a word of escapes", b'{"word":"', b"\\u0031", b'","drawing":[[[1,2],[1,2]]]}\n')
    drawn("QuickDraw of one number", b'{"word":"1","drawing":[[[', b"1", b"],[1]]]}\n")
    drawn("QuickDraw of a number that ends no sooner", b'{"word":"1","drawing":[[[0.', b"0", b"1],[1]]]}\n")
    drawn("QuickDraw of one key again and again", b'{"word":"1"', b',"word":"1"', b',"drawing":[[[1,2],[1,2]]]}\n')
    counted("QuickDraw of keys", b'{"word":"1"', lambda i: b',"%x":1' % i, b',"drawing":[[[1,2],[1,2]]]}\n')
    drawn("QuickDraw of exponents", b"", b'{"word":"1","drawing":[[[1e99999999999,2],[1,-1e308]]]}\n', length=1)

    # InkML
    ink, end = b'<ink xmlns="http://www.w3.org/2003/InkML">', b"</ink>\n"
    trace = b"<trace>1 1, 2 2, 3 1</trace>"
    drawn("InkML of elements in each other", ink, b"<a>", trace + end)
    drawn("InkML of trace groups in each other", ink, b"<traceGroup>", trace + end)
    drawn("InkML of one trace", ink + b"<trace>1 1", b",2 2", b"</trace>" + end)
    drawn("InkML of one number", ink + b"<trace>", b"1", b" 1</trace>" + end)
    drawn("InkML of spaces", ink + b"<trace>1 1", b" ", b"</trace>" + end)
    drawn("InkML of tiny traces", ink, b"<trace>1 1</trace>", end)
    drawn("InkML of empty traces", ink, b"<trace/>", trace + end)
    counted("InkML of identities", ink, lambda i: b'<trace id="%x">1 1</trace>' % i, end)
    counted("InkML of identities without traces", ink, lambda i: b'<annotation id="%x"/>' % i, trace + end)
    drawn("InkML of one identity", ink, b'<trace id="a">1 1</trace>', end)
    drawn("InkML of annotations", ink, b'<annotation type="truth">1</annotation>', trace + end)
    drawn("InkML of an annotation", ink + b'<annotation type="truth">', b"1", b"</annotation>" + trace + end)
    drawn("InkML of an attribute", ink + b'<trace id="', b"a", b'">1 1,2 2</trace>' + end)
    counted("InkML of attributes", ink + b"<trace ", lambda i: b' a%x=""' % i, b">1 1,2 2</trace>" + end)
    drawn("InkML of one attribute again and again", ink + b"<trace ", b' a=""', b">1 1,2 2</trace>" + end)
    drawn("InkML of a comment", ink + b"<!--", b"a", b"-->" + trace + end)
    drawn("InkML of comments", ink, b"<!---->", trace + end)
    drawn("InkML of a name", ink + b"<", b"a", b"/>" + trace + end)
    drawn("InkML of a section without an end", ink + b"<![CDATA[", b"]]")
    drawn("InkML of references", ink + b"<annotation>", b"&amp;", b"</annotation>" + trace + end)
    drawn("InkML of characters", ink + b"<annotation>", b"&#99999999999;", b"</annotation>" + trace + end)
    drawn("InkML of groups", ink, b"<traceGroup>" + trace + b"</traceGroup>", end, ROOM >> 6)
    drawn("InkML of empty groups", ink, b"<traceGroup></traceGroup>", trace + end)
    drawn("InkML of channels", ink + b"<traceFormat>" + b'<channel name="X"/><channel name="Y"/>',
          b'<channel name="A"/>', b"</traceFormat>" + trace + end)
    counted("InkML of formats", ink, lambda i: b'<context id="%x"><traceFormat id="f%x"><channel name="X"/>'
            b'<channel name="Y"/></traceFormat></context>' % (i, i), trace + end)
    entities = b'<!DOCTYPE ink [<!ENTITY a "1 1,">' + b"".join(
        b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(97, 110)) + b"]>"
    drawn("InkML of entities that multiply", entities + ink + b"<trace>", b"&n;", b"</trace>" + end, 1)
    views = b'<traceGroup xml:id="g0"><trace xml:id="t">1 1, 2 2</trace></traceGroup>' + b"".join(
        b'<traceView xml:id="g%d">%s</traceView>' % (i, b'<traceView traceDataRef="#g%d"/>' % (i - 1) * 10)
        for i in range(1, 15))
    drawn("InkML of views that multiply", ink + views, b'<traceView traceDataRef="#g14"/>', end, 1)
    drawn("InkML of views of themselves", ink + trace, b'<traceView xml:id="a" traceDataRef="#a"/>', end, 1)
    drawn("InkML of views of one trace", ink + b'<trace xml:id="t">1 1, 2 2</trace>', b'<traceView traceDataRef="#t"/>', end)
    drawn("InkML of views of many traces", ink + b'<traceGroup xml:id="g">' + trace * 10000 + b"</traceGroup>",
          b'<traceView traceDataRef="#g"/>', end, 10000 * 30)
    drawn("InkML of differences", ink + b"<trace>1 1, '1'1", b',"9"9', b"</trace>" + end)

    # Pointer logs
    drawn("a log of one line", b"", b"1")
    drawn("a log of one line of numbers", b"", b"1 ")
    drawn("a log of one stroke", b"1 1 0\n", b"2 2 0\n3 1 0\n")
    counted("a log of tiny strokes", b"", lambda i: b"1 1 %d\n2 2 %d.1\n" % (i, i), length=ROOM >> 4)
    drawn("a log of empty lines", b"1 1 0\n", b"\n", b"2 2 0.1\n")
    drawn("a log of zeros", b"1 1 0\n0.", b"0", b"1 2 0.1\n")
    drawn("a log of an exponent", b"1 1 0\n1e", b"9", b" 2 0.1\n")
    drawn("a log of numbers beyond all bounds", b"", b"1e308 -1e308 0\n-1e308 1e308 0.1\n", length=1)
    hostile("strokes: zeros", lambda path: sparse(path, b"", ROOM), *DRAWINGS)
    hostile("strokes: 10 GB of zeros", lambda path: sparse(path, b"1 1 0\n", 10 << 30), *DRAWINGS)
    hostile("strokes that never end", endless, *DRAWINGS)
    for format in ("unipen", "quickdraw", "inkml", "log"):
        commands = ["%s --format %s" % (command, format) for command in DRAWINGS]
        hostile("%s that never ends" % format, endless, *commands)
        hostile("%s of zeros" % format, lambda path: sparse(path, b"", ROOM), *commands)


def main():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    options.examples = os.path.abspath(options.examples)
    os.makedirs(SCRATCH)
    os.chdir(SCRATCH)
    start = time.monotonic()
    make_good()
    for cases in (idx_cases, safetensors_cases, checkpoint_cases, torch_cases, zip_cases, npy_cases, picture_cases,
                  stroke_cases):
        cases()
    os.chdir("/")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    print("%d runs in %.0f s, at most %d MB and %.2f s; %d problems" % (
        runs, time.monotonic() - start, int(largest) >> 20, slowest, len(failures)))
    sys.exit(1 if failures else 0)


main()
