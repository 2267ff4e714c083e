"""Building programs, running them on chosen cores, and tables of the medians of what they print."""
import os
import pathlib
import resource
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"
PYTHON = "/usr/bin/python3"  # Debian's, which sees python3-torch and python3-matplotlib

# What the environment must not decide for a measurement.
UNSET = ("OPENBLAS_", "MALLOC_", "OMP_", "NIB_CPU")


def left_out(name, reason):
    print(f"left out: {name}: {reason}", file=sys.stderr)


def pinned(command, cores):
    return ["taskset", "-c", ",".join(str(core) for core in cores), *command]


def environment(changes):
    return {key: value for key, value in os.environ.items() if not key.startswith(UNSET)} | changes


class Program:
    """One C++ source of this folder, compiled with given flags; libraries are flags that stand after the source."""

    def __init__(self, folder, name, source, compiler="g++", flags=("-O3",), libraries=()):
        self.name = name
        self.path = folder / name.replace(" ", "_")
        self.libraries = list(libraries)
        self.command = [compiler, "-std=c++20", "-DNDEBUG", f"-I{INCLUDE}", *flags, str(HERE / source),
                        *libraries, "-o", str(self.path)]
        self.compile_seconds = []  # user and system, one number for each time it was compiled
        self.stripped_bytes = 0

    def compile(self, cores):
        """True where it worked; otherwise says what is missing."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            result = subprocess.run(pinned(self.command, cores), capture_output=True, text=True)
        except FileNotFoundError as error:
            left_out(self.name, error)
            return False
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if result.returncode != 0:
            lines = result.stderr.strip().splitlines()
            errors = [line for line in lines if "error" in line or "failed" in line or "cannot find" in line]
            left_out(self.name, (errors or lines or ["it does not compile"])[0])
            return False
        self.compile_seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        stripped = self.path.with_suffix(".stripped")
        subprocess.run(["strip", "-o", str(stripped), str(self.path)], check=True)
        self.stripped_bytes = stripped.stat().st_size
        return True


def compile_all(programs, cores, rounds):
    """Compiles all of them in turns; returns the names of those that could be."""
    built = [program for program in programs if program.compile(cores)]
    for _ in range(rounds - 1):
        for program in built:
            program.compile(cores)
    return {program.name for program in built}


def run(command, changes, cores):
    """The lines `key value` that the command prints: each key's values in a list."""
    output = subprocess.run(pinned(command, cores), env=environment(changes), stdout=subprocess.PIPE, text=True,
                            check=True)
    values = {}
    for line in output.stdout.splitlines():
        key, value = line.split()
        values.setdefault(key, []).append(float(value))
    return values


def cell(key, values, own, notes):
    """The median of `values` (of accuracies the mean); in brackets, how many times that of `own`, unless that is None.

    That is the median of each round's ratio, where both have as many values: the machine's fast and slow minutes are
    then the same for both.
    """
    if key not in values:
        return ""
    if key == "accuracy":
        return f"{statistics.mean(values[key]):.4f}"
    median = statistics.median(values[key])
    text = f"{median:,.0f}" if median >= 10000 else f"{median:.4g}"
    if own is not None and key in own:
        ratio = median / statistics.median(own[key])
        if len(values[key]) == len(own[key]):
            ratio = statistics.median(value / other for value, other in zip(values[key], own[key]))
        text += f" ({ratio:.3g})"
    return text + notes.get(key, "")


def print_table(rows):
    """`rows` are lists of cells, the first one the heading."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [text.ljust(width) if i == 0 else text.rjust(width) for i, (text, width) in enumerate(zip(row, widths))]
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join(["-" * (widths[0] + 2), *["-" * (width + 1) + ":" for width in widths[1:]]]) + "|")
    sys.stdout.flush()
