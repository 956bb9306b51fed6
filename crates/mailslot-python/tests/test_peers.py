"""The command, and the Rust library, at the other end."""

import json
import os
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from conftest import PEERS, Child
from mailslot import LocalOrigin, Mailslot, Message, NetworkOrigin, Outcome, Receipt, Writer
from peer import message

SIZES = [0, 1, 7, 8, 424, 425, 4096, 65_536, 1 << 20]


@pytest.mark.parametrize("size", SIZES)
def test_command_sends_and_the_package_reads(name: str, size: int, command: Callable[..., Child], tmp_path) -> None:
    data = os.urandom(size)
    (tmp_path / "message").write_bytes(data)
    with Mailslot(name) as slot:
        sender = command("send", "--file", tmp_path / "message", name)
        received = slot.receive()
        assert received.data == data
        assert received.origin == LocalOrigin(sender.pid, os.geteuid(), os.getegid(), False)
        sender.finished()


def test_package_writes_and_the_command_reads(name: str, command: Callable[..., Child]) -> None:
    listener = command("listen", "--verbose", "--format", "json", "--count", "3", name)
    writer = Writer(name, timeout=None)
    texts = ["boiler 3: over pressure", "Grüße 🎉", ""]
    for text in texts:
        writer.put(text)
    lines = [json.loads(line) for line in listener.finished().splitlines()]
    assert [line["data"] for line in lines] == texts
    assert {line["origin"]["pid"] for line in lines} == {os.getpid()}


@pytest.mark.parametrize("peer", PEERS)
def test_package_writes_and_a_peer_reads(name: str, peer: str, start: Callable[..., Child]) -> None:
    reader = start(*PEERS[peer], "read", name)
    assert reader.said() == b"ready"
    with Writer(name) as writer:
        for number in range(2000):
            writer.put(message(7, number))
        outcomes = [receipt.outcome for receipt in writer.put_confirmed(message(7, 2000), timeout=60)]
        assert outcomes == [Outcome.DELIVERED]
        # However many are wanted: there will not be more.
        assert [writer.wait_for_receivers(), writer.wait_for_receivers(2), writer.wait_for_receivers(0, 1)] == [1, 1, 1]
        writer.put("")
    assert reader.finished() == b"7 2001\n"


def test_command_sees_the_package_s_slots(name: str, command: Callable[..., Child]) -> None:
    with Mailslot(name), Writer(name) as writer:
        writer.put("1")
        listed = [json.loads(line) for line in command("list", "--json").finished().splitlines()]
        assert [slot["pid"] for slot in listed if slot["name"] == name] == [os.getpid()]


def test_receipts_are_values(name: str) -> None:
    with Mailslot(name) as slot, Writer(name) as writer:
        (receipt,) = writer.put_confirmed(b"1", timeout=0)
        assert receipt == Receipt(receipt.computer, Outcome.DELIVERED)
        assert slot.get_nowait() == b"1"


@pytest.mark.parametrize("domain", [None, "PLANT"])
@pytest.mark.parametrize("address", [None, "10.0.0.2", "fe80::1"])
@pytest.mark.parametrize("authenticated", [False, True])
def test_messages_of_other_machines_tell_where_they_are_from(
    name: str, domain: str | None, address: str | None, authenticated: bool, start: Callable[..., Child]
) -> None:
    with Mailslot(name, network=True) as slot:
        words = ["Grüße", domain or "-", address or "-", str(authenticated).lower()]
        start(*PEERS["rust"], "deliver", name, *words).finished()
        assert slot.receive() == Message(
            b"from elsewhere", NetworkOrigin("Grüße", domain, address and ip_address(address), authenticated)
        )


def test_slot_that_is_not_open_to_the_network_gets_nothing_from_it(name: str, start: Callable[..., Child]) -> None:
    with Mailslot(name, access="everyone") as slot:
        assert start(*PEERS["rust"], "deliver", name, "SRV2", "-", "-", "true").wait() == 1
        assert slot.empty()
