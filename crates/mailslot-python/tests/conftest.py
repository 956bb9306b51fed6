"""Shared by the tests: a separate root for slots, programs at the other end, and a final count like that of Rust's
tests."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TARGET = Path(os.environ["MAILSLOT_TEST_PROGRAMS"])

numbers = itertools.count()


@pytest.fixture
def name() -> str:
    return f"python-{os.getpid()}-{next(numbers)}"


def in_fork(call: Callable[[], object]) -> str:
    """The result of the call in a forked child, or its exception."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = repr(call())
        except BaseException as error:
            found = f"{type(error).__name__}: {error}"
        os.write(writer, found.encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        found = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return found


class Child(subprocess.Popen[bytes]):
    """A program of a test."""

    def said(self) -> bytes:
        """Its next line, without the end."""
        assert self.stdout is not None
        return self.stdout.readline().rstrip(b"\n")

    def finished(self) -> bytes:
        """Its output until it ends, which must be with success."""
        said, _ = self.communicate()
        assert self.returncode == 0, f"{self.args!r} ends with {self.returncode}"
        return said

    def killed(self) -> bytes:
        """Kills it, and returns its output that was not read."""
        self.kill()
        said, _ = self.communicate()
        assert self.returncode == -signal.SIGKILL
        return said


@pytest.fixture
def start() -> Iterator[Callable[..., Child]]:
    """Starts programs, all of which end with the test."""
    with_test: list[Child] = []

    def start(*command: object) -> Child:
        child = Child([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        with_test.append(child)
        return child

    yield start
    for child in with_test:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


@pytest.fixture
def python(start: Callable[..., Child]) -> Callable[..., Child]:
    """Starts a program in Python: its text, and arguments."""
    return lambda text, *arguments: start(sys.executable, "-c", text, *arguments)


PEERS = {"python": (sys.executable, HERE / "peer.py"), "rust": (TARGET / "examples" / "peer",)}


@pytest.fixture
def command(start: Callable[..., Child]) -> Callable[..., Child]:
    """Starts the command `mailslot`."""
    return lambda *arguments: start(TARGET / "mailslot", *arguments)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    count = {kind: len(terminalreporter.getreports(kind)) for kind in ("passed", "failed", "error", "skipped")}
    failed = count["failed"] + count["error"]
    word = "FAILED" if failed else "ok"
    print(f"\ntest result: {word}. {count['passed']} passed; {failed} failed; {count['skipped']} ignored")


def pytest_configure() -> None:
    # Not at import: processes that multiprocessing spawns import this as well.
    root = tempfile.mkdtemp(prefix="mailslot-python-", dir="/dev/shm")
    # Other users may have slots here, and find those of others.
    os.chmod(root, 0o1777)
    os.environ["MAILSLOT_ROOT"] = root


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["MAILSLOT_ROOT"])
