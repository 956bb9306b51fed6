"""A slot behaves like `queue.Queue`."""

import json
import pickle
import queue
import random

import pytest

from mailslot import LocalOrigin, Mailslot, Message, Writer


@pytest.mark.parametrize("seed", range(20))
def test_slot_does_what_a_queue_does(name: str, seed: int) -> None:
    chance = random.Random(seed)
    model: queue.Queue[bytes] = queue.Queue()
    with Mailslot(name) as slot, Writer(name) as writer:
        calls = {
            "put": lambda end, data: end.put(data),
            "put_nowait": lambda end, data: end.put_nowait(data),
            "put in time": lambda end, data: end.put(data, timeout=chance.choice([0, 0.001, 5, None])),
            "put without waiting": lambda end, data: end.put(data, False, -1),
            "get": lambda end, _: end.get(timeout=0),
            "get_nowait": lambda end, _: end.get_nowait(),
            "get in time": lambda end, _: end.get(True, 0.0001),
            "get without waiting": lambda end, _: end.get(block=False, timeout=7),
            "get with a wrong timeout": lambda end, _: end.get(timeout=-0.5),
            "qsize": lambda end, _: end.qsize(),
            "empty": lambda end, _: end.empty(),
        }
        for _ in range(300):
            call = chance.choice(list(calls))
            data = chance.randbytes(chance.choice([0, 1, 8, 424, 5000, 100_000]))
            state = chance.getstate()
            expected = outcome(calls[call], model, data)
            chance.setstate(state)
            assert outcome(calls[call], writer if call.startswith("put") else slot, data) == expected, call


def outcome(call, end, data):
    try:
        return call(end, data)
    except (queue.Empty, queue.Full, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("seed", range(5))
def test_full_slot_keeps_what_it_has_and_takes_more_when_there_is_room(name: str, seed: int) -> None:
    chance = random.Random(seed)
    with Mailslot(name, capacity=4096) as slot, Writer(name) as writer:
        written, read = [], []
        for _ in range(500):
            data = chance.randbytes(chance.randrange(1500))
            try:
                chance.choice([writer.put_nowait, lambda data: writer.put(data, timeout=0.0001)])(data)
                written.append(data)
            except queue.Full as full:
                assert str(full) == "the slot is full: its reader has not kept up with 4096 bytes"
                assert not slot.empty()
                read.append(slot.get_nowait())
        while not slot.empty():
            read.append(slot.get_nowait())
        assert read == written


@pytest.mark.parametrize(
    ("given", "got"),
    [(b"\0", b"\0"), ("Grüße 🎉", "Grüße 🎉".encode()), ("", b""), (bytearray(b"ab"), b"ab")]
    + [(memoryview(b"abcdef")[::2], b"ace"), (memoryview(bytearray(4)), bytes(4))],
)
def test_messages_are_bytes_of_all_kinds_or_text(name: str, given: object, got: bytes) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        writer.put(given)
        assert slot.receive() == Message(got, slot_origin())


def slot_origin() -> LocalOrigin:
    import os

    return LocalOrigin(os.getpid(), os.geteuid(), os.getegid(), False)


@pytest.mark.parametrize("given", [None, 7, 1.5, [], {}, object(), (b"a",)])
def test_what_is_no_message_is_a_type_error_and_nothing_is_written(name: str, given: object) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        with pytest.raises(TypeError, match=f"this is {type(given).__name__}$"):
            writer.put(given)
        with pytest.raises(UnicodeEncodeError):
            writer.put("\ud800")
        assert slot.empty()


@pytest.mark.parametrize("serialiser", [json, pickle])
def test_serialiser_is_used_at_both_ends(name: str, serialiser) -> None:
    things = [None, 7, "text", [1, [2]], {"door": 2, "open": True}]
    with Mailslot(name, loads=serialiser.loads) as slot, Writer(name, dumps=serialiser.dumps) as writer:
        for thing in things:
            writer.put(thing)
        assert [slot.get() for _ in things[:-2]] == things[:-2]
        assert slot.receive().data == things[-2]
        assert next(slot) == things[-1]


def test_message_that_cannot_be_loaded_is_out_of_the_slot(name: str) -> None:
    with Mailslot(name, loads=json.loads) as slot, Writer(name) as writer:
        for get in (slot.get, slot.get_nowait, slot.receive, slot.__next__):
            writer.put("{")
            writer.put("1")
            with pytest.raises(json.JSONDecodeError):
                get()
            assert slot.get_nowait() == 1


def test_both_ends_are_closed_once_and_for_all(name: str) -> None:
    slot, writer = Mailslot(name), Writer(name)
    assert repr(slot) == f"<Mailslot {name!r}>" and repr(writer) == f"<Writer {name!r}>"
    writer.put("unread")
    for end in (writer, slot):
        assert not end.closed
        end.close()
        end.close()
        assert end.closed and repr(end).endswith("(closed)>")
    for call in (slot.get, slot.get_nowait, slot.receive, slot.qsize, slot.empty, slot.fileno):
        with pytest.raises(ValueError, match="^the mailslot is closed$"):
            call()
    assert list(slot) == []
    for call in (lambda: writer.put(b""), lambda: writer.put_confirmed(b"", 1), writer.slot_is_gone):
        with pytest.raises(ValueError, match="^the writer is closed$"):
            call()
    with Mailslot(name):
        pass
