"""The package's documents: their examples run."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Child

CRATE = Path(__file__).parent.parent
BLOCKS = re.findall(r"```python\n(.*?)```", (CRATE / "README.md").read_text(), re.DOTALL)
# The output of the programs, in their order in the text.
README = [
    "b'boiler 3: over pressure'",
    "b'door 2 opened' of process PID of user UID\nnothing more\nnobody reads any more\nno such slot",
    "2",
    "b'door 2 opened' b'door 2 opened'\n0 b'21.5'",
    "b'boiler 3: over pressure'",
]
EXAMPLES = {
    "async_service.py": "[3, 12, 0]",
    "poll_loop.py": "example-poll-alerts boiler 3: over pressure\nexample-poll-alerts boiler 3: fine\n"
    "example-poll-commands quit",
    "workers.py": "\n".join(sorted(f"{number} squared is {number**2}" for number in range(10))),
}


def test_all_of_it_is_looked_at() -> None:
    assert len(BLOCKS) == len(README)
    assert {path.name for path in (CRATE / "examples").iterdir()} == set(EXAMPLES)


@pytest.mark.parametrize(("block", "said"), list(zip(BLOCKS, README)))
def test_blocks_of_the_readme_say_what_they_should(block: str, said: str, python: Callable[..., Child]) -> None:
    found = python(block).finished().decode().strip()
    assert re.sub(r"process \d+ of user \d+", "process PID of user UID", found) == said


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_say_what_they_should(example: str, start: Callable[..., Child]) -> None:
    said = start(sys.executable, CRATE / "examples" / example).finished().decode()
    # The order of the slots is not defined.
    assert sorted(said.split("\n")) == sorted([*EXAMPLES[example].split("\n"), ""])
