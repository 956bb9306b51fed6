"""Values that describe messages and slots."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Generic, Literal, TypeVar, Union

T = TypeVar("T")

__all__ = [
    "Access",
    "Group",
    "LocalOrigin",
    "Message",
    "NetworkOrigin",
    "Origin",
    "Outcome",
    "Receipt",
    "SlotStatus",
    "Statistics",
    "Users",
]


@dataclass(frozen=True)
class Group:
    """Who may write: the members of the group with this id. The slot's creator must be one, or privileged."""

    gid: int


@dataclass(frozen=True)
class Users:
    """Who may write: the users with these ids, 256 at most."""

    uids: tuple[int, ...]


Access = Union[Literal["owner", "everyone"], Group, Users]
"""Who may write to a slot, besides its owner's user and the superuser: nobody, every user of the machine, a group, or
some users.
"""


@dataclass(frozen=True)
class LocalOrigin:
    """A process of this machine.

    ``attested`` says whether the kernel vouches for the three numbers, as it does for writers of other users. Writers
    of the slot's user record them themselves, and could record anything.
    """

    pid: int
    """In this process's pid namespace; 0 if it is not visible there."""
    uid: int
    gid: int
    attested: bool


@dataclass(frozen=True)
class NetworkOrigin:
    """Another machine, by the account of this machine's network node.

    Unless the message is ``authenticated``, its sender chose everything here.
    """

    computer: str
    """By its own account."""
    domain: str | None
    """The domain that the message was sent to, or ``None`` if it was sent to this computer alone."""
    address: IPv4Address | IPv6Address | None
    """``None`` if the network does not report it, as in modern domains."""
    authenticated: bool
    """Whether cryptography proves that a holder of the domain's key sent it."""


Origin = Union[LocalOrigin, NetworkOrigin, None]
"""Who wrote a message: ``None`` if that is not known."""


@dataclass(frozen=True)
class Message(Generic[T]):
    """A message and its origin."""

    data: T
    origin: Origin
    time: datetime | None = None
    """When it was written, by its writer's account, in slots with ``stamp=True``."""
    lost_before: int = 0
    """Messages lost between the previous read and this one, in slots that drop the oldest, and in taps."""
    _reply_to: tuple[int, bytes] | None = field(default=None, repr=False, compare=False)

    @property
    def is_request(self) -> bool:
        """Whether its writer waits for a reply."""
        return self._reply_to is not None

    def reply(self, data: bytes | bytearray | memoryview | str) -> None:
        """Replies to a request. Never waits. The slot must still be open, or the asker does not accept the reply.

        :raises ValueError: if the message is not a request
        :raises ClosedError: if the asker no longer waits for the reply
        :raises MessageTooLargeError: if it is larger than the 16 MiB for which the asker has room
        """
        from mailslot import _native

        if self._reply_to is None:
            raise ValueError("the message is not a request: no writer waits for a reply")
        _native.reply(*self._reply_to, data)


class Outcome(enum.Enum):
    """The outcome of a message at one computer."""

    DELIVERED = "delivered"
    """It is in the slot."""
    NO_SLOT = "no such slot"
    """There is no such slot, or it is not open to the network."""
    FULL = "full"
    REFUSED = "refused"
    """The computer does not accept the message: its node may not write to the slot."""
    TOO_LARGE = "too large"
    SILENT = "silent"
    """No answer in time. The message may be in the slot nevertheless."""


@dataclass(frozen=True)
class Receipt:
    """The receipt of one computer for a confirmed write."""

    computer: str
    outcome: Outcome


@dataclass(frozen=True)
class Statistics:
    """Counters of a slot since it was created."""

    written: int
    """Messages accepted."""
    read: int
    """Messages taken out."""
    bytes_written: int
    bytes_read: int
    refused_full: int
    """Writes refused for lack of room. A ``put`` that waits counts about ten times a second."""
    refused_too_large: int
    high_water: int
    """Most bytes of unread messages at once, overhead included; 0 if that never exceeded 4 KiB."""
    lost: int
    """Messages accepted and then displaced, unread, by later ones."""


@dataclass(frozen=True)
class SlotStatus:
    """A living slot of this machine. Unknown values are ``None``."""

    name: str
    pid: int | None
    """The process that created it."""
    uid: int | None
    """Its owner."""
    access: Access | None
    network: bool | None
    """Whether other machines may write."""
    max_message_size: int | None
    """Bytes of the largest message; 0 is any size."""
    capacity: int | None
    """Bytes that unread messages may take together."""
    created: datetime | None
    """In UTC."""
    messages: int | None
    """Unread messages, for the owner's user and the superuser."""
    statistics: Statistics | None
    """For the owner's user and the superuser."""
    members: int
    """The number of members: more than one only with ``sharing="each"``. The other values are of the oldest member."""
    taps: int
    """The number of taps."""
