"""Takes part in a sealed domain as members of an earlier version and of this one: mixed.py ENDPOINT DOMAIN-FILE"""
import sys
import threading
import time

import foreign as f
import peer
from peer import check, same, until


def answer_for_all_slots(member):
    """Answers confirmed writes to slots that the computer does not have, as nodes do: also questions for the time."""
    computer = member.token(f.COMPUTER, member.computer)

    def receipt(query):
        destination = b"\x02" + computer + bytes.fromhex(str(query.key_expr).rsplit("/", 1)[1])
        session, sequence, _ = member.open(f.CONFIRMED, destination, bytes(query.payload))
        member.receipts += 1
        back = f.receipt_destination(session, sequence, destination)
        plaintext = f.head(peer.now(), member.computer) + b"\x02"
        query.reply(query.key_expr,
                    member.seal(member.key, f.RECEIPT, member.session, member.receipts, back, plaintext))

    return member.zenoh.declare_queryable(f"{member.prefix}/to/{computer.hex()}/*", receipt)


def receivers(machine, slot, within="10s"):
    return machine.run("send", "--receivers", f"1={within}", rf"\\PLANT\mailslot\{slot}", "x").splitlines()[-1]


def run(machine, endpoint, file):
    with peer.session(endpoint) as session:
        new, old = peer.Member(session, file, "NEW1"), peer.Member(session, file, "OLD1")
        named, random = new.serve("named"), old.serve("random", is_early=True)
        answering = answer_for_all_slots(old)
        everybody = [["NEW1", "named"], ["NODE1"], ["OLD1", "random"], ["status", "0"]]
        listed = lambda: [line.split() for line in machine.run("list", "--domain", "PLANT").splitlines()]
        check("members of both versions are listed, with their slots", until(lambda: listed() == everybody), listed())
        ungrouped = lambda: machine.counters("PLANT")["presence_ungrouped"]
        before = ungrouped()
        listed()
        same("presences of the earlier one are counted", ungrouped() - before, 2)
        doctor = machine.run("doctor", r"\\PLANT\mailslot\named")
        check("and the doctor says what they are", "presences are of an earlier version" in doctor, doctor)
        same("who receives a slot of this version is found", receivers(machine, "named"), "status 0")
        same("that arrives", until(lambda: named.qsize() and named.get()), (f.MESSAGE, "NODE1", b"x"))
        check("of the earlier one it is not", receivers(machine, "random", "1s") != "status 0")
        until(lambda: random.qsize() and random.get())
        same("though messages to all reach it", machine.run("send", r"\\PLANT\mailslot\random", "all"), "status 0")
        same("and are the same", until(lambda: random.qsize() and random.get()), (f.MESSAGE, "NODE1", b"all"))
        same("its receipts are taken", machine.run("send", "--confirm", r"\\PLANT\mailslot\random", "sure"),
             "OLD1 delivered\nstatus 0")
        random.get()
        same("and its computer is found by name", machine.run("send", r"\\OLD1\mailslot\random", "one"), "status 0")
        same("that arrives, too", until(lambda: random.qsize() and random.get()), (f.MESSAGE, "NODE1", b"one"))

        # For the earlier version a presence is good if its group is the first byte of the salt, as `read_presence` has
        # it; the node's have that form, and are in the group of their name as well.
        slot = peer.Listener(machine, "Line 1")
        what = {"kind": "slot", "computer": "NODE1", "slot": "Line 1"}
        group = f"{old.prefix}/at/{old.group(what):x}$*/*"
        there = lambda: [old.read_presence(str(reply.ok.key_expr))
                         for reply in session.liveliness().get(group, timeout=3)]
        check("the earlier version reads what the node announces, in the group of its name",
              until(lambda: f.presence_plaintext(what) in there()), there())
        slot.close()

        # A busy machine may be late once.
        took = []
        for number in range(5):
            told = []
            waiting = threading.Thread(target=lambda number=number, told=told: told.extend(
                (receivers(machine, f"late{number}", "60s"), time.monotonic())))
            waiting.start()
            listed()
            new.serve(f"late{number}")
            opened = time.monotonic()
            waiting.join()
            took.append(told[1] - opened if told[0] == "status 0" else told[0])
            if took[-1] != told[0] and took[-1] < 1:
                break
        check("a receiver that appears is known within a second", took[-1] != told[0] and took[-1] < 1, took)
        answering.undeclare()


run(peer.Machine(), sys.argv[1], peer.read_file(sys.argv[2]))
