#!/usr/bin/env python3
"""What nib costs a program that includes its headers, beside a training program written with Eigen.

    tools/bench/compile.py [--rounds N] [--check]

Compiles each program N times (5), in turns, with `$CXX -std=c++20 -O2` (g++) and without the compiled library. Prints
medians of user seconds, medians of their ratios to Eigen's program of the same round, and bytes of code. --check: fails
where a ratio is over 15% above the one that is written here. Needs Eigen (libeigen3-dev) and `size` (binutils).
"""
import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
bench = root / "tools" / "bench"
eigen = "with_eigen.cpp"
# The program, and a ratio to Eigen's between those of a quiet and of a busy machine.
programs = {
    bench / eigen: None,
    root / "examples" / "digits.cpp": 1.36,
    bench / "compile" / "load_and_predict.cpp": 0.64,
    bench / "compile" / "predict.cpp": 0.3,
    bench / "compile" / "include_nib.cpp": 0.28,
}


def user_seconds(source, target):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [os.environ.get("CXX", "g++"), "-std=c++20", "-O2", f"-I{root}/include", "-isystem",
               "/usr/include/eigen3", "-c", str(source), "-o", str(target)]
    subprocess.run(command, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    seconds = {program: [] for program in programs}
    code = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            for program in programs:
                target = pathlib.Path(folder) / (program.stem + ".o")
                seconds[program].append(user_seconds(program, target))
                sizes = subprocess.run(["size", target], check=True, capture_output=True, text=True).stdout
                code[program] = int(sizes.splitlines()[1].split()[0])
    too_slow = []
    print(f"{'program':24} user s   ratio  code in kB")
    for program, expected in programs.items():
        ratios = [a / b for a, b in zip(seconds[program], seconds[bench / eigen])]
        ratio = statistics.median(ratios)
        print(f"{program.name:24} {statistics.median(seconds[program]):6.2f}  {ratio:6.2f}  {code[program] / 1000:10.0f}")
        if expected is not None and ratio > 1.15 * expected:
            too_slow.append(f"{program.name}: expected a ratio of about {expected}, found {ratio:.2f}")
    if arguments.check and too_slow:
        sys.exit("\n".join(too_slow))


if __name__ == "__main__":
    main()
