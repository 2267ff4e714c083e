"""Draws what scale.py measured: GFLOP/s against batch, a line for each width.

usage: picture.py PICTURE.png < JSON      {"peak": GFLOPS, "lines": {"training/THREADS/WIDTH": [[BATCH, GFLOPS], …], …}}
"""
import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen before)
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

STYLES = {1: "-", 2: "--"}  # of a line, by threads


def draw_panel(axes, what, lines, peak, colors):
    for (kind, threads, width), points in lines.items():
        if kind != what:
            continue
        label = f"{width}" if threads == 1 else f"{width}, {threads} threads"
        axes.plot(*zip(*points), STYLES.get(threads, ":"), color=colors[width], marker="o", markersize=4, label=label)
    axes.axhline(peak, color="black", linewidth=1, linestyle=":")
    axes.annotate("one core's peak", (1, peak), xytext=(0, 4), textcoords="offset points")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_title(f"{what}, 784-W-W-10")
    axes.set_xlabel("batch")
    axes.xaxis.set_major_locator(LogLocator(base=2, numticks=20))
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(True, which="major", alpha=0.3)


def main():
    data = json.load(sys.stdin)
    lines = {}
    for name, points in data["lines"].items():
        what, threads, width = name.split("/")
        lines[what, int(threads), int(width)] = points
    lines = dict(sorted(lines.items()))
    widths = sorted({width for _, _, width in lines})
    colors = {width: f"C{i}" for i, width in enumerate(widths)}

    figure, panels = plt.subplots(1, 2, figsize=(14, 6), sharey=True)
    for axes, what in zip(panels, ("training", "inference")):
        draw_panel(axes, what, lines, data["peak"], colors)
    panels[0].set_ylabel("GFLOP/s")
    panels[1].legend(title="W", loc="lower right")
    figure.tight_layout()
    figure.savefig(sys.argv[1], dpi=110)


if __name__ == "__main__":
    main()
