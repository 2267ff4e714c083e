"""How nib's speed grows with batch, width and threads: tables, jumps between neighbours, and a picture (scale.cpp)."""
import json
import pathlib
import statistics
import subprocess
import tempfile

from contestants import NIB_THREADS
from runs import HERE, PYTHON, Program, environment, left_out, pinned, print_table

MOST_JUMP = 1.5  # GFLOP/s of neighbours that differ by more are listed


EXPLANATION = """
Small batches: the time is that of fetching the weights, and in training of Adam's pass over parameters, means and
squares, whatever the batch; one twice as large shares it, up to 16 or 32 examples, and in the widest networks up to 64.
From 2 to 4 examples: with AVX2 a tile of up to 3 rows has 6 sums, fewer than it takes to hide the latency of a
multiply-add (4 cycles, two in each); more rows have 12. A single one takes the kernel for one row, and so do both of two
that are dense, where the weights are not more than 4 MB.
SLOWER at the next width: the 4 W (784 + W) bytes of weights, in training with their means and squares three times that,
no longer fit a cache: 2.7 MB at 512, 7.4 at 1024, 23 at 2048. What others on the machine leave of its last cache decides
how much that costs, and it differs from run to run.
Threads: batches below 64 stay on one, whatever is asked for; from there on two share the work."""


def measure(program, threads, cores):
    """One run: (what, width, batch) -> (seconds, flops) of an example, and the peak in GFLOP/s."""
    command = pinned([str(program.path), str(threads)], cores[:threads])
    output = subprocess.run(command, env=environment({}), stdout=subprocess.PIPE, text=True, check=True).stdout
    peak, values = 0.0, {}
    for line in output.splitlines():
        what, *numbers = line.split()
        if what == "peak":
            peak = float(numbers[0])
        else:
            width, batch, seconds, flops = numbers
            values[what, int(width), int(batch)] = float(seconds), float(flops)
    return values, peak


def medians(program, cores, rounds):
    """(what, threads, width, batch) -> (seconds, GFLOP/s), and the peak of one core."""
    measured, peaks = {}, []
    for _ in range(rounds):
        for threads in NIB_THREADS:
            if threads > len(cores):
                continue
            values, peak = measure(program, threads, cores)
            peaks.append(peak)
            for (what, width, batch), value in values.items():
                measured.setdefault((what, threads, width, batch), []).append(value)
    result = {}
    for key, values in measured.items():
        seconds = statistics.median(seconds for seconds, _ in values)
        result[key] = seconds, values[0][1] / seconds * 1e-9
    return result, statistics.median(peaks)


def axis(points, position):
    return sorted({key[position] for key in points})


def print_tables(points):
    for what in axis(points, 0):
        for threads in axis(points, 1):
            widths, batches = axis(points, 2), axis(points, 3)
            print(f"\n{what}, 784-W-W-10, threads: {threads}: us an example (GFLOP/s)")
            rows = [["batch", *[f"W = {width}" for width in widths]]]
            for batch in batches:
                cells = [points[what, threads, width, batch] for width in widths]
                rows.append([str(batch), *[f"{seconds * 1e6:.3g} ({rate:.3g})" for seconds, rate in cells]])
            print_table(rows)


def print_jumps(points):
    """Neighbours: the next batch at the same width, the next width at the same batch."""
    print(f"\nneighbours that differ by more than {MOST_JUMP} times:")
    count = 0
    for (what, threads, width, batch), (_, rate) in sorted(points.items()):
        for name, neighbour in [("batch", (what, threads, width, 2 * batch)),
                                ("width", (what, threads, 2 * width, batch))]:
            if neighbour not in points:
                continue
            ratio = points[neighbour][1] / rate
            if 1 / MOST_JUMP <= ratio <= MOST_JUMP:
                continue
            count += 1
            step = f"{batch} to {2 * batch}" if name == "batch" else f"{width} to {2 * width}"
            fixed = f"width {width}" if name == "batch" else f"batch {batch}"
            falls = "  SLOWER" if ratio < 1 else ""
            print(f"  {what}, threads {threads}, {fixed}, {name} {step}: {rate:.3g} to {points[neighbour][1]:.3g} GFLOP/s"
                  f" ({ratio:.2f} times){falls}")
    if count == 0:
        print("  none")
    else:
        print(EXPLANATION)


def draw(points, peak, picture):
    """In another process, because Python's matplotlib may be installed for the system's Python alone."""
    lines = {}
    for (what, threads, width, batch), (_, rate) in sorted(points.items()):
        lines.setdefault(f"{what}/{threads}/{width}", []).append([batch, rate])
    picture.parent.mkdir(parents=True, exist_ok=True)
    result = subprocess.run([PYTHON, str(HERE / "picture.py"), str(picture)], text=True, capture_output=True,
                            input=json.dumps({"peak": peak, "lines": lines}))
    if result.returncode != 0:
        left_out("picture", (result.stderr.strip().splitlines() or ["no reason"])[-1])
    else:
        print(f"\npicture: {picture}")


def compare_scales(cores, rounds, picture):
    with tempfile.TemporaryDirectory() as folder:
        program = Program(pathlib.Path(folder), "scale", "scale.cpp")
        if not program.compile(cores):
            return
        points, peak = medians(program, cores, rounds)
    print(f"multiply-adds in registers, one core: {peak:.0f} GFLOP/s")
    print_tables(points)
    print_jumps(points)
    draw(points, peak, picture)
