"""What is told about messages and slots."""

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
"""Who may write to a slot, besides its owner and the superuser: nobody, every user of the machine, a group, or some users."""


@dataclass(frozen=True)
class LocalOrigin:
    """A process of this machine.

    ``attested`` says whether the kernel vouches for the three numbers, as it does for writers of other users. Writers of the
    slot's own user record them themselves, and so could record anything.
    """

    pid: int
    """As this process sees it, 0 if it does not."""
    uid: int
    gid: int
    attested: bool


@dataclass(frozen=True)
class NetworkOrigin:
    """Another machine, as the network node of this one says.

    Unless the message is ``authenticated``, everything here was chosen by its sender.
    """

    computer: str
    """By its own account."""
    domain: str | None
    """What the message was sent to, or ``None`` if that was this computer alone."""
    address: IPv4Address | IPv6Address | None
    """``None`` where the network does not tell, as in modern domains."""
    authenticated: bool
    """Whether cryptography proves that a holder of the domain's key sent it."""


Origin = Union[LocalOrigin, NetworkOrigin, None]
"""Who wrote a message: ``None`` if the system does not tell."""


@dataclass(frozen=True)
class Message(Generic[T]):
    """A message, and who wrote it."""

    data: T
    origin: Origin
    time: datetime | None = None
    """When it was written, by its writer's account; of slots with ``stamp=True``."""
    lost_before: int = 0
    """How many messages were lost after the one that was read before this one: of slots that drop the oldest, and of taps."""
    _reply_to: tuple[int, bytes] | None = field(default=None, repr=False, compare=False)

    @property
    def is_request(self) -> bool:
        """Whether its writer waits for a reply."""
        return self._reply_to is not None

    def reply(self, data: bytes | bytearray | memoryview | str) -> None:
        """Replies to a request. Never waits. The slot must still be open, or the asker does not believe it.

        :raises ValueError: if the message is no request
        :raises ClosedError: if nobody waits for the reply any more
        :raises MessageTooLargeError: if it is larger than the asker has room for, 16 MiB
        """
        from mailslot import _native

        if self._reply_to is None:
            raise ValueError("the message is no request: nobody waits for a reply to it")
        _native.reply(*self._reply_to, data)


class Outcome(enum.Enum):
    """What became of a message at one computer."""

    DELIVERED = "delivered"
    """It is in the slot."""
    NO_SLOT = "no such slot"
    """There is none, or it is not open to the network."""
    FULL = "full"
    REFUSED = "refused"
    """The computer does not take the message: its node may not write to the slot."""
    TOO_LARGE = "too large"
    SILENT = "silent"
    """Nothing was heard in time. The message may be in the slot all the same."""


@dataclass(frozen=True)
class Receipt:
    """What one computer says about a confirmed write."""

    computer: str
    outcome: Outcome


@dataclass(frozen=True)
class Statistics:
    """What happened to a slot since it was created."""

    written: int
    """Messages accepted."""
    read: int
    """Messages taken out."""
    bytes_written: int
    bytes_read: int
    refused_full: int
    """Writes refused for want of room. A ``put`` that waits counts about ten times a second."""
    refused_too_large: int
    high_water: int
    """Most bytes ever waiting at once, overhead included; 0 if that never was more than 4 KiB."""
    lost: int
    """Messages accepted that made room for later ones, unread."""


@dataclass(frozen=True)
class SlotStatus:
    """A living slot of this machine. What the system does not tell is ``None``."""

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
    """How many wait to be read: the owner's user and the superuser may know."""
    statistics: Statistics | None
    """The same may know this."""
    members: int
    """How many times it was created and is read: more than one only with ``sharing="each"``. What else is here is of the oldest one."""
    taps: int
    """How often it is tapped."""
