#!/usr/bin/env python3
"""Rounds a safetensors file's 32-bit numbers to 16 bits, which nib, PyTorch and others read: half the size.

    half.py digits.safetensors smaller/digits.safetensors
"""

import json
import struct
import sys


def halved(data):
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + length])
    tensors, numbers = {}, bytearray()
    for name, tensor in header.items():
        if name == "__metadata__":
            tensors[name] = tensor
            continue
        first, last = (8 + length + offset for offset in tensor["data_offsets"])
        values = data[first:last]
        if tensor["dtype"] == "F32":
            count = len(values) // 4
            values = struct.pack(f"<{count}e", *struct.unpack(f"<{count}f", values))
            tensor["dtype"] = "F16"
        tensors[name] = tensor | {"data_offsets": [len(numbers), len(numbers) + len(values)]}
        numbers += values
    text = json.dumps(tensors, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + numbers


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: half.py FLOAT32 FLOAT16")
    source, target = sys.argv[1:]
    with open(source, "rb") as file:
        data = file.read()
    with open(target, "wb") as file:
        file.write(halved(data))


if __name__ == "__main__":
    main()
