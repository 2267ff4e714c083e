#!/usr/bin/env python3
"""Runs the example programs on hostile files of every format that they read.

    hostile.py EXAMPLES SCRATCH [--megabytes N] [--slack X] [--verbose] [WORD...]

EXAMPLES is the folder of the programs, SCRATCH one that is emptied. Files that attack by their length have N megabytes,
64 unless it is told. With WORDs only the cases run whose names hold one of them.

Of each run is required: that it ends within ten seconds of a processor, by itself and with status 0, 1 or 2; that it takes less memory
than 300 MB, or than twice what belongs together in the file; and, where it fails, that standard error has one line of
printable characters. SLACK multiplies both bounds, for builds with sanitizers and for slow machines.
"""
import os
import shutil
import sys
import time

sys.dont_write_bytecode = True  # beside the sources

import drawing_cases as drawings
import running
import tensor_cases as tensors
from settings import SCRATCH


def main():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    os.makedirs(SCRATCH)
    os.chdir(SCRATCH)
    start = time.monotonic()
    running.make_good()
    for cases in (tensors.idx_cases, tensors.safetensors_cases, tensors.checkpoint_cases, tensors.torch_cases,
                  tensors.zip_cases, tensors.npy_cases, drawings.picture_cases, drawings.stroke_cases):
        cases()
    os.chdir("/")
    shutil.rmtree(SCRATCH, ignore_errors=True)
    print("%d runs in %.0f s, at most %d MB and %.2f s; %d problems" % (
        running.runs, time.monotonic() - start, int(running.largest) >> 20, running.slowest, len(running.failures)))
    sys.exit(1 if running.failures else 0)


main()
