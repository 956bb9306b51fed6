"""Mailslots beside other queues between two Python processes, all in one run.

    pip install mailslot pyzmq posix_ipc; python bench/run.py [SECONDS]

Prints a table: for each peer the messages per second from one process to another, and the median time of a message
there and back. Both processes are the same for all peers; each measure is the median of five rounds, in which the peers
take turns, so that what the machine does meanwhile falls on all of them. The reader looks at each message's size. The
ratios are to mailslot.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

ROUNDS = 5
SIZES = (64, 4096)

Put = Callable[[bytes], object]
Get = Callable[[], bytes]


class Mailslots:
    """mailslot"""

    def __init__(self, context) -> None:
        self.name = f"bench-{os.getpid()}-{id(self)}"

    def reader(self) -> Get:
        import mailslot

        self.slot = mailslot.Mailslot(self.name, capacity=1 << 20)
        return self.slot.get

    def writer(self) -> Put:
        import mailslot

        self.end = mailslot.Writer(self.name, timeout=None)
        return self.end.put


class Queues:
    """multiprocessing.Queue"""

    def __init__(self, context) -> None:
        self.queue = context.Queue(maxsize=10_000)

    def reader(self) -> Get:
        return self.queue.get

    def writer(self) -> Put:
        return self.queue.put


class SimpleQueues:
    """multiprocessing.SimpleQueue"""

    def __init__(self, context) -> None:
        self.queue = context.SimpleQueue()

    def reader(self) -> Get:
        return self.queue.get

    def writer(self) -> Put:
        return self.queue.put


class PosixQueues:
    """posix_ipc.MessageQueue"""

    def __init__(self, context) -> None:
        self.name = f"/bench-{os.getpid()}-{id(self)}"

    def reader(self) -> Get:
        return lambda end=self.open(): end.receive()[0]

    def writer(self) -> Put:
        return self.open().send

    def open(self):
        import posix_ipc

        # The most that the system allows by default.
        self.end = posix_ipc.MessageQueue(self.name, posix_ipc.O_CREAT, max_messages=10, max_message_size=8192)
        return self.end

    def __del__(self) -> None:
        self.end.close()
        with contextlib.suppress(Exception):
            # By the first process.
            self.end.unlink()


class ZmqSockets:
    """pyzmq PUSH/PULL over ipc"""

    def __init__(self, context) -> None:
        self.address = f"ipc://@bench-{os.getpid()}-{id(self)}"

    def reader(self) -> Get:
        import zmq

        self.end = zmq.Context.instance().socket(zmq.PULL)
        self.end.bind(self.address)
        return self.end.recv

    def writer(self) -> Put:
        import zmq

        self.end = zmq.Context.instance().socket(zmq.PUSH)
        self.end.connect(self.address)
        return self.end.send

    def flush(self) -> None:
        import zmq

        # Messages queued in this process would be lost with it.
        self.end.close()
        zmq.Context.instance().term()


PEERS = [Mailslots, Queues, SimpleQueues, PosixQueues, ZmqSockets]


def stream(peer, size: int, stop) -> None:
    put = peer.writer()
    message = bytes(size)
    while not stop.is_set():
        for _ in range(100):
            put(message)
    # The reader takes messages until this one.
    put(b"")
    getattr(peer, "flush", lambda: None)()


def throughput(context, kind, size: int, seconds: float) -> float:
    """Messages per second from one process to another."""
    peer, stop = kind(context), context.Event()
    other = context.Process(target=stream, args=(peer, size, stop))
    other.start()
    get = peer.reader()
    for _ in range(1000):
        get()
    began, count = time.perf_counter(), 0
    while (now := time.perf_counter()) < began + seconds:
        for _ in range(100):
            assert len(get()) == size
        count += 100
    stop.set()
    while get():
        pass
    other.join()
    return count / (now - began)


def echo(there, back) -> None:
    get, put = there.reader(), back.writer()
    while message := get():
        put(message)


def round_trip(context, kind, size: int, seconds: float) -> float:
    """Median seconds of a round trip."""
    there, back = kind(context), kind(context)
    other = context.Process(target=echo, args=(there, back))
    other.start()
    get, put = back.reader(), there.writer()
    message, times = bytes(size), []
    # After the other process has started.
    put(message)
    get()
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        put(message)
        get()
        times.append(time.perf_counter() - began)
    put(b"")
    other.join()
    return statistics.median(times)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    # Spawned: threads of a peer left from an earlier round would not survive a fork.
    context = multiprocessing.get_context("spawn")
    print(f"{platform.python_implementation()} {platform.python_version()}, Linux {platform.release()}, "
          f"{os.cpu_count()} CPUs")
    print(f"median of {ROUNDS} rounds of {seconds} s; ratios to mailslot\n")
    for title, measure, scale, unit, more in (
        ("messages per second", throughput, 1e-3, "k/s", True),
        ("there and back", round_trip, 1e6, "µs", False),
    ):
        for size in SIZES:
            found: dict[str, list[float]] = {kind.__doc__: [] for kind in PEERS}
            for _ in range(ROUNDS):
                for kind in PEERS:
                    found[kind.__doc__].append(measure(context, kind, size, seconds) * scale)
            ours = statistics.median(found[PEERS[0].__doc__])
            print(f"| {title}, {size} B | | range | ratio |\n|---|---|---|---|")
            for peer, values in found.items():
                value = statistics.median(values)
                ratio = value / ours if more else ours / value
                print(f"| {peer} | {value:.1f} {unit} | {min(values):.1f} to {max(values):.1f} | {ratio:.2f} × |")
            print(flush=True)


if __name__ == "__main__":
    main()
