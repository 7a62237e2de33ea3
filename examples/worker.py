#!/usr/bin/env python3
"""worker.py - the channel to the parent, for Python programs. Copy this file; it needs nothing but Python 3.9.

The parent is Node.js (child_process.fork() with execPath, spawn() with an 'ipc' entry), Bun, Deno, or a C program with
libchild_process (cp_fork(), CP_IPC). The serialization is 'json', their default. What is on the wire: docs/protocol.md.

    import worker

    channel = worker.Channel.from_environment()
    for message, handle in channel:                 # until the parent disconnects
        channel.send({"you said": message})

With select or asyncio, poll() takes what has come and never waits:

    def readable():
        for message, handle in channel.poll():
            channel.send({"you said": message})
        if channel.ended:
            loop.remove_reader(channel)
            channel.disconnect()
    loop.add_reader(channel, readable)

A handle is a socket (or a pipe) that came along with the message, else None.
"""

import array
import collections
import fcntl
import json
import os
import select
import socket
import stat
import sys
import time
import warnings
import weakref

MAX_BYTES = 2**31 - 1  # of one message; no parent sends longer ones
MAX_FDS = 60  # in one read; Node's own room for them
SOCKET_TIMEOUT = 60.0  # seconds, of sockets that are received; settimeout() changes it


class ProtocolError(ValueError):
    """The parent has sent what is no message. The channel is closed."""


