"""Takes part in an open domain by Zenoh alone, and in a sealed one by docs/domains.md.

    foreign_peer.py OPEN-ENDPOINT SEALED-ENDPOINT DOMAIN-FILE
"""
import os
import secrets
import subprocess
import sys

import zenoh

import foreign as f
import peer
from peer import check, same, until


def open_domain(machine, endpoint):
    with peer.session(endpoint) as session:
        prefix = "mailslot/1/open/LAB"
        heard = peer.Listener(machine, "alerts")
        there = lambda: [str(r.ok.key_expr) for r in session.liveliness().get(f"{prefix}/at/*/ALERTS", timeout=3)]
        same("any Zenoh program sees who has a slot", until(there), [f"{prefix}/at/NODE1/ALERTS"])
        session.put(f"{prefix}/all/ALERTS", "from anybody")
        message = heard.until("from anybody")
        same("a put without an attachment is delivered, from nobody known", message and message["origin"],
             {"computer": "", "domain": "LAB", "address": None, "authenticated": False})
        session.put(f"{prefix}/to/NODE1/ALERTS", "to one")
        check("a directed one, too", heard.until("to one"), heard.messages)
        program = os.path.join(os.path.dirname(__file__), "../../docs/peer/open.py")
        with subprocess.Popen([sys.executable, "-B", program, endpoint], stdout=subprocess.PIPE) as process:
            check("the program of docs/peer.md writes", heard.until("boiler 3: over pressure"), heard.messages)
            same("and is a receiver", machine.run("send", "--receivers", "1=60s", r"\\LAB\mailslot\py", "heard"),
                 "status 0")
            same("it prints what it gets", process.communicate()[0], b"heard\n")

        own = secrets.token_bytes(16)
        for sequence in (1, 2, 2, 4):
            attachment = f.attachment(own, sequence, peer.now(), "PY1")
            session.put(f"{prefix}/all/ALERTS", f"number {sequence}", attachment=attachment)
        message = heard.until("number 4")
        same("an attachment names the sender", message and message["origin"],
             {"computer": "PY1", "domain": "LAB", "address": None, "authenticated": False})
        same("copies are recognised", [d for d in heard.data() if "number" in d], ["number 1", "number 2", "number 4"])
        counters = machine.counters("LAB")
        same("copies and losses are counted", (counters["dropped_replayed"], counters["lost"]), (1, 1))

        got = []
        subscriber = session.declare_subscriber(f"{prefix}/all/TO-PYTHON", lambda s: got.append(bytes(s.payload)))
        token = session.liveliness().declare_token(f"{prefix}/at/PY1/TO-PYTHON")
        same("a token of any Zenoh program is a receiver",
             machine.run("send", "--receivers", "1=10s", r"\\LAB\mailslot\to-python", "to Python"), "status 0")
        same("what the node sends arrives at any subscriber", until(lambda: got), [b"to Python"])
        check("and its computer is a member", "PY1" in machine.run("list", "--domain", "LAB"),
              machine.run("list", "--domain", "LAB"))

        def answer(query):
            query.reply(query.key_expr, b"\x03", attachment=f.attachment(own, 1, peer.now(), "PY1"))
        queryable = session.declare_queryable(f"{prefix}/all/TO-PYTHON", answer)
        same("it may answer confirmed writes", until(lambda: (said := machine.run(
             "send", "--confirm=3s", r"\\LAB\mailslot\to-python", "sure")).startswith("PY1 full") and said),
             "PY1 full\nmailslot: 1 message was not delivered everywhere\nstatus 10")
        replies = session.get(f"{prefix}/to/NODE1/ALERTS", payload=b"sure",
                              attachment=f.attachment(own, 1, peer.now(), "PY1"))
        same("and have its own confirmed", [bytes(reply.ok.payload) for reply in replies], [b"\x01"])
        replies = session.get(f"{prefix}/to/NODE1/NOWHERE", payload=b"sure",
                              attachment=f.attachment(own, 1, peer.now(), "PY1"))
        same("or not, where there is no such slot", [bytes(reply.ok.payload) for reply in replies], [b"\x02"])
        for declared in (subscriber, token, queryable):
            declared.undeclare()
        heard.close()


