"""Questions to the node: no other user can answer them, the node answers only to the asker's slot, and no user can ask
too many.
"""
import itertools
import json
import os
import random
import struct
import time

import asking
import net
import slots
from asking import CONTROL, ROUTES
from net import Machine
from world import BOB, MAL, NODE, ROOT, VIC, by, check, hostile, none, parts, same, until


# Forged answers to each kind of question, before the node answers.
TRIES = 1000
# No genuine answer has a number as large as this.
MADE_UP = 3_456_789_012
ALIASES = [f"ALIAS{number}" for number in range(6)]


def machines(size="96m", descriptors=None, started=True):
    """NODE1 and NODE3, in a legacy network and in the sealed domain PLANT."""
    if "net" not in net.hosts:
        net.lan("lan0")
        for number, host in ((11, "node1"), (12, "mallory"), (13, "node3")):
            net.attach(host, "lan0", f"10.97.1.{number}/24")
    one, three = Machine("node1", size), Machine("node3")
    one.run(ROOT, "domain", "new", "PLANT")
    with open(one.domains + "/PLANT.toml", "rb") as file:
        three.run(ROOT, "domain", "join", "-", given=file.read())
    if started:
        start_nodes(one, three, descriptors)
    return one, three


def start_node(one, descriptors=None):
    one.start_node("--listen", "tcp/0.0.0.0:7447", held=False, descriptors=descriptors)


def start_nodes(one, three, descriptors=None):
    start_node(one, descriptors)
    aliases = (word for name in ALIASES for word in ("--name", name))
    three.start_node("--connect", "tcp/10.97.1.11:7447", *aliases, held=False)
    for machine in (one, three):
        if not (machine.node.says("domain_open", 10) and machine.node.says("name_held name=LAB<1e>", 10)):
            check(f"{machine.host} comes up", False, machine.node.err())


def questions(world, reply):
    """One request of each kind, by its subject: the node's slot, and the bytes."""
    address = r"\\PLANT\mailslot\alerts"
    return {
        "route": (ROUTES, asking.routes(reply, asking.ROUTE, address)),
        "route of nobody": (ROUTES, asking.routes(reply, asking.ROUTE, r"\\NOBODY\mailslot\alerts")),
        "receivers": (ROUTES, asking.routes(reply, asking.RECEIVERS, address, 1, 7)),
        "confirmed": (ROUTES, asking.routes(reply, asking.CONFIRMED, address, 500, 0, b"x")),
        "status": (CONTROL, asking.control(reply, "status")),
        "resolve": (CONTROL, asking.control(reply, {"resolve": "$(rm -rf /) # chosen text of no name"})),
        "members": (CONTROL, asking.control(reply, {"members": "$(rm -rf /) # chosen text of no name"})),
        "node status": (CONTROL, asking.control(reply, {"node-status": "10.97.1.13"})),
        "send": (CONTROL, asking.control(reply, {"send": {"group": "LAB", "slot": "x", "data": [1]}})),
        "capture": (CONTROL, asking.control(reply, {"capture": {"slot": rf"\\.\mailslot\{reply}"}})),
    }


def ask(world, slot, packet, times=1):
    """Writes a request into a slot of the node."""
    def asker(say):
        connection = slots.connect(slots.living(world.slots, slot, ROOT)[0])
        for _ in range(times):
            slots.put(connection, slots.inline(*packet))
        say("asked")
    return by(MAL, asker)


def answers_elsewhere():
    one, three = machines()
    wrong = []
    targets = {}
    for number, (uid, access) in enumerate([(VIC, "owner"), (ROOT, "owner"), (NODE, "owner"), (VIC, f"users:{NODE}")],
                                           1):
        name = asking.reply_name(number)
        targets[f"slot of {uid} for {access}", name] = one.listen(uid, name, "--access", access, wait=False)
    for (what, name), listener in targets.items():
        if not listener.says("listening on", 8):
            wrong.append(f"{what}: {listener.err()}")
            continue
        for _, (slot, packet) in questions(one, name).items():
            ask(one, slot, packet, 3)
    done = one.run(BOB, "node", "status", "--json")
    check("an honest question is answered meanwhile", done.status == 0 and "NODE1" in done.out, done)
    done = one.run(BOB, "resolve", "NODE3")
    check("and one that takes a while", done.status == 0 and "10.97.1.13" in done.out, done)
    # By then even the slowest have been answered.
    one.send(BOB, r"\\PLANT\mailslot\x", "--confirm=1s", "x")
    for (what, name), listener in targets.items():
        wrong += [f"{what}: {str(message)[:150]}" for message in listener.messages()[:2]]
    none("the node answers into nobody's slot but the asker's", wrong)
    check("it goes on", one.node_goes_on(), one.node.err()[-500:])
    one.close()
    three.close()


