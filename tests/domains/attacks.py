"""Attacks a running node through Zenoh, and checks what it accepts, what it counts, and its memory.

    attacks.py PHASE SETTINGS      phases: messages, receipts, full, giant, record, restarted, rotated, floods
"""
import json
import random
import secrets
import sys

import zenoh

import foreign as f
import peer
from peer import check, same, until

with open(sys.argv[2], encoding="utf-8") as settings:
    settings = json.load(settings)
machine = peer.Machine()
session = peer.session(settings["endpoint"])
domain = peer.read_file(settings["file"])
member = peer.Member(session, domain, "PY1")
heard = peer.Listener(machine, "target")
beside = peer.Listener(machine, "beside")
markers = []
recorded_file = settings["recorded"]


def put(payload, slot="target", to=None):
    session.put(member.key_expression(slot, to), payload)


def message(data, at=None, kind=f.MESSAGE, slot="target", to=None, within=None):
    return member.sealed(kind, slot, to, data, at=at, within=within)[0]


def mark(through=None):
    """A message that must arrive after everything that was sent before it."""
    markers.append(f"marker {secrets.token_hex(4)}")
    (through or member).put("target", markers[-1].encode())
    return heard.until(markers[-1])


def there():
    """Whether markers arrive: the first ones may be sent before the session has discovered the node."""
    first = len(markers)

    def one_arrives():
        markers.append(f"marker {secrets.token_hex(4)}")
        member.put("target", markers[-1].encode())
        return any(message.get("data") in markers[first:] for message in heard.messages)

    return until(one_arrives) and mark()


def expect(name, attack, **changes):
    """After the attack and one good message, exactly these counters have changed."""
    before = machine.counters("PLANT")
    attack()
    arrived = mark()
    after = machine.counters("PLANT")
    expected = {"opened": 1, "delivered": 1}
    for key, change in changes.items():
        expected[key] = expected.get(key, 0) + change
    found = {key: after[key] - before[key] for key in after if after[key] != before[key]}
    check(name, arrived and found == expected,
          f"marker arrived: {bool(arrived)}, counters: {found}\n-- expected:\n{expected}")


def stranger(secret, **other):
    """An attacker with another secret than the domain's, or with another id."""
    return peer.Member(session, domain | {"secrets": [secret]} | other, "PY1")


