#!/usr/bin/python3
"""A faulty NetBIOS device: peers.py scanner OWN BROADCAST NODE, peers.py holder OWN, or peers.py asker OWN BROADCAST
NAME.

`scanner` says some things to the members of LABGROUP: all with the id 0, then the same text with different ids, then
one datagram by broadcast and alone, and one to 255.255.255.255. `holder` answers for the name NAS with many addresses,
of which its own is the last, and for GHOST with some that nobody can have; it prints "ready", and a line for each
datagram that comes to it alone. `asker` asks for a name in several spellings, and prints who has answered to each.
"""

import os
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "attacks"))
import netbios

GROUP = 0x11


def opened(address, port):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    return made


def scanner(own, broadcast, node):
    out = opened(own, netbios.DATAGRAM)

    def say(text, identity, *targets):
        source, group = netbios.name("SCANNER"), netbios.name("LABGROUP")
        packet = netbios.datagram(source, group, netbios.write("odd", text.encode()), identity, own, GROUP)
        for target in targets:
            out.sendto(packet, (target, netbios.DATAGRAM))

    for number in range(6):
        say(f"text {number}", 0, broadcast)
        time.sleep(0.1)
    for identity in (1, 2):
        say("twice", identity, broadcast)
    say("once", 3, broadcast, node, broadcast)
    say("limited", 5, "255.255.255.255")
    say("end", 4, broadcast)


def holder(own):
    subnet = own.rpartition(".")[0]
    known = {
        "NAS": ["172.17.0.1", "192.168.56.1", "0.0.0.0", f"{subnet}.255", own],
        "GHOST": ["0.0.0.0", "127.0.0.1", f"{subnet}.255", "224.0.0.1", "255.255.255.255"],
    }
    listeners = [opened("", netbios.NAME), opened(own, netbios.DATAGRAM)]
    print("ready", flush=True)
    while True:
        for listener in select.select(listeners, [], [])[0]:
            packet, sender = listener.recvfrom(2048)
            if listener is listeners[1]:
                print("datagram from", sender[0], packet[-20:], flush=True)
                continue
            asked = [name for name in known if netbios.name(name)[:-1] == packet[12:45]]
            if packet[2] & 0xF8 or not asked:
                continue
            data = b"".join(struct.pack(">H4s", 0, socket.inet_aton(one)) for one in known[asked[0]])
            record = struct.pack(">HHLH", 0x20, 1, 300, len(data)) + data
            number = struct.unpack(">H", packet[:2])[0]
            head = netbios.header(number, netbios.RESPONSE | netbios.AUTHORITATIVE | 0x0100, 0, 1)
            listener.sendto(head + packet[12:46] + record, sender)


def asker(own, broadcast, name):
    out = opened(own, 0)
    out.settimeout(10)
    mixed = "".join(letter.lower() if place % 2 else letter for place, letter in enumerate(name))
    for number, spelled in enumerate((name, name.lower(), name.title(), mixed)):
        out.sendto(netbios.query(netbios.name(spelled), number), (broadcast, netbios.NAME))
        packet = b""
        # nmbd answers twice.
        while packet[:2] != struct.pack(">H", number):
            packet, sender = out.recvfrom(2048)
        print(spelled, sender[0])


{"scanner": scanner, "holder": holder, "asker": asker}[sys.argv[1]](*sys.argv[2:])