def lies(rounds=1):
    """Answers of every kind, in every form of any version."""
    who = "EVIL"
    plain = [
        {"status": {"version": "0", "computer": who, "workgroup": who, "node_type": who, "interfaces": [], "names": [
            {"name": who, "group": False, "interface": who, "state": who}], "domains": [], "bridges": [],
            "nmbd_connected": None, "counters": {who: 1}}},
        {"holders": [{"address": "6.6.6.6", "group": False}]},
        {"names": [{"name": who, "group": False, "active": True, "conflict": False}]},
        {"members": {who: ["evil"]}},
        {"refused": who}, "not-allowed", "sent", "capturing",
    ]
    packets = [json.dumps(one).encode() for one in plain]
    slot = rb"\\.\mailslot\evil"
    packets += [b"\1\1", b"\1\2" + struct.pack("<I", 1 << 20) + slot, b"\1\3" + struct.pack("<I", MADE_UP),
                b"\1\4\0\4" + who.encode(), b"\1\5" + who.encode()]
    text = who.encode("utf-16-le") + b"\0\0"
    domain_controller = struct.pack("<H", 12) + who.encode() + b"\0" + (b"\0" if len(who) % 2 == 0 else b"") \
        + text + text + struct.pack("<IHH", 1, 0xFFFF, 0xFFFF)
    response = struct.pack("<H", 12) + who.encode() + b"\0" + text + text + struct.pack("<IHH", 1, 0xFFFF, 0xFFFF)
    packets += [domain_controller, response]
    address = bytes([16 | 2, 6, 6, 6, 6, 4]) + who.encode() + bytes([3]) + b"LAB"
    head = struct.pack("<H", len(address) + 2) + address
    return packets, head


