"""Other users: who may write, and their origins. Needs root, which alone can become another user."""

import asyncio
import contextlib
import os
import queue
import select
from collections.abc import Callable

import pytest

from conftest import in_fork
from mailslot import Group, LocalOrigin, Mailslot, Users, Writer

STRANGER = 54321
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def as_stranger(call: Callable[[], object]) -> str:
    def stranger() -> object:
        os.setgroups([])
        os.setgid(STRANGER)
        os.setuid(STRANGER)
        return call()

    return in_fork(stranger)


@pytest.mark.parametrize(
    ("access", "allowed"),
    [
        ("owner", False),
        ("everyone", True),
        (Group(STRANGER), True),
        (Group(STRANGER + 1), False),
        (Users((STRANGER, STRANGER + 1)), True),
        (Users((STRANGER + 1,)), False),
        (Users(()), False),
    ],
)
def test_access_decides_who_may_write(name: str, access: object, allowed: bool) -> None:
    with Mailslot(name, access=access) as slot:
        found = as_stranger(lambda: Writer(name).put("hello"))
        if allowed:
            assert found == "None"
            message = slot.receive()
            # The kernel's account, not the writer's: the forked child has ended by now.
            assert message.data == b"hello" and isinstance(message.origin, LocalOrigin)
            assert (message.origin.uid, message.origin.gid, message.origin.attested) == (STRANGER, STRANGER, True)
        else:
            assert found.startswith("NotAllowedError: [Errno 13] ")
            assert slot.empty()


def test_strangers_messages_wake_readers_of_all_kinds(name: str) -> None:
    def by_select() -> bytes:
        while True:
            select.select([slot], [], [])
            # Readable does not mean that there is a message.
            with contextlib.suppress(queue.Empty):
                return slot.get_nowait()

    with Mailslot(name, access="everyone") as slot:
        for wait in (slot.get, by_select, lambda: asyncio.run(slot.get_async())):
            child = os.fork()
            if child == 0:
                try:
                    os.setgid(STRANGER)
                    os.setuid(STRANGER)
                    Writer(name).put("hello")
                finally:
                    os._exit(0)
            assert wait() == b"hello"
            assert os.waitpid(child, 0)[1] == 0


def test_strangers_learn_no_counts(name: str) -> None:
    import mailslot

    with Mailslot(name):
        assert as_stranger(lambda: (mailslot.status(name).messages, mailslot.status(name).uid)) == "(None, 0)"
