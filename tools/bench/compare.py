#!/usr/bin/env python3
"""Trains the same networks with nib and with others, in turns on one core, and prints medians and ratios.

usage: compare.py MNIST_DIR [--isa] [--builds] [--jobs A,B] [--rounds N] [--core N[,N]]
       compare.py --products [--rounds N] [--core N]
       compare.py --scale [--picture FILE] [--rounds N] [--core N[,N]]

Job A is 784-64-64-64-10 in batches of 15, job B 784-800-10 in batches of 128; Adam, one epoch a round, one thread.
Each round has a seed of its own. Accuracy is that of the test images after the epoch, the mean of all rounds. "no zeros"
is inference of images x that were made 0.25 + x / 2.
Compile time is user and system time of the contestant's whole program, from source to binary; bytes are those of the
stripped binary, to which shared libraries come where it says so.

  (none)      nib, Eigen, libtorch, dlib and PyTorch
  --isa       nib with NIB_CPU=sse2, avx2 and avx512, each against Eigen built for that instruction set
  --builds    nib's program, built by other compilers and with other flags
  --products  nib's dense products against OpenBLAS's in one process (with_openblas.cpp)
  --scale     nib's speed for batches of 1 to 4,096 and widths of 64 to 2,048, and a picture of it (scale.cpp)

Needs g++; Eigen (libeigen3-dev), libtorch (libtorch-dev), dlib (libdlib-dev, libopenblas-dev), PyTorch (python3-torch
with libopenblas0-pthread), clang++ and matplotlib (python3-matplotlib) are left out, aloud, where they are not
installed. Other people's libraries get a malloc that keeps its memory, without which glibc returns large temporaries to
the system at every step, and an OpenBLAS kernel for this CPU. With two cores, as in --core 0,1, nib is also measured
with two threads; everything else runs on the first one.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no __pycache__ beside the sources

from contestants import builds, keep_built, levels, openblas, others  # noqa: E402
from runs import HERE, Program, cell, environment, pinned, print_table, run  # noqa: E402
from scale import compare_scales  # noqa: E402

COLUMNS = [("epoch_seconds", "s/epoch"), ("batch_ms", "10,000 images ms"), ("dense_batch_ms", "no zeros ms"),
           ("one_us", "one image us"), ("dense_one_us", "no zeros us"), ("peak_mib", "peak MiB"),
           ("accuracy", "accuracy"), ("compile_seconds", "compile s"), ("stripped_bytes", "bytes")]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     usage=argparse.SUPPRESS)
    parser.add_argument("mnist", nargs="?", metavar="MNIST_DIR")
    for mode in ("--isa", "--builds", "--products", "--scale"):
        parser.add_argument(mode, action="store_true")
    parser.add_argument("--jobs", default="A,B")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", default="0", help="the core to run on, or two of them: 0,1")
    parser.add_argument("--picture", type=pathlib.Path, default=HERE.parent.parent / "build" / "scale.png")
    arguments = parser.parse_args()
    arguments.core = [int(core) for core in arguments.core.split(",")]
    if arguments.mnist is None and not (arguments.products or arguments.scale):
        parser.error("MNIST_DIR is missing: the folder of MNIST's four files")
    return arguments


def compare_jobs(title, find, arguments):
    """One table a job of the contestants that find(folder, cores) names."""
    cores, rounds = arguments.core, arguments.rounds
    with tempfile.TemporaryDirectory() as folder:
        entries = keep_built(find(pathlib.Path(folder), cores), cores[:1], min(rounds, 3))
        for job in arguments.jobs.split(","):
            racing = [entry for entry in entries if job in entry.jobs]
            results = {entry.name: entry.build_values() for entry in racing}
            for seed in range(1, rounds + 1):
                for entry in racing:
                    command = [*entry.command, job, arguments.mnist, "1", str(seed), str(entry.threads)]
                    for key, values in run(command, entry.environment, cores[:entry.threads]).items():
                        results[entry.name].setdefault(key, []).extend(values)
            print_results(f"{title}, job {job}", racing, results)


def print_results(title, entries, results):
    print(f"\n{title}: medians (accuracies: means); in brackets, how many times as much as the row that it is compared "
          "with, in the same round")
    columns = [column for column in COLUMNS if any(column[0] in values for values in results.values())]
    rows = [["", *[heading for _, heading in columns]]]
    for entry in entries:
        own = results.get(entry.against)
        notes = {"stripped_bytes": " + libraries"} if entry.program is not None and entry.program.libraries else {}
        rows.append([entry.name, *[cell(key, results[entry.name], own, notes) for key, _ in columns]])
    print_table(rows)


def compare_products(arguments):
    with tempfile.TemporaryDirectory() as folder:
        program = Program(pathlib.Path(folder), "products", "with_openblas.cpp", libraries=["-lopenblas"])
        if not program.compile(arguments.core[:1]):
            return
        print("\nnib's dense products and OpenBLAS's: medians", flush=True)
        command = pinned([str(program.path), str(7 * arguments.rounds)], arguments.core[:1])
        subprocess.run(command, env=environment(openblas()), check=True)


def main():
    arguments = parse_arguments()
    if arguments.products:
        compare_products(arguments)
    if arguments.scale:
        compare_scales(arguments.core, arguments.rounds, arguments.picture)
    if arguments.isa:
        compare_jobs("instruction sets", levels, arguments)
    if arguments.builds:
        compare_jobs("the same program, other builds", builds, arguments)
    if not (arguments.products or arguments.scale or arguments.isa or arguments.builds):
        compare_jobs("nib and others", others, arguments)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"compare.py: {error}")
