"""The descriptor, by its rule: read until the slot is empty, and only then wait."""

import queue
import random
import select
import selectors
import threading

import pytest

from mailslot import Mailslot, Writer


def drain(slot: Mailslot[bytes]) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(slot.get_nowait())
        except queue.Empty:
            return found


def waits() -> dict:
    def by_select(slot):
        return lambda: select.select([slot], [], [])

    def by_poll(slot):
        poll = select.poll()
        poll.register(slot, select.POLLIN)
        return poll.poll

    def by_selector(slot):
        selector = selectors.DefaultSelector()
        selector.register(slot, selectors.EVENT_READ)
        return selector.select

    return {"select": by_select, "poll": by_poll, "selector": by_selector}


@pytest.mark.parametrize("wait", waits())
@pytest.mark.parametrize("seed", range(3))
def test_every_message_is_heard_of(name: str, wait: str, seed: int) -> None:
    chance = random.Random(seed)
    with Mailslot(name) as slot, Writer(name) as writer:
        ready = waits()[wait](slot)
        batches = [chance.randrange(1, 6) for _ in range(200)]
        go = threading.Semaphore(1)

        def write() -> None:
            number = 0
            for batch in batches:
                # The reader may or may not sleep already.
                if chance.random() < 0.5:
                    go.acquire()
                for _ in range(batch):
                    writer.put(b"%d" % number)
                    number += 1

        thread = threading.Thread(target=write)
        thread.start()
        read: list[bytes] = []
        while len(read) < sum(batches):
            ready()
            read += drain(slot)
            go.release()
        thread.join()
        assert read == [b"%d" % number for number in range(sum(batches))]


@pytest.mark.parametrize("wait", waits())
def test_slot_with_nothing_is_not_readable(name: str, wait: str) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        poll = select.poll()
        poll.register(slot, select.POLLIN)
        drain(slot)
        assert poll.poll(0) == []
        writer.put(b"1")
        assert poll.poll() == [(slot.fileno(), select.POLLIN)]
        assert drain(slot) == [b"1"]
        assert poll.poll(0) == []
