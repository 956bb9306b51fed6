"""Exceptions are those that a Python programmer would catch."""

import errno
import os
from ipaddress import ip_address

import pytest

import mailslot
from mailslot import Group, Mailslot, MailslotError, Users, Writer


def raised(call) -> BaseException:
    with pytest.raises(Exception) as caught:
        call()
    return caught.value


def check(error: BaseException, kind: type, base: type, number: int, *words: str) -> None:
    assert type(error) is kind and isinstance(error, (base, MailslotError)) and isinstance(error, base)
    assert isinstance(error, OSError) and error.errno == number
    for word in words:
        assert word in str(error)


def test_names_that_exist_that_do_not_and_that_are_none(name: str) -> None:
    check(raised(lambda: Writer(name)), mailslot.SlotNotFoundError, FileNotFoundError, errno.ENOENT, name)
    check(raised(lambda: mailslot.status(name)), mailslot.SlotNotFoundError, FileNotFoundError, errno.ENOENT, name)
    with Mailslot(name):
        check(raised(lambda: Mailslot(name)), mailslot.SlotExistsError, FileExistsError, errno.EEXIST, name)
    for wrong in ("", "a\0b", "x" * 40_000, "//./pipe/x", "a/", "//./mailslot/"):
        for call in (Mailslot, Writer, mailslot.status):
            check(raised(lambda: call(wrong)), mailslot.InvalidNameError, ValueError, errno.EINVAL, "mailslot name")
    remote = "//SRV2/mailslot/x"
    check(raised(lambda: Mailslot(remote)), mailslot.InvalidNameError, ValueError, errno.EINVAL, "this machine")
    check(raised(lambda: Writer(remote)), mailslot.NetworkError, OSError, errno.ENETDOWN, "no network node")
    assert isinstance(raised(lambda: mailslot.status(remote)), ValueError)


def test_slot_that_is_gone_is_a_broken_pipe(name: str) -> None:
    slot, writer = Mailslot(name), Writer(name)
    assert not writer.slot_is_gone()
    slot.close()
    assert writer.slot_is_gone()
    with Mailslot(name):
        for put in (writer.put, writer.put_nowait, lambda data: writer.put_confirmed(data, 1)):
            check(raised(lambda: put(b"")), mailslot.ClosedError, BrokenPipeError, errno.EPIPE, "gone")


def test_too_large_is_told_with_both_sizes(name: str) -> None:
    with Mailslot(name, max_message_size=424), Writer(name) as writer:
        for data in (bytes(425), bytes(100_000)):
            error = raised(lambda: writer.put(data))
            check(error, mailslot.MessageTooLargeError, OSError, errno.EMSGSIZE, str(len(data)), "424")


@pytest.mark.parametrize(
    "options",
    [
        *({"capacity": wrong} for wrong in (-(1 << 64), -1, 0, 4095, (64 << 30) + 1, 1 << 40, 1 << 64, 1 << 100)),
        *({"max_message_size": wrong} for wrong in (-(1 << 32), -1, 1 << 32, 1 << 64)),
        *({"access": Group(wrong)} for wrong in (-1, 1 << 32, 1 << 64)),
        *({"access": Users((0, wrong))} for wrong in (-1, 1 << 32)),
        {"access": Users(tuple(range(1000)))},
        *({option: "nobody"} for option in ("access", "sharing", "when_full")),
    ],
)
def test_options_out_of_their_range_are_value_errors(name: str, options: dict) -> None:
    error = raised(lambda: Mailslot(name, **options))
    assert type(error) is ValueError and next(iter(options)) in str(error)
    if "capacity" in options:
        with Mailslot(name, taps=True):
            assert type(raised(lambda: Mailslot.tap(name, **options))) is ValueError


@pytest.mark.parametrize("number", [-1, -(1 << 64), 1 << 64])
def test_numbers_of_receivers_that_cannot_be_are_value_errors(name: str, number: int) -> None:
    with Mailslot(name), Writer(name) as writer:
        error = raised(lambda: writer.wait_for_receivers(number, timeout=0))
        assert type(error) is ValueError and "at_least" in str(error)


@pytest.mark.parametrize(
    "options",
    [{"capacity": "big"}, {"capacity": 4096.5}, {"max_message_size": None}, {"access": Group("root")}, {"loud": 1}]
)
def test_options_of_the_wrong_kind_are_type_errors(name: str, options: dict) -> None:
    assert type(raised(lambda: Mailslot(name, **options))) is TypeError


@pytest.mark.parametrize("timeout", [-1, -1e-9, float("nan"), float("-inf")])
def test_times_that_cannot_be_are_value_errors(name: str, timeout: float) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        calls = (slot.get, slot.receive, lambda timeout: writer.put(b"", timeout=timeout))
        calls += (lambda timeout: writer.put_confirmed(b"", timeout),
                  lambda timeout: writer.wait_for_receivers(1, timeout))
        for call in calls:
            error = raised(lambda: call(timeout=timeout))
            assert type(error) is ValueError and str(error) == "'timeout' must be a non-negative number"
        assert slot.empty()


@pytest.mark.parametrize("timeout", [1e300, float("inf"), 2**63, 1e10])
def test_times_beyond_all_clocks_are_for_ever(name: str, timeout: float) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        writer.put(b"1", timeout=timeout)
        assert slot.get(timeout=timeout) == b"1"


@pytest.mark.parametrize(
    "access", ["owner", "everyone", Group(os.getegid()), Users(()), Users((os.geteuid(), 12345))]
)
@pytest.mark.parametrize("network", [False, True])
def test_status_tells_how_a_slot_was_made(name: str, access, network: bool) -> None:
    with Mailslot(name, capacity=1 << 16, max_message_size=1000, access=access, network=network) as slot:
        with Writer(name) as writer:
            writer.put(b"12345")
            writer.put(b"")
            with pytest.raises(MailslotError):
                writer.put(bytes(1001))
        slot.get()
        status = mailslot.status(name.upper())
        assert status in mailslot.list_slots()
        assert (status.name, status.pid, status.uid) == (name, os.getpid(), os.geteuid())
        assert (status.access, status.network) == (access, network)
        assert (status.max_message_size, status.capacity, status.messages) == (1000, 1 << 16, 1)
        assert status.created is not None and status.created.tzinfo is not None
        assert status.statistics == mailslot.Statistics(2, 1, 5, 5, 0, 1, 0, 0)
    assert status not in mailslot.list_slots()


def test_origins_are_small_values_that_never_change() -> None:
    origins = [
        mailslot.LocalOrigin(7, 1000, 1000, True),
        mailslot.NetworkOrigin("SRV2", "PLANT", ip_address("10.0.0.2"), False),
    ]
    for origin in origins:
        assert origin == type(origin)(**vars(origin)) and hash(origin) == hash(type(origin)(**vars(origin)))
        with pytest.raises(AttributeError):
            origin.uid = 0


def test_sub_interpreters_are_told_that_they_cannot_import_it() -> None:
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    interpreter = interpreters.create()
    try:
        text = "try:\n    import mailslot\nexcept ImportError: pass\nelse: raise SystemError('imported')"
        # From 3.13 on, what goes wrong there is returned.
        assert interpreters.run_string(interpreter, text) is None
    finally:
        interpreters.destroy(interpreter)
