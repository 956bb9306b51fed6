"""Messages for which the process has no memory: reading them raises MemoryError, and they stay where they are."""

import sys
from collections.abc import Callable

import pytest
from conftest import HERE, Child


@pytest.mark.parametrize("kind", ["plain", "stamped", "inheritable", "member", "drop_oldest", "tap", "late"])
def test_message_without_memory_is_an_error_of_every_read_and_stays_in_the_slot(
    name: str, start: Callable[..., Child], kind: str
) -> None:
    # Large blocks are then returned to the system at once.
    allocator = ["MALLOC_ARENA_MAX=1", "MALLOC_MMAP_THRESHOLD_=65536"]
    said = start("env", *allocator, sys.executable, HERE / "scarce.py", name, kind).finished()
    if said == b"the limit is not heeded\n":
        pytest.skip("the limit is not heeded here")
    assert said == b"read\n"
