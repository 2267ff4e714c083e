#!/usr/bin/env python3
"""Makes the .pth files of tests/cases/files: checkpoints in the shape of those that people have, of one small network.

usage: make_cases.py OUT_DIR

Needs PyTorch and NumPy (Debian: python3-torch, python3-numpy).
"""
import argparse
import collections
import datetime
import decimal
import enum
import fractions
import functools
import pathlib
import random
import struct
import sys
import zipfile

import numpy
import torch


class Tensor(torch.Tensor):
    pass


Color = enum.Enum("Color", ["red", "blue"])


def network(sizes=(4, 5, 3, 2), names=("fc1", "fc2", "fc3")):
    """A state_dict whose numbers count up, layer by layer."""
    state = collections.OrderedDict()
    for i, name in enumerate(names):
        weight = torch.arange(sizes[i] * sizes[i + 1], dtype=torch.float32).reshape(sizes[i + 1], sizes[i]) / 8 + i
        state[f"{name}.weight"] = weight
        state[f"{name}.bias"] = torch.arange(sizes[i + 1], dtype=torch.float32) - i
    return state


def optimizer():
    """One that has made a step, so that it holds tensors too."""
    net = torch.nn.Linear(4, 5)
    adam = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 4)).sum().backward()
    adam.step()
    return adam


def beside():
    """What stands beside a state_dict in a checkpoint, by the names of the files."""
    options = argparse.Namespace(rate=0.1, hidden=[5, 3])
    options.again = options
    return {
        "datetime": datetime.datetime(2024, 1, 2),
        "defaultdict": collections.defaultdict(list, loss=[0.5]),
        "function": torch.nn.functional.relu,
        "layout": (torch.strided, torch.float32),
        "namespace": options,
        "nparray": numpy.arange(3.0),
        "npscalar": numpy.float64(0.97),
        "optim": optimizer().state_dict(),
        "torchversion": torch.__version__,
        "path": pathlib.PurePosixPath("runs/1"),
        "enum": Color.red,
        "decimal": [decimal.Decimal("0.1"), fractions.Fraction(1, 3)],
        "partial": functools.partial(int, base=2),
        "deque": collections.deque([1, 2], maxlen=3),
        "scheduler": torch.optim.lr_scheduler.StepLR(optimizer(), 2).state_dict(),
        "random": [random.Random(1).getstate()[:1], numpy.random.RandomState(1).get_state()[2:]],
        "numbers": [2**80, 1j, {1}, frozenset([2]), b"ab", bytearray(b"c"), range(3), slice(1, 2)],
        "optimizer_object": optimizer(),
    }


def without_checksums(source, target, only=None):
    """The zip archive `source` with checksums of 0 in its directory: all, or that of one entry."""
    data = bytearray(source.read_bytes())
    place = data.find(b"PK\1\2")
    number = 0
    while data[place : place + 4] == b"PK\1\2":
        if only in (None, number):
            data[place + 16 : place + 20] = bytes(4)
            local = struct.unpack_from("<I", data, place + 42)[0]
            data[local + 14 : local + 18] = bytes(4)
        place += 46 + sum(struct.unpack_from("<3H", data, place + 28))
        number += 1
    target.write_bytes(data)


def write_checkpoints(out):
    torch.save(network(), out / "plain.pth")
    for name, value in beside().items():
        torch.save({"epoch": 3, "model_state_dict": network(), "more": value}, out / f"ck_{name}.pth")
    without_checksums(out / "plain.pth", out / "crc_off.pth")
    without_checksums(out / "ck_enum.pth", out / "crc_off_checkpoint.pth")
    without_checksums(out / "plain.pth", out / "crc_one.pth", only=1)
    with zipfile.ZipFile(out / "plain.pth") as source:
        with zipfile.ZipFile(out / "deflated.pth", "w", zipfile.ZIP_DEFLATED) as archive:
            for entry in source.infolist():
                archive.writestr(zipfile.ZipInfo(entry.filename), source.read(entry), zipfile.ZIP_DEFLATED)
    without_checksums(out / "deflated.pth", out / "crc_off_deflated.pth")


def write_keys(out):
    config = {"hidden": 5, "name": "small"}
    for name, value in {
        "model_is_config": {"model": config, "state_dict": network()},
        "net": {"net": network()},
        "params": {"params": network()},
        "deep": {"checkpoint": {"model": network()}, "epoch": 1},
        "optimizer": {"optimizer": optimizer().state_dict(), "weights": network()},
        "list": [config, network()],
        "two": {"generator": network(), "discriminator": network()},
    }.items():
        torch.save(value, out / f"key_{name}.pth")


def write_state_dicts(out):
    for name, value in {"ints": 28, "strings": "small", "none": None, "lists": [1, (2, "a")]}.items():
        torch.save({"height": value, **network()}, out / f"sd_{name}.pth")
    states = {"subclass": {name: tensor.as_subclass(Tensor) for name, tensor in network().items()}}
    states["subclass_parameter"] = {
        name: torch.nn.Parameter(tensor.as_subclass(Tensor)) for name, tensor in network().items()
    }
    states["subclass_one"] = {**network(), "fc1.bias": network()["fc1.bias"].as_subclass(Tensor)}
    states["subclass_note"] = {name: tensor.as_subclass(Tensor) for name, tensor in network().items()}
    for tensor in states["subclass_note"].values():
        tensor.note = "kept"
    for name, state in states.items():
        torch.save(state, out / f"{name}.pth")
    for protocol in 2, 3, 4, 5:
        path = out / f"legacy{protocol}.pth"
        torch.save(network(), path, pickle_protocol=protocol, _use_new_zipfile_serialization=False)


def write_names(out):
    for name, layers in {
        "input_hidden_output": ("input_fc", "hidden_fc", "output_fc"),
        "l1_l2_head": ("l1", "l2", "head"),
        "encoder": ("encoder.in", "encoder.out", "classifier"),
        "letters": ("b", "a", "c"),
        "permuted": ("layers.2", "layers.0", "layers.4"),
    }.items():
        torch.save(network(names=layers), out / f"names_{name}.pth")
    reverse = collections.OrderedDict(reversed(network(names=("l1", "l2", "head")).items()))
    torch.save(reverse, out / "names_reverse.pth")
    torch.save(network(sizes=(4, 4, 4, 4), names=("b", "a", "c")), out / "names_ambiguous.pth")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    write_checkpoints(out)
    write_keys(out)
    write_state_dicts(out)
    write_names(out)


if __name__ == "__main__":
    main()
