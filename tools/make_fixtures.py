#!/usr/bin/env python3
"""Makes fixtures for the tests, from PyTorch state_dicts (.pth) and of its own.

usage: make_fixtures.py TORCH_DIR OUT_DIR

Reads trace_init.pth and trace_final.pth from TORCH_DIR and writes them to OUT_DIR as safetensors; these are written
from the format's description, without nib. Beside them: python.zip, numpy.npz and mixed.npz as zipfile and NumPy
write them, torch_*.pth as PyTorch does, and what zlib packs.
Needs PyTorch and NumPy (Debian: python3-torch, python3-numpy).
"""
import argparse
import collections
import datetime
import enum
import functools
import json
import pathlib
import struct
import sys
import zipfile
import zlib

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
    numpy.savez_compressed(
        target / "compressed.npz",
        **{
            "fc.weight": numpy.arange(20, dtype="f4").reshape(2, 10) / 4,
            "fc.bias": numpy.array([-1, 1], dtype="f4"),
            "squares": ((numpy.arange(30000.0) % 97) ** 2).reshape(300, 100).T,
        },
    )


def write_deflated(target):
    # DEFLATE's blocks of a text that repeats itself at distances up to the largest; tests/io/detail/inflate_test.cpp makes it too.
    text, number = bytearray(), 1
    for i in range(120000):
        number = (number * 1103515245 + 12345) & 0x7FFFFFFF
        if i < 300 or i % 9973 == 0:
            text.append(number >> 16 & 0xFF)
        elif i >= 32768 and i % 3000 < 1000:
            text.append(text[i - 32768])
        else:
            text.append(text[i - 300 + i // 7000])
    pack = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    (target / "deflate_long.bin").write_bytes(pack.compress(bytes(text)) + pack.flush())
    # A file of torch.save, packed again by a zip program.
    with zipfile.ZipFile(target / "torch_state.pth") as source:
        with zipfile.ZipFile(target / "torch_deflated.pth", "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in source.infolist():
                copy = zipfile.ZipInfo(entry.filename)
                copy.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(copy, source.read(entry))


class Tensor(torch.Tensor):
    pass


class Options(dict):
    pass


Color = enum.Enum("Color", ["red", "blue"])


def write_checkpoints(target):
    """Checkpoints that hold more than tensors, and tensors of classes of their own."""
    weight, bias = torch.arange(6.0).reshape(2, 3) / 2, torch.tensor([-1.0, 1.0])
    options = argparse.Namespace(rate=0.1, folder=pathlib.PurePosixPath("runs/1"))
    options.self = options
    loop = []
    loop.append((loop,))
    beside = {
        "best": numpy.float64(0.97),
        "curve": numpy.arange(3.0),
        "options": options,
        "seen": collections.defaultdict(list, a=[1]),
        "counts": collections.Counter("ab"),
        "started": datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc),
        "color": Color.red,
        "function": torch.nn.functional.relu,
        "partial": functools.partial(print, end=""),
        "layout": torch.strided,
        "version": torch.__version__,
        "sets": [{1}, frozenset([2])],
        "numbers": [2**80, 1j, bytearray(b"a"), range(3)],
        "loss": torch.tensor(0.5),
        "random": torch.arange(4, dtype=torch.uint8),
        "loop": loop,
    }
    state = {"weight": weight.as_subclass(Tensor), "bias": torch.nn.Parameter(bias)}
    state["bias"].note = "kept"
    for protocol in 2, 5:
        checkpoint = {**beside, "net": Options(state, height=28, name="small", scale=None, options=options)}
        torch.save(checkpoint, target / f"torch_beside{protocol}.pth", pickle_protocol=protocol)


def write_batch_norm(target):
    """A network that a few steps of training gave running means, an input, and what comes out."""
    torch.manual_seed(3)
    layers = torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5), torch.nn.Tanh(), torch.nn.Linear(5, 3)
    net = torch.nn.Sequential(*layers)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(torch.randn(8, 4) * 2 + 1), torch.randn(8, 3)).backward()
        optimizer.step()
    net.eval()
    x = torch.randn(6, 4)
    torch.save(net.state_dict(), target / "torch_batch_norm.pth")
    numpy.savez(target / "torch_batch_norm.npz", x=x.numpy(), y=net(x).detach().numpy())


def write_torch(target):
    numbers = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 4
    state = collections.OrderedDict(
        parameter=torch.nn.Parameter(numbers.clone()),
        transposed=numbers.t(),
        sliced=numbers[1:, 1::2],
        shared=numbers,
        expanded=torch.tensor([[1.5], [2.5]]).expand(2, 3),
        scalar=torch.tensor(-7.25, dtype=torch.float64),
        empty=torch.empty(0, 3),
        half=(numbers / 3).half(),
        bfloat=(numbers / 3).bfloat16(),
        longs=torch.tensor([-(2**40), 3]),
        shorts=torch.tensor([[-300], [300]], dtype=torch.int16),
        bytes=torch.tensor([0, 255], dtype=torch.uint8),
        flags=torch.tensor([True, False, True]),
    )
    torch.save(state, target / "torch_state.pth")
    torch.manual_seed(0)
    net = torch.nn.Linear(3, 2)
    with torch.no_grad():
        net.weight.copy_(torch.arange(6).reshape(2, 3) / 2)
        net.bias.copy_(torch.tensor([-1.0, 1.0]))
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    with torch.no_grad():
        net.weight.copy_(torch.arange(6).reshape(2, 3) / 2)
        net.bias.copy_(torch.tensor([-1.0, 1.0]))
    checkpoint = {
        "epoch": 3,
        "model_state_dict": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2]).state_dict(),
        "seed": 2**64 - 1,
        "shape": torch.Size([2, 3]),
        "device": torch.device("cpu"),
        "others": [None, True, 1.5, b"ab", {1, 2}, 1j, torch.float16],
    }
    torch.save(checkpoint, target / "torch_checkpoint.pth")
    torch.save(net.state_dict(), target / "torch_protocol4.pth", pickle_protocol=4)
    torch.save(net, target / "torch_module.pth")
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), target / "torch_script.pth")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = map(pathlib.Path, sys.argv[1:])
    for name in ("trace_init", "trace_final"):
        write_safetensors(torch.load(source / f"{name}.pth"), target / f"{name}.safetensors")
    write_zips(target)
    write_torch(target)
    write_batch_norm(target)
    write_deflated(target)
    write_checkpoints(target)


if __name__ == "__main__":
    main()
