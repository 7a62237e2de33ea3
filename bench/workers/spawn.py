"""spawn.py - starts programs on request, in Python. See worker.h for the protocol."""

import platform
import re
import subprocess
import sys
from time import perf_counter_ns


def touched(gib):
    """Memory of that size with a byte written to each page of it."""
    memory = bytearray(gib << 30)
    memory[::4096] = b"\x01" * ((gib << 30) // 4096)
    return memory


def once(kind, stdio, path):
    """Returns the nanoseconds that the starting call took."""
    ends = {"stdin": stdio, "stdout": stdio, "stderr": stdio}
    start = perf_counter_ns()
    if kind == "sync":
        if stdio == subprocess.PIPE:
            del ends["stdin"]  # run() makes that pipe itself where there is input
        subprocess.run([path], check=True, input=b"" if stdio == subprocess.PIPE else None, **ends)
        return 0
    child = subprocess.Popen([path], **ends)
    call = perf_counter_ns() - start
    child.communicate()
    if child.returncode != 0:
        raise RuntimeError(path)
    return call


def measure(kind, stdio, count, path):
    """Microseconds per spawn."""
    how = subprocess.PIPE if stdio == "pipe" else subprocess.DEVNULL
    calls = 0
    start = perf_counter_ns()
    for _ in range(count):
        calls += once(kind, how, path)
    total = calls if kind == "stall" else perf_counter_ns() - start
    return total / count / 1000


def main():
    ballast = touched(int(sys.argv[1]))
    print("ready python", platform.python_version(), "subprocess.run subprocess.Popen", flush=True)
    for line in sys.stdin:
        kind, stdio, count, path = re.match(r"(\S+) (\S+) (\d+) (.*)", line).groups()
        print(measure(kind, stdio, int(count), path), flush=True)
    del ballast


main()
