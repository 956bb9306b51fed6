#!/usr/bin/env python3
"""The test vectors of docs/domains.md, made by foreign.py from fixed keys, sessions and times.

    vectors.py make          prints them
    vectors.py check FILE    opens what a file holds, and compares it with them
"""
import json
import sys

import foreign as f

ID, NAMING = bytes(range(0x10, 0x20)), bytes(range(0x20, 0x40))
SECRETS = [bytes(range(0x40, 0x60)), bytes(range(0x60, 0x80))]
TIME = 1_795_564_800_000
FILE = f'''name = "PLANT"
id = "{ID.hex()}"
naming = "{NAMING.hex()}"

[[key]]
secret = "{SECRETS[0].hex()}"
send-from = 2026-11-01T00:00:00Z
accept-until = 2026-12-09T00:00:00Z

[[key]]
secret = "{SECRETS[1].hex()}"
send-from = 2026-12-02T00:00:00Z
'''
# The second key is used for sealing from here on.
LATER = 1_796_169_600_000
SESSIONS = [bytes(range(0x80, 0x90)), bytes(range(0x90, 0xA0))]
SOURCE = b"OLD1".ljust(15) + b"\x00"
LEGACY_DATA = b"from long ago"
LEGACY = {
    "id": f.legacy_id(SOURCE, "192.0.2.7", 4711, "alerts", LEGACY_DATA).hex(),
    "address": "192.0.2.7", "computer": "OLD1", "domain": "WORKGROUP",
}
NAMES = [(f.SLOT, "alerts"), (f.SLOT, "Plant\\Line 1"), (f.SLOT, "\u00fcber\\\u00df"), (f.SLOT, "srv1"),
         (f.COMPUTER, "srv1")]
PRESENCES = [
    {"kind": "node", "computer": "SRV1"},
    {"kind": "slot", "computer": "SRV1", "slot": "Plant\\Line 1"},
    {"kind": "bridge", "computer": "SRV 2", "address": "192.0.2.1", "prefix_length": 24, "workgroup": "OLD"},
]
# slot, computer, kind, sequence, time, legacy, data
MESSAGES = [
    ("alerts", None, f.MESSAGE, 1, TIME, None, b"boiler 3: over pressure"),
    ("alerts", None, f.MESSAGE, 2, TIME + 1, None, b""),
    ("alerts", None, f.MESSAGE, 3, LATER, None, b"with the next key"),
    ("alerts", None, f.CONFIRMED, 1, TIME, None, b"boiler 3: over pressure"),
    ("Plant\\Line 1", "srv2", f.MESSAGE, 300, TIME, None, bytes(range(256))),
    ("alerts", "SRV2", f.CONFIRMED, 1, TIME, None, b"to one"),
    ("alerts", "SRV3", f.MESSAGE, 1, TIME, LEGACY, LEGACY_DATA),
]
# The numbers of this batch are 3 to 6.
BATCH, BATCH_SEQUENCE = [b"boiler 3: over pressure", b"", b"boiler 4", bytes(range(256))], 3

# A request to the slot of all, with a reply.
REQUEST, REQUEST_SEQUENCE, WITHIN, REPLY = b"what time is it?", 2, 5000, b"half past three"


# An authority, the keys of SRV1 and SRV2, and what these may write to.
AUTHORITY, SEEDS = bytes(range(0xB0, 0xD0)), [bytes(range(0xC0, 0xE0)), bytes(range(0xD0, 0xF0))]
RIGHTS = [None, ["alerts", "Plant\\Line 1"]]
YEAR = 365 * 86_400_000


