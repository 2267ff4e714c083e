"""The command line of hostile.py, and the bounds."""
import argparse
import os

SECONDS = 10  # of a processor, so that other work of the machine does not count
PATIENCE = 300  # by the clock
MEGABYTES = 300
LONGEST_LINE = 2000

arguments = argparse.ArgumentParser()
arguments.add_argument("examples")
arguments.add_argument("scratch")
arguments.add_argument("words", nargs="*")
arguments.add_argument("--megabytes", type=int, default=64)
arguments.add_argument("--slack", type=float, default=1)
arguments.add_argument("--verbose", action="store_true")
options = arguments.parse_args()
options.examples = os.path.abspath(options.examples)

ROOM = options.megabytes << 20
SCRATCH = os.path.abspath(options.scratch)
OUT = os.path.join(SCRATCH, "out")