def memory():
    """MiB of the node's memory."""
    with open(f"/proc/{settings['pid']}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def bounded(name, before, allowed):
    check(name, memory() < before + allowed,
          f"{before:.0f} MiB before, {memory():.0f} MiB after, {allowed} MiB are allowed")


def nothing_else(name, *expected):
    same(name, (sorted(d for d in heard.data() if d not in markers), beside.data()), (sorted(expected), []))


def messages():
    check("the node is there", there(), machine.status("PLANT"))
    expect("no key: text", lambda: put(b"boiler 3: all is well"), dropped_version=1)
    expect("no key: what looks like a message", lambda: put(b"\x01\x01" + secrets.token_bytes(98)),
           dropped_key_unknown=1)
    expect("no key: nothing at all", lambda: put(b""), dropped_malformed=1)
    wrong = stranger(secrets.token_bytes(32))
    expect("wrong key", lambda: wrong.put("target", b"wrong key"), dropped_key_unknown=1)
    # It has the id of the right key.
    wrong.keys[member.key], wrong.key = secrets.token_bytes(32), member.key
    expect("wrong key under the right name", lambda: wrong.put("target", b"forged"), dropped_forged=1)

    good = message(b"once")
    expect("replayed a hundred times", lambda: [put(good) for _ in range(101)], opened=1, delivered=1,
           dropped_replayed=100)
    numbered = [message(b"reordered %d" % number) for number in range(20)]
    random.Random(7).shuffle(numbered)
    expect("reordered: each once", lambda: [put(one) for one in numbered + numbered], opened=20, delivered=20,
           dropped_replayed=20)
    old = message(b"too old")
    [message(b"never sent") for _ in range(1100)]
    expect("far behind", lambda: (mark(), put(old)), opened=1, delivered=1, lost=1100 + 1, dropped_too_old=1)

    good = message(b"bit-flipped")
    flipped = [good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1:] for at in range(len(good))]
    others = {"dropped_version": 1, "dropped_malformed": 1, "dropped_key_unknown": 8}
    expect("each byte with a bit flipped", lambda: [put(one) for one in flipped], **others,
           dropped_forged=len(good) - 10, lost=1)
    good = message(b"cut short")
    expect("cut short at each byte", lambda: [put(good[:size]) for size in range(len(good))], dropped_malformed=50,
           dropped_forged=len(good) - 50, lost=1)
    expect("continued", lambda: put(good + b"\0"), dropped_forged=1)

    expect("brought to another slot", lambda: put(message(b"cross-slot"), "beside"), dropped_forged=1, lost=1)
    expect("to one computer, brought to all", lambda: put(message(b"was directed", to="NODE1")), dropped_forged=1)
    expect("to all, brought to one computer", lambda: put(message(b"was broadcast"), to="NODE1"), dropped_forged=1,
           lost=1)
    expect("to another computer", lambda: put(message(b"for another", to="NODE2"), to="NODE1"), dropped_forged=1)
    asked = message(b"cross-kind", kind=f.CONFIRMED)
    expect("a confirmed write as a message", lambda: put(asked), dropped_malformed=1)
    expect("the same, said to be a message", lambda: put(b"\x01\x01" + asked[2:]), dropped_forged=1)
    other = peer.Member(session, peer.read_file(settings["other_file"]), "PY1")
    crossed = other.sealed(f.MESSAGE, "target", None, b"cross-domain")[0]
    expect("brought from another domain", lambda: put(crossed), dropped_key_unknown=1)
    # The worst case: both domains have the same secrets.
    twin = stranger(domain["secrets"][-1], id=secrets.token_bytes(16))
    crossed = twin.sealed(f.MESSAGE, "target", None, b"cross-domain")[0]
    expect("brought from a domain with the same key", lambda: put(crossed), dropped_forged=1)
    expect("to a key expression that is none of the domain's", lambda: session.put(
        other.key_expression("target"), other.sealed(f.MESSAGE, "target", None, b"x")[0]))

    for seconds in (-120, -61, 61, 120, 10 ** 9):
        expect(f"a clock that is off by {seconds} s",
               lambda: put(message(b"wrong clock", at=peer.now() + seconds * 1000)), dropped_clock=1, lost=1)
    for at in (0, 2 ** 64 - 1):
        expect(f"a time of {at}", lambda: put(message(b"wrong clock", at=at)), dropped_clock=1, lost=1)
    expect("from before the start", lambda: put(message(b"before", at=settings["before"])), dropped_before_start=1,
           lost=1)
    for name in ("", "A\0B", "\x1b[2JX", "SIXTEEN-LETTERS-", "lower", "A\\B"):
        liar = peer.Member(session, domain, name)
        expect(f"a sender of the name {name!r}", lambda: liar.put("target", b"bad name"), dropped_malformed=1)
    for head in (b"", b"\0" * 8, b"\0" * 9, b"\0" * 8 + b"\x02\x01A", b"\0" * 8 + b"\x01\x01A"):
        sealed = member.seal(member.key, f.MESSAGE, secrets.token_bytes(16), 1, member.destination("target"), head)
        expect(f"a head of {head.hex() or 'no bytes'}", lambda: put(sealed), dropped_malformed=1)

    # Members are trusted with names, as the page says.
    liar = peer.Member(session, domain, "NODE1")
    liar.put("target", b"by another name")
    origin = heard.until("by another name")
    same("a member can claim another's name, and is authenticated as a member", origin and origin["origin"]["computer"],
         "NODE1")

    own = []
    listening = session.declare_subscriber(member.key_expression("target"), lambda s: own.append(bytes(s.payload)))
    machine.run("send", r"\\PLANT\mailslot\target", "the node's own")
    until(lambda: own)
    expect("the node's own messages sent back to it", lambda: put(own[0]), dropped_replayed=1)
    listening.undeclare()

    for slot in (r"mailslot\node\routes", r"mailslot\node\domain\PLANT", r"mailslot\node\outgoing", "private"):
        same(f"the slot {slot} is not there", member.confirm(slot, b"inside", to="NODE1"), {"NODE1": 2})
    expect("to a slot that is not there", lambda: member.put("nowhere", b"x", to="NODE1"), undelivered_no_slot=1)

    expect("larger than allowed", lambda: put(message(b"x" * ((1 << 20) + 1))), dropped_too_large=1, lost=1)
    same("nothing was delivered that should not be", sorted({d for d in heard.data() if d not in markers}),
         sorted(["once", "by another name", "the node's own"] + [f"reordered {number}" for number in range(20)]))
    nothing_else("and everything once", "once", "by another name", "the node's own",
                 *[f"reordered {number}" for number in range(20)])


