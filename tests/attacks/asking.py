"""Requests to a node, made by hand as bytes."""
import json
import os
import re
import secrets
import struct

import slots

SOURCES = os.path.dirname(os.path.abspath(__file__)) + "/../../crates"

ROUTES, CONTROL, MESSAGES = r"mailslot\node\routes", r"mailslot\node\control", r"mailslot\node"
ROUTE, RECEIVERS, CONFIRMED = 1, 2, 3


def kinds(source, name):
    """The variants of an enum, from its source."""
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


def reply_name(number=None):
    """A name for a slot for answers, of the length of its kind."""
    return rf"mailslot\reply\{secrets.randbits(128) if number is None else number:032x}"


def sized(text):
    return struct.pack("<H", len(text.encode())) + text.encode()


def routes(reply, kind, address, millis=0, at_least=0, data=b"", identity=bytes(16)):
    """A question about the modern domains, for `slots.inline`."""
    return bytes([kind]) + struct.pack("<II", millis, at_least) + sized(address) + data, slots.request(reply, identity)


def control(reply, request):
    """A question to the node itself, likewise."""
    return json.dumps(request).encode(), slots.request(reply)


def message(address, data):
    """A message for the legacy network, likewise."""
    return bytes([1]) + sized(address) + data, b""
