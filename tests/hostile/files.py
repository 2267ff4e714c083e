"""Makes files of every format, of any size and with anything in them."""
import os
import struct
import zlib

from settings import ROOM


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


def endless(path):
    os.symlink("/dev/zero", path)
