"""ipc.py - sends messages to a child of its own on request, with multiprocessing.Pipe. See worker.h for the protocol;
a request is "ROUTE SERIALIZATION BYTES N"."""

import multiprocessing
import os
import platform
import re
import sys
from time import perf_counter

WINDOW = 100  # its pipes block: more would stop both sides for ever
EMPTY = len('{"id":1,"text":""}')


def echo(pipe):
    while True:
        pipe.send(pipe.recv())


def sink(pipe):
    taken = 0
    while True:
        if isinstance(pipe.recv(), str):
            pipe.send(taken)
            taken = 0
        else:
            taken += 1


def size(pipe):
    while True:
        pipe.send(len(pipe.recv()["text"]))


VERBS = {"trip": echo, "echo": echo, "one-way": sink, "size": size, "sender": size, "receiver": size}


class Link:
    """A child that serves one verb."""

    verb = process = pipe = None

    def connect(self, verb):
        if self.verb is verb:
            return self.pipe
        self.disconnect()
        self.verb = verb
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=verb, args=(other,), daemon=True)
        self.process.start()
        other.close()
        self.pipe.send("end" if verb is sink else message(EMPTY))
        self.pipe.recv()
        return self.pipe

    def disconnect(self):
        if self.verb is None:
            return
        self.process.kill()
        self.process.join()
        self.pipe.close()
        self.verb = None


link = Link()


def message(size):
    return {"id": 1, "text": "x" * (size - EMPTY)}


def exchange(pipe, size, n, window):
    one = message(size)
    sent = min(n, window)
    for _ in range(sent):
        pipe.send(one)
    for _ in range(n):
        pipe.recv()
        if sent < n:
            pipe.send(one)
            sent += 1


def one_way(pipe, size, n):
    one = message(size)
    for _ in range(n):
        pipe.send(one)
    pipe.send("end")
    assert pipe.recv() == n


def kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(rf"{field}:\s+(\d+)", status.read())[1])


def memory(size_bytes, of_sender):
    """The most that a fresh child, or this process, holds beyond what it held before, as a multiple of the message."""
    link.disconnect()
    pipe = link.connect(size)
    pid = os.getpid() if of_sender else link.process.pid
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as refs:
        refs.write("5")
    before = kib(pid, "VmRSS")
    pipe.send(message(size_bytes))
    pipe.recv()
    peak = kib(pid, "VmHWM")
    link.disconnect()
    return max(peak - before, 1) * 1024 / size_bytes


def move(pipe, size_bytes, n):
    large = message(size_bytes)
    for _ in range(n):
        pipe.send(large)
        assert pipe.recv() == len(large["text"])


def measure(route, size_bytes, n):
    """0: there is no such way here."""
    if route == "rest":
        link.disconnect()
    if route not in VERBS:
        return 0
    if route in ("sender", "receiver"):
        return memory(size_bytes, route == "sender")
    pipe = link.connect(VERBS[route])
    start = perf_counter()
    if route == "size":
        move(pipe, size_bytes, n)
    elif route == "one-way":
        one_way(pipe, size_bytes, n)
    else:
        exchange(pipe, size_bytes, n, 1 if route == "trip" else WINDOW)
    passed = perf_counter() - start
    return passed * 1e6 / n if route in ("trip", "size") else n / passed


def main():
    print("ready python", platform.python_version(), "-", "multiprocessing.Pipe", flush=True)
    for line in sys.stdin:
        route, serialization, size_bytes, n = line.split()
        value = measure(route, int(size_bytes), int(n)) if serialization == "json" else 0
        print(value, flush=True)
    link.disconnect()


if __name__ == "__main__":
    main()
