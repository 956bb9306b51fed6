"""Reads messages in a slot of a given kind, in every way, first without memory for them.

    scarce.py NAME KIND

Says "read" if nothing was lost.
"""

import asyncio
import gc
import os
import resource
import sys

from mailslot import Mailslot, Writer

SIZES = [1 << 20, 5_000_003, (16 << 20) + 1]
KINDS = {
    "plain": {},
    "stamped": {"stamp": True},
    "inheritable": {"inheritable": True},
    "member": {"sharing": "each"},
    "drop_oldest": {"when_full": "drop-oldest"},
    "tap": {"taps": True},
    # Written when its reader waits already.
    "late": {},
}
WAYS = {
    "get": lambda slot: slot.get(),
    "get_nowait": lambda slot: slot.get_nowait(),
    "get in time": lambda slot: slot.get(timeout=3600),
    "receive": lambda slot: slot.receive().data,
    "for": lambda slot: next(iter(slot)),
    "get_async": lambda slot: loop.run_until_complete(awaited(slot.get_async())),
    "receive_async": lambda slot: loop.run_until_complete(awaited(slot.receive_async())).data,
    "async for": lambda slot: loop.run_until_complete(awaited(anext(slot))),
}

loop = asyncio.new_event_loop()


async def awaited(call):
    return await call


class Scarce:
    """Limits this process to a number of bytes more memory."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        # Nothing may become free meanwhile.
        gc.collect()
        gc.disable()
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[0])
        self.usual = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + self.size, self.usual[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_AS, self.usual)
        gc.enable()


def is_without_memory(call) -> bool:
    try:
        call()
    except MemoryError:
        return True
    return False


def read(name: str, kind: str, way: str, size: int) -> None:
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    # The owner of a tapped slot reads nothing.
    capacity = 1 << (3 * size).bit_length()
    owner = Mailslot(name, capacity=capacity, **KINDS[kind])
    slot = Mailslot.tap(name, capacity=capacity) if kind == "tap" else owner
    if kind == "late":
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writer)
            os.read(reader, 1)
            Writer(name).put_nowait(content)
            os._exit(0)
        os.close(reader)
    else:
        Writer(name).put_nowait(content)
    with Scarce(size // 2):
        if kind == "late":
            os.close(writer)
        assert is_without_memory(lambda: WAYS[way](slot)), "there was memory"
    assert slot.qsize() == 1
    assert WAYS[way](slot) == content
    assert slot.qsize() == 0
    Writer(name).put_nowait("next")
    Writer(name).put_nowait(content)
    # A slot that ends keeps what there is memory for, unless other processes may have it.
    if kind != "inheritable":
        with Scarce(size // 2):
            assert is_without_memory(slot.finish), "there was memory to finish"
        assert list(slot.finish()) == [b"next"]
    slot.close()
    owner.close()
    if kind == "late":
        os.waitpid(child, 0)


name, kind = sys.argv[1:]
with Scarce(SIZES[0]):
    heeded = is_without_memory(lambda: bytearray(2 * SIZES[0]))
if not heeded:
    print("the limit is not heeded")
    sys.exit()
for way in WAYS:
    # What does not wait finds nothing yet.
    for size in SIZES if (kind, way) != ("late", "get_nowait") else []:
        try:
            read(name, kind, way, size)
        except Exception as error:
            sys.exit(f"{way} of {size} bytes: {error!r}")
print("read")