def forms(lies):
    """Each forged answer unchanged, cut, and longer than any answer; and random bytes."""
    found = list(lies)
    for lie in lies:
        found += [lie[:1], lie[:len(lie) // 2], lie[:-1], lie + b"\0", lie + bytes(60000), lie + bytes(70000)]
    return found + [random.randbytes(size) for size in (0, 1, 16, 17, 33, 1000, 65000)]


def sendable(packets, head):
    """Packets for a door, and what is attached to them; some as if they came from the network, or were replies: with an
    id that one can make up who has not seen the question.
    """
    made_up = [slots.reply(identity) for identity in (bytes(16), b"\xff" * 16, random.randbytes(16))]
    for packet in packets:
        origin = random.choice((b"", head, *made_up))
        if len(origin + packet) <= slots.MAX_INLINE:
            yield slots.inline(packet, origin), []
        else:
            yield slots.attached(len(origin + packet), bool(origin)), [slots.memory_file(0, origin + packet)]


def forged_answers():
    one, three = machines()
    one.listen(ROOT, "alerts", "--network")
    three.listen(ROOT, "alerts", "--network")
    until(lambda: "NODE3" in one.run(ROOT, "list", "--domain", "PLANT").out)
    evil = one.listen(MAL, "evil", "--access", "everyone", "--network")
    packets, head = lies()

    def liar(uid):
        """Writes to every slot for answers, over and over for as long as it is there: with any user's right, and
        without the number that only the asker and the node know. Says how often it has tried, and how many were taken.
        """
        def lie(say):
            answers = {}
            while True:
                for directory, name in slots.named(one.slots, ""):
                    if not name.upper().startswith(kinds):
                        continue
                    answers.setdefault(name, forms(packets))
                    tried = told = 0
                    for packet, files in sendable(random.sample(answers[name], 40), head):
                        tried += 1
                        try:
                            # A refused packet ends the connection.
                            connection = slots.connect(directory, blocking=False)
                            told += slots.put(connection, packet, files, patience=0)
                            connection.close()
                        except OSError:
                            pass
                        for file in files:
                            os.close(file)
                    say(tried, told)
                time.sleep(0.001)
        # Only the node's user may write messages from the network.
        kinds = ("MAILSLOT\\REPLY\\",) + (() if uid == ROOT else ("NET\\GETDC", "BROWSE"))
        return hostile(uid, lie)

    # By the kind of question; a command may ask others before it.
    asks = {
        "Status": [("node", "status"), ("node", "status", "--json"), ("doctor", r"\\PLANT\mailslot\alerts")],
        "Resolve": [("resolve", "NODE3"), ("resolve", "NOBODY"), ("status", "NODE3")],
        "NodeStatus": [("status", "10.97.1.13")],
        "Members": [("list", "--domain", "PLANT")],
        "Send": [("find-dc", "--timeout", "1s", "LAB"), ("browse", "--duration", "1s")],
        "Capture": [("capture", "--duration", "300ms", "--write", "/dev/null")],
        "Route": [("send", r"\\PLANT\mailslot\alerts", "honest route")],
        "Receivers": [("send", "--receivers", "50=300ms", r"\\PLANT\mailslot\alerts", "too few")],
        "Confirmed": [("send", "--confirm=2s", r"\\PLANT\mailslot\nobody", "confirmed")],
        "Request": [("request", "--timeout", "10s", r"\\NODE3\mailslot\nobody", "question")],
    }
    same("every question is tried", sorted(asks), sorted(asking.kinds("mailslot-node/src/control.rs", "Request")
                                                       + asking.kinds("mailslot/src/network/routes.rs", "Question")))
    statuses = {"send --receivers": (5,), "send --confirm=2s": (10,), "request": (3,), "find-dc": (0, 3),
                "doctor": (0, 1)}
    # The slot for the answer accepts messages of the superuser's programs; one that comes first suffices.
    LEAST = {MAL: TRIES, ROOT: 40}

    def ask_among_lies(kind, arguments, uid, by_whom):
        """Asks while an attacker answers and the node does not, until the node does. Returns how many forged answers
        were tried, and what went wrong; None if the asker or the liar had too little time, on a busy machine.
        """
        bad = liar(by_whom)
        one.node.freeze()
        asker = one.start(uid, *arguments)
        tried = told = 0
        # The node must answer before the asker times out.
        end = time.monotonic() + 1
        while asker.lives() and (tried < LEAST[by_whom] or by_whom == ROOT and not told) and time.monotonic() < end:
            counts = (bad.line(0.2) or "0 0").split()
            tried, told = tried + int(counts[0]), told + int(counts[1])
        in_time = asker.lives() and tried > 0 and (told > 0 or by_whom == MAL)
        one.node.thaw()
        until(lambda: not asker.lives(), 120)
        bad.stop()
        said, status = asker.out() + asker.err(), asker.process.poll()
        if "EVIL" in said or "6.6.6.6" in said or str(MADE_UP) in said:
            return tried, [f"{arguments}: uid {uid}: {said[:300]}"]
        if not in_time or "did not answer in time" in said:
            return None
        wrong = []
        allowed = statuses.get(" ".join(arguments[:2]), statuses.get(arguments[0], (0,)))
        if arguments[-1] == "NOBODY":
            allowed = (3,)
        if kind == "Capture" and uid != ROOT:
            allowed = (4,)
        if status not in allowed or kind in ("Status", "NodeStatus", "Members") and status == 0 and "NODE" not in said:
            wrong.append(f"{arguments}: uid {uid}: status {status}: {said[:300]}")
        return tried, wrong

    for kind, commands in asks.items():
        wrong, tries = [], 0
        # A user who may not write there, and the node's user, whom the slot allows.
        left = list(itertools.product(commands, (BOB, ROOT), (MAL, ROOT)))
        for _ in range(len(left) + 100):
            if not left and tries >= TRIES:
                break
            arguments, uid, by_whom = left.pop(0) if left else (random.choice(commands), BOB, MAL)
            done = ask_among_lies(kind, arguments, uid, by_whom)
            if done is None:
                left.append((arguments, uid, by_whom))
                continue
            tries += done[0] if by_whom == MAL else 0
            wrong += done[1]
        same(f"there was time for each question ({kind})", left, [])
        check(f"somebody else was there before the node {TRIES} times ({kind}: {tries})", tries >= TRIES)
        none(f"none of those answers to {kind} is believed", wrong)
    none("no message was led to a slot of another user", evil.data())
    one.close()
    three.close()


def limits():
    """One user's questions do not reduce those that others may ask."""
    one, three = machines()
    heard = three.listen(ROOT, "alerts", "--network")
    until(lambda: "alerts" in one.run(ROOT, "list", "--domain", "PLANT").out)
    def flood(slot, count, make):
        """Lets a user ask many times, each time with a new slot for the answer."""
        name = asking.reply_name()
        own = one.listen(MAL, name, "--access", "everyone")

        def asker(say):
            directory = slots.living(one.slots, slot, ROOT)[0]
            connections = [slots.connect(directory) for _ in range(16)]
            asked = 0
            for number in range(count):
                if slots.put(connections[number % 16], slots.inline(*make(name, number)), patience=0.5):
                    asked += 1
                else:
                    connections[number % 16] = slots.connect(directory)
            say(asked)
            time.sleep(600)
        bad = hostile(MAL, asker)
        bad.own = own
        bad.line(60)
        return bad

    long, nobody = 0xffffffff, r"\\PLANT\mailslot\nobody"
    first = one.run(BOB, "send", "--receivers", "1=3s", r"\\PLANT\mailslot\alerts", "first")
    same("an honest user waits for receivers, and is told of them", (first.status, bool(heard.until("first"))),
         (0, True))
    bad = flood(ROUTES, 1500, lambda reply, number: asking.routes(reply, asking.RECEIVERS, nobody, long, long,
                                                                  identity=struct.pack("<QQ", number, 0)))
    done = [one.run(BOB, "send", "--receivers", "1=3s", r"\\PLANT\mailslot\alerts", f"wait {number}")
            for number in range(3)]
    check("others wait for receivers while one user waits 1,500 times", all(one.status == 0 for one in done), done)
    bad.stop()
    # A member that never answers: the writes wait for its whole timeout.
    three.node.freeze()
    bad = flood(ROUTES, 600, lambda reply, number:
                asking.routes(reply, asking.CONFIRMED, r"\\PLANT\mailslot\alerts", 60000, 0, b"m"))
    done = [one.run(BOB, "send", "--confirm=1s", r"\\PLANT\mailslot\alerts", f"confirm {number}")
            for number in range(3)]
    three.node.thaw()
    check("others have confirmed writes while one user has 600", all("NODE3 silent" in one.out for one in done), done)
    bad.stop()

    def resolver(say):
        directory = slots.living(one.slots, CONTROL, ROOT)[0]
        connections = [slots.connect(directory) for _ in range(8)]
        number = 0
        stop = time.monotonic() + 20
        while time.monotonic() < stop:
            for index, connection in enumerate(connections):
                number += 1
                request = asking.control(asking.reply_name(number), {"resolve": f"Z{number}"})
                if not slots.put(connection, slots.inline(*request), patience=0.05):
                    try:
                        connections[index] = slots.connect(directory, blocking=False)
                    except OSError:
                        time.sleep(0.01)
            time.sleep(0.001)
            if number == 800:
                say("flooding")
    bad = hostile(MAL, resolver)
    bad.line()
    # Names that the node has not resolved yet.
    found = [one.run(BOB, "resolve", name, patience=20) for name in ALIASES]
    check("others look for names while one user looks for thousands", all("10.97.1.13" in done.out for done in found),
          found)
    bad.stop()

    def noisy(say):
        for slot in (r"mailslot\node", ROUTES, CONTROL):
            for directory in slots.living(one.slots, slot, ROOT):
                connection = slots.connect(directory)
                for number in range(2000):
                    packet = asking.message(rf"\\NOSUCH{number}\mailslot\{'y' * 60}", b"x")
                    if not slots.put(connection, slots.inline(*packet)):
                        connection = slots.connect(directory)
        say("done")
    hostile(MAL, noisy).line(60)
    same("honest messages are sent afterwards", one.run(BOB, "send", r"\\PLANT\mailslot\alerts", "after").status, 0)
    check("and arrive", heard.until("after"), heard.data())
    until(lambda: one.node.err().count("NOSUCH") > 1900, 3)
    check("one user's 2,000 messages that cannot be sent are not 2,000 lines of the log",
          one.node.err().count("NOSUCH") < 200, one.node.err().count("NOSUCH"))
    check("the node goes on", one.node_goes_on())
    one.close()
    three.close()


def squatted_names():
    """The names of others' slots for answers, taken beforehand."""
    one, three = machines()
    heard = three.listen(ROOT, "alerts", "--network")
    until(lambda: "alerts" in one.run(ROOT, "list", "--domain", "PLANT").out)

    def squatter(say):
        last = int(open("/proc/loadavg").read().split()[4])
        for pid in range(last, last + 400):
            for name in (f"ROUTES-{pid}-0", f"{pid}-0"):
                path = f"{one.slots}/mailslot.MAILSLOT+REPLY+{name}"
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        say("done")
    hostile(MAL, squatter).line()
    done = one.run(BOB, "node", "status")
    check("names taken beforehand keep nobody from asking", done.status == 0, done)
    done = one.run(BOB, "send", r"\\PLANT\mailslot\alerts", "asked")
    check("or from sending", done.status == 0 and heard.until("asked", 10), done)
    one.close()
    three.close()


if __name__ == "__main__":
    parts(answers_elsewhere, forged_answers, limits, squatted_names)
