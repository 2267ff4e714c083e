#!/usr/bin/env python3
"""Trains the same networks with nib and with others, in turns on one core, and prints medians and ratios.

usage: compare.py MNIST_DIR [--rounds N] [--jobs A,B] [--core N]

Job A is 784-64-64-64-10 in batches of 15, job B 784-800-10 in batches of 128; Adam, one epoch a round, one thread. Needs
g++; Eigen (libeigen3-dev) and PyTorch (python3-torch with libopenblas0-pthread) are left out, aloud, where they are not
installed. Other people's libraries get a malloc that keeps its memory, without which glibc returns large temporaries to
the system at every step, and PyTorch an OpenBLAS kernel for this CPU.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"
TUNED_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TRIM_THRESHOLD_": "2000000000",
    "MALLOC_TOP_PAD_": "100000000",
}
PYTHON = "/usr/bin/python3"  # Debian's, which sees python3-torch
KEYS = [("epoch_seconds", "s/epoch"), ("batch_ms", "10,000 images ms"), ("one_us", "one image us"),
        ("peak_mib", "peak MiB"), ("accuracy", "accuracy")]


def build(folder, name, source, flags):
    program = folder / name
    command = ["g++", "-std=c++20", "-DNDEBUG", f"-I{INCLUDE}", *flags, str(HERE / source), "-o", str(program)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        print(f"left out: {name}: {result.stderr.strip().splitlines()[0]}", file=sys.stderr)
        return None
    return [str(program)]


def contestants(folder):
    """(name, command, jobs, environment), nib first: what the others are compared with."""
    found = [("nib", build(folder, "nib", "with_nib.cpp", ["-O3"]), "AB", {})]
    eigen = build(folder, "eigen", "with_eigen.cpp", ["-O3", "-march=native", "-isystem", "/usr/include/eigen3"])
    found.append(("Eigen, -march=native", eigen, "AB", TUNED_MALLOC))
    if subprocess.run([PYTHON, "-c", "import torch, numpy"], capture_output=True).returncode == 0:
        torch = [PYTHON, str(HERE / "with_torch.py")]
        blas = TUNED_MALLOC | {"OPENBLAS_CORETYPE": "SkylakeX"}
        found.append(("PyTorch, one tensor", torch + ["tensor"], "AB", blas))
        found.append(("PyTorch, DataLoader", torch + ["dataloader"], "A", blas))
    else:
        print("left out: PyTorch: not installed", file=sys.stderr)
    return [contestant for contestant in found if contestant[1] is not None]


def run(command, environment, core):
    env = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")} | environment
    output = subprocess.run(["taskset", "-c", str(core), *command], env=env, capture_output=True, text=True, check=True)
    values = {}
    for line in output.stdout.splitlines():
        key, value = line.split()
        values.setdefault(key, []).append(float(value))
    return values


def print_table(job, results):
    print(f"\njob {job}: medians; in brackets, how many times nib's")
    names = list(results)
    rows = [["", *[title for _, title in KEYS]]]
    for name in names:
        row = [name]
        for key, _ in KEYS:
            if key not in results[name]:
                row.append("")
                continue
            median = statistics.median(results[name][key])
            own = statistics.median(results[names[0]][key])
            ratio = "" if name == names[0] or key == "accuracy" else f" ({median / own:.1f})"
            row.append(f"{median:.4g}{ratio}")
        rows.append(row)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mnist")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", default="A,B")
    parser.add_argument("--core", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        entries = contestants(pathlib.Path(folder))
        for job in arguments.jobs.split(","):
            results = {name: {} for name, _, jobs, _ in entries if job in jobs}
            for seed in range(1, arguments.rounds + 1):
                for name, command, jobs, environment in entries:
                    if job not in jobs:
                        continue
                    values = run([*command, job, arguments.mnist, "1", str(seed)], environment, arguments.core)
                    for key, numbers in values.items():
                        results[name].setdefault(key, []).extend(numbers)
            print_table(job, results)


if __name__ == "__main__":
    main()