def receipts():
    """Forged answers to a confirmed write, and forged presences."""
    check("the node is there", there(), machine.status("PLANT"))
    counters = lambda: machine.counters("PLANT")
    asked, answers = [], []

    def answer(query):
        asked.append(bytes(query.payload))
        for payload in answers[0](asked[-1]):
            query.reply(query.key_expr, payload)

    slot = "elsewhere"
    queryable = session.declare_queryable(member.key_expression(slot), answer)
    back = lambda payload: f.receipt_destination(payload[10:26], int.from_bytes(payload[26:34], "big"),
                                                 member.destination(slot))
    plaintext = f.head(peer.now(), "PY2") + b"\x01"
    own = secrets.token_bytes(16)
    true = lambda payload, key=member.key, to=back: member.seal(key, f.RECEIPT, own, 1, to(payload), plaintext)
    wrong = stranger(secrets.token_bytes(32))
    wrong.keys[member.key] = secrets.token_bytes(32)
    forged = {
        "text": lambda p: [b"delivered"],
        "without the key": lambda p: [wrong.seal(member.key, f.RECEIPT, own, 1, back(p), plaintext)],
        "the write itself": lambda p: [p],
        "of another write": lambda p: [true(asked[0])],
        "of another slot": lambda p: [member.seal(member.key, f.RECEIPT, own, 1,
                                                  f.receipt_destination(p[10:26], int.from_bytes(p[26:34], "big"),
                                                                        member.destination("target")), plaintext)],
        "of another kind": lambda p: [member.seal(member.key, f.MESSAGE, own, 1, back(p), plaintext)],
        "with a flipped bit": lambda p: [true(p)[:-1] + bytes([true(p)[-1] ^ 1])],
        "with two outcomes": lambda p: [member.seal(member.key, f.RECEIPT, own, 1, back(p), plaintext + b"\x01")],
    }
    said = lambda: machine.run("send", "--confirm=3s", r"\\PLANT\mailslot\elsewhere", "sure")
    answers.append(lambda p: [true(p)])
    same("a true receipt is told", until(lambda: (text := said()).startswith("PY2") and text),
         "PY2 delivered\nstatus 0")
    first = asked[-1]
    for name, forge in forged.items():
        asked.insert(0, first)
        answers[0], before = forge, counters()
        text, after = said(), counters()
        check(f"a receipt {name} is none", "delivered\n" not in text and "no slot receives" in text
              and after["receipts_refused"] == before["receipts_refused"] + 1, f"{text} {after}")
    answers[0] = lambda p: [true(p)] * 3
    before = counters()
    same("a receipt shown again counts once", said(), "PY2 delivered\nstatus 0")
    same("and the copies as refused", counters()["receipts_refused"] - before["receipts_refused"], 2)

    # Requests, with the same answers: a reply is one byte and the data.
    plaintext = f.head(peer.now(), "PY2") + b"\x01yes"
    forged["with two outcomes"] = lambda p: [member.seal(member.key, f.RECEIPT, own, 1, back(p),
                                                         f.head(peer.now(), "PY2") + b"\x02yes")]
    forged["of nobody"] = lambda p: [member.seal(member.key, f.RECEIPT, own, 1, back(p), b"\x01yes")]
    forged["larger than allowed"] = lambda p: [true(p)[:-16] + b"x" * (1 << 20) + true(p)[-16:]]
    asking = lambda: machine.run("request", "--timeout", "2s", r"\\PLANT\mailslot\elsewhere", "sure?")
    answers[0] = lambda p: [true(p)]
    same("a true reply is printed", asking(), "yes\nstatus 0")
    first = asked[-1]
    for name, forge in forged.items():
        asked.insert(0, first)
        answers[0], before = forge, counters()
        text, after = asking(), counters()
        check(f"a reply {name} is none", text.endswith("status 5") and "yes" not in text
              and after["receipts_refused"] == before["receipts_refused"] + 1, f"{text} {after}")
    answers[0] = lambda p: forged["without the key"](p) + forged["of another write"](p) + [true(p)] * 3
    same("a true reply among others is the one", asking(), "yes\nstatus 0")
    # A request of a member to this machine's slot, and forgeries of it.
    served = peer.Listener(machine, "served", "--reply", "cat; printf ' for %s' \"$MAILSLOT_COMPUTER\"", reply=True)
    check("a member's request is replied to",
          until(lambda: member.request("served", b"now")[0] == {"NODE1": (1, b"now for PY1")}))
    told, payload = member.request("served", b"again", to="NODE1")
    same("and so is one to this computer", told, {"NODE1": (1, b"again for PY1")})
    shown = lambda payload, to: [bytes(r.ok.payload)
                                 for r in session.get(member.key_expression("served", to), payload=payload,
             target=zenoh.QueryTarget.ALL, consolidation=zenoh.ConsolidationMode.NONE, timeout=2) if r.ok]
    expect("a request shown again asks nobody", lambda: same("nor is it answered", shown(payload, "NODE1"), []),
           dropped_replayed=1)
    wrong.key = member.key
    expect("a request without the key asks nobody", lambda: same("nor is it answered", shown(wrong.sealed(
        f.CONFIRMED, "served", None, b"x", within=1000)[0], None), []), dropped_forged=1)
    expect("a request as a message asks nobody", lambda: put(message(b"x", within=1000)), dropped_malformed=1, lost=1)
    served.close()

    # A replayed presence, after its owner is gone: it only adds a name to a list.
    token = member.announce({"kind": "slot", "computer": "GONE1", "slot": "elsewhere"})
    gone = lambda: "GONE1" in machine.run("list", "--domain", "PLANT")
    check("a presence is seen", until(gone))
    seen = next(str(r.ok.key_expr) for r in session.liveliness().get(f"{member.prefix}/at/*/*", timeout=3)
                if b"GONE1" in member.read_presence(str(r.ok.key_expr)))
    token.undeclare()
    check("and seen to end", until(lambda: not gone()))
    again = session.liveliness().declare_token(seen)
    check("it can be shown again, as the page says", until(gone))
    answers[0] = lambda p: []
    same("but nobody answers for it", machine.run("send", "--confirm=2s", r"\\PLANT\mailslot\elsewhere", "sure"),
         "GONE1 silent\nmailslot: 1 message was not delivered everywhere\nstatus 10")
    again.undeclare()
    queryable.undeclare()
    group, last = seen.split("/")[-2:]
    parts = [f"{group}/{one}"
             for one in (last[:-2] + ("A" if last[-2] != "A" else "B") + last[-1], "x", "~", last + "AAAA",
                         "A" * 1000)]
    forged = wrong.presence(member.key, secrets.token_bytes(16), {"kind": "node", "computer": "BAD"}).split("/at/")[1]
    bad = [*parts, forged, last, f"{int(group, 16) ^ 1:02x}/{last}"]
    tokens = [session.liveliness().declare_token(f"{member.prefix}/at/{one}") for one in bad]
    # The one without a group is not asked for.
    check("presences that members have not made are refused", until(lambda: refused_now() == len(bad) - 1),
          refused_now())
    members = machine.run("list", "--domain", "PLANT")
    check("and name nobody", "BAD" not in members and "GONE1" not in members, members)
    for token in tokens:
        token.undeclare()
    nothing_else("no receipt or presence became a message")


