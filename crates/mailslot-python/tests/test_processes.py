"""Processes: forked, spawned, and killed."""

import asyncio
import contextlib
import itertools
import multiprocessing
import os
import queue
import random
import signal
import threading
from collections.abc import Callable

import pytest

from conftest import PEERS, Child, in_fork
from mailslot import ClosedError, Mailslot, Writer
from peer import Received, message

METHODS = ["fork", "spawn", "forkserver"]
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")


def test_forked_child_reads_what_is_inheritable_and_gets_an_error_else(name: str) -> None:
    for inheritable in (False, True):
        with Mailslot(name, inheritable=inheritable) as slot, Writer(name) as writer:
            writer.put(b"1")
            for call in (slot.get, slot.get_nowait, slot.receive, slot.qsize):
                found = in_fork(call)
                if inheritable:
                    writer.put(b"1")
                    assert "Error" not in found
                else:
                    assert found.startswith("MailslotError: ") and "create it inheritable" in found
            # The child's end and its close do not affect the parent's.
            assert in_fork(slot.close) == "None"
            assert slot.get() == b"1"


def test_forked_child_writes(name: str) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        writer.put(b"parent")
        assert in_fork(lambda: writer.put(b"child")) == "None"
        writer.put(b"parent")
        assert [slot.get() for _ in range(3)] == [b"parent", b"child", b"parent"]


def test_slot_of_a_forked_child_ends_with_its_parent(name: str) -> None:
    reader, writer = os.pipe()
    slot = Mailslot(name)
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    slot.close()
    with Mailslot(name):
        pass
    os.close(writer)
    os.close(reader)
    assert os.waitpid(child, 0)[1] == 0


def work(jobs: Mailslot[bytes], results: Writer, number: int) -> None:
    """A worker: takes jobs until an empty one."""
    for job in iter(jobs.get, b""):
        results.put(b"%d %s" % (number, job))


@pytest.mark.parametrize("method", METHODS)
def test_workers_share_a_slot(name: str, method: str) -> None:
    context = multiprocessing.get_context(method)
    with Mailslot(name + "-jobs", inheritable=method == "fork") as jobs, Mailslot(name + "-results") as results:
        with Writer(name + "-jobs") as new_jobs, Writer(name + "-results") as to_results:
            workers = [context.Process(target=work, args=(jobs, to_results, number)) for number in range(3)]
            for worker in workers:
                worker.start()
            data = [b"%d" % number for number in range(500)]
            for job in data + [b""] * 3:
                new_jobs.put(job)
            for worker in workers:
                worker.join()
                assert worker.exitcode == 0
            done = [results.get_nowait().split() for _ in data]
            assert sorted(job for _, job in done) == sorted(data)
            assert results.empty() and jobs.empty()


def test_slots_are_handed_over_to_processes_alone(name: str) -> None:
    import pickle

    with Mailslot(name) as slot:
        with pytest.raises(RuntimeError, match="inheritance"):
            pickle.dumps(slot)


HELD_UP = {
    "get": lambda slot, _: slot.get(timeout=0.001),
    "get_nowait": lambda slot, _: slot.get_nowait(),
    "put": lambda _, writer: writer.put(b"x"),
    "put in time": lambda _, writer: writer.put(b"x", timeout=0.001),
    "put_nowait": lambda _, writer: writer.put_nowait(b"x"),
    "put_async": lambda _, writer: asyncio.run(writer.put_async(b"x")),
    "put_confirmed": lambda _, writer: writer.put_confirmed(b"x", 1),
    "request": lambda _, writer: writer.request(b"x", timeout=0.001),
}


@pytest.mark.parametrize("inheritable", [False, True])
@pytest.mark.parametrize("call", HELD_UP)
def test_process_that_is_slow_holds_up_others_and_fails_none(
    name: str, call: str, inheritable: bool, start: Callable[..., Child]
) -> None:
    # Writes take a lock, and so do reads of an inheritable slot.
    with Mailslot(name, inheritable=inheritable) as slot, Writer(name) as writer:
        child = start(*PEERS["rust"], "hold", name)
        for _ in range(10):
            assert child.said() == b"held"
            with contextlib.suppress(queue.Empty, queue.Full):
                HELD_UP[call](slot, writer)
            with contextlib.suppress(queue.Empty):
                while True:
                    slot.get_nowait()


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("seed", range(4))
def test_killed_writers_leave_whole_messages_and_lose_none(
    name: str, peer: str, seed: int, start: Callable[..., Child]
) -> None:
    chance = random.Random(seed)
    received = Received()
    with Mailslot(name, capacity=1 << 16) as slot:
        for writer in range(5):
            child = start(*PEERS[peer], "write", name, writer)
            for _ in range(chance.randrange(1, 2000)):
                assert received.add(slot.get()) == writer
            last = child.killed().splitlines()
            while not slot.empty():
                assert received.add(slot.get()) == writer
            # It is killed before, during or after reporting that the last one is written.
            told = int(last[-1]) + 1 if last else 0
            assert told <= received.counts[writer] <= told + 1


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("seed", range(4))
def test_slot_of_a_killed_reader_is_gone_at_once(
    name: str, peer: str, seed: int, start: Callable[..., Child]
) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        child = start(*PEERS[peer], "read", name)
        assert child.said() == b"ready"
        other = start(*PEERS["rust" if peer == "python" else "python"], "write", name, 1)
        assert other.said() == b"0"
        with Writer(name) as writer:
            kill = chance.randrange(1000)
            with pytest.raises(ClosedError):
                for number in itertools.count():
                    if number == kill:
                        child.kill()
                    # The slot is gone even if it is full and never gets room.
                    writer.put(message(0, number))
        assert child.wait() == -signal.SIGKILL
        assert other.finished().endswith(b"closed\n")


@pytest.mark.parametrize("seed", range(3))
def test_worker_that_is_killed_takes_one_message_with_it_at_most(name: str, seed: int) -> None:
    chance = random.Random(seed)
    total = 3000
    context = multiprocessing.get_context("spawn")
    with Mailslot(name + "-jobs") as jobs, Mailslot(name + "-results") as results:
        with Writer(name + "-jobs") as new_jobs, Writer(name + "-results") as to_results:
            workers = [context.Process(target=work, args=(jobs, to_results, number)) for number in range(3)]
            for worker in workers:
                worker.start()
            for number in range(total):
                new_jobs.put(b"%d" % number)
            done = [results.get() for _ in range(chance.randrange(total // 2))]
            workers[0].kill()
            workers[0].join()
            for _ in workers[1:]:
                new_jobs.put(b"")
            for worker in workers[1:]:
                worker.join()
                assert worker.exitcode == 0
            while not results.empty():
                done.append(results.get())
            found = sorted(int(each.split()[1]) for each in done)
            assert len(set(found)) == len(found)
            assert total - 1 <= len(found) <= total


def test_many_writers_at_once(name: str, start: Callable[..., Child]) -> None:
    received = Received()
    with Mailslot(name) as slot:
        writers = [start(*PEERS[peer], "write", name, number) for number, peer in enumerate([*PEERS] * 2)]
        while len(received.counts) < len(writers) or min(received.counts.values()) < 300:
            received.add(slot.get())
    for writer in writers:
        assert writer.finished().endswith(b"closed\n")