def identities():
    domain = f.Certified(ID, NAMING, SECRETS, f.public(AUTHORITY))
    key, destination = next(iter(domain.keys)), domain.destination("alerts")
    certificates = [
        f.certificate(AUTHORITY, ID, TIME, TIME + YEAR, f.public(seed), f"SRV{n + 1}", RIGHTS[n])
        for n, seed in enumerate(SEEDS)
    ]
    revoked = f.revocations(AUTHORITY, ID, TIME, [("SRV9", TIME)])
    files = [
        FILE + f'''
[identities]
authority = "{domain.authority.hex()}"
certificate = "{certificate.hex()}"
private-key = "{seed.hex()}"
revoked = "{revoked.hex()}"
''' for seed, certificate in zip(SEEDS, certificates)]
    batch = f.head(TIME, "SRV1", is_batch=True) + f.batch(BATCH)
    back = f.receipt_destination(SESSIONS[0], REQUEST_SEQUENCE, destination)
    reply = f.head(TIME + 5, "SRV2") + b"\x01" + REPLY

    def sealed(number, kind, session, sequence, destination, plaintext):
        return domain.seal_signed(key, kind, session, sequence, destination, plaintext, SEEDS[number],
                                  certificates[number]).hex()
    return {
        "authority": f'name = "PLANT"\nprivate-key = "{AUTHORITY.hex()}"\n', "revoked": "SRV9", "until": TIME + YEAR,
        "computers": [
            {"computer": f"SRV{n + 1}", "private_key": SEEDS[n].hex(), "slots": RIGHTS[n], "file": files[n]}
            for n in range(2)
        ],
        "batch": sealed(0, f.MESSAGE, SESSIONS[0], BATCH_SEQUENCE, destination, batch),
        "request": sealed(0, f.CONFIRMED, SESSIONS[0], REQUEST_SEQUENCE, destination,
                          f.head(TIME, "SRV1", within=WITHIN) + REQUEST),
        "reply": sealed(1, f.RECEIPT, SESSIONS[1], 1, back, reply),
    }


def check_identities(found):
    domain = f.Certified(ID, NAMING, SECRETS, f.public(AUTHORITY))
    destination = domain.destination("alerts")
    back = f.receipt_destination(SESSIONS[0], REQUEST_SEQUENCE, destination)
    for name, kind, where, computer, data in [
        ("batch", f.MESSAGE, destination, "SRV1", BATCH), ("request", f.CONFIRMED, destination, "SRV1", [REQUEST]),
        ("reply", f.RECEIPT, back, "SRV2", [b"\x01" + REPLY]),
    ]:
        _, _, certificate, plaintext = domain.open_signed(kind, where, bytes.fromhex(found[name]))
        assert certificate[3] == computer and f.read_head(plaintext)[3] == data, name


def make():
    domain = f.Sealed(ID, NAMING, SECRETS)
    keys = list(domain.keys)
    made = {"file": FILE, "key_ids": [key.hex() for key in keys]}
    made["names"] = [
        {"kind": kind, "name": name, "token": domain.token(kind, name).hex(), "escaped": f.escape(name)}
        for kind, name in NAMES
    ]
    made["legacy_id"] = {
        "source_name": SOURCE.hex(), "address": "192.0.2.7", "datagram_id": 4711, "slot": "alerts",
        "data": LEGACY_DATA.hex(), "id": LEGACY["id"],
    }
    destination, head = domain.destination("alerts"), f.head(TIME, "SRV1", is_batch=True)
    payload = domain.seal(keys[0], f.MESSAGE, SESSIONS[0], BATCH_SEQUENCE, destination, head + f.batch(BATCH))
    made["batch"] = {
        "kind": f.MESSAGE, "slot": "alerts", "to": None, "session": SESSIONS[0].hex(), "sequence": BATCH_SEQUENCE,
        "time": TIME, "computer": "SRV1", "legacy": None, "batch": [message.hex() for message in BATCH],
        "key_expression": domain.key_expression("alerts"), "payload": payload.hex(),
    }
    payload = domain.seal(
        keys[0], f.CONFIRMED, SESSIONS[0], REQUEST_SEQUENCE, destination, f.head(TIME, "SRV1", within=WITHIN) + REQUEST)
    made["request"] = {
        "kind": f.CONFIRMED, "slot": "alerts", "to": None, "session": SESSIONS[0].hex(), "sequence": REQUEST_SEQUENCE,
        "time": TIME, "computer": "SRV1", "legacy": None, "within": WITHIN, "data": REQUEST.hex(),
        "key_expression": domain.key_expression("alerts"), "payload": payload.hex(),
    }
    back = f.receipt_destination(SESSIONS[0], REQUEST_SEQUENCE, destination)
    payload = domain.seal(keys[0], f.RECEIPT, SESSIONS[1], 1, back, f.head(TIME + 5, "SRV2") + b"\x01" + REPLY)
    made["reply"] = {
        "session": SESSIONS[1].hex(), "sequence": 1, "time": TIME + 5, "computer": "SRV2", "data": REPLY.hex(),
        "payload": payload.hex(),
    }
    made["messages"], made["receipts"], made["open_messages"] = [], [], []
    session, computer = SESSIONS[0], "SRV1"
    for slot, to, kind, sequence, time, legacy, data in MESSAGES:
        key, destination = keys[time >= LATER], domain.destination(slot, to)
        payload = domain.seal(key, kind, session, sequence, destination, f.head(time, computer, legacy) + data)
        common = {
            "kind": kind, "slot": slot, "to": to, "session": session.hex(), "sequence": sequence, "time": time,
            "computer": computer, "legacy": legacy, "data": data.hex(),
        }
        sealed = {"key_expression": domain.key_expression(slot, to), "payload": payload.hex()}
        made["messages"].append(common | sealed)
        where = "all" if to is None else "to/" + f.escape(to)
        attachment = f.attachment(session, sequence, time, computer, legacy)
        plain = {"key_expression": f"mailslot/1/open/PLANT/{where}/{f.escape(slot)}", "attachment": attachment.hex()}
        made["open_messages"].append(common | plain)
        if kind == f.CONFIRMED:
            answered = len(made["receipts"]) + 1
            back = f.receipt_destination(session, sequence, destination)
            plaintext = f.head(time + 5, "SRV2", None) + bytes([answered])
            receipt = domain.seal(key, f.RECEIPT, SESSIONS[1], answered, back, plaintext)
            made["receipts"].append({
                "message": len(made["messages"]) - 1, "session": SESSIONS[1].hex(), "sequence": answered,
                "time": time + 5, "computer": "SRV2", "outcome": answered, "payload": receipt.hex(),
            })
    made["presences"] = []
    for number, what in enumerate(PRESENCES):
        random = bytes([0xA0 + number] * 16)
        sealed = domain.presence(keys[0], random, what)
        made["presences"].append(what | {
            "group": domain.group(what), "random": random.hex(), "time": TIME, "key_expression": sealed,
            "open_key_expression": f.open_presence("PLANT", what),
        })
    made["identities"] = identities()
    return made


