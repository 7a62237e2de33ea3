"""pipe.py - moves bytes out of a child on request, in Python. See worker.h for the protocol."""

import platform
import subprocess
import sys
from time import perf_counter

WRITER = sys.argv[1]
CHUNK = 65536


def callback(size):
    """Reads piece by piece."""
    seen = 0
    with subprocess.Popen([WRITER, str(size)], stdout=subprocess.PIPE, bufsize=0) as child:
        while chunk := child.stdout.read(CHUNK):
            seen += len(chunk)
    return seen


def capture(size):
    """Keeps it all."""
    return len(subprocess.run([WRITER, str(size)], stdout=subprocess.PIPE, check=True).stdout)


ROUTES = {"callback": callback, "capture": capture}


def measure(route, mib):
    """MiB a second; 0: there is no such way here; negative: bytes were lost."""
    move = ROUTES.get(route)
    start = perf_counter()
    if move is None:
        return 0
    if move(mib << 20) != mib << 20:
        return -1
    return mib / (perf_counter() - start)


def main():
    print("ready python", platform.python_version(), "subprocess.run subprocess.Popen", flush=True)
    for line in sys.stdin:
        route, mib = line.split()
        print(measure(route, int(mib)), flush=True)


main()