class Channel:
    """One end of a channel, with JSON messages. For one thread."""

    def __init__(self, fd):
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(False)
        self._socket.set_inheritable(False)
        self._input = bytearray()
        self._searched = 0  # no newline before this
        self._fds = collections.deque()  # came, and no message has taken them yet
        self._inbox = collections.deque()
        self._outbox = collections.deque()  # (bytes, fd or None): behind a handle that is not confirmed yet
        self._awaits_ack = False
        self._received = {}  # key of a Node server -> its sockets
        self._closing_keys = set()
        self.ended = False  # nothing more comes

    @classmethod
    def from_environment(cls):
        """The channel to the parent. None: started without one. Children of this program do not see the variables."""
        fd = os.environ.pop("NODE_CHANNEL_FD", "")
        mode = os.environ.pop("NODE_CHANNEL_SERIALIZATION_MODE", "")
        os.environ.pop("CHILD_PROCESS_CHANNEL", None)
        if not fd:
            return None
        if mode not in ("", "json"):
            raise RuntimeError(
                f"worker.py speaks serialization 'json' only, and the parent wants {mode!r}: leave the option out"
            )
        return cls(int(fd))

    def fileno(self):
        """For select and asyncio; -1 after disconnect()."""
        return self._socket.fileno()

    # ------------------------------------------------------------------------------------------------ sending

    def send(self, message, handle=None):
        """Sends what JSON has (NaN and Infinity: ValueError), and a socket or pipe that the parent shall have, too.

        The handle is duplicated and made non-blocking: close yours if you do not need it any more. What is sent behind
        it waits until the parent has confirmed it, and goes out while messages are received.
        """
        if handle is None:
            self._push(message)
        else:
            self._push(dict(_describe(handle), msg=message), os.dup(handle.fileno()))
        self._flush()

    def flush(self, timeout=None):
        """Waits until all is written and handles are confirmed. TimeoutError after `timeout` seconds."""
        self._wait_until(lambda: self.ended or not (self._outbox or self._awaits_ack), timeout)

    def disconnect(self, timeout=5.0):
        """Closes the channel when all is written, or after `timeout` seconds. Safe to repeat."""
        try:
            if self.fileno() >= 0:
                self.flush(timeout)
        except TimeoutError:
            pass
        self._close()

    def _push(self, message, fd=None):
        try:
            line = json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"
            if self.fileno() < 0:
                raise BrokenPipeError("the channel is closed")
        except BaseException:
            if fd is not None:
                os.close(fd)
            raise
        if fd is not None:
            os.set_blocking(fd, False)  # Node takes it for granted
        self._outbox.append((line, fd))

    def _flush(self):
        while self._outbox and not self._awaits_ack:
            line, fd = self._outbox.popleft()
            try:
                self._write(line, fd)
            finally:
                if fd is not None:
                    os.close(fd)  # the kernel has its own
            self._awaits_ack = fd is not None

    def _write(self, data, fd=None):
        """Blocks. That is safe: parents never stop reading while they write."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd is not None else []
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.sendmsg([view], rights, getattr(socket, "MSG_NOSIGNAL", 0)) :]
                rights = []  # they went with the first byte
            except BlockingIOError:
                _wait_for(self._socket, select.POLLOUT, None)

    def _confirm(self):
        """Overtakes what waits: the parent sends nothing else before it has this."""
        try:
            self._write(b'{"cmd":"NODE_HANDLE_ACK"}\n')
        except ConnectionError:
            pass  # it has gone; what it sent before is still delivered

    # ------------------------------------------------------------------------------------------------ receiving

    def receive(self, timeout=None):
        """The next (message, handle). None: the channel is closed. TimeoutError after `timeout` seconds."""
        self._wait_until(lambda: self._inbox or self.ended, timeout)
        return self._inbox.popleft() if self._inbox else None

    def poll(self):
        """A list of the (message, handle) that have come, without waiting."""
        while self._read():
            pass
        came = list(self._inbox)
        self._inbox.clear()
        return came

    def __iter__(self):
        while True:
            pair = self.receive()
            if pair is None:
                self.disconnect()
                return
            yield pair

    def _wait_until(self, condition, timeout):
        deadline = None if timeout is None else time.monotonic() + timeout
        while not condition():
            if self._read():
                continue
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError("the channel: timed out")
            if not self.ended:
                _wait_for(self._socket, select.POLLIN, left)

    def _read(self):
        """One read. False: there is nothing now."""
        if self.ended or self.fileno() < 0:
            return False
        try:
            data, control, _, _ = self._socket.recvmsg(
                65536, socket.CMSG_SPACE(MAX_FDS * 4), getattr(socket, "MSG_CMSG_CLOEXEC", 0)
            )
        except BlockingIOError:
            return False
        except ConnectionError:
            data, control = b"", []  # the parent has gone: no more and no less than the end
        self._keep_fds(control)
        self.ended = not data
        self._input += data
        self._take_lines()
        return True

    def _keep_fds(self, control):
        for level, kind, data in control:
            if (level, kind) != (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                continue
            fds = array.array("i")
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
            for fd in fds:
                os.set_inheritable(fd, False)
                self._fds.append(fd)

    def _take_lines(self):
        start = 0
        while self.fileno() >= 0:
            newline = self._input.find(b"\n", max(start, self._searched))
            if newline < 0:
                break
            line = bytes(self._input[start:newline])
            start = newline + 1
            self._take(self._parse(line))
        del self._input[:start]
        self._searched = len(self._input)
        if self._searched > MAX_BYTES:
            self._fail("a message that is too long")
        if not self._input:  # an fd comes with a byte of its message: these belong to none
            self._close_fds()

    def _parse(self, line):
        try:
            return json.loads(line.decode("utf-8", "replace"))
        except (ValueError, RecursionError) as error:
            self._fail(f"not a message: {line[:80]!r}: {error}")

    def _take(self, message):
        if not _is_internal(message):
            self._inbox.append((message, None))
        elif message["cmd"] == "NODE_HANDLE":
            self._take_handle(message)
        elif message["cmd"] in ("NODE_HANDLE_ACK", "NODE_HANDLE_NACK"):
            self._take_ack(message["cmd"])
        elif message["cmd"] in ("NODE_SOCKET_GET_COUNT", "NODE_SOCKET_NOTIFY_CLOSE"):
            self._take_question(message["cmd"], message.get("key"))

    def _take_handle(self, message):
        self._confirm()
        while _is_internal(message.get("msg")) and message["msg"]["cmd"] == "NODE_HANDLE":
            message = message["msg"]  # Node wraps what it sends once more a second time
        handle, key = None, message.get("key")
        if self._fds:
            handle = _open(self._fds.popleft(), self if isinstance(key, str) else None)
        if isinstance(key, str):
            self._received.setdefault(key, weakref.WeakSet())
            if isinstance(handle, socket.socket):
                self._received[key].add(handle)
        if not _is_internal(message.get("msg")):
            self._inbox.append((message.get("msg"), handle))
        elif handle is not None:
            handle.close()

    def _take_ack(self, cmd):
        self._awaits_ack = False
        if cmd == "NODE_HANDLE_NACK":
            warnings.warn("a handle did not reach the parent; its message is lost")
        try:
            self._flush()
        except ConnectionError:
            pass

    def _fail(self, what):
        self._close()
        raise ProtocolError(what)

    # ------------------------------------------------------------------------------------------------ closing

    def _close_fds(self):
        while self._fds:
            os.close(self._fds.popleft())

    def _close(self):
        self.ended = True
        self._socket.close()
        self._close_fds()
        while self._outbox:
            fd = self._outbox.popleft()[1]
            if fd is not None:
                os.close(fd)

    # ------------------------------------------------------------------------------------------------ Node's servers

    def _take_question(self, cmd, key):
        """server.getConnections() and server.close() in a Node parent ask about sockets that it has sent here."""
        if not isinstance(key, str) or key not in self._received:
            return
        if cmd == "NODE_SOCKET_GET_COUNT":
            self._push({"cmd": "NODE_SOCKET_COUNT", "key": key, "count": self._count(key)})
            self._flush()
        else:
            self._closing_keys.add(key)
            self._tell_closed()

    def _count(self, key):
        return sum(handle.fileno() >= 0 for handle in self._received[key])

    def _tell_closed(self):
        for key in [k for k in self._closing_keys if self._count(k) == 0 and self.fileno() >= 0]:
            self._closing_keys.remove(key)
            try:
                self._push({"cmd": "NODE_SOCKET_ALL_CLOSED", "key": key})
                self._flush()
            except ConnectionError:
                pass


class _CountedSocket(socket.socket):
    """A socket whose close the channel wants to know."""

    channel = None

    def close(self):
        super().close()
        if self.channel is not None:
            self.channel._tell_closed()

    def detach(self):
        fd = super().detach()
        if self.channel is not None:
            self.channel._tell_closed()
        return fd

    def __del__(self):
        self.close()  # forgotten is closed, too


def _is_internal(message):
    """Messages of the protocol itself: Node keeps every `cmd` that begins with NODE_ for it."""
    cmd = message.get("cmd") if isinstance(message, dict) else None
    return isinstance(cmd, str) and cmd.startswith("NODE_") and len(cmd) > 5


def _open(fd, channel):
    """The handle of an fd that came.

    It is non-blocking, and so is the sender's, which may go on using it: setblocking(True) on a server would hang the
    parent. With a timeout Python waits all the same.
    """
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        mode = {os.O_RDONLY: "rb", os.O_WRONLY: "wb"}.get(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE, "r+b")
        return open(fd, mode, buffering=0)
    handle = _CountedSocket(fileno=fd) if channel is not None else socket.socket(fileno=fd)
    if channel is not None:
        handle.channel = channel
    handle.settimeout(SOCKET_TIMEOUT)
    return handle


def _describe(handle):
    """What a Node parent must be told. It would abort on any other kind of file, or never receive a handle again."""
    wrapper = {"cmd": "NODE_HANDLE", "type": "net.Socket"}
    if stat.S_ISFIFO(os.fstat(handle.fileno()).st_mode):
        return wrapper
    if isinstance(handle, socket.socket) and handle.type == socket.SOCK_STREAM:
        if handle.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            wrapper["type"] = "net.Server"
        return wrapper
    families = {socket.AF_INET: "udp4", socket.AF_INET6: "udp6"}
    if isinstance(handle, socket.socket) and handle.type == socket.SOCK_DGRAM and handle.family in families:
        return dict(wrapper, type="dgram.Socket", dgramType=families[handle.family])
    raise ValueError(f"only stream sockets, UDP sockets and pipes can be sent: {handle!r}")


def _wait_for(sock, events, timeout):
    poll = select.poll()
    poll.register(sock, events)
    poll.poll(None if timeout is None else max(0, timeout) * 1000)


# ---------------------------------------------------------------------------------------------------- a worker


def answer(channel, message, handle):
    """{id, cmd: 'sum', data: [...]} gets {id, result} or {id, error}; a socket gets a line; all else comes back."""
    if handle is not None:
        handle.sendall(b"handled by Python\n")
        handle.close()
    elif isinstance(message, dict) and message.get("cmd") == "sum":
        try:
            channel.send({"id": message.get("id"), "result": sum(message["data"])})
        except (KeyError, TypeError, ValueError) as error:
            channel.send({"id": message.get("id"), "error": f"{type(error).__name__}: {error}"})
    else:
        channel.send(message)


def main():
    try:
        channel = Channel.from_environment()
    except RuntimeError as error:
        sys.exit(str(error))
    if channel is None:
        sys.exit("worker.py: started without an IPC channel; a parent starts it with fork() or spawn()")
    try:
        for message, handle in channel:
            answer(channel, message, handle)
    except ConnectionError:
        pass  # the parent has gone while it was answered


if __name__ == "__main__":
    main()
