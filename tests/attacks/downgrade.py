"""No message for a sealed domain is sent to the legacy network, where everybody can read it, whoever claims that it
belongs there.
"""
import time

import asking
import slots
from asking import ROUTES
from net import Machine, seen, sniff
from questions import machines
from world import BOB, MAL, ROOT, VIC, check, hostile, none, parts, same, until

NOBODY = r"\\NOBODY\mailslot\x"


def listening_machine():
    """A machine of the segment that registers the domains' names as groups."""
    machine = Machine("mallory")
    groups = [word for name in ("LATER", "OTHER") for word in ("--name", f"group:{name}")]
    machine.node = machine.start(ROOT, "node", "--computer", "MALLORY", "--workgroup", "PLANT", *groups)
    machine.node.says("name_held name=OTHER<00>")
    machine.node.says("name_held name=PLANT<1e>")
    return machine


def told_by_others():
    """Other users' questions about a domain, which the node answers."""
    one, three = machines()
    listening_machine()
    heard = three.listen(ROOT, "alerts", "--network")
    until(lambda: "alerts" in one.run(ROOT, "list", "--domain", "PLANT").out)
    sniffer = sniff("node1", [b"SECRET"])
    sent, wrong = [], []
    for uid in (BOB, ROOT, VIC):
        for address in (r"\\PLANT\mailslot\alerts", r"\\NODE3\mailslot\alerts"):
            one.node.freeze()

            def asker(say):
                """Asks with the future names of others' slots for answers, as far as they can be guessed."""
                connections = [slots.connect(slots.living(one.slots, ROUTES, ROOT)[0]) for _ in range(4)]
                for ahead in range(1, 40):
                    for kind in (asking.ROUTE, asking.RECEIVERS):
                        reply = asking.reply_name(ahead)
                        slots.put(connections[ahead % 4], slots.inline(*asking.routes(reply, kind, NOBODY)))
                say("asked")
                # And with their actual names.
                known = set()
                while True:
                    for _, name in slots.named(one.slots, r"mailslot\reply"):
                        if name not in known:
                            known.add(name)
                            for number in range(4):
                                slots.put(connections[number],
                                          slots.inline(*asking.routes(name, asking.ROUTE, NOBODY)), patience=0.05)
                    time.sleep(0.002)
            bad = hostile(MAL, asker)
            bad.line()
            data = f"SECRET {len(sent)}"
            sender = one.start(uid, "send", address, data)
            until(lambda: not sender.lives() or slots.named(one.slots, r"mailslot\reply"), 3)
            time.sleep(0.05)
            one.node.thaw()
            until(lambda: not sender.lives(), 15)
            bad.stop()
            if sender.process.poll() == 0:
                sent.append(data)
            else:
                wrong.append(f"{uid} to {address}: {sender.process.poll()} {sender.err()}")
    none("nobody is kept from sending", wrong)
    none("no message for a sealed domain is seen in clear", seen(sniffer))
    check("each arrives, sealed", until(lambda: set(sent) <= set(heard.data()), 10), (sent, heard.data()))
    none("and is told to be so",
         [message for message in heard.messages() if not message["origin"].get("authenticated")])

    # The outcome of a message while a genuine question waits for its answer.
    three.node.freeze()
    confirming = one.start(BOB, "send", "--confirm=4s", r"\\NODE3\mailslot\nobody", "confirmed")
    counting = one.start(BOB, "send", "--receivers", "3=4s", r"\\PLANT\mailslot\nobody", "counted")
    until(lambda: len(slots.named(one.slots, r"mailslot\reply")) >= 2, 3)
    own = one.listen(ROOT, "own", "--network")

    def asker(say):
        connection = slots.connect(slots.living(one.slots, ROUTES, ROOT)[0])
        for _ in range(20):
            for _, name in slots.named(one.slots, r"mailslot\reply"):
                for packet in (asking.routes(name, asking.CONFIRMED, r"\\PLANT\mailslot\own", 1000, 0, b"x"),
                               asking.routes(name, asking.CONFIRMED, r"\\NODE1\mailslot\own", 1000, 0, b"x"),
                               asking.routes(name, asking.RECEIVERS, r"\\PLANT\mailslot\alerts", 1, 1),
                               asking.routes(name, asking.ROUTE, NOBODY)):
                    slots.put(connection, slots.inline(*packet))
            time.sleep(0.05)
        say("asked")
    hostile(MAL, asker).line()
    until(lambda: not confirming.lives() and not counting.lives(), 15)
    three.node.thaw()
    check("what became of a message is told by the node alone",
          "delivered" not in confirming.out() and confirming.process.poll() == 10 and "NODE3" in confirming.out(),
          f"{confirming.process.poll()} {confirming.out()}{confirming.err()}")
    check("and so is who receives", counting.process.poll() == 5,
          f"{counting.process.poll()} {counting.out()}{counting.err()}")
    one.close()
    three.close()


def known_before():
    """Sealed computers and domains, while their domain is unreachable."""
    one, three = machines()
    listening_machine()
    heard = three.listen(ROOT, "alerts", "--network")
    until(lambda: "NODE3" in one.run(ROOT, "list", "--domain", "PLANT").out)
    same("a computer of the domain is sent to", one.run(BOB, "send", r"\\NODE3\mailslot\alerts", "sealed").status, 0)
    check("sealed", (heard.until("sealed") or {"origin": {}})["origin"].get("authenticated"))
    sniffer = sniff("node1", [b"SECRET"])
    # Its node leaves the domain, and stays in the legacy network.
    three.node.stop()
    three.start_node("--config", "/dev/null", MAILSLOT_DOMAINS=three.path)
    until(lambda: "NODE3" not in one.run(ROOT, "list", "--domain", "PLANT").out)
    done = [one.run(uid, "send", r"\\NODE3\mailslot\alerts", "SECRET to a computer that was known")
            for uid in (BOB, ROOT)]
    # Before this, such a message is sent.
    one.run(BOB, "resolve", "NODE3")
    time.sleep(0.5)
    none("a computer that a sealed domain has known is not sent to in clear", seen(sniffer))

    one.run(ROOT, "domain", "new", "LATER")
    done = [one.run(uid, "send", r"\\LATER\mailslot\alerts", "SECRET to a new domain") for uid in (BOB, ROOT)]
    one.run(BOB, "resolve", "NODE3")
    time.sleep(0.5)
    none("a domain that the node does not know yet is not sent to in clear", seen(sniffer))
    check("which is said, too", all(one.status != 0 for one in done), done)
    one.node.stop()
    one.start_node("--config", "/dev/null", MAILSLOT_DOMAINS=one.path)
    for name in ("PLANT", "LATER"):
        done = [one.run(uid, "send", rf"\\{name}\mailslot\alerts", "SECRET without the domain") for uid in (BOB, ROOT)]
        one.run(BOB, "resolve", "NODE3")
        time.sleep(0.3)
        found = seen(sniffer)
        none(f"{name} is not sent to in clear by a node that takes part in no domain", found)
        check("which is said as well", all(one.status != 0 for one in done), done)
    same("what is in no domain is sent on",
         one.run(BOB, "send", r"\\OTHER\mailslot\alerts", "SECRET of no domain").status, 0)
    check("and seen", until(lambda: sniffer.line(0.2), 5))
    one.close()
    three.close()


parts(told_by_others, known_before)
