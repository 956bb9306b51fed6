"""Cases for type checkers: checked by mypy, never run."""

import json
import pickle
from typing import Any

from typing_extensions import assert_type

from mailslot import Data, Mailslot, Message, Origin, SlotStatus, Writer, list_slots, status

slot = Mailslot("a")
assert_type(slot, Mailslot[bytes])
assert_type(slot.get(), bytes)
assert_type(slot.receive(), Message[bytes])
assert_type(slot.receive().origin, Origin)
assert_type([data for data in slot], list[bytes])

with Mailslot("b", loads=bytes.decode) as texts:
    assert_type(texts.get_nowait(), str)
with Mailslot("c", loads=json.loads, capacity=1 << 20, access="everyone") as things:
    assert_type(things.get(timeout=1), Any)


async def main() -> None:
    assert_type(await texts.get_async(), str)
    assert_type([data async for data in texts], list[str])


writer = Writer("a")
assert_type(writer, Writer[Data])
writer.put("text")
writer.put(b"bytes", timeout=None)
writer.put(7)  # type: ignore[arg-type]

numbers: Writer[int] = Writer("n", dumps=str)
numbers.put(7)
numbers.put("text")  # type: ignore[arg-type]
Writer("p", dumps=pickle.dumps).put([1, 2])

with Mailslot("e", sharing="each", when_full="drop-oldest", taps=True) as shared:
    assert_type(shared.receive().lost_before, int)
assert_type(Mailslot.tap("e"), Mailslot[bytes])
assert_type(Mailslot.tap("e", loads=json.loads, capacity=1 << 20), Mailslot[Any])
assert_type(Mailslot.tap("e", loads=bytes.decode), Mailslot[str])
Mailslot("d", sharing="some")  # type: ignore[call-overload]
Mailslot("d", when_full="wait")  # type: ignore[call-overload]
Mailslot("d", access="nobody")  # type: ignore[call-overload]
Mailslot("d", loud=True)  # type: ignore[call-overload]
assert_type(list_slots(), list[SlotStatus])
assert_type(status("a"), SlotStatus)
