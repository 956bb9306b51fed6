#!/usr/bin/python3
"""Sends hostile packets to a node: abuse.py KIND ADDRESS. Prints the number of packets.

Bounded in count and time. Between parts the sender waits for an answer of the node, so that nothing is lost on the way
but in the flood.
"""

import random
import os
import socket
import struct
import sys
import time

NAME, DATAGRAM = 137, 138
UDP_SEGMENT = 103
UNIQUE, GROUP = 0x10, 0x11
FIRST, MORE = 2, 1
# Packets between two answers: fewer than the node's sockets hold.
PART = 250

kind, target = sys.argv[1:]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    probe.connect((target, DATAGRAM))
    own_address = probe.getsockname()[0]
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.settimeout(1)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
random.seed(1)
sent = 0


def name(text, suffix=0):
    """An encoded NetBIOS name."""
    padded = text.encode().ljust(15) + bytes([suffix])
    return bytes([32]) + bytes(0x41 + half for byte in padded for half in (byte >> 4, byte & 15)) + b"\0"


def write(slot, data):
    """A mailslot write."""
    path = b"\\MAILSLOT\\" + slot.encode() + b"\0"
    words = struct.pack("<HHHHBBHLHHHHHBB", 0, len(data), 0, 0, 0, 0, 0, 0, 0, 0, 0, len(data), 69 + len(path), 3, 0)
    words += struct.pack("<HHH", 1, 0, 2)
    return b"\xffSMB\x25" + bytes(27) + bytes([17]) + words + struct.pack("<H", len(path) + len(data)) + path + data


def datagram(source, destination, payload, number, kind=UNIQUE, flags=FIRST, total=None):
    names = name(source) + name(destination)
    length = total if total is not None else len(names) + len(payload)
    address = socket.inet_aton(own_address)
    return struct.pack(">BBH4sHHH", kind, flags, number, address, DATAGRAM, length, 0) + names + payload


def later_fragment(number, offset, payload):
    address = socket.inet_aton(own_address)
    return struct.pack(">BBH4sHHH", UNIQUE, MORE, number, address, DATAGRAM, 4000, offset) + payload


def query(text, number):
    return struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + name(text) + struct.pack(">HH", 0x20, 1)


def status_request(number):
    wildcard = bytes([32]) + b"CK" + b"A" * 30 + b"\0"
    return struct.pack(">HHHHHH", number, 0, 1, 0, 0, 0) + wildcard + struct.pack(">HH", 0x21, 1)


def release(text, number, address):
    head = struct.pack(">HHHHHH", number, 6 << 11, 1, 0, 0, 1) + name(text) + struct.pack(">HH", 0x20, 1)
    return head + struct.pack(">HHHLHH4s", 0xC00C, 0x20, 1, 0, 6, 0, socket.inet_aton(address))


def send(packet, port=DATAGRAM):
    global sent
    own.sendto(packet, (target, port))
    sent += 1
    if sent % PART == 0:
        settle(port)


def forge(packet, source, port=DATAGRAM):
    """Sends the packet as if it came from another address."""
    global sent
    udp = struct.pack(">HHHH", port, port, 8 + len(packet), 0) + packet
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton(source),
                       socket.inet_aton(target))
    raw.sendto(head + udp, (target, 0))
    sent += 1
    if sent % PART == 0:
        settle(port)


def settle(port):
    """Waits until the node has answered, and so has received everything before."""
    for number in range(5):
        question = query("LINUX1", 60000 + number) if port == NAME \
            else datagram("ABUSER", "NOBODY", b"", 60000 + number)
        own.sendto(question, (target, port))
        try:
            while own.recv(2048)[:1] not in (question[:1], b"\x13"):
                pass
            return
        except TimeoutError:
            pass
    sys.exit("the node does not answer")


def send_joined(packets, address):
    """Sends packets of one size, the last one possibly shorter, in one piece, which the receiver's system may split."""
    global sent
    size = (socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", len(packets[0])))
    own.sendmsg([b"".join(packets)], [size], 0, (address, DATAGRAM))
    sent += len(packets)


def other(number):
    """An address of another machine: some on the subnet, some not."""
    subnet = own_address.rpartition(".")[0]
    return f"{subnet}.{100 + number % 100}" if number % 2 else f"198.18.{number // 200 % 200}.{1 + number % 200}"


def malformed():
    good = datagram("ABUSER", "LINUX1", write("nobody", b"x"), 1)
    for number in range(1000):
        send(good[: 1 + number % 80])
    settle(DATAGRAM)
    for number in range(1000):
        send(query("LINUX1", number)[: 1 + number % 40], NAME)
    settle(NAME)


def spoofed():
    for number in range(3000):
        forge(datagram(f"GHOST{number}", "LINUX1", write("nobody", b"boo"), number), other(number))
    settle(DATAGRAM)


def forged_releases():
    for number in range(500):
        forge(release("LINUX1", number, target), other(number), NAME)
    settle(NAME)


def oversized():
    for number in range(300):
        send(datagram("ABUSER", "LINUX1", write("nobody", bytes(5000 + 200 * number)), number))
    settle(DATAGRAM)


def joined():
    """To the node and to its subnet, each piece twice."""
    own.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for address in target, own_address.rpartition(".")[0] + ".255":
        # These are not copies of earlier ones, however soon they follow.
        mark = os.urandom(4)
        for number in range(0, 500, 50):
            data = [mark + bytes(296)] * 49 + [mark + b"short"]
            packets = [datagram("ABUSER", "LINUX1", write("nobody", data[n]), number + n) for n in range(50)]
            for _ in range(2):
                send_joined(packets, address)
            settle(DATAGRAM)


def unfinished():
    for number in range(400):
        send(datagram("ABUSER", "LINUX1", bytes(1000), number, flags=FIRST | MORE, total=4000))
    for number in range(200):
        forge(datagram("ABUSER", "LINUX1", bytes(1000), number, flags=FIRST | MORE, total=4000), other(number))
    settle(DATAGRAM)


def orphans():
    for number in range(500):
        send(later_fragment(5000 + number, 1068, bytes(100)))
    settle(DATAGRAM)


def flood():
    """Messages as fast as possible, for three seconds at most, without waiting."""
    global sent
    end = time.monotonic() + 3
    packets = [datagram("ABUSER", "LINUX1", write("flooded", bytes(400)), number) for number in range(4096)]
    while sent < 200_000 and time.monotonic() < end:
        own.sendto(packets[sent % len(packets)], (target, DATAGRAM))
        sent += 1


def questions():
    """Node status requests as fast as possible. Prints the number of answers instead."""
    for number in range(5000):
        own.sendto(status_request(number), (target, NAME))
    answers = 0
    try:
        while own.recv(2048):
            answers += 1
    except TimeoutError:
        print(answers)
    sys.exit()


globals()[kind]()
print(sent)
