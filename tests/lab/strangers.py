#!/usr/bin/python3
"""Sends packets about a node's names that only its neighbours may send: strangers.py OWN BROADCAST NODE NAME OTHER
SECONDS.

OWN is the address to speak from, BROADCAST that of the node's subnet, on which this machine listens as well: so it
knows the id of each request, which a stranger would have to guess. It objects to claims, answers all queries, demands
NAME from the node, claims it, and says that OTHER is given up by its holder. Says "ready" when it begins, and at the
end how many packets of each kind it has sent.
"""

import collections
import select
import socket
import struct
import sys
import time

PORT = 137
NB = struct.pack(">HH", 0x20, 1)
QUERY, REGISTRATION, RELEASE = 0, 5, 6
RESPONSE = 0x8000
CLAIMED = "6.6.6.6"

own, broadcast, node, name, other, seconds = sys.argv[1:]
speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
speaker.bind((own, PORT))
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind((broadcast, PORT))
sent = collections.Counter()


def encoded(text):
    padded = text.encode().ljust(15) + b"\0"
    return bytes([32]) + bytes(0x41 + half for byte in padded for half in (byte >> 4, byte & 15)) + b"\0"


def request(opcode, flags, text, address):
    record = struct.pack(">HHHLHH4s", 0xC00C, 0x20, 1, 0, 6, 0, socket.inet_aton(address))
    return struct.pack(">HHHHHH", 1, opcode << 11 | flags, 1, 0, 0, 1) + encoded(text) + NB + record


def response(number, flags, text, address):
    record = struct.pack(">LHH4s", 300, 6, 0, socket.inet_aton(address))
    return struct.pack(">HHHHHH", number, flags, 0, 1, 0, 0) + text + NB + record


def say(kind, packet):
    speaker.sendto(packet, (node, PORT))
    sent[kind] += 1


def answer(packet):
    """Answers every broadcast question of the node, with its id."""
    number, flags = struct.unpack(">HH", packet[:4])
    asked, opcode = packet[12:46], flags >> 11 & 15
    if flags & RESPONSE or len(packet) < 50:
        return
    if opcode == QUERY:
        say("answers", response(number, 0x8500, asked, CLAIMED))
    elif opcode == REGISTRATION:
        say("objections", response(number, 0xAD86, asked, CLAIMED))


print("ready", flush=True)
end, next_at = time.monotonic() + float(seconds), 0.0
while time.monotonic() < end:
    if time.monotonic() >= next_at:
        next_at = time.monotonic() + 0.25
        say("demands", response(2, 0xAD87, encoded(name), "0.0.0.0"))
        say("claims", request(REGISTRATION, 0x0110, name, own))
        for holder in (own, broadcast.rpartition(".")[0] + ".10"):
            say("releases", request(RELEASE, 0x0010, other, holder))
    if select.select([listener], [], [], 0.05)[0]:
        packet, (address, _) = listener.recvfrom(2048)
        if address == node:
            answer(packet)
print(*(f"{kind} {number}" for kind, number in sorted(sent.items())))
