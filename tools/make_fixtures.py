#!/usr/bin/env python3
"""Turns PyTorch state_dicts (.pth) into safetensors fixtures for the tests.

usage: make_fixtures.py TORCH_DIR OUT_DIR

Reads trace_init.pth and trace_final.pth from TORCH_DIR and writes OUT_DIR/trace_init.safetensors and
OUT_DIR/trace_final.safetensors. Needs PyTorch (Debian: python3-torch); the files are written from the format's
description, without nib.
"""
import json
import pathlib
import struct
import sys

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


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = map(pathlib.Path, sys.argv[1:])
    for name in ("trace_init", "trace_final"):
        write_safetensors(torch.load(source / f"{name}.pth"), target / f"{name}.safetensors")


if __name__ == "__main__":
    main()
