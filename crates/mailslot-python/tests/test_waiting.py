"""Waits: other threads run meanwhile, signals end them, and so does closing."""

import contextlib
import itertools
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Child
from mailslot import ClosedError, Mailslot, SlotNotFoundError, Writer


def in_thread(call: Callable[[], object]) -> Callable[[], object]:
    """Starts the call in a thread, and returns a function that waits for its result or exception."""
    results: queue.Queue[object] = queue.Queue()

    def run() -> None:
        try:
            results.put(call())
        except BaseException as error:
            results.put(error)

    threading.Thread(target=run, daemon=True).start()
    return results.get


def test_other_threads_run_while_one_waits(name: str) -> None:
    # They take turns: if one kept the interpreter's lock, the other would wait for ever.
    with Mailslot(name + "-there") as there, Mailslot(name + "-back") as back:
        with Writer(name + "-there") as to, Writer(name + "-back") as fro:
            echo = in_thread(lambda: [fro.put(there.get()) for _ in range(200)])
            for number in range(200):
                to.put(b"%d" % number)
                assert back.get() == b"%d" % number
            assert echo() == [None] * 200


def test_other_threads_run_while_one_waits_for_room(name: str) -> None:
    with Mailslot(name, capacity=4096) as slot, Writer(name) as writer:
        data = [bytes([number]) * 1000 for number in range(50)]
        done = in_thread(lambda: [writer.put(each) for each in data])
        assert [slot.get() for _ in data] == data
        assert done() == [None] * 50


def test_each_message_goes_to_one_of_many_threads(name: str) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        readers = [in_thread(lambda: list(iter(slot.get, b""))) for _ in range(8)]
        data = [b"%d" % number for number in range(2000)]
        for each in data:
            writer.put(each)
        for _ in readers:
            writer.put(b"")
        read = [reader() for reader in readers]
        assert sorted(each for part in read for each in part) == sorted(data)
        # Each gets its messages in order.
        assert all(part == sorted(part, key=int) for part in read)


WAITS = {
    "get": lambda slot: slot.get(),
    "get in time": lambda slot: slot.get(timeout=1e6),
    "receive": lambda slot: slot.receive(),
    "next": lambda slot: next(slot),
    "for": lambda slot: [None for _ in slot],
}


@pytest.mark.parametrize("wait", WAITS)
def test_closing_ends_waits_of_other_threads_and_frees_the_name(name: str, wait: str) -> None:
    for _ in range(30):
        with Mailslot(name) as slot:
            waits = [in_thread(lambda: WAITS[wait](slot)) for _ in range(4)]
        # Whether they have begun to wait or not.
        with Mailslot(name):
            for ended in waits:
                result = ended()
                if wait == "for":
                    assert result == []
                elif wait == "next":
                    assert isinstance(result, StopIteration)
                else:
                    assert isinstance(result, ValueError) and str(result) == "the mailslot is closed"


def test_slot_may_be_closed_by_a_signal_s_handler(name: str) -> None:
    slot = Mailslot(name)
    before = signal.signal(signal.SIGUSR1, lambda *_: slot.close())
    try:
        in_thread(lambda: os.kill(os.getpid(), signal.SIGUSR1))
        assert list(slot) == []
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_handler_of_a_signal_may_read(name: str) -> None:
    read: list[bytes] = []
    with Mailslot(name) as slot, Writer(name) as writer:

        def handler(*_: object) -> None:
            with contextlib.suppress(queue.Empty):
                read.append(slot.receive(block=False).data)

        before = signal.signal(signal.SIGALRM, handler)
        try:
            # At any point of the reading thread.
            signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
            data = [b"%d" % number for number in range(20_000)]
            written = in_thread(lambda: [writer.put(each) for each in data])
            while len(read) < len(data):
                with contextlib.suppress(queue.Empty):
                    read.append(slot.receive(timeout=1e-4).data)
            assert written() == [None] * len(data)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert sorted(read, key=int) == data


