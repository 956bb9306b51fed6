"""Named queues of whole messages between the processes of a machine: mailslots.

One process creates a slot and reads; every process that knows its name writes. There is no server and no connection,
messages keep their boundaries, and any process may be killed at any instant.

>>> import mailslot
>>> with mailslot.Mailslot("doc-package") as slot:        # one process
...     with mailslot.Writer("doc-package") as writer:    # any other one
...         writer.put("boiler 3: over pressure")
...     slot.get(timeout=1)
b'boiler 3: over pressure'
"""

from mailslot._errors import (
    ClosedError,
    InvalidNameError,
    MailslotError,
    MessageTooLargeError,
    NetworkError,
    NotAllowedError,
    PartialWriteError,
    SlotExistsError,
    SlotNotFoundError,
)
from mailslot._native import list_slots, status
from mailslot._slot import Mailslot
from mailslot._values import (
    Access,
    Group,
    LocalOrigin,
    Message,
    NetworkOrigin,
    Origin,
    Outcome,
    Receipt,
    SlotStatus,
    Statistics,
    Users,
)
from mailslot._writer import Data, Writer

__all__ = [
    "Access",
    "ClosedError",
    "Data",
    "Group",
    "InvalidNameError",
    "LocalOrigin",
    "Mailslot",
    "MailslotError",
    "Message",
    "MessageTooLargeError",
    "NetworkError",
    "NetworkOrigin",
    "NotAllowedError",
    "Origin",
    "Outcome",
    "PartialWriteError",
    "Receipt",
    "SlotExistsError",
    "SlotNotFoundError",
    "SlotStatus",
    "Statistics",
    "Users",
    "Writer",
    "list_slots",
    "status",
]
