#!/usr/bin/env python3
"""Sends tensors from PyTorch through nib and back, and from nib through PyTorch and back, and compares all bits.

usage: round_trip.py EXAMPLES_DIR

EXAMPLES_DIR holds nib's example programs (build/release/examples): `inspect FILE --save OTHER` reads and writes for
nib, `train --save` makes a network. Needs PyTorch and NumPy (Debian: python3-torch, python3-numpy); safetensors files
are read and written here, from the format's description, without nib and without the package of that name. Prints a
line for each way, and exits with 1 where a bit differs.
"""
import collections
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy
import torch

DTYPES = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "I32": torch.int32,
    "I64": torch.int64, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64,
}


def bits(tensor):
    """The tensor's elements, row-major and little-endian."""
    flat = tensor.detach().contiguous().reshape(-1)
    if flat.numel() == 0:
        return b""
    return flat.view(torch.uint8).numpy().tobytes()


def from_bits(data, dtype, shape):
    if not data:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        dtype = next(key for key, value in DTYPES.items() if value == tensor.dtype)
        raw = bits(tensor)
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    data = content[8 + length :]
    return {
        name: from_bits(data[slice(*entry["data_offsets"])], DTYPES[entry["dtype"]], entry["shape"])
        for name, entry in header.items()
    }


def write_npz(path, tensors):
    numpy.savez(path, **{name: tensor.detach().numpy() for name, tensor in tensors.items()})


def read_npz(path):
    return {name: torch.from_numpy(array) for name, array in numpy.load(path).items()}


FORMATS = {
    ".pth": (lambda path, tensors: torch.save(tensors, path), lambda path: torch.load(path, weights_only=True)),
    ".safetensors": (write_safetensors, read_safetensors),
    ".npz": (write_npz, read_npz),
}


def random_bits(dtype, *shape):
    """Any bits: infinities, not-a-numbers and subnormal numbers too."""
    count = int(numpy.prod(shape)) * torch.empty(0, dtype=dtype).element_size()
    return from_bits(numpy.random.default_rng(count).bytes(count), dtype, shape)


def all_kinds():
    """Tensors of every type and layout that a state_dict may hold."""
    torch.manual_seed(1)
    tensors = collections.OrderedDict()
    for name, dtype in DTYPES.items():
        tensors[f"types.{name}"] = torch.rand(5, 7) > 0.5 if dtype == torch.bool else random_bits(dtype, 5, 7)
    base = random_bits(torch.float32, 30, 40)
    tensors["layout.scalar"] = torch.tensor(1.5)
    tensors["layout.empty"] = torch.empty(0, 3)
    tensors["layout.transposed"] = base.t()
    tensors["layout.rows"] = base[3:9]
    tensors["layout.columns"] = base[:, 5:9]
    tensors["layout.every_other"] = base[::2, ::3]
    tensors["layout.permuted"] = random_bits(torch.float64, 3, 4, 5, 6).permute(2, 0, 3, 1)
    tensors["layout.repeated"] = random_bits(torch.float32, 1, 7).expand(4, 7)
    tensors["layout.shared"] = base
    tensors["layout.parameter"] = torch.nn.Parameter(torch.randn(3, 3))
    tensors["layout.channels_last"] = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    network = torch.nn.Sequential(torch.nn.Conv3d(2, 3, 3), torch.nn.BatchNorm3d(3), torch.nn.Linear(70, 1000))
    tensors.update({f"network.{name}": tensor for name, tensor in network.state_dict().items()})
    return tensors


def many():
    return {f"layers.{i}.weight": torch.full((1 + i % 5,), float(i)) for i in range(2000)}


class Ways:
    def __init__(self, examples, folder):
        self.examples = pathlib.Path(examples)
        self.folder = folder
        self.failed = False

    def nib(self, source, target):
        subprocess.run([self.examples / "inspect", source, "--save", target], check=True, stdout=subprocess.DEVNULL)
        return target

    def report(self, way, expected, found):
        wrong = [name for name in expected if name not in found]
        wrong += [name for name in found if name not in expected]
        for name in set(expected) & set(found):
            a, b = expected[name], found[name]
            if a.dtype != b.dtype or a.shape != b.shape or bits(a) != bits(b):
                wrong.append(name)
        self.failed = self.failed or bool(wrong)
        size = sum(len(bits(tensor)) for tensor in expected.values())
        verdict = f"DIFFERENT: {', '.join(wrong[:5])}" if wrong else "identical"
        print(f"{way}: {len(expected)} tensors, {size} bytes: {verdict}", flush=True)

    def from_pytorch(self, what, tensors, first, second):
        """PyTorch -> first format -> nib -> second format -> PyTorch."""
        write, read = FORMATS[first][0], FORMATS[second][1]
        source, target = self.folder / f"a{first}", self.folder / f"b{second}"
        write(source, tensors)
        found = read(self.nib(source, target))
        self.report(f"{what}: PyTorch -> {first} -> nib -> {second} -> PyTorch", tensors, found)

    def from_nib(self, model, form):
        """nib -> format -> PyTorch -> the same format -> nib, where safetensors files show what nib has."""
        write, read = FORMATS[form]
        source = self.nib(model, self.folder / f"c{form}")
        network = torch.nn.Sequential(torch.nn.Linear(784, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
        network.load_state_dict(read(source))  # strict: names and shapes are PyTorch's
        write(self.folder / f"d{form}", network.state_dict())
        before = read_safetensors(model)
        after = read_safetensors(self.nib(self.folder / f"d{form}", self.folder / "e.safetensors"))
        self.report(f"trained network: nib -> {form} -> PyTorch -> {form} -> nib", before, after)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ways = Ways(sys.argv[1], folder)
        for what, tensors in (("all kinds", all_kinds()), ("2000 tensors", many()), ("no tensors", {})):
            for first in (".pth", ".safetensors"):
                for second in (".pth", ".safetensors"):
                    ways.from_pytorch(what, tensors, first, second)
        arrays = {name: tensor for name, tensor in all_kinds().items() if tensor.dtype != torch.bfloat16}
        for first, second in ((".npz", ".npz"), (".npz", ".pth"), (".safetensors", ".npz")):
            ways.from_pytorch("NumPy's kinds", arrays, first, second)

        model = folder / "model.safetensors"
        subprocess.run(
            [ways.examples / "train", "--synthetic", "1000", "--epochs", "1", "--hidden", "16", "--save", model],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for form in (".pth", ".safetensors"):
            ways.from_nib(model, form)
    sys.exit(1 if ways.failed else 0)


if __name__ == "__main__":
    main()