# Each waits for something that never happens, and writes to the pipe before.
INTERRUPTED = {
    "get": "slot.get()",
    "get in time": "slot.get(timeout=1e6)",
    "receive": "slot.receive()",
    "for": "list(slot)",
    "put": "[writer.put(bytes(1000)) for _ in range(9)]",
    "put in time": "[writer.put(bytes(1000), timeout=1e6) for _ in range(9)]",
    "open": "mailslot.Writer('nobody-makes-this', timeout=None)",
    "open in time": "mailslot.Writer('nobody-makes-this', timeout=1e6)",
    "async get": "asyncio.run(slot.get_async())",
    "async for": "asyncio.run(consume())",
}
PROGRAM = """
import asyncio, signal, sys, mailslot
# Programs that a shell starts in the background ignore SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
slot = mailslot.Mailslot(sys.argv[1], capacity=4096)
writer = mailslot.Writer(sys.argv[1])
async def consume():
    async for _ in slot:
        pass
handled = 0
def handle(*_):
    global handled
    handled += 1
    print("handled", flush=True)
signal.signal(signal.SIGUSR1, handle)
try:
    print("ready", flush=True)
    {wait}
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted", handled)
"""


def asleep(child: Child) -> None:
    """Waits until a program does."""
    while Path(f"/proc/{child.pid}/stat").read_text().rpartition(") ")[2][0] != "S":
        os.sched_yield()


ENDING = """
import asyncio, queue, sys, threading, mailslot
slot = mailslot.Mailslot(sys.argv[1], capacity=4096)
writer = mailslot.Writer(sys.argv[1])
async def consume():
    async for _ in slot:
        pass
def busy():
    while True:
        try:
            slot.get(timeout=0.0001)
        except queue.Empty:
            pass
begun = threading.Semaphore(0)
def wait():
    begun.release()
    {wait}
for _ in range(4):
    threading.Thread(target=wait, daemon=True).start()
for _ in range(4):
    begun.acquire()
print("ends", flush=True)
"""
FOR_EVER = INTERRUPTED | {
    "busy": "busy()",
    "request": "writer.request('x')",
    "receivers": "writer.wait_for_receivers(2)",
}


@pytest.mark.parametrize("wait", FOR_EVER)
def test_program_ends_although_threads_wait(name: str, wait: str, start: Callable[..., Child]) -> None:
    child = start("sh", "-c", 'exec "$@" 2>&1', "sh", sys.executable, "-c", ENDING.replace("{wait}", FOR_EVER[wait]),
                  name)
    assert child.finished() == b"ends\n"


@pytest.mark.parametrize("wait", INTERRUPTED)
def test_signals_are_handled_and_ctrl_c_ends_the_wait(name: str, wait: str, python: Callable[..., Child]) -> None:
    child = python(PROGRAM.replace("{wait}", INTERRUPTED[wait]), name)
    assert child.said() == b"ready"
    # A handler that returns does not end the wait (PEP 475).
    for _ in range(3):
        asleep(child)
        child.send_signal(signal.SIGUSR1)
        assert child.said() == b"handled"
    asleep(child)
    child.send_signal(signal.SIGINT)
    assert child.finished() == b"interrupted 3\n"




def test_writer_waits_for_a_slot_that_is_to_come(name: str) -> None:
    for timeout in (None, 1e6):
        opened = in_thread(lambda: Writer(name, timeout=timeout))
        with Mailslot(name) as slot:
            writer = opened()
            assert isinstance(writer, Writer)
            writer.put("1")
            assert slot.get() == b"1"
    for timeout in (0, 1e-9, 0.01):
        with pytest.raises(SlotNotFoundError):
            Writer(name, timeout=timeout)


@pytest.mark.parametrize("readers", [0, 1, 3])
def test_finishing_hands_out_all_that_was_accepted(name: str, readers: int) -> None:
    for _ in range(20):
        with Mailslot(name) as slot, Writer(name) as writer:

            def write() -> int:
                for number in itertools.count():
                    try:
                        writer.put(b"%d" % number)
                    except ClosedError:
                        return number

            reading = [in_thread(lambda: list(slot)) for _ in range(readers)]
            accepted = in_thread(write)
            first = [slot.get(), slot.get()]
            rest = list(slot.finish())
            read = first + [each for reader in reading for each in reader()]
            assert sorted(read + rest, key=int) == [b"%d" % number for number in range(accepted())]
            assert rest == sorted(rest, key=int)


def test_finishing_goes_on_behind_a_message_that_cannot_be_loaded(name: str) -> None:
    with Mailslot(name, loads=int) as slot, Writer(name, dumps=str) as writer:
        for item in (1, "x", 2):
            writer.put(item)
        rest = slot.finish()
        assert next(rest) == 1
        with pytest.raises(ValueError, match="invalid literal"):
            next(rest)
        assert list(rest) == [2]
        with pytest.raises(ValueError, match="the mailslot is closed"):
            slot.finish()
