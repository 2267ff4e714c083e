#!/usr/bin/env python3
"""Makes fixtures for the tests, from PyTorch state_dicts (.pth) and of its own.

usage: make_fixtures.py TORCH_DIR OUT_DIR

Reads trace_init.pth and trace_final.pth from TORCH_DIR and writes them to OUT_DIR as safetensors; these are written
from the format's description, without nib. Beside them: python.zip, numpy.npz and mixed.npz as zipfile and NumPy write them.
Needs PyTorch and NumPy (Debian: python3-torch, python3-numpy).
"""
import json
import pathlib
import struct
import sys
import zipfile

import numpy
import torch


def write_safetensors(state_dict, path):
    header, data = {}, b""
    for name in sorted(state_dict):
        tensor = state_dict[name].detach().contiguous()
        if tensor.dtype != torch.float32:
            sys.exit(f"{name}: expected float32, found {tensor.dtype}")
        values = tensor.flatten().tolist()
        begin = len(data)
        data += struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [begin, len(data)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_zips(target):
    with zipfile.ZipFile(target / "python.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("first.txt"), "first")
        archive.writestr(zipfile.ZipInfo("folder/second.txt"), "s" * 300)
    numpy.savez(target / "numpy.npz", x=numpy.arange(6, dtype="f4").reshape(2, 3), y=numpy.array([2.5]))
    numpy.savez(
        target / "mixed.npz",
        **{
            "fc1.weight": numpy.asfortranarray(numpy.arange(6, dtype="f4").reshape(2, 3)),
            "half": numpy.array([1, -2, 0.5], dtype="f2"),
            "big": numpy.array([1, -2], dtype=">i4"),
            "mask": numpy.array([True, False]),
            "scale": numpy.array(0.1),
            "empty": numpy.zeros((0, 3), dtype="u1"),
        },
    )


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = map(pathlib.Path, sys.argv[1:])
    for name in ("trace_init", "trace_final"):
        write_safetensors(torch.load(source / f"{name}.pth"), target / f"{name}.safetensors")
    write_zips(target)


if __name__ == "__main__":
    main()
