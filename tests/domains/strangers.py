"""The cost to a node of a stranger who reaches it through the network without a key of its domain.

    strangers.py many|few DOMAIN-FILE NODE-ENDPOINT NODE-PID
"""
import os
import resource
import secrets
import socket
import sys

import foreign as f
import peer
from peer import check, same, until

part, file, endpoint, pid = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
host, port = endpoint.removeprefix("tcp/").rsplit(":", 1)
machine, domain = peer.Machine(), peer.read_file(file)
NO_SUCH_SLOT = {"NODE1": 2}


class Flood:
    """Holds `number` connections; each call opens those again that the node has closed."""

    def __init__(self, count, begin):
        self.count, self.begin, self.sockets = count, begin, []

    def fill(self):
        self.sockets = [one for one in self.sockets if not self.is_closed(one)]
        for _ in range(self.count - len(self.sockets)):
            try:
                one = socket.create_connection((host, int(port)), timeout=5)
            except OSError:
                # The node's queue is full.
                return
            one.setblocking(False)
            self.sockets.append(one)
            try:
                one.send(self.begin)
            except OSError:
                pass

    @staticmethod
    def is_closed(one):
        try:
            one.recv(1)
        except BlockingIOError:
            return False
        except OSError:
            pass
        one.close()
        return True

    def end(self):
        for one in self.sockets:
            one.close()


def descriptors():
    return len(os.listdir(f"/proc/{pid}/fd"))


def opens():
    try:
        peer.session(endpoint, connect__timeout_ms=5000).close()
        return True
    except Exception as error:
        print(error)
        return False


def many():
    """More connections and declarations than any member needs."""
    # The first bytes of such a connection: none, the length of a packet of 65,535 bytes that never follows, or not
    # Zenoh's protocol.
    for name, begin in (("say nothing", b""), ("never end a packet", b"\xff\xff" + b"x" * 30),
                        ("say nonsense", secrets.token_bytes(64))):
        flood = Flood(800, begin)
        flood.fill()
        opened = []
        for _ in range(3):
            flood.fill()
            opened.append(opens())
        same(f"800 connections that {name} keep no session out", opened, [True] * 3)
        flood.end()
    check("they are gone when they have ended", until(lambda: descriptors() < 200), descriptors())

    session = peer.session(endpoint)
    slot = peer.Listener(machine, "target")
    # Until it is announced.
    check("a slot is there",
          until(lambda: machine.run("send", "--confirm=5s", r"\\PLANT\mailslot\target", "x")
                == "NODE1 delivered\nstatus 0"))
    asked = []
    silent = session.declare_queryable(f"mailslot/1/{domain['id'].hex()}/**", asked.append)
    confirm = lambda target: machine.run("send", "--confirm=1h", rf"\\{target}\mailslot\target", "sure")
    check("a queryable that never answers is asked", until(lambda: confirm("PLANT") and asked))
    same("a confirmed write does not wait for it", [confirm(target) for target in ("PLANT", "NODE1")],
         ["NODE1 delivered\nstatus 0"] * 2)
    silent.undeclare()

    before, counters = machine.status("PLANT"), lambda: machine.counters("PLANT")
    refused = lambda: counters()["presence_refused"] - before["counters"]["presence_refused"]
    sealed = lambda: f.base64.urlsafe_b64encode(b"\1" + secrets.token_bytes(64)).decode().rstrip("=")
    tokens = [session.liveliness().declare_token(f"mailslot/1/{domain['id'].hex()}/at/{number % 256:02x}/{sealed()}")
              for number in range(1000)]

    # A node that is in this network alone asks who is there when somebody wants to know, and then counts what it gets.
    def counted_now():
        counted, members = refused(), machine.run("list", "--domain", "PLANT")
        return refused() - counted, members

    check("presences of nobody are counted", until(lambda: counted_now()[0] == 1000), refused())
    same("and name nobody", counted_now()[1].split(), ["NODE1", "target", "status", "0"])
    for token in tokens:
        token.undeclare()
    slot.close()
    session.close()


def few():
    """Connections that use all descriptors of the node."""
    session = peer.session(endpoint)
    member = peer.Member(session, domain, "PY1")
    same("a slot that is not there is not there", until(lambda: member.confirm("late", b"x", to="NODE1")), NO_SUCH_SLOT)
    flood = Flood(800, b"")
    check("all descriptors are taken", until(lambda: flood.fill() or descriptors() >= 399), descriptors())
    slot = peer.Listener(machine, "late")
    for _ in range(5):
        flood.fill()
        outcome = member.confirm("late", b"x", to="NODE1")
        check("a slot that is there is never said not to be", outcome != NO_SUCH_SLOT, outcome)
    flood.end()
    same("with descriptors, it is found", until(lambda: member.confirm("late", b"found", to="NODE1") == {"NODE1": 1}),
         True)
    slot.close()
    session.close()


{"many": many, "few": few}[part]()