def check(found):
    """Opens the contents of a file, whichever program made it."""
    domain = f.Sealed(ID, NAMING, SECRETS)
    for message in [*found["messages"], found["batch"], found["request"]]:
        destination = domain.destination(message["slot"], message["to"])
        session, sequence, plaintext = domain.open(message["kind"], destination, bytes.fromhex(message["payload"]))
        time, computer, legacy, messages = f.read_head(plaintext)
        told = (session.hex(), sequence, time, computer, legacy)
        assert told == tuple(message[n] for n in ("session", "sequence", "time", "computer", "legacy")), message
        assert [data.hex() for data in messages] == message.get("batch", [message.get("data")]), message
    for receipt in found["receipts"]:
        message = found["messages"][receipt["message"]]
        destination = domain.destination(message["slot"], message["to"])
        back = f.receipt_destination(bytes.fromhex(message["session"]), message["sequence"], destination)
        _, _, plaintext = domain.open(f.RECEIPT, back, bytes.fromhex(receipt["payload"]))
        _, computer, _, [data] = f.read_head(plaintext)
        assert (computer, data) == (receipt["computer"], bytes([receipt["outcome"]])), receipt
    request, reply = found["request"], found["reply"]
    back = f.receipt_destination(bytes.fromhex(request["session"]), request["sequence"],
                                 domain.destination(request["slot"]))
    _, _, plaintext = domain.open(f.RECEIPT, back, bytes.fromhex(reply["payload"]))
    assert f.read_head(plaintext)[3] == [b"\x01" + bytes.fromhex(reply["data"])], reply
    for presence in found["presences"]:
        assert domain.read_presence(presence["key_expression"]) == f.presence_plaintext(presence), presence
        assert domain.group(presence) == presence["group"], presence
    check_identities(found["identities"])


def main(arguments):
    if arguments == ["make"]:
        print(json.dumps(make(), indent=2, ensure_ascii=False))
    elif len(arguments) == 2 and arguments[0] == "check":
        with open(arguments[1], encoding="utf-8") as file:
            found = json.load(file)
        check(found)
        assert found == make(), "the file and the vectors differ"
        print("test result: ok. 1 passed; 0 failed; 0 ignored")
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
