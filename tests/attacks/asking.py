"""Questions to a node and answers to them, as bytes, by hand. Which layout this `mailslot` speaks is found out by listening."""
import binascii
import json
import os
import re
import secrets
import struct

from world import MAL, until

SOURCES = os.path.dirname(os.path.abspath(__file__)) + "/../../crates"

ROUTES, CONTROL, MESSAGES = r"mailslot\node\routes", r"mailslot\node\control", r"mailslot\node"
ROUTE, RECEIVERS, CONFIRMED = 1, 2, 3
known = {}


def kinds(source, name):
    """The variants of an enum, from the source that has it."""
    with open(f"{SOURCES}/{source}") as file:
        body = re.search(rf"^pub enum {name}\b[^{{]*{{(.*?)^}}", file.read(), re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"^    (\w+)", body, re.MULTILINE)


def slots_of_the_node():
    """The names of the slots that a node has for programs, from the sources."""
    found = []
    for source in ("mailslot/src/network/mod.rs", "mailslot/src/network/routes.rs", "mailslot-node/src/control.rs"):
        with open(f"{SOURCES}/{source}") as file:
            found += re.findall(r'SLOT: &str = r"\\\\\.\\mailslot\\([^"]*)"', file.read())
    return found


def version(world):
    """The version of the layout: what a user writes into such a slot of his own."""
    if "version" not in known:
        private = f"{world.path}/asking"
        os.mkdir(private)
        os.chown(private, MAL, MAL)
        fake = world.listen(MAL, ROUTES, form=("--format", "hex"), MAILSLOT_ROOT=private)
        asker = world.start(MAL, "send", r"\\NOBODY\mailslot\x", "x", MAILSLOT_ROOT=private)
        until(lambda: fake.out())
        known["version"] = binascii.unhexlify(fake.out().split()[0])[0]
        asker.kill()
        fake.kill()
    return known["version"]


def reply_name(number=None):
    """A name for a slot for answers, as long as its kind of name has to be."""
    return rf"mailslot\reply\{secrets.randbits(128) if number is None else number:032x}"


def sized(text):
    return struct.pack("<H", len(text.encode())) + text.encode()


def routes(world, reply, kind, address, millis=0, at_least=0, data=b"", identity=bytes(16)):
    """A question about the modern domains."""
    numbers = bytes([kind]) + struct.pack("<II", millis, at_least)
    if version(world) == 1:
        return bytes([1]) + numbers + sized(rf"\\.\mailslot\{reply}") + sized(address) + data
    return head(world, reply, identity) + numbers + sized(address) + data


def control(world, reply, request, identity=bytes(16)):
    """A question to the node itself."""
    if version(world) == 1:
        return json.dumps({"reply": rf"\\.\mailslot\{reply}", "request": request}).encode()
    return head(world, reply, identity) + json.dumps(request).encode()


def head(world, reply, identity):
    return bytes([version(world)]) + identity + binascii.unhexlify(reply.rpartition("\\")[2])


def message(address, data):
    """A message for the legacy network."""
    return bytes([1]) + sized(address) + data


def answers(reply, lies):
    """Answers to whoever has this slot, in every layout, as far as one can make them who has not seen the question."""
    found = list(lies)
    try:
        name = binascii.unhexlify(reply.rpartition("\\")[2])
    except binascii.Error:
        name = b""
    for identity in (bytes(16), b"\xff" * 16, name.ljust(16, b"\0")[:16]):
        found += [bytes([2]) + identity + lie.removeprefix(b"\1") for lie in lies]
    return found