def refused_now():
    """The presences that the node refuses when it asks for all."""
    before = machine.counters("PLANT")["presence_refused"]
    machine.run("list", "--domain", "PLANT")
    return machine.counters("PLANT")["presence_refused"] - before


def floods():
    check("the node is there", there(), machine.status("PLANT"))
    before = memory()

    junk = [secrets.token_bytes(1000) for _ in range(100)]
    counted = lambda: sum(count for key, count in machine.counters("PLANT").items() if key.startswith("dropped"))
    begin, sent = counted(), 20_000
    block = {"congestion_control": zenoh.CongestionControl.BLOCK}
    where = member.key_expression("target")
    for number in range(sent):
        session.put(where, junk[number % 100], **block)
    check("good messages get through after a flood", mark())
    same("each message of the flood is counted", counted() - begin, sent)
    bounded("a flood takes no memory", before, 40)

    # All of these are genuine members, each with a new session.
    begin = machine.counters("PLANT")
    senders, room = 5000, settings["streams"]
    destination = member.destination("target")
    for number in range(senders):
        plaintext = f.head(peer.now(), f"PY{number}") + b"flood"
        session.put(where, member.seal(member.key, f.MESSAGE, secrets.token_bytes(16), 1, destination, plaintext),
                    **block)
    check("a stream that is known goes on when the table is full", mark())
    after = machine.counters("PLANT")
    refused = after["dropped_streams_full"] - begin["dropped_streams_full"]
    check("thousands of senders are followed as far as the table goes, and then counted",
          senders - room <= refused < senders and after["opened"] - begin["opened"] == senders - refused + 1,
          f"{refused} refused, {after['opened'] - begin['opened']} opened")
    bounded("thousands of senders take bounded memory", before, 60)


