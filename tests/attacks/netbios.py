"""NetBIOS packets as bytes, and sending them from forged addresses."""
import socket
import struct

NAME, DATAGRAM = 137, 138
QUERY, REGISTRATION, RELEASE, WACK, REFRESH, MULTIHOMED = 0, 5, 6, 7, 8, 15
RESPONSE, AUTHORITATIVE, BROADCAST = 0x8000, 0x0400, 0x0010


def name(text, suffix=0):
    """An encoded name of text or bytes."""
    raw = (text.encode() if isinstance(text, str) else text).ljust(15)[:15] + bytes([suffix])
    return bytes([32]) + bytes(0x41 + half for byte in raw for half in (byte >> 4, byte & 15)) + b"\0"


WILDCARD = bytes([32]) + b"CK" + b"A" * 30 + b"\0"


def header(identity, flags, questions=0, answers=0, others=0):
    return struct.pack(">6H", identity & 0xFFFF, flags, questions, answers, 0, others)


def query(encoded, identity, flags=BROADCAST | 0x0100, kind=0x20):
    return header(identity, flags, 1) + encoded + struct.pack(">HH", kind, 1)


def claim(encoded, identity, address, opcode=REGISTRATION, flags=BROADCAST | 0x0100, group=False, ttl=300000):
    """A registration, refresh or release."""
    record = struct.pack(">HHHLHH4s", 0xC00C, 0x20, 1, ttl, 6, 0x8000 if group else 0, socket.inet_aton(address))
    return header(identity, opcode << 11 | flags, 1, 0, 1) + encoded + struct.pack(">HH", 0x20, 1) + record


def answer(encoded, identity, address, opcode=QUERY, flags=AUTHORITATIVE | 0x0100, code=0, group=False, kind=0x20):
    """A response: to a query, or an objection to a registration, or a demand to give a name up, by opcode and code."""
    data = struct.pack(">H4s", 0x8000 if group else 0, socket.inet_aton(address))
    return header(identity, RESPONSE | opcode << 11 | flags | code, 0, 1) + encoded \
        + struct.pack(">HHLH", kind, 1, 300000, len(data)) + data


def demand(encoded, identity):
    return answer(encoded, identity, "0.0.0.0", REGISTRATION, AUTHORITATIVE | 0x0180, 7)


def names_of(identity, names):
    """The answer to a node status request."""
    entries = b"".join(one.ljust(15)[:15] + bytes([0]) + struct.pack(">H", 0x0400) for one in names)
    data = bytes([len(names)]) + entries + bytes(46)
    return header(identity, RESPONSE | AUTHORITATIVE, 0, 1) + WILDCARD \
        + struct.pack(">HHLH", 0x21, 1, 0, len(data)) + data


def write(slot, data):
    """A mailslot write."""
    path = b"\\MAILSLOT\\" + slot.encode() + b"\0"
    words = struct.pack("<HHHHBBHLHHHHHBB", 0, len(data), 0, 0, 0, 0, 0, 0, 0, 0, 0, len(data), 69 + len(path), 3, 0)
    words += struct.pack("<HHH", 1, 0, 2)
    return b"\xffSMB\x25" + bytes(27) + bytes([17]) + words + struct.pack("<H", len(path) + len(data)) + path + data


def datagram(source, destination, payload, identity, address, kind=0x10, flags=2, total=None, offset=0, names=True):
    head = source + destination if names else b""
    length = total if total is not None else len(head) + len(payload)
    return struct.pack(">BBH4sHHH", kind, flags, identity & 0xFFFF, socket.inet_aton(address), DATAGRAM, length,
                       offset) \
        + head + payload


class Forger:
    """Sends packets from any address. For the superuser of a machine."""

    def __init__(self):
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)

    @staticmethod
    def made(packet, source, target, port):
        """The packet in UDP and IPv4."""
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(packet), 0, 0, 64, 17, 0, socket.inet_aton(source),
                           socket.inet_aton(target))
        return head + struct.pack(">HHHH", port, port, 8 + len(packet), 0) + packet

    def send(self, packet, source, target, port):
        try:
            self.raw.sendto(self.made(packet, source, target, port), (target, 0))
        except OSError:
            # There is no route to there.
            pass


def udp(packet):
    """Source address, ports and payload of an Ethernet frame that carries UDP over IPv4."""
    if packet[12:14] != b"\x08\x00" or packet[23] != 17:
        return None
    at = 14 + (packet[14] & 15) * 4
    source, target = struct.unpack(">HH", packet[at:at + 4])
    return socket.inet_ntoa(packet[26:30]), source, target, packet[at + 8:]
