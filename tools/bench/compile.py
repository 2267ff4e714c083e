#!/usr/bin/env python3
"""What nib costs a program that includes its headers, beside a training program written with Eigen.

    tools/bench/compile.py [--rounds N] [--check]

Compiles each program N times (5), in turns, with `$CXX -std=c++20 -O2` (g++) and without the compiled library. Prints
medians of user seconds, medians of their ratios to Eigen's program of the same round, and bytes of code. --check: fails
where a ratio is over 15% above the one that is written here. A busy machine may say so too; then valgrind counts the
compiler's instructions, and their ratio decides. Needs Eigen (libeigen3-dev) and `size` (binutils).
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
bench = root / "tools" / "bench"
eigen = bench / "with_eigen.cpp"
compiler = os.environ.get("CXX", "g++")
flags = ["-std=c++20", "-O2"]
includes = ["-Iinclude", "-isystem", "/usr/include/eigen3"]  # from root: asserts hold the names of headers
# The program, and its ratios to Eigen's in seconds and in instructions.
programs = {
    eigen: (1, 1),
    root / "examples" / "digits.cpp": (1.22, 1.52),
    bench / "compile" / "load_and_predict.cpp": (0.56, 0.66),
    bench / "compile" / "predict.cpp": (0.26, 0.33),
    bench / "compile" / "include_nib.cpp": (0.2, 0.19),
}


def user_seconds(source, target):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([compiler, *flags, *includes, "-c", source, "-o", target], check=True, cwd=root)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def instructions(source):
    """Those of the compiler proper, preprocessing among them."""
    driver = subprocess.run([compiler, "-###", *flags, *includes, "-S", source, "-o", os.devnull], check=True,
                            capture_output=True, text=True, cwd=root).stderr
    proper = shlex.split(next(line for line in driver.splitlines() if "cc1" in line))
    log = subprocess.run(["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", *proper],
                         check=True, capture_output=True, text=True, cwd=root).stderr
    return int(re.search(r"I +refs: +([\d,]+)", log)[1].replace(",", ""))


def by_instructions(suspects):
    """Those of the suspects whose instructions too are over 15% above; all of them where nothing can count."""
    sources = [eigen, *suspects]
    try:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            counts = dict(zip(sources, pool.map(instructions, sources)))
    except FileNotFoundError:
        print("valgrind was not found; it would count instructions")
        return suspects
    guilty = []
    for program in suspects:
        ratio = counts[program] / counts[eigen]
        print(f"{program.name:24} {counts[program] / 1e9:6.2f} G instructions, a ratio of {ratio:.2f}")
        if ratio > 1.15 * programs[program][1]:
            guilty.append(program)
    return guilty


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        seconds = {program: [] for program in programs}
        code = {}
        for _ in range(arguments.rounds):
            for program in programs:
                target = folder / (program.stem + ".o")
                seconds[program].append(user_seconds(program, target))
                sizes = subprocess.run(["size", target], check=True, capture_output=True, text=True).stdout
                code[program] = int(sizes.splitlines()[1].split()[0])
        print(f"{'program':24} user s   ratio  code in kB")
        suspects = []
        for program, (expected, _) in programs.items():
            ratio = statistics.median(a / b for a, b in zip(seconds[program], seconds[eigen]))
            print(f"{program.name:24} {statistics.median(seconds[program]):6.2f}  {ratio:6.2f}  "
                  f"{code[program] / 1000:10.1f}", flush=True)
            if ratio > 1.15 * expected:
                suspects.append(program)
        if not arguments.check or not suspects:
            return
        for program in suspects:
            print(f"{program.name}: expected a ratio of about {programs[program][0]}", flush=True)
        if guilty := by_instructions(suspects):
            sys.exit("costs over 15% more than expected: " + ", ".join(program.name for program in guilty))


if __name__ == "__main__":
    main()
