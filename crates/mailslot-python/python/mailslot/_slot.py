"""The reading end."""

from __future__ import annotations

import asyncio
import os
import queue
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Literal, TypeVar, overload

from mailslot import _native
from mailslot._readiness import Readiness
from mailslot._values import Access, Group, Message, Users

R = TypeVar("R")
T = TypeVar("T")
U = TypeVar("U")

# So many messages in a row, and an event loop has its turn: they may come faster than they are worked off.
_IN_A_ROW = 64


class Mailslot(Generic[T]):
    r"""The reading end of a slot, and its owner: it lives until this is closed, or the process ends in whatever way.

    >>> from mailslot import Mailslot, Writer
    >>> with Mailslot("doc-alerts") as slot, Writer("doc-alerts") as writer:
    ...     writer.put("boiler 3: over pressure")
    ...     slot.get()
    b'boiler 3: over pressure'

    ``name`` is ``alerts``, ``plant/line1`` or ``\\.\mailslot\alerts``; letter case does not count. Any thread may read; each
    message goes to one of them.

    ``capacity``
        Bytes that unread messages may take together, from 4 KiB to 64 GiB, rounded up to a power of two. Each message takes its
        own, rounded up to a multiple of 8, and 24 more.
    ``max_message_size``
        Bytes of the largest message; 0 is any size that the capacity allows.
    ``access``
        Who may write, besides this user and the superuser: ``"owner"`` is nobody, ``"everyone"`` every user of the machine,
        ``Group(gid)`` a group, ``Users((uid, ...))`` some users.
    ``network``
        Whether other machines may write, through the network node of this one.
    ``inheritable``
        Whether child processes made with ``os.fork`` may read, too: each message goes to one of the processes. Without it, a
        forked child gets a ``MailslotError`` and the slot ends with this process. Child processes of ``multiprocessing`` that are
        spawned get a slot as an argument, whatever this says. (What other programs inherit is for Rust and C.)
    ``stamp``
        Whether each message has the time at which it was written, which :meth:`receive` tells.
    ``sharing``
        ``"each"``: whoever of the same user creates the slot as well, with ``"each"``, is one of its *members*. All of them get every
        message; each has a capacity of its own. With ``"one"`` a name has one slot.
    ``when_full``
        What becomes of a message without room: ``"refuse"`` has the write fail, or wait; ``"drop-oldest"`` lets it take the place of the
        oldest ones, and ``Message.lost_before`` tells the reader how many it lost.
    ``taps``
        Whether processes of this user may :meth:`tap` the slot.
    ``loads``
        What makes of the bytes of a message what ``get`` returns, such as ``json.loads``. **Do not** give ``pickle.loads`` where
        others may write: whoever writes a pickle runs code in this process, and ``access="everyone"``, a group, other users or
        ``network=True`` let others write. A message that ``loads`` fails for is out of the slot; the exception is what ``get``
        raises.

    :raises SlotExistsError: if a slot of this name lives on this machine, whoever owns it
    :raises InvalidNameError: if ``name`` is not a local slot's name
    :raises ValueError: if an option is out of its range
    :raises MailslotError: if the system refuses something else, such as one more descriptor

    Reading raises

    - ``queue.Empty`` if there is no message, or none came in time
    - ``ValueError`` if this object is closed
    - ``ClosedError`` if somebody has removed the slot's directory
    - ``MailslotError`` in a forked child, unless the slot is inheritable; if another process of this user has damaged the slot's
      memory; or if the system is out of descriptors
    """

    __slots__ = ("__weakref__", "_in_a_row", "_loads", "_readiness", "_slot")

    _slot: _native.Slot
    _loads: Callable[[bytes], T] | None
    _readiness: Readiness
    _in_a_row: int

    @overload
    def __init__(
        self: Mailslot[bytes],
        name: str,
        *,
        capacity: int = ...,
        max_message_size: int = ...,
        access: Access = ...,
        network: bool = ...,
        inheritable: bool = ...,
        stamp: bool = ...,
        sharing: Literal["one", "each"] = ...,
        when_full: Literal["refuse", "drop-oldest"] = ...,
        taps: bool = ...,
        loads: None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        name: str,
        *,
        capacity: int = ...,
        max_message_size: int = ...,
        access: Access = ...,
        network: bool = ...,
        inheritable: bool = ...,
        stamp: bool = ...,
        sharing: Literal["one", "each"] = ...,
        when_full: Literal["refuse", "drop-oldest"] = ...,
        taps: bool = ...,
        loads: Callable[[bytes], T],
    ) -> None: ...
    def __init__(
        self,
        name: str,
        *,
        capacity: int = 16 << 20,
        max_message_size: int = 0,
        access: Access = "owner",
        network: bool = False,
        inheritable: bool = False,
        stamp: bool = False,
        sharing: Literal["one", "each"] = "one",
        when_full: Literal["refuse", "drop-oldest"] = "refuse",
        taps: bool = False,
        loads: Callable[[bytes], T] | None = None,
    ) -> None:
        who = _access(access)
        native = _native.Slot(
            name, capacity, max_message_size, who, network, inheritable, stamp, sharing, when_full, taps
        )
        self._set(native, loads)

    @overload
    @classmethod
    def tap(cls, name: str, *, capacity: int = ..., loads: None = None) -> Mailslot[bytes]: ...
    @overload
    @classmethod
    def tap(cls, name: str, *, capacity: int = ..., loads: Callable[[bytes], U]) -> Mailslot[U]: ...
    @classmethod
    def tap(
        cls, name: str, *, capacity: int = 16 << 20, loads: Callable[[bytes], Any] | None = None
    ) -> Mailslot[Any]:
        """Taps a slot of this user, or for the superuser of any, that was created with ``taps=True``: what is written to it from now on
        can be read here as well.

        A tap never makes a write fail or wait. What it has no room for displaces the oldest that it has not read, and
        ``Message.lost_before`` tells how many were lost. ``capacity`` counts if it is larger than that of the slot. When the slot has
        ended, reading to the end raises a ``ClosedError``, ten seconds later at most if its owner was killed.

        >>> with Mailslot("doc-tap", taps=True) as slot, Mailslot.tap("doc-tap") as tap, Writer("doc-tap") as writer:
        ...     writer.put("hello")
        ...     tap.get(), slot.get()
        (b'hello', b'hello')

        :raises NotAllowedError: if the slot does not allow taps, or is another user's
        :raises SlotNotFoundError: if no such slot lives
        """
        made: Mailslot[Any] = cls.__new__(cls)
        made._set(_native.Slot.tap(name, capacity), loads)
        return made

    def _set(self, native: _native.Slot, loads: Callable[[bytes], T] | None) -> None:
        self._slot = native
        self._loads = loads
        self._readiness = Readiness(native)
        self._in_a_row = 0

    @property
    def name(self) -> str:
        """The slot's name."""
        return self._slot.name

    @property
    def closed(self) -> bool:
        """Whether this object is closed."""
        return self._slot.closed

    def get(self, block: bool = True, timeout: float | None = None) -> T:
        """Takes the next message, waiting ``timeout`` seconds for it, or for ever; not at all if ``block`` is false.

        Other threads run meanwhile, and a signal whose handler raises, such as Ctrl-C, ends the wait.

        >>> with Mailslot("doc-get") as slot:
        ...     slot.get(timeout=0.01)
        Traceback (most recent call last):
        ...
        _queue.Empty
        """
        return self._loaded(self._slot.receive(timeout if block else 0.0))

    def get_nowait(self) -> T:
        """Takes the next message if there is one: ``get(block=False)``."""
        return self._loaded(self._slot.receive(0.0))

    def receive(self, block: bool = True, timeout: float | None = None) -> Message[T]:
        """Takes the next message as :meth:`get` does, and tells who wrote it.

        >>> with Mailslot("doc-receive") as slot, Writer("doc-receive") as writer:
        ...     writer.put("hello")
        ...     message = slot.receive()
        >>> message.data, message.origin.pid == os.getpid()
        (b'hello', True)
        """
        data, origin, time, lost_before, reply_to = self._slot.receive_message(timeout if block else 0.0)
        return Message(self._loaded(data), origin, time, lost_before, reply_to)

    async def get_async(self) -> T:
        """Takes the next message, for which this waits in the running event loop of asyncio.

        Any number of tasks may wait. Cancelling one loses nothing: a message leaves the slot only when this returns it, so
        ``asyncio.wait_for(slot.get_async(), 1)`` is safe.

        >>> async def main():
        ...     with Mailslot("doc-async") as slot, Writer("doc-async") as writer:
        ...         writer.put("hello")
        ...         return await slot.get_async()
        >>> asyncio.run(main())
        b'hello'
        """
        return self._loaded(await self._next(self._slot.receive))

    async def receive_async(self) -> Message[T]:
        """Takes the next message as :meth:`get_async` does, and tells who wrote it."""
        data, origin, time, lost_before, reply_to = await self._next(self._slot.receive_message)
        return Message(self._loaded(data), origin, time, lost_before, reply_to)

    async def _next(self, receive: Callable[[float], R]) -> R:
        self._in_a_row += 1
        while True:
            if self._in_a_row > _IN_A_ROW:
                self._in_a_row = 0
                await asyncio.sleep(0)
            try:
                return receive(0.0)
            except queue.Empty:
                self._in_a_row = 0
            await self._readiness.wait()

    def empty(self) -> bool:
        """Whether there is no message now. One may come at any moment."""
        return self._slot.count() == 0

    def qsize(self) -> int:
        """How many messages there are now."""
        return self._slot.count()

    def fileno(self) -> int:
        """A descriptor for ``select``, ``selectors``, trio and others, which belongs to the slot.

        It is readable when there *may* be a message. Whoever was told so calls :meth:`get_nowait` until it raises
        ``queue.Empty``, and only then waits again: what is left in the slot does not make it readable once more. Nothing is ever
        read from the descriptor itself.
        """
        return self._slot.fileno()

    def close(self) -> None:
        """Closes the slot; unread messages are lost (see :meth:`finish`), and the name is free. Closing again does nothing.

        A ``get`` that waits in another thread, or another task, raises ``ValueError``; a ``for`` over the slot ends.
        """
        self._slot.close()
        self._readiness.wake_all()

    def finish(self) -> Iterator[T]:
        """Closes the slot, and returns an iterator over the messages that were accepted and nobody has read.

        To read until there is none and then close would lose what is accepted in between. Where other processes have the slot,
        too, it lives on with its messages, and there are none.

        >>> with Mailslot("doc-finish") as slot, Writer("doc-finish") as writer:
        ...     writer.put("last")
        ...     list(slot.finish())
        [b'last']
        """
        rest = self._slot.finish()
        self._readiness.wake_all()
        return map(self._loaded, rest)

    def __enter__(self) -> Mailslot[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Mailslot[T]:
        """The messages as they come, until the slot is closed."""
        return self

    def __next__(self) -> T:
        try:
            data = self._slot.receive(None)
        except ValueError:
            if self.closed:
                raise StopIteration from None
            raise
        return self._loaded(data)

    def __aiter__(self) -> Mailslot[T]:
        """The messages as they come, until the slot is closed."""
        return self

    async def __anext__(self) -> T:
        try:
            data = await self._next(self._slot.receive)
        except ValueError:
            if self.closed:
                raise StopAsyncIteration from None
            raise
        return self._loaded(data)

    def __reduce__(self) -> tuple[Callable[..., Mailslot[T]], tuple[Any, ...]]:
        # Not before it is needed: it takes longer to import than all of this.
        from multiprocessing import context, reduction

        # As queues of multiprocessing do: descriptors cannot be written into a file.
        context.assert_spawning(self)
        handles = [reduction.DupFd(handle) for handle in self._slot.handles()]
        return _received, (type(self), handles, self._loads)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}{' (closed)' if self.closed else ''}>"

    def _loaded(self, data: bytes) -> T:
        # Without `loads`, T is bytes.
        return data if self._loads is None else self._loads(data)  # type: ignore[return-value]


def _received(slot: type[Mailslot[T]], handles: list[Any], loads: Callable[[bytes], T] | None) -> Mailslot[T]:
    """The slot that another process has handed over."""
    received = [handle.detach() for handle in handles]
    try:
        native = _native.Slot.inherit(",".join(map(str, received)))
    finally:
        for handle in received:
            os.close(handle)
    made = slot.__new__(slot)
    made._set(native, loads)
    return made


def _access(access: Access) -> tuple[str, tuple[int, ...]]:
    if isinstance(access, Group):
        return "group", (access.gid,)
    if isinstance(access, Users):
        return "users", tuple(access.uids)
    return access, ()
