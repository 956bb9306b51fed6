"""Another implementation of docs/domains.md, written from that page alone. Needs the package `cryptography`."""
import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MESSAGE, CONFIRMED, RECEIPT = 1, 2, 3
SLOT, COMPUTER = 1, 2


def hkdf(secret, salt, info, size):
    return HKDF(algorithm=SHA256(), length=size, salt=salt, info=info).derive(secret)


def fold(name):
    def upper(c):
        up = c.upper()
        single = len(up) == 1 and ord(up) < 0x10000 and ord(c) < 0x10000
        return up if single and (ord(c) < 128 or ord(up) >= 128) else c
    return "".join(map(upper, name))


def escape(name):
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    return "".join(chr(b) if b in plain else f"%{b:02X}" for b in fold(name).encode())


def text8(text):
    return bytes([len(text.encode())]) + text.encode()


def head(time, computer, legacy=None, is_batch=False, within=None):
    origin = b"" if within is None else within.to_bytes(4, "big")
    if legacy:
        address = bytes(map(int, legacy["address"].split(".")))
        origin = bytes.fromhex(legacy["id"]) + address + text8(legacy["computer"]) + text8(legacy["domain"])
    flags = 1 if legacy else 2 if is_batch else 0 if within is None else 4
    return time.to_bytes(8, "big") + bytes([flags]) + text8(computer) + origin


def read_text8(data):
    return data[1:1 + data[0]].decode(), data[1 + data[0]:]


def batch(messages):
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def read_batch(data):
    messages = []
    assert 0 < len(data) <= 16384
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        assert end <= len(data)
        messages.append(data[4:end])
        data = data[end:]
    assert len(messages) <= 256
    return messages


def read_head(data):
    """Time, computer, legacy origin or None, and the messages: one, unless it is a batch."""
    time, flags = int.from_bytes(data[:8], "big"), data[8]
    assert flags in (0, 1, 2, 4)
    computer, data = read_text8(data[9:])
    assert computer
    legacy = None
    if flags == 4:
        data = data[4:]
    if flags == 1:
        legacy = {"id": data[:16].hex(), "address": ".".join(map(str, data[16:20]))}
        legacy["computer"], data = read_text8(data[20:])
        legacy["domain"], data = read_text8(data)
    return time, computer, legacy, read_batch(data) if flags == 2 else [data]


def legacy_id(source_name, address, datagram_id, slot, data):
    address, slot = bytes(map(int, address.split("."))), fold(slot).encode()
    parts = source_name + address + datagram_id.to_bytes(2, "big") + len(slot).to_bytes(2, "big") + slot + data
    return hashlib.sha256(parts).digest()[:16]


def attachment(session, sequence, time, computer, legacy=None):
    return session + sequence.to_bytes(8, "big") + head(time, computer, legacy)


def public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def signed_by(seed, label, id, data):
    """The data, and the signature of a key under a label."""
    return data + Ed25519PrivateKey.from_private_bytes(seed).sign(label + id + data)


def certificate(authority, id, issued, until, public_key, computer, slots=None):
    names = b"\xff" if slots is None else bytes([len(slots)]) + b"".join(text8(fold(slot)) for slot in slots)
    times = issued.to_bytes(8, "big") + until.to_bytes(8, "big")
    return signed_by(authority, b"mailslot 1 certificate", id, b"\x01" + times + public_key + text8(fold(computer)) + names)


def revocations(authority, id, number, computers):
    """`computers` are names and times, ordered by name."""
    entries = b"".join(text8(fold(name)) + time.to_bytes(8, "big") for name, time in computers)
    head = b"\x01" + number.to_bytes(8, "big") + len(computers).to_bytes(4, "big")
    return signed_by(authority, b"mailslot 1 revocations", id, head + entries)


def read_certificate(authority, id, data):
    """Of a certificate that the public key `authority` has signed: times, public key, computer, and slots or None."""
    assert data[0] == 1 and len(data) <= 1024
    Ed25519PublicKey.from_public_bytes(authority).verify(data[-64:], b"mailslot 1 certificate" + id + data[:-64])
    issued, until = int.from_bytes(data[1:9], "big"), int.from_bytes(data[9:17], "big")
    computer, rest = read_text8(data[49:-64])
    slots, count, rest = [], rest[0], rest[1:]
    for _ in range(0 if count == 255 else count):
        slot, rest = read_text8(rest)
        slots.append(slot)
    assert not rest
    return issued, until, data[17:49], computer, None if count == 255 else slots