def full():
    """A slot that is not read."""
    check("the node is there", there(), machine.status("PLANT"))
    before, counters = memory(), machine.counters("PLANT")
    block = {"congestion_control": zenoh.CongestionControl.BLOCK}
    for _ in range(20_000):
        session.put(member.key_expression("unread"), message(b"x" * 1000, slot="unread"), **block)
    same("a full slot says so", member.confirm("unread", b"x" * 1000), {"NODE1": 3})
    check("good messages get through to other slots", mark())
    after = machine.counters("PLANT")
    delivered = after["delivered"] - counters["delivered"]
    refused = after["undelivered_full"] - counters["undelivered_full"]
    check("what does not fit is counted", delivered < 200 and delivered + refused == 20_000 + 2, (delivered, refused))
    bounded("a full slot takes no memory of the node", before, 40)


def giant():
    before = memory()
    giants = peer.session(settings["endpoint"])
    try:
        for _ in range(4):
            giants.put(member.key_expression("target"), b"\x01" * (64 << 20),
                       congestion_control=zenoh.CongestionControl.BLOCK)
    except zenoh.ZError as error:
        print(f"a giant message ends the connection: {error}")
    check("good messages get through after giants", mark())
    bounded("giant messages take no memory", before, 80)


def rotated():
    """The domain has a new key, and the old one has expired."""
    old = peer.Member(session, peer.read_file(settings["old_file"]), "PY1")
    check("the new key is understood", there(), machine.status("PLANT"))
    expect("a key that was rotated out", lambda: old.put("target", b"old key"), dropped_key_expired=1)
    with open(recorded_file, encoding="ascii") as file:
        recorded = bytes.fromhex(file.read())
    expect("what was sealed with it before", lambda: put(recorded), dropped_key_expired=1)
    token = old.announce({"kind": "slot", "computer": "GONE1", "slot": "target"})
    check("a presence of it", until(lambda: refused_now() == 1), refused_now())
    token.undeclare()
    nothing_else("nothing of it is delivered")


def record():
    """One good message, which is delivered now and replayed later."""
    check("the node is there", there(), machine.status("PLANT"))
    sealed = message(b"recorded")
    put(sealed)
    check("a message is delivered", heard.until("recorded"))
    with open(recorded_file, "w", encoding="ascii") as file:
        file.write(sealed.hex())


def restarted():
    """The node has restarted since `record`."""
    check("the node is there again", there(), machine.status("PLANT"))
    with open(recorded_file, encoding="ascii") as file:
        recorded = bytes.fromhex(file.read())
    expect("what was delivered before the start", lambda: [put(recorded) for _ in range(3)], dropped_before_start=3)
    nothing_else("it is not delivered again")


{"messages": messages, "receipts": receipts, "floods": floods, "full": full, "giant": giant, "rotated": rotated,
 "record": record, "restarted": restarted}[sys.argv[1]]()
heard.close()
beside.close()
session.close()
