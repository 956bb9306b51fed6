"""Programs in Rust, C and Python exchange every kind of message while any of them may be killed at any instant.

Each of `exchange.rs`, `exchange.c` and `exchange.py`, which know nothing of each other, is

- `write SLOT WRITER KINDS COUNT`: writes numbered messages, whose bytes follow from writer and number, waiting for
  room. Each number has a way: plain, as a batch (b), confirmed (c), behind an empty one (e), or as a request (r), to
  which the same bytes come back in reverse. What is accepted it says. When the slot is gone, it goes on with the next
  one as another writer.
- `read SLOT OPTIONS KINDS`: creates the slot, which may have times (s), members (m), taps (T), or drop the oldest (d),
  or taps it (t). It holds every message against what its writer must have written next: its bytes, origin and time,
  whether it is a request, and how many were lost before it. At the message of the writer STOP, it says what it has had.
  With x it leaves requests behind the number 200 without a reply, so that nobody comes to an end with it; with l it
  came late, and knows of no writer where it began.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable

import pytest

from conftest import HERE, TARGET, Child
from mailslot import Writer

PROGRAMS = {
    "rust": (TARGET / "examples" / "exchange",),
    "c": (TARGET / "exchange-c",),
    "python": (sys.executable, HERE / "exchange.py"),
}
STOP = b"\xff\xff\xff\xff\0\0\0\0"
COUNT = 300
# Of killed writers: more than any writes in that time.
FOR_EVER = 1_000_000
# Rounds in the same mode, with the same languages at the same ends.
KILLS = int(os.environ.get("MAILSLOT_EXCHANGE_KILLS", 12))
BATCH = 3


class Exchange:
    """Writers and readers of one slot, and their state."""

    def __init__(self, seed: str, name: str, kinds: str, start: Callable[..., Child]) -> None:
        self.chance, self.name, self.kinds, self.start = random.Random(seed), name, kinds, start
        self.survivors: list[Child] = []
        self.accepted: dict[int, range] = {}
        """How many messages of a writer the slot may have: of a killed one, more than it reported."""

    def read(self, language: str, options: str) -> Child:
        child = self.start(*PROGRAMS[language], "read", self.name, options, self.kinds)
        assert child.said() == b"ready", f"{language} with {options!r}"
        return child

    def write(self, language: str, writer: int, count: int) -> Child:
        return self.start(*PROGRAMS[language], "write", self.name, writer, self.kinds, count)

    def survivor(self, language: str) -> None:
        self.survivors.append(self.write(language, len(self.survivors), COUNT))

    def any_language(self) -> str:
        # Python takes a hundred times as long to start.
        return self.chance.choice(["rust", "c"] * 3 + ["python"])

    def instant(self) -> None:
        """At a random time: what the kill interrupts is left to chance."""
        time.sleep(self.chance.random() ** 3 * 0.02)

    def kill_a_writer(self, writer: int) -> None:
        child = self.write(self.any_language(), writer, FOR_EVER)
        self.instant()
        said = child.killed().split(b"\n")[:-1]
        count = int(said[-1]) + 1 if said else 0
        self.accepted[writer] = range(count, count + BATCH + 1)

    def kill_a_reader(self, options: str) -> None:
        child = self.read(self.any_language(), options)
        self.instant()
        child.killed()

    def end(self) -> None:
        """Waits for the writers that were not killed, and stops the readers."""
        for number, writer in enumerate(self.survivors):
            lines = writer.finished().split(b"\n")[:-1]
            lives = [line for line in lines if line.startswith(b"writer ")]
            last = int(lives[-1].split()[1]) if lives else number
            assert lines[-1] == b"%d" % (COUNT - 1)
            self.accepted[last] = range(COUNT, COUNT + 1)
        with Writer(self.name) as writer:
            writer.put(STOP)

    def has_everything(self, reader: Child) -> None:
        """Every accepted message was read, and no other."""
        counts, had, lost, empty, stopped = summary(reader)
        assert stopped and lost == 0 and had == sum(counts.values())
        assert counts.keys() <= self.accepted.keys()
        for writer, accepted in self.accepted.items():
            assert counts.get(writer, 0) in accepted, f"writer {writer}"
        if "e" in self.kinds:
            followed = sum(number % 8 == 5 for count in counts.values() for number in range(count))
            # A killed writer may have written one message more, but none after that.
            assert followed <= empty <= followed + len(self.accepted) - len(self.survivors)

    def knows_what_it_lost(self, reader: Child) -> int:
        """It got every accepted message or was told of its loss, except those that a tap lost after its last
        message."""
        counts, had, lost, _, stopped = summary(reader)
        assert counts.keys() <= self.accepted.keys()
        least, most = (sum(accepted[end] for accepted in self.accepted.values()) for end in (0, -1))
        assert had + lost <= most and (least <= had + lost or not stopped)
        return lost


def summary(reader: Child) -> tuple[dict[int, int], int, int, int, int]:
    """The report of a reader that found nothing wrong: its last number of each writer; how many messages it got, lost,
    and found empty; and whether it got the last one."""
    words = {word: int(count) for word, count in (line.split() for line in reader.finished().splitlines())}
    totals = words.pop(b"had"), words.pop(b"lost"), words.pop(b"empty"), words.pop(b"stopped")
    return {int(writer): count for writer, count in words.items()}, *totals


@pytest.fixture
def exchange(request: pytest.FixtureRequest, name: str, start: Callable[..., Child]) -> Callable[[str], Exchange]:
    return lambda kinds: Exchange(request.node.name, name, kinds, start)


LANGUAGES = pytest.mark.parametrize("language", PROGRAMS)


@LANGUAGES
@pytest.mark.parametrize("options", ["", "s"])
def test_killed_writers_cost_nobody_a_message(exchange: Callable[[str], Exchange], language: str, options: str) -> None:
    slot = exchange("bcer")
    reader = slot.read(language, options)
    for survivor in PROGRAMS:
        slot.survivor(survivor)
    for kill in range(KILLS):
        slot.kill_a_writer(100 + kill)
    slot.end()
    slot.has_everything(reader)


@LANGUAGES
def test_writers_go_on_with_the_next_owner_when_one_is_killed(
    exchange: Callable[[str], Exchange], language: str
) -> None:
    slot = exchange("bcer")
    for survivor in PROGRAMS:
        slot.survivor(survivor)
    for _ in range(KILLS):
        slot.kill_a_reader("x")
    reader = slot.read(language, "")
    slot.end()
    slot.has_everything(reader)


@LANGUAGES
def test_killed_members_and_writers_cost_the_other_members_nothing(
    exchange: Callable[[str], Exchange], language: str
) -> None:
    slot = exchange("ber")
    members = [slot.read(member, "m") for member in PROGRAMS]
    slot.survivor(language)
    for kill in range(KILLS):
        if slot.chance.random() < 0.5:
            slot.kill_a_writer(100 + kill)
        else:
            slot.kill_a_reader("ml")
    slot.end()
    for member in members:
        slot.has_everything(member)


@LANGUAGES
def test_a_reader_is_told_what_made_room(exchange: Callable[[str], Exchange], language: str) -> None:
    slot = exchange("bc")
    reader = slot.read(language, "d")
    for survivor in PROGRAMS:
        slot.survivor(survivor)
    for kill in range(KILLS):
        slot.kill_a_writer(100 + kill)
    slot.end()
    slot.knows_what_it_lost(reader)


@LANGUAGES
def test_taps_come_and_die_beside_the_owner(exchange: Callable[[str], Exchange], language: str) -> None:
    slot = exchange("bcr")
    owner = slot.read(language, "T")
    taps = [slot.read(tap, "t") for tap in PROGRAMS]
    for survivor in PROGRAMS:
        slot.survivor(survivor)
    for kill in range(KILLS):
        if slot.chance.random() < 0.5:
            slot.kill_a_writer(100 + kill)
        else:
            slot.kill_a_reader("tl")
    slot.end()
    slot.has_everything(owner)
    for tap in taps:
        slot.knows_what_it_lost(tap)