def sealed_domain(machine, endpoint, file):
    with peer.session(endpoint) as session:
        member = peer.Member(session, file, "PY1")
        heard = peer.Listener(machine, "Line 1")
        slot = f.presence_plaintext({"kind": "slot", "computer": "NODE1", "slot": "Line 1"})
        check("presences open by the page", until(lambda: slot in member.present()), member.present())
        check("the node's is among them",
              f.presence_plaintext({"kind": "node", "computer": "NODE1"}) in member.present(), member.present())
        member.put("line 1", b"sealed by Python")
        message = heard.until("sealed by Python")
        same("what Python seals is delivered as authenticated", message and message["origin"],
             {"computer": "PY1", "domain": "PLANT", "address": None, "authenticated": True})
        member.put("LINE 1", b"to one", to="node1")
        check("a directed one, too", heard.until("to one"), heard.messages)
        lost = machine.counters("PLANT")["lost"]
        payload = member.put_batch("line 1", [b"batch 1", b"", b"batch 3"])
        session.put(member.key_expression("line 1"), payload)
        member.put("line 1", b"batch 4")
        heard.until("batch 4")
        same("the messages of a batch are delivered one by one, and once", heard.data()[-4:],
             ["batch 1", "", "batch 3", "batch 4"])
        same("and none of them is missed", machine.counters("PLANT")["lost"] - lost, 0)
        legacy = {"id": secrets.token_hex(16), "address": "192.0.2.7", "computer": "OLD1", "domain": "WORKGROUP"}
        for _ in range(2):
            member.put("Line 1", b"from long ago", legacy=legacy)
        member.put("Line 1", b"after it")
        heard.until("after it")
        carried = [message["origin"] for message in heard.messages if message["data"] == "from long ago"]
        same("what a bridge has carried keeps its legacy origin, unauthenticated, and comes once", carried,
             [{"computer": "OLD1", "domain": "WORKGROUP", "address": "192.0.2.7", "authenticated": False}])
        same("a message of a megabyte is delivered", member.confirm("line 1", b"x" * (1 << 20)), {"NODE1": 1})
        same("its confirmed writes are answered", member.confirm("Line 1", b"sure"), {"NODE1": 1})
        same("where there is no such slot as well", member.confirm("nowhere", b"sure", to="NODE1"), {"NODE1": 2})

        arrived = member.serve("to-python")
        same("the node finds Python's slot",
             machine.run("send", "--receivers", "1=10s", r"\\PLANT\mailslot\To-Python", "all"), "status 0")
        same("Python opens what the node seals", until(lambda: arrived.qsize() and arrived.get()),
             (f.MESSAGE, "NODE1", b"all"))
        lines = [b"line %d" % number for number in range(1000)]
        same("the node sends what is written at one go",
             machine.run("send", r"\\PLANT\mailslot\to-python", given=b"\n".join(lines)), "status 0")
        until(lambda: arrived.qsize() >= len(lines))
        same("Python opens each line of it", [arrived.get()[2] for _ in range(arrived.qsize())], lines)
        same("the node reaches Python's computer by name", machine.run("send", r"\\PY1\mailslot\to-python", "one"),
             "status 0")
        same("Python opens that, too", until(lambda: arrived.qsize() and arrived.get()), (f.MESSAGE, "NODE1", b"one"))
        same("Python's receipt is what the node reports",
             machine.run("send", "--confirm", r"\\PLANT\mailslot\to-python", "sure"), "PY1 delivered\nstatus 0")
        same("the confirmed write arrives", until(lambda: arrived.qsize() and arrived.get()),
             (f.CONFIRMED, "NODE1", b"sure"))
        for code, outcome in ((2, "no such slot"), (3, "full"), (4, "refused"), (5, "too large"), (77, "refused")):
            other = member.serve(f"answers-{code}", answer=code)
            said = machine.run("send", "--receivers", "1=10s", "--confirm", rf"\\PLANT\mailslot\answers-{code}", "?")
            check(f"outcome {code} is told", said.startswith(f"PY1 {outcome}\n"), said)
            for declared in other.declared:
                declared.undeclare()
        members = machine.run("list", "--domain", "PLANT")
        listed = [line.split() for line in members.splitlines()]
        check("the node lists Python's slot in its letter case", ["PY1", "to-python"] in listed, members)
        heard.close()


machine = peer.Machine()
open_domain(machine, sys.argv[1])
sealed_domain(machine, sys.argv[2], peer.read_file(sys.argv[3]))
