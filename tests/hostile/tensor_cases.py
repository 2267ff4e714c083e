"""Hostile files of tensors and images: IDX, safetensors, checkpoints, PyTorch, zip, NumPy."""
import os
import shutil
import struct
import zlib

from files import (
    archive, count, deflated_zeros, endless, entry, idx, network, npy_of, pth, repeat, safetensors, sparse, state,
    tensor, text, write)
from running import CONVERT, INSPECT, LOAD, MODEL, RESUME, TEST_IMAGES, TRAINING_IMAGES, hostile
from settings import ROOM


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
