"""One loop for several slots and anything else that has a descriptor: `python poll_loop.py`."""

import queue
import selectors
import threading
from collections.abc import Iterator

from mailslot import Mailslot, Writer


def main() -> None:
    with Mailslot("example-poll-alerts") as alerts, Mailslot("example-poll-commands") as commands:
        threading.Thread(target=produce).start()
        selector = selectors.DefaultSelector()
        for slot in (alerts, commands):
            selector.register(slot, selectors.EVENT_READ)
        running = True
        while running:
            for key, _ in selector.select():
                for message in waiting(key.fileobj):
                    print(key.fileobj.name, message.decode())
                    running = running and message != b"quit"


def waiting(slot: Mailslot[bytes]) -> Iterator[bytes]:
    """All messages that are there. What somebody leaves does not make the descriptor ready once more."""
    while True:
        try:
            yield slot.get_nowait()
        except queue.Empty:
            return


def produce() -> None:
    with Writer("example-poll-alerts") as alerts, Writer("example-poll-commands") as commands:
        alerts.put("boiler 3: over pressure")
        alerts.put("boiler 3: fine")
        commands.put("quit")


if __name__ == "__main__":
    main()
