"""The writing end."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, TypeVar, Union, overload

from mailslot import _native
from mailslot._values import Message, Receipt

T = TypeVar("T")

Data = Union[bytes, bytearray, memoryview, str]
"""The types of a message without a serialiser. Text is written in UTF-8."""


class Writer(Generic[T]):
    r"""The writing end of a slot.

    >>> from mailslot import Mailslot, Writer
    >>> import json
    >>> with Mailslot("doc-doors", loads=json.loads) as slot, Writer("doc-doors", dumps=json.dumps) as writer:
    ...     writer.put({"door": 2, "open": True})
    ...     slot.get()
    {'door': 2, 'open': True}

    ``address`` is ``alerts`` for a slot of this machine, ``\\SRV2\mailslot\alerts`` or ``//SRV2/mailslot/alerts`` for
    one of another computer, ``\\PLANT\mailslot\alerts`` for those of a whole domain. A writer belongs to the slot that
    it was opened for, and does not keep it alive. Any thread may write.

    ``timeout`` is how many seconds to wait until a slot of this machine exists; ``None`` is without limit. It does not
    apply to slots of other machines.

    ``dumps`` converts the argument of ``put`` to bytes or text, such as ``json.dumps``. The first message of a writer
    may be written before a slot of another machine has been discovered: see :meth:`wait_for_receivers`.

    A writer passed to a spawned process of ``multiprocessing`` opens the address again there; a forked process
    continues with the inherited writer.

    :raises SlotNotFoundError: if no such slot lives on this machine, or none was created in time
    :raises NotAllowedError: if its owner does not let this user write
    :raises NetworkError: if the address is on the network, and there is no way to it
    :raises InvalidNameError: if ``address`` is not a mailslot's name
    :raises MailslotError: if the system refuses something else, such as one more descriptor

    Writing raises

    - ``queue.Full`` if there is no room, or none became free in time
    - ``PartialWriteError`` if some members of the slot have the message and others had no room in time
    - ``ClosedError`` if the slot is gone
    - ``MessageTooLargeError`` if the message is larger than the slot, or the network, accepts
    - ``ValueError`` if this object is closed
    - ``MailslotError`` if the system has no memory for the message, or a process was stopped during a write
    """

    __slots__ = ("__weakref__", "_dumps", "_writer")

    _writer: _native.Writer
    _dumps: Callable[[T], Data] | None

    @overload
    def __init__(self: Writer[Data], address: str, *, timeout: float | None = 0, dumps: None = None) -> None: ...
    @overload
    def __init__(self, address: str, *, timeout: float | None = 0, dumps: Callable[[T], Data]) -> None: ...
    def __init__(
        self, address: str, *, timeout: float | None = 0, dumps: Callable[[T], Data] | None = None
    ) -> None:
        self._writer = _native.Writer(address, timeout)
        self._dumps = dumps

    @property
    def address(self) -> str:
        """The address that the writer was opened for."""
        return self._writer.address

    @property
    def closed(self) -> bool:
        """Whether this object is closed."""
        return self._writer.closed

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        """Writes one message: once this returns, it is in the slot.

        While the slot is full this waits ``timeout`` seconds, or without limit; not at all if ``block`` is false. Other
        threads run meanwhile, and a signal whose handler raises ends the wait within a tenth of a second; nothing is
        written then, except to those members of the slot that had room.

        A message for other machines is passed to the network node of this one, and may not arrive.
        """
        self._writer.write(self._dumped(item), timeout if block else 0.0)

    def put_nowait(self, item: T) -> None:
        """Writes one message if there is room: ``put(item, block=False)``."""
        self._writer.write(self._dumped(item), 0.0)

    async def put_async(self, item: T) -> None:
        """Writes one message, waiting for room in the running event loop of asyncio. If it is cancelled, nothing is
        written, except to those members of the slot that had room.

        No descriptor reports room to an event loop, so this tries again after a millisecond, two, four, up to 64.
        """
        data = self._dumped(item)
        pause = 0.001
        progress = _native.Progress()
        while True:
            try:
                return self._writer.write_more(data, progress)
            except queue.Full:
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.064)

    def put_confirmed(self, item: T, timeout: float) -> list[Receipt]:
        """Writes one message, and returns a receipt from each computer that receives at the address.

        Waits ``timeout`` seconds for them, and a minute at most; a computer that has not answered by then is
        ``Outcome.SILENT``. The list is empty if no computer receives. A signal is handled once this returns.

        Works for slots of this machine, and in domains made with ``mailslot domain``; in other networks it raises a
        ``NetworkError``.

        >>> with Mailslot("doc-confirmed") as slot, Writer("doc-confirmed") as writer:
        ...     [receipt.outcome for receipt in writer.put_confirmed("all out", timeout=5)]
        [<Outcome.DELIVERED: 'delivered'>]
        """
        return self._writer.write_confirmed(self._dumped(item), timeout)

    def request(self, item: T, timeout: float | None = None) -> Message[bytes]:
        """Writes a message that asks for a reply, and returns its reader's reply (:meth:`Message.reply`).

        ``timeout`` limits both waits together: for room in the slot (``queue.Full``), and for the reply
        (``queue.Empty``). Raises ``ClosedError`` if the owner closes the slot or dies without a reply. A reply is
        accepted only if the system confirms that a process of the slot's user wrote it, or in a domain made with
        ``mailslot domain`` if a holder of its key has sealed it. In other networks, this raises a ``NetworkError``.
        Without memory for the reply, it raises a ``MemoryError``, and the reply is lost. Any number of threads may ask
        at once.

        >>> import threading
        >>> with Mailslot("doc-request") as slot, Writer("doc-request") as writer:
        ...     serving = threading.Thread(target=lambda: slot.receive().reply("pong"))
        ...     serving.start()
        ...     reply = writer.request("ping", timeout=10)
        ...     serving.join()
        >>> reply.data
        b'pong'
        """
        return Message(*self._writer.request(self._dumped(item), timeout))

    def wait_for_receivers(self, at_least: int = 1, timeout: float | None = None) -> int:
        """Waits until at least ``at_least`` slots receive at the address, or ``timeout`` has passed, and returns how
        many do.

        A slot of this machine is one, or as many as it has members. In networks other than domains made with
        ``mailslot domain``, this raises a ``NetworkError``.
        """
        return self._writer.wait_for_receivers(at_least, timeout)

    def slot_is_gone(self) -> bool:
        """Whether the slot's owner has closed it or died. Then every write raises ``ClosedError``."""
        return self._writer.slot_is_gone()

    def close(self) -> None:
        """Closes the writer, not the slot. Closing again does nothing."""
        self._writer.close()

    def __enter__(self) -> Writer[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., Writer[T]], tuple[Any, ...]]:
        return _opened, (type(self), self.address, self._dumps)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.address!r}{' (closed)' if self.closed else ''}>"

    def _dumped(self, item: T) -> Data:
        # Without `dumps`, T is Data.
        return item if self._dumps is None else self._dumps(item)  # type: ignore[return-value]


def _opened(writer: type[Writer[T]], address: str, dumps: Callable[[T], Data] | None) -> Writer[T]:
    return writer(address) if dumps is None else writer(address, dumps=dumps)  # type: ignore[return-value]
