"""Runs the programs on hostile files, and judges what they take and say."""
import os
import resource
import shutil
import subprocess
import sys
import time
import traceback

from files import idx, network, write
from settings import LONGEST_LINE, MEGABYTES, OUT, PATIENCE, SECONDS, options

failures = []
runs = 0
largest = slowest = 0.0


def so_far(pid):
    """Seconds of a processor and bytes that a process has taken, where the system tells."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return seconds, int(fields[21]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0, 0


def measure(command, most_bytes):
    """Status, seconds of a processor, bytes and standard error of a run, which is ended when it takes far too much."""
    with open("stderr", "wb") as errors:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        seen = 0
        stopped = False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid != 0:
                break
            seconds, size = so_far(process.pid)
            seen = max(seen, size)
            stopped = (seconds > 1.1 * SECONDS * options.slack or seen > 2 * most_bytes or
                       time.monotonic() - start > PATIENCE * options.slack)
            if stopped:
                process.kill()
                _, status, usage = os.wait4(process.pid, 0)
                break
            time.sleep(0.002)
        seconds = usage.ru_utime + usage.ru_stime
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    with open("stderr", "rb") as errors:
        return process.returncode, stopped, seconds, max(seen, usage.ru_maxrss * unit), errors.read(1 << 20)


def in_child(make, path):
    """So that this process stays small: a program's memory is measured from before it was started."""
    pid = os.fork()
    if pid == 0:
        try:
            make(path)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit("hostile.py: a file could not be made")


def run_ok(program, *rest):
    command = [os.path.join(options.examples, program), *rest]
    status, _, _, _, errors = measure(command, 1 << 40)
    if status != 0:
        sys.exit("%s: status %d: %s" % (" ".join(command), status, errors.decode(errors="replace")))


def judge(status, stopped, seconds, size, errors, most_bytes):
    problems = []
    if size > most_bytes:
        problems.append("took %d MB of memory%s" % (size >> 20, ", and was stopped" if stopped else ""))
    if seconds > SECONDS * options.slack or (stopped and size <= most_bytes):
        problems.append("took %.1f seconds%s" % (seconds, ", and was stopped" if stopped else ""))
    if not stopped and status not in (0, 1, 2):
        problems.append("ended with status %d" % status)
    if not stopped and status != 0:
        lines = errors.decode(errors="replace").split("\n")
        if len(lines) != 2 or lines[1] != "" or lines[0] == "":
            problems.append("expected one line on standard error, found %d: %.300r" % (len(lines) - 1, errors[:300]))
        elif not lines[0].isprintable():
            problems.append("its error is not printable: %.300r" % lines[0])
        elif len(lines[0]) > LONGEST_LINE:
            problems.append("its error has %d characters" % len(lines[0]))
    return problems


def hostile(name, make, *commands, belongs=0):
    """Runs the commands on what make(path) writes; {} in a command is the path. `belongs`: bytes that may be read."""
    global runs, largest, slowest
    if options.words and not any(word in name for word in options.words):
        return
    path = "hostile"
    try:
        in_child(make, path)
        most_bytes = int(max(MEGABYTES << 20, 2 * belongs) * options.slack)
        for command in commands:
            words = command.split()
            full = [os.path.join(options.examples, words[0])] + [word.replace("{}", path) for word in words[1:]]
            status, stopped, seconds, size, errors = measure(full, most_bytes)
            problems = judge(status, stopped, seconds, size, errors, most_bytes)
            runs += 1
            largest, slowest = max(largest, size), max(slowest, seconds)
            if options.verbose or problems:
                print("%s %s: %s: status %d, %d MB, %.2f s: %s" % (
                    "FAILED" if problems else "ok", name, command, status, size >> 20, seconds,
                    "; ".join(problems) or errors.decode(errors="replace").strip()[:300]), flush=True)
            failures.extend("%s: %s: %s" % (name, command, problem) for problem in problems)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if os.path.lexists(path):
            os.remove(path)
        shutil.rmtree(OUT)
        os.makedirs(OUT)


# What the programs are run with besides: a network for images of 28 x 28, ten of them, a drawing.
def make_good():
    os.makedirs(OUT)
    head, size = network((784, 10))
    write("good.safetensors", head, bytes(size))
    os.makedirs("digits")
    for name in ("train", "t10k"):
        write("digits/%s-images-idx3-ubyte" % name, idx(10, 28, 28), bytes(range(256)) * 30, bytes(160))
        write("digits/%s-labels-idx1-ubyte" % name, idx(10), bytes(range(10)))
    write("good.unp", b'.SEGMENT DIGIT 0 ? "1"\n.PEN_DOWN\n1 1\n1 9\n.PEN_UP\n')
    run_ok("train", "--data", "digits", "--epochs", "1", "--hidden", "8", "--checkpoint", "good.checkpoint")


# What each kind of file is given to.
INSPECT = ("inspect {}",)
CONVERT = ("inspect {} --save out/x.safetensors", "inspect {} --save out/x.npz", "inspect {} --save out/x.pth")
LOAD = ("evaluate {} --data digits", "recognize {} good.unp", "export_onnx {} out/x.onnx", "embed {} out/x.hpp")
MODEL = INSPECT + ("inspect {} --save out/x.safetensors",) + LOAD
RESUME = ("train --data digits --epochs 2 --hidden 8 --resume {}",)
TEST_IMAGES = ("evaluate good.safetensors --data {}", "train --data {} --epochs 1 --hidden 8")
TRAINING_IMAGES = ("embed good.safetensors out/x.hpp --int8 --data {}", "train --data {} --epochs 1 --hidden 8")
DRAWINGS = ("rasterize {} --idx out/x", "recognize good.safetensors {}")
PICTURE = ("recognize good.safetensors {}",)
