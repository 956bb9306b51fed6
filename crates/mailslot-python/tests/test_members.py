"""Several readers, taps, and slots that drop the oldest."""

import asyncio
import queue
import random
import threading

import pytest

from conftest import in_fork
from mailslot import (
    ClosedError,
    Mailslot,
    MailslotError,
    NotAllowedError,
    PartialWriteError,
    SlotExistsError,
    Writer,
    status,
)

TIGHT = 4096


def numbers(slot: Mailslot[bytes]) -> list[int]:
    """The messages in the slot."""
    found = []
    while not slot.empty():
        found.append(int.from_bytes(slot.get_nowait()[:4], "little"))
    return found


def message(number: int, size: int = 1000) -> bytes:
    return number.to_bytes(4, "little") + bytes(size - 4)


def test_each_member_gets_every_message(name: str) -> None:
    with Mailslot(name, sharing="each") as first, Mailslot(name, sharing="each") as second, Writer(name) as writer:
        with pytest.raises(SlotExistsError):
            Mailslot(name)
        assert (status(name).members, status(name).taps) == (2, 0)
        for number in range(10):
            writer.put(message(number))
        assert numbers(first) == numbers(second) == list(range(10))
        second.close()
        assert status(name).members == 1
        writer.put(message(10))
        assert numbers(first) == [10]
        first.close()
        with pytest.raises(ClosedError):
            writer.put(message(11))


@pytest.mark.parametrize("timeout", [0, 0.01, 0.35])
def test_what_only_some_members_have_is_told_once(name: str, timeout: float) -> None:
    with (
        Mailslot(name, sharing="each") as roomy,
        Mailslot(name, sharing="each", capacity=TIGHT) as tight,
        Writer(name) as writer,
    ):
        for number in range(3):
            writer.put(message(number))
        with pytest.raises(PartialWriteError, match="1 of 2 members") as error:
            writer.put(message(3), timeout=timeout)
        assert (error.value.delivered, error.value.members) == (1, 2)
        assert (numbers(roomy), numbers(tight)) == ([0, 1, 2, 3], [0, 1, 2])


def put_all(name: str, count: int) -> None:
    with Writer(name) as writer:
        for number in range(count):
            writer.put(message(number))


def put_all_async(name: str, count: int) -> None:
    async def main() -> None:
        with Writer(name) as writer:
            for number in range(count):
                await writer.put_async(message(number))

    asyncio.run(main())


@pytest.mark.parametrize("put", [put_all, put_all_async])
def test_put_that_waits_reaches_each_member_once(name: str, put) -> None:
    with Mailslot(name, sharing="each") as roomy, Mailslot(name, sharing="each", capacity=TIGHT) as tight:
        writing = threading.Thread(target=put, args=(name, 50))
        writing.start()
        # Each when it has room: until one is read, the others have messages that it lacks.
        assert [int.from_bytes(tight.get()[:4], "little") for _ in range(50)] == list(range(50))
        writing.join()
        assert numbers(roomy) == list(range(50))
        assert numbers(tight) == []


@pytest.mark.parametrize("tapped", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_read_and_what_is_told_to_be_lost_is_what_was_written(name: str, seed: int, tapped: bool) -> None:
    chance = random.Random(seed)
    when_full = "refuse" if tapped else "drop-oldest"
    with Mailslot(name, capacity=TIGHT, when_full=when_full, taps=tapped) as slot, Writer(name) as writer:
        reader = Mailslot.tap(name, capacity=TIGHT) if tapped else slot
        assert status(name).taps == tapped
        written = expected = lost = 0
        for step in range(1200):
            if step < 1000 and chance.random() < 0.75:
                writer.put_nowait(message(written, chance.randrange(4, 700)))
                written += 1
                if tapped:
                    slot.get_nowait()
                continue
            try:
                received = reader.receive(block=False)
            except queue.Empty:
                continue
            expected += received.lost_before
            lost += received.lost_before
            assert int.from_bytes(received.data[:4], "little") == expected
            expected += 1
        assert expected == written and lost > 0
        if not tapped:
            totals = status(name).statistics
            assert totals is not None and totals.lost == lost
        slot.close()
        if tapped:
            with pytest.raises(ClosedError):
                reader.get()
            reader.close()


def test_taps_are_for_slots_that_allow_them(name: str) -> None:
    with Mailslot(name), pytest.raises(NotAllowedError):
        Mailslot.tap(name)
    with Mailslot(name, taps=True) as slot, Writer(name) as writer:
        writer.put("before")
        with Mailslot.tap(name, loads=bytes.decode) as tap:
            writer.put("after")
            assert tap.get_nowait() == "after"
            with pytest.raises(queue.Empty):
                tap.get_nowait()
        assert [slot.get_nowait(), slot.get_nowait()] == [b"before", b"after"]


@pytest.mark.parametrize("option", ["sharing", "when_full"])
@pytest.mark.parametrize("word", ["", "One", "all", "drop", "drop_oldest", "\0"])
def test_words_that_mean_nothing_are_refused(name: str, option: str, word: str) -> None:
    with pytest.raises(ValueError, match=f"{option} must be '"):
        Mailslot(name, **{option: word})


def test_errors_of_members_can_be_pickled() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(PartialWriteError(105, "1 of 2", 1, 2)))
    assert (error.errno, error.strerror, error.delivered, error.members) == (105, "1 of 2", 1, 2)
    assert isinstance(error, MailslotError)


def test_a_forked_child_is_no_member(name: str) -> None:
    with Mailslot(name, sharing="each") as slot, Writer(name) as writer:
        writer.put("x")
        assert in_fork(slot.get_nowait).startswith("MailslotError")
        assert slot.get_nowait() == b"x"
