"""Waiting for a slot in event loops of asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import os

from mailslot import _native


class Readiness:
    """The tasks that wait for a slot to have a message, by their event loops."""

    def __init__(self, slot: _native.Slot) -> None:
        self._slot = slot
        self._waiting: dict[asyncio.AbstractEventLoop, tuple[int, list[asyncio.Future[None]]]] = {}

    async def wait(self) -> None:
        """Waits until there may be a message, or the slot is closed. The caller has just found none."""
        loop = asyncio.get_running_loop()
        if loop not in self._waiting:
            self._forget_closed_loops()
            descriptor = self._slot.duplicate()
            try:
                loop.add_reader(descriptor, self._wake, loop)
            except BaseException:
                os.close(descriptor)
                raise
            self._waiting[loop] = descriptor, []
        waiters = self._waiting[loop][1]
        waiter: asyncio.Future[None] = loop.create_future()
        waiters.append(waiter)
        if self._slot.closed:
            # Closed by another thread, which may have looked for waiters before this one was added.
            self._wake(loop)
        try:
            await waiter
        except (asyncio.CancelledError, GeneratorExit):
            # The latter if the loop was closed before the task ended. No wake-up is lost: a message wakes the remaining
            # waiters as before.
            if waiter in waiters:
                waiters.remove(waiter)
            if not waiters:
                self._wake(loop)
            raise

    def wake_all(self) -> None:
        """Wakes all waiters, because the slot is closed. Loops of other threads do so in their next turn."""
        self._forget_closed_loops()
        here = None
        with contextlib.suppress(RuntimeError):
            here = asyncio.get_running_loop()
        for loop in list(self._waiting):
            if loop is here:
                self._wake(loop)
                continue
            try:
                loop.call_soon_threadsafe(self._wake, loop)
            except RuntimeError:
                # The loop has just been closed.
                self._wake(loop)

    def _forget_closed_loops(self) -> None:
        # Their tasks would do that when they end, but live as long as their waiters here.
        for loop in list(self._waiting):
            if loop.is_closed():
                self._wake(loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        # Wakes all: once one has taken a message, the descriptor need not become ready for the messages left in the
        # slot.
        descriptor, waiters = self._waiting.pop(loop, (None, []))
        if descriptor is None:
            return
        if loop.is_closed():
            os.close(descriptor)
            return
        loop.remove_reader(descriptor)
        os.close(descriptor)
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
