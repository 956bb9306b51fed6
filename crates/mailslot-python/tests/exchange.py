"""The Python package at one end of `test_exchange.py`, which documents its programs."""

from __future__ import annotations

import os
import queue
import struct
import sys

from mailslot import ClosedError, LocalOrigin, Mailslot, Outcome, Writer

SIZES = [0, 1, 8, 100, 416, 417, 1000, 4087, 20000, 3, 100000]
STOP = 0xFFFF_FFFF
NEXT_LIFE = 1000
UNANSWERED = 200


def message(writer: int, number: int) -> bytes:
    return struct.pack("<II", writer, number) + bytes([(writer ^ number) & 0xFF]) * SIZES[number % len(SIZES)]


def say(text: str) -> None:
    # In one write: no part is left in this process when it is killed.
    os.write(1, text.encode())


def write_next(slot: Writer, kinds: str, writer: int, number: int) -> None:
    data = message(writer, number)
    if number % 8 == 4 and "c" in kinds:
        try:
            (receipt,) = slot.put_confirmed(data, timeout=60)
            assert receipt.outcome == Outcome.DELIVERED, receipt
            return
        except queue.Full:
            pass
    if number % 8 == 5 and "e" in kinds:
        slot.put(b"")
    if number % 8 == 6 and "r" in kinds:
        assert slot.request(data).data == data[::-1], "another reply"
    else:
        slot.put(data)


def write(name: str, writer: int, kinds: str, count: int) -> None:
    slot = Writer(name, timeout=None)
    number = 0
    while number < count:
        try:
            write_next(slot, kinds, writer, number)
            say(f"{number}\n")
            number += 1
        except ClosedError:
            writer += NEXT_LIFE
            number = 0
            say(f"writer {writer}\n")
            slot = Writer(name, timeout=None)


def read(name: str, options: str, kinds: str) -> None:
    if "t" in options:
        slot = Mailslot.tap(name, capacity=1 << 18)
    else:
        slot = Mailslot(
            name,
            capacity=1 << 18,
            stamp="s" in options,
            taps="T" in options,
            sharing="each" if "m" in options else "one",
            when_full="drop-oldest" if "d" in options else "refuse",
        )
    say("ready\n")
    following: dict[int, int] = {}
    pids: dict[int, int] = {}
    had = lost = gaps = empty = 0
    stopped = 1
    while True:
        try:
            received = slot.receive()
        except ClosedError:
            # A tap may have lost the message that ends it.
            assert "t" in options
            stopped = 0
            break
        data, origin = received.data, received.origin
        lost += received.lost_before
        assert isinstance(origin, LocalOrigin) and origin.uid == os.geteuid(), origin
        if not data:
            empty += 1
            continue
        writer, number = struct.unpack_from("<II", data)
        if writer == STOP:
            break
        expected = following.get(writer, number if "l" in options else 0)
        about = f"message {number} of writer {writer}, not {expected}"
        gap = number - expected
        assert gap == 0 or (gap > 0 and ("d" in options or "t" in options)), f"lost, repeated or out of order: {about}"
        gaps += gap
        assert data == message(writer, number), f"cut or damaged: {about}"
        assert (received.time is not None) == ("s" in options), f"another time: {about}"
        assert pids.setdefault(writer, origin.pid) == origin.pid, f"another process: {about}"
        assert received.is_request == (number % 8 == 6 and "r" in kinds), f"a request or none: {about}"
        following[writer] = number + 1
        had += 1
        if received.is_request and not ("x" in options and number >= UNANSWERED):
            try:
                received.reply(data[::-1])
            except ClosedError:
                # The asker may have been killed, or have another member's reply.
                pass
    assert gaps <= lost, "lost without a word"
    for writer, count in following.items():
        print(writer, count)
    print(f"had {had}\nlost {lost}\nempty {empty}\nstopped {stopped}")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
    else:
        read(sys.argv[2], sys.argv[3], sys.argv[4])