class Sealed:
    """A sealed domain; `secrets` are those of its keys."""
    version = 1

    def __init__(self, id, naming, secrets):
        self.id, self.naming, self.prefix = id, naming, "mailslot/1/" + id.hex()
        self.keys = {hkdf(secret, None, b"mailslot 1 key id", 8): secret for secret in secrets}

    def token(self, kind, name):
        return hmac.digest(self.naming, bytes([kind]) + fold(name).encode(), "sha256")[:16]

    def destination(self, slot, computer=None):
        if computer is None:
            return b"\x01" + self.token(SLOT, slot)
        return b"\x02" + self.token(COMPUTER, computer) + self.token(SLOT, slot)

    def key_expression(self, slot, computer=None):
        where = "all" if computer is None else "to/" + self.token(COMPUTER, computer).hex()
        return f"{self.prefix}/{where}/{self.token(SLOT, slot).hex()}"

    def stream_key(self, key, kind, session, destination):
        return AESGCM(hkdf(self.keys[key], session, b"mailslot 1 stream" + self.id + bytes([kind]) + destination, 32))

    def seal(self, key, kind, session, sequence, destination, plaintext):
        header = bytes([self.version, kind]) + key + session + sequence.to_bytes(8, "big")
        nonce = bytes(4) + header[26:]
        return header + self.stream_key(key, kind, session, destination).encrypt(nonce, plaintext, header)

    def open(self, kind, destination, payload):
        """Session, sequence and plaintext. The caller must check freshness and replay."""
        header, key, session = payload[:34], payload[2:10], payload[10:26]
        assert header[0] == self.version and header[1] == kind and len(payload) >= 50 and any(header[26:])
        plaintext = self.stream_key(key, kind, session, destination).decrypt(bytes(4) + header[26:], payload[34:],
                                                                             header)
        return session, int.from_bytes(header[26:], "big"), plaintext

    def presence_key(self, key, salt):
        return AESGCM(hkdf(self.keys[key], salt, b"mailslot 1 presence" + self.id, 32))

    def group(self, what):
        """The group that a presence is in, from 0 to 15, by the name that others ask for."""
        kind, name = (SLOT, what["slot"]) if what["kind"] == "slot" else (COMPUTER, what["computer"])
        return hkdf(self.naming, None, b"mailslot 1 group" + bytes([kind]) + fold(name).encode(), 1)[0] >> 4

    def presence(self, key, random, what, group=None):
        """The key expression of a presence, in its group or another one."""
        salt = bytes([(self.group(what) if group is None else group) << 4 | random[0] & 15]) + random[1:]
        header = b"\x01" + key + salt
        sealed = header + self.presence_key(key, salt).encrypt(bytes(12), presence_plaintext(what), header)
        return f"{self.prefix}/at/{salt[0]:02x}/{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"

    def read_presence(self, key_expression):
        group, last = key_expression.removeprefix(self.prefix + "/at/").split("/")
        sealed = base64.urlsafe_b64decode(last + "=" * (-len(last) % 4))
        assert group == sealed[9:10].hex()
        return self.presence_key(sealed[1:9], sealed[9:25]).decrypt(bytes(12), sealed[25:], sealed[:25])


class Certified(Sealed):
    """The same with identities: `authority` is the public key."""
    version = 2

    def __init__(self, id, naming, secrets, authority):
        super().__init__(id, naming, secrets)
        self.authority = authority

    def statement(self, header, signed, destination):
        return b"mailslot 1 signature" + self.id + header + hashlib.sha256(signed).digest() + destination

    def seal_signed(self, key, kind, session, sequence, destination, plaintext, seed, certificate):
        header = bytes([self.version, kind]) + key + session + sequence.to_bytes(8, "big")
        signed = len(certificate).to_bytes(2, "big") + certificate + plaintext
        signature = Ed25519PrivateKey.from_private_bytes(seed).sign(self.statement(header, signed, destination))
        return self.seal(key, kind, session, sequence, destination, signature + signed)

    def open_signed(self, kind, destination, payload):
        """Session, sequence, certificate and plaintext. The caller must also check times, revocations and slots."""
        session, sequence, data = self.open(kind, destination, payload)
        end = 66 + int.from_bytes(data[64:66], "big")
        certificate = read_certificate(self.authority, self.id, data[66:end])
        signer = Ed25519PublicKey.from_public_bytes(certificate[2])
        signer.verify(data[:64], self.statement(payload[:34], data[64:], destination))
        assert read_head(data[end:])[1] == certificate[3]
        return session, sequence, certificate, data[end:]


def receipt_destination(session, sequence, destination):
    return b"\x03" + session + sequence.to_bytes(8, "big") + destination


def presence_plaintext(what):
    data = bytes([{"node": 1, "slot": 2, "bridge": 3}[what["kind"]]]) + text8(what["computer"])
    if what["kind"] == "slot":
        data += text8(what["slot"])
    if what["kind"] == "bridge":
        address = bytes(map(int, what["address"].split(".")))
        data += address + bytes([what["prefix_length"]]) + text8(what["workgroup"])
    return data


def open_presence(name, what):
    last = escape(what["computer"])
    if what["kind"] == "slot":
        last += "/" + escape(what["slot"])
    if what["kind"] == "bridge":
        last += f"/~/{what['address']}/{what['prefix_length']}/{escape(what['workgroup'])}"
    return f"mailslot/1/open/{name}/at/{last}"

