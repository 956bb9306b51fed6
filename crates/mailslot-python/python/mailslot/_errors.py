"""The exceptions."""

__all__ = [
    "ClosedError",
    "InvalidNameError",
    "MailslotError",
    "MessageTooLargeError",
    "NetworkError",
    "NotAllowedError",
    "PartialWriteError",
    "SlotExistsError",
    "SlotNotFoundError",
]


class MailslotError(OSError):
    """Something is wrong with a mailslot: ``errno`` has the system's number for it, ``strerror`` a sentence.

    A missing message is ``queue.Empty``, and missing room ``queue.Full``. An option out of its range is a
    ``ValueError``, and so is the use of an object that this program has closed.
    """

    # Users import the classes from `mailslot`.
    __module__ = "mailslot"


class SlotExistsError(MailslotError, FileExistsError):
    """A slot of this name lives already on this machine."""

    __module__ = "mailslot"


class SlotNotFoundError(MailslotError, FileNotFoundError):
    """No slot of this name lives on this machine."""

    __module__ = "mailslot"


class NotAllowedError(MailslotError, PermissionError):
    """The slot's owner does not let this user write, or tap it."""

    __module__ = "mailslot"


class PartialWriteError(MailslotError):
    """Some members of a slot have the message, and others had no room. Written again, it would reach the former twice.
    """

    __module__ = "mailslot"

    delivered: int
    """Members that have it."""
    members: int
    """Members that were to have it."""

    def __init__(self, number: int, text: str, delivered: int = 0, members: int = 0) -> None:
        super().__init__(number, text)
        self.delivered = delivered
        self.members = members


class ClosedError(MailslotError, BrokenPipeError):
    """The slot is gone: its owner closed it or died. A later slot of the same name is another one."""

    __module__ = "mailslot"


class InvalidNameError(MailslotError, ValueError):
    """The text is not a mailslot's name."""

    __module__ = "mailslot"


class MessageTooLargeError(MailslotError):
    """The message is larger than the slot accepts, or than the network carries."""

    __module__ = "mailslot"


class NetworkError(MailslotError):
    """The address is on the network, and there is no way to it, or the network does not report receivers."""

    __module__ = "mailslot"
