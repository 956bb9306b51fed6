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

# After this many messages in a row the event loop runs: messages may arrive faster than they are processed.
_IN_A_ROW = 64


class Mailslot(Generic[T]):
    r"""The reading end of a slot, which owns it: the slot lives until this is closed, or the process ends in any way.

    >>> from mailslot import Mailslot, Writer
    >>> with Mailslot("doc-alerts") as slot, Writer("doc-alerts") as writer:
    ...     writer.put("boiler 3: over pressure")
    ...     slot.get()
    b'boiler 3: over pressure'

    ``name`` is ``alerts``, ``plant/line1`` or ``\\.\mailslot\alerts``; letter case does not count. Any thread may read;
    each message goes to one thread.

    ``capacity``
        Bytes that unread messages may take together, from 4 KiB to 64 GiB, rounded up to a power of two. Each message
        takes its size, rounded up to a multiple of 8, and 24 more.
    ``max_message_size``
        Bytes of the largest message; 0 is any size that the capacity allows.
    ``access``
        Who may write, besides this user and the superuser: ``"owner"`` for nobody else, ``"everyone"`` for every user
        of the machine, ``Group(gid)`` for a group, ``Users((uid, ...))`` for some users.
    ``network``
        Whether other machines may write, through the network node of this one.
    ``inheritable``
        Whether child processes made with ``os.fork`` may read as well: each message goes to one of the processes.
        Without it, a forked child gets a ``MailslotError``, and the slot ends with this process. Spawned child
        processes of ``multiprocessing`` can get a slot as an argument with either value. (Only Rust and C can pass
        slots to other programs.)
    ``stamp``
        Whether each message carries the time at which it was written, which :meth:`receive` returns.
    ``sharing``
        ``"each"``: other processes of the user may create the slot as well, with ``"each"``. Each of these *members*
        gets every message, and has its own capacity. With ``"one"`` a name has one slot.
    ``when_full``
        What to do with a message without room: with ``"refuse"`` the write fails, or waits; with ``"drop-oldest"`` the
        message displaces the oldest ones, and ``Message.lost_before`` is the number that the reader lost.
    ``taps``
        Whether processes of this user may :meth:`tap` the slot.
    ``loads``
        Converts the bytes of a message to the object that ``get`` returns, such as ``json.loads``. **Do not** use
        ``pickle.loads`` if others may write: the writer of a pickle runs code in this process, and
        ``access="everyone"``, a group, other users or ``network=True`` let others write. If ``loads`` fails, ``get``
        raises its exception, and the message is lost.

    :raises SlotExistsError: if a slot of this name lives on this machine, whoever its owner is
    :raises InvalidNameError: if ``name`` is not a local slot's name
    :raises ValueError: if an option is out of its range
    :raises MailslotError: if the system refuses something else, such as one more descriptor

    Reading raises

    - ``queue.Empty`` if there is no message, or none arrived in time
    - ``ValueError`` if this object is closed
    - ``ClosedError`` if the slot's directory was removed
    - ``MemoryError`` if there is no memory for the message, which then remains the next one
    - ``MailslotError`` in a forked child, unless the slot is inheritable; if another process of this user has damaged
      the slot's memory; or if the system is out of descriptors
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
        """Taps a slot of this user, or for the superuser of any user, that was created with ``taps=True``: messages
        written to it from now on can be read here as well.

        A tap never makes a write fail or wait. A message for which it has no room displaces the oldest that it has not
        read, and ``Message.lost_before`` is the number lost. ``capacity`` is used if it is larger than that of the
        slot. When the slot has ended, reading past the last message raises a ``ClosedError``, at most ten seconds later
        if the owner was killed.

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
        """Takes the next message, waiting ``timeout`` seconds for it, or without limit; not at all if ``block`` is
        false.

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
        """Takes the next message like :meth:`get`, and returns it with its origin.

        >>> with Mailslot("doc-receive") as slot, Writer("doc-receive") as writer:
        ...     writer.put("hello")
        ...     message = slot.receive()
        >>> message.data, message.origin.pid == os.getpid()
        (b'hello', True)
        """
        data, origin, time, lost_before, reply_to = self._slot.receive_message(timeout if block else 0.0)
        return Message(self._loaded(data), origin, time, lost_before, reply_to)

    async def get_async(self) -> T:
        """Takes the next message, waiting for it in the running event loop of asyncio.

        Any number of tasks may wait. Cancelling one loses nothing: a message leaves the slot only when this returns it,
        so ``asyncio.wait_for(slot.get_async(), 1)`` is safe.

        >>> async def main():
        ...     with Mailslot("doc-async") as slot, Writer("doc-async") as writer:
        ...         writer.put("hello")
        ...         return await slot.get_async()
        >>> asyncio.run(main())
        b'hello'
        """
        return self._loaded(await self._next(self._slot.receive))

    async def receive_async(self) -> Message[T]:
        """Takes the next message like :meth:`get_async`, and returns it with its origin."""
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
        """Whether there is no message now. One may arrive at any moment."""
        return self._slot.count() == 0

    def qsize(self) -> int:
        """How many messages there are now."""
        return self._slot.count()

    def fileno(self) -> int:
        """A descriptor for ``select``, ``selectors``, trio and others, which belongs to the slot.

        It is readable when there *may* be a message. When it is, call :meth:`get_nowait` until it raises
        ``queue.Empty``, and only then wait again: messages left in the slot do not make it readable again. Never read
        from the descriptor itself.
        """
        return self._slot.fileno()

    def close(self) -> None:
        """Closes the slot; unread messages are lost (see :meth:`finish`), and the name is free. Closing again does
        nothing.

        A ``get`` that waits in another thread or task raises ``ValueError``; a ``for`` over the slot ends.
        """
        self._slot.close()
        self._readiness.wake_all()

    def finish(self) -> Iterator[T]:
        """Closes the slot, and returns an iterator over the accepted messages that were not read.

        Reading until the slot is empty and then closing it would lose messages accepted in between. If other processes
        own the slot as well, it lives on with its messages, and the iterator is empty. If there is no memory for the
        messages, this raises a ``MemoryError``, and calling it again returns those for which there was memory.

        >>> with Mailslot("doc-finish") as slot, Writer("doc-finish") as writer:
        ...     writer.put("last")
        ...     list(slot.finish())
        [b'last']
        """
        try:
            rest = self._slot.finish()
        finally:
            self._readiness.wake_all()
        return map(self._loaded, rest)

    def __enter__(self) -> Mailslot[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Mailslot[T]:
        """The messages as they arrive, until the slot is closed."""
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
        """The messages as they arrive, until the slot is closed."""
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
        # Imported only when needed: it takes longer to import than this package.
        from multiprocessing import context, reduction

        # As queues of multiprocessing do: descriptors cannot be pickled to a file.
        context.assert_spawning(self)
        handles = [reduction.DupFd(handle) for handle in self._slot.handles()]
        return _received, (type(self), handles, self._loads)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}{' (closed)' if self.closed else ''}>"

    def _loaded(self, data: bytes) -> T:
        # Without `loads`, T is bytes.
        return data if self._loads is None else self._loads(data)  # type: ignore[return-value]


def _received(slot: type[Mailslot[T]], handles: list[Any], loads: Callable[[bytes], T] | None) -> Mailslot[T]:
    """A slot that another process has passed on."""
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
