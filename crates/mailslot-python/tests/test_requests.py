"""Requests and replies, and times of messages."""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from mailslot import ClosedError, Mailslot, Message, PartialWriteError, Writer, list_slots

PATIENCE = 60


def serving(slot: Mailslot[bytes], count: int, reply: Callable[[bytes], bytes]) -> threading.Thread:
    def serve() -> None:
        for _ in range(count):
            message = slot.receive(timeout=PATIENCE)
            assert message.is_request
            message.reply(reply(message.data))

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_each_thread_gets_the_reply_to_what_it_asked(name: str) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        threads = [serving(slot, 20, lambda data: b"re: " + data) for _ in range(2)]
        replies: dict[str, bytes] = {}

        def ask(number: int) -> None:
            for turn in range(5):
                question = f"{number} {turn}"
                replies[question] = writer.request(question, timeout=PATIENCE).data

        askers = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in askers:
            thread.start()
        for thread in askers + threads:
            thread.join()
        assert replies == {f"{n} {t}": f"re: {n} {t}".encode() for n in range(8) for t in range(5)}


@pytest.mark.parametrize("size", [0, 1, 70_000, 1_000_000])
def test_requests_and_replies_are_whole(name: str, size: int) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        thread = serving(slot, 1, lambda data: data[::-1])
        data = bytes(range(256)) * (size // 256 + 1)
        assert writer.request(data[:size], timeout=PATIENCE).data == data[:size][::-1]
        thread.join()


def test_no_reply_is_empty_and_late_ones_are_nobodys(name: str) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        with pytest.raises(queue.Empty):
            writer.request(b"?", timeout=0.02)
        assert not [slot for slot in list_slots() if "reply" in slot.name]
        late = slot.receive()
        with pytest.raises(ClosedError):
            late.reply(b"late")


def test_no_room_is_full(name: str) -> None:
    with Mailslot(name, capacity=4096) as _slot, Writer(name) as writer:
        writer.put(bytes(4000))
        with pytest.raises(queue.Full):
            writer.request(bytes(100), timeout=0.02)


def test_request_waits_for_a_member_that_is_full(name: str) -> None:
    with (
        Mailslot(name, sharing="each") as roomy,
        Mailslot(name, sharing="each", capacity=4096) as tight,
        Writer(name) as writer,
    ):
        writer.put(bytes(4000))
        with pytest.raises(PartialWriteError, match="1 of 2 members") as error:
            # Longer than a wait takes before it checks for signals.
            writer.request(bytes(100), timeout=0.25)
        assert (error.value.delivered, error.value.members) == (1, 2)
        assert [len(roomy.receive().data) for _ in range(2)] == [4000, 100]
        replies = []
        asking = threading.Thread(target=lambda: replies.append(writer.request(b"?", timeout=PATIENCE).data))
        asking.start()
        # The other member still lacks it.
        request = roomy.receive()
        assert request.data == b"?"
        tight.receive()
        assert tight.receive().data == b"?"
        request.reply(b"here")
        asking.join()
        assert replies == [b"here"]
        assert roomy.empty() and tight.empty()


def test_plain_messages_have_no_reply(name: str) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        writer.put(b"plain")
        message = slot.receive()
        assert not message.is_request
        with pytest.raises(ValueError, match="not a request"):
            message.reply(b"x")


def test_requests_may_be_kept_and_passed_on(name: str) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        def serve() -> None:
            kept: Message[bytes] = pickle.loads(pickle.dumps(slot.receive()))
            kept.reply(b"from afar")

        thread = threading.Thread(target=serve)
        thread.start()
        assert writer.request(b"?", timeout=PATIENCE).data == b"from afar"
        thread.join()


def test_whoever_asks_a_process_that_is_killed_is_told(name: str) -> None:
    code = f"import mailslot\nslot = mailslot.Mailslot({name!r})\nslot.receive()\nprint('taken', flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        with Writer(name, timeout=PATIENCE) as writer:
            errors: list[Any] = []

            def ask() -> None:
                with pytest.raises(ClosedError) as caught:
                    writer.request(b"?")
                errors.append(caught.value)

            thread = threading.Thread(target=ask)
            thread.start()
            assert child.stdout and child.stdout.readline() == b"taken\n"
            child.kill()
            thread.join()
            assert len(errors) == 1


@pytest.mark.parametrize("stamp", [False, True])
def test_messages_have_their_time_where_the_slot_has_times(name: str, stamp: bool) -> None:
    with Mailslot(name, stamp=stamp) as slot, Writer(name) as writer:
        before = datetime.now(timezone.utc) - timedelta(milliseconds=1)
        writer.put(b"x")
        time = slot.receive().time
        assert (time is not None) == stamp
        assert time is None or before <= time <= datetime.now(timezone.utc) + timedelta(milliseconds=1)
