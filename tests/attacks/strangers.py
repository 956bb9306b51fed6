"""Programs without a key that reach a node's Zenoh listener: their cost to the domain is bounded."""
import base64
import json
import re
import secrets
import socket
import time

import net
from net import Machine
from world import BOB, ROOT, check, hostile, none, parts, until

ENDPOINT = ("10.97.1.11", 7447)


def domain(descriptors=None):
    """NODE1 listens, NODE2 is connected to it; the host stranger is on the same network, and a third node may be
    added.
    """
    if not net.hosts:
        net.lan("lan0")
        for number, host in ((11, "node1"), (12, "node2"), (13, "node3"), (14, "stranger")):
            net.attach(host, "lan0", f"10.97.1.{number}/24")
    machines = [Machine(f"node{number}") for number in (1, 2, 3)]
    one = machines[0]
    one.run(ROOT, "domain", "new", "PLANT")
    with open(one.domains + "/PLANT.toml", "rb") as file:
        text = file.read()
    for machine in machines[1:]:
        machine.run(ROOT, "domain", "join", "-", given=text)
    one.start_node("--netbios", "false", "--listen", "tcp/0.0.0.0:7447", held=False, domain=True,
                   descriptors=descriptors)
    join(machines[1])
    heard = machines[1].listen(ROOT, "alerts", "--network")
    until(lambda: "alerts" in one.run(ROOT, "list", "--domain", "PLANT").out)
    none("a confirmed write is delivered", confirmed(one))
    prefix = "mailslot/1/" + re.search(rb'\nid = "([0-9a-f]+)"', b"\n" + text).group(1).decode()
    return *machines, heard, prefix


def join(machine):
    machine.start_node("--netbios", "false", "--connect", "tcp/10.97.1.11:7447", held=False)
    return machine.node.says("domain_open", 30)


def confirmed(one, slot="alerts", outcome="delivered", within="20s"):
    done = one.run(BOB, "send", f"--confirm={within}", rf"\\PLANT\mailslot\{slot}", "x", patience=25)
    return [] if outcome in done.out else [str(done)]


def session(zenoh):
    config = zenoh.Config()
    for key, value in {"mode": "client", "scouting/multicast/enabled": False,
                       "connect/endpoints": ["tcp/10.97.1.11:7447"]}.items():
        config.insert_json5(key, json.dumps(value))
    return zenoh.open(config)


def connections():
    """Connections that send nothing, or meaningless bytes."""
    for kind, first in (("silent", b""), ("senseless", b"\x10\x00" + bytes(range(16)))):
        one, two, three, _, _ = domain(descriptors=1024)

        def caller(say, first=first):
            kept = []
            for _ in range(1100):
                connection = socket.socket()
                connection.settimeout(1)
                try:
                    connection.connect(ENDPOINT)
                    if first:
                        connection.send(first)
                    kept.append(connection)
                except OSError:
                    connection.close()
                    if len(kept) > 900:
                        break
            say(len(kept))
            while True:
                # A rejected connection is opened again.
                for index, connection in enumerate(kept):
                    try:
                        connection.setblocking(False)
                        if connection.recv(100) != b"":
                            continue
                    except BlockingIOError:
                        continue
                    except OSError:
                        pass
                    connection.close()
                    kept[index] = connection = socket.socket()
                    connection.setblocking(False)
                    try:
                        connection.connect(ENDPOINT)
                    except OSError:
                        pass
                time.sleep(0.05)
        bad = hostile(BOB, caller, "stranger")
        bad.line(60)
        none(f"while {kind} callers hold the listener, members go on", confirmed(one))
        one.listen(ROOT, "meanwhile", "--network")
        until(lambda: "meanwhile" in two.run(ROOT, "list", "--domain", "PLANT").out, 5)
        none("what is told of a slot that was made meanwhile is true", confirmed(two, "meanwhile"))
        check("and a member that was not there before comes in", join(three), three.node.err())
        with open(f"/proc/{one.node.pid}/limits", encoding="ascii") as limits:
            most = int(next(line for line in limits if line.startswith("Max open files")).split()[3])
        check("the node has descriptors left", len(one.node.descriptors()) < most - 100,
              f"{len(one.node.descriptors())} of {most}")
        for machine in (one, two, three):
            machine.close()


def tokens():
    """Thousands of presences of computers that do not exist."""
    for kind in ("well formed", "malformed"):
        one, two, three, _, prefix = domain()

        def declarer(say, kind=kind):
            import zenoh
            own = session(zenoh)
            kept = []
            for number in range(8000):
                token = secrets.token_bytes(65)
                where = f"{prefix}/at/x/{number}"
                if kind == "well formed":
                    text = base64.urlsafe_b64encode(b"\1" + token).decode().rstrip("=")
                    where = f"{prefix}/at/{token[8]:02x}/{text}"
                kept.append(own.liveliness().declare_token(where))
                if number % 2000 == 1999:
                    # The reader of this shows when the node has processed them.
                    say(number + 1)
                    time.sleep(3)
            time.sleep(600)
        before = one.node.memory()
        bad = hostile(BOB, declarer, "stranger")
        for _ in range(4):
            bad.line(60)
        check(f"{kind} tokens of a stranger cost bounded memory", one.node.memory() - before < 64,
              f"{before:.0f} {one.node.memory():.0f} MiB")
        none("members go on", confirmed(one))
        check("and come in", join(three), three.node.err())
        bad.stop()
        for machine in (one, two, three):
            machine.close()


def silent_queryables():
    """A peer that claims to answer queries, and does not."""
    one, two, three, _, prefix = domain()

    def silent(say):
        import zenoh
        held = []
        own = [session(zenoh) for _ in range(3)]
        declared = [one.declare_queryable(where, held.append) for one in own
                    for where in (f"{prefix}/**", f"{prefix}/all/*", "**")]
        say("ready", len(declared))
        while True:
            time.sleep(0.1)
            if held:
                say("held")
                time.sleep(600)
    bad = hostile(BOB, silent, "stranger")
    bad.line()
    time.sleep(0.5)
    # They may last a minute; members have answered at once.
    for name, arguments in {"to all": r"\\PLANT\mailslot\alerts", "to one": r"\\NODE2\mailslot\alerts"}.items():
        sender = one.start(BOB, "send", "--confirm=50s", arguments, "x")
        ended = until(lambda: not sender.lives(), 15)
        check(f"a confirmed write {name} ends when the members have answered",
              ended and "NODE2 delivered" in sender.out(), sender.out() + sender.err())
    sender = one.start(BOB, "send", "--confirm=3s", r"\\PLANT\mailslot\nothing", "x")
    check("one that nobody answers ends, too",
          until(lambda: not sender.lives(), 15) and "delivered" not in sender.out(), sender.out())
    two.node.freeze()
    done = one.run(BOB, "send", "--confirm=1s", r"\\NODE2\mailslot\alerts", "x")
    two.node.thaw()
    check("and a member that is silent is told to be", "NODE2 silent" in done.out, done)
    bad.stop()
    for machine in (one, two, three):
        machine.close()


parts(connections, tokens, silent_queryables)
