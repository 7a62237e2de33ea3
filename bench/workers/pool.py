"""pool.py - Python's pools of processes, on request. See pool.js: the same arguments, the same requests."""

import concurrent.futures
import multiprocessing
import platform
import sys
from time import perf_counter


def work(task):
    if task["ms"] > 0:
        end = perf_counter() + task["ms"] / 1000
        while perf_counter() < end:
            pass
    return task


def windowed(submit, milliseconds, window, count):
    """Submits so many at a time, as the others do: imap and map would send them in chunks or all at once."""
    pending = []
    for n in range(count):
        if len(pending) == window:
            pending.pop(0)()
        pending.append(submit({"ms": milliseconds, "n": n}))
    for result in pending:
        result()


def main():
    name, size = sys.argv[1], int(sys.argv[3])
    if name == "multiprocessing.Pool":
        pool = multiprocessing.Pool(size)
        submit = lambda task: pool.apply_async(work, (task,)).get
    else:
        pool = concurrent.futures.ProcessPoolExecutor(size)
        submit = lambda task: pool.submit(work, task).result
    windowed(submit, 0, size * 4, size * 50)
    print("ready", name, platform.python_version(), "processes processes", flush=True)
    for line in sys.stdin:
        milliseconds, window, count = map(int, line.split())
        start = perf_counter()
        windowed(submit, milliseconds, window, count)
        print(count / (perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
