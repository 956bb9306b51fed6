"""The Python package at the other end: `peer.rs` in Python."""

import os
import sys

from mailslot import ClosedError, Mailslot, Writer


def message(writer: int, number: int) -> bytes:
    """Writer and number, followed by bytes that depend on both, as many as the number."""
    size = (number * 2_654_435_761 & 0xFFFF_FFFF) >> 20
    head = writer.to_bytes(4, "little") + number.to_bytes(4, "little")
    return head + bytes([(writer ^ number) & 0xFF]) * size


class Received:
    """Checks every message, and returns the count of each writer."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}

    def add(self, data: bytes) -> int:
        writer = int.from_bytes(data[:4], "little")
        number = self.counts.get(writer, 0)
        assert data == message(writer, number), f"message {number} of writer {writer} is lost, repeated or damaged"
        self.counts[writer] = number + 1
        return writer


def write(slot: str, writer: int) -> None:
    end = Writer(slot)
    number = 0
    try:
        while True:
            end.put(message(writer, number))
            # In one write: no part is left in this process when it is killed.
            os.write(1, b"%d\n" % number)
            number += 1
    except ClosedError:
        os.write(1, b"closed\n")


def read(slot: str) -> None:
    received = Received()
    with Mailslot(slot) as end:
        os.write(1, b"ready\n")
        for data in end:
            if not data:
                break
            received.add(data)
    for writer, count in sorted(received.counts.items()):
        print(writer, count)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]))
    else:
        read(sys.argv[2])
