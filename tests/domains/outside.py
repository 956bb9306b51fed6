"""Zenoh programs around a node: only key expressions of its domain pass, in either direction.

    outside.py DOMAIN-FILE NODE-ENDPOINT OWN-ENDPOINT

Two programs connect to the node, and the node to the third one, which is a router.
"""
import itertools
import sys

import zenoh

import peer
from peer import check, same, until

prefix = f"mailslot/1/{peer.read_file(sys.argv[1])['id'].hex()}"
# Outside the domain, and as similar to it as possible.
OUTSIDE = ["outside", "mailslot/1/open/PLANT", f"{prefix}0", f"mailslot/1/{'0' * 32}", "mailslot/1"]


class Program:
    """Subscribes to everything, declares everything, and records what it receives."""

    def __init__(self, name, session):
        self.name, self.session, self.got = name, session, []
        take = lambda sample: self.got.append((str(sample.key_expr), str(sample.kind), bytes(sample.payload)))
        self.declared = [session.declare_subscriber(where, take)
                         for where in ["**", "@/**", *(f"{one}/**" for one in OUTSIDE)]]
        for where in [*OUTSIDE, prefix]:
            answer = lambda query: query.reply(query.key_expr, self.name)
            self.declared.append(session.declare_queryable(f"{where}/all/{name}", answer))
            self.declared.append(session.liveliness().declare_token(f"{where}/at/{name}"))
        # The last declaration is known last.
        self.declared.append(session.declare_subscriber(f"{prefix}/all/*", take))

    def has(self, data):
        return any(payload == data for _, _, payload in self.got)

    def outside(self):
        """Everything received from others except the domain's puts."""
        # Zenoh reports a program's connections itself; the node may reach the router only now.
        here = f"@/{self.session.info.zid()}/"
        own = lambda where, kind, payload: (where.startswith(here) or payload == self.name.encode()
                                            or "DELETE" in kind and where.endswith(self.name))
        return [got for got in self.got if not own(*got) and not (got[0].startswith(f"{prefix}/") and "PUT" in got[1])]

    def replies(self, where):
        replies = self.session.get(where, target=zenoh.QueryTarget.ALL, consolidation=zenoh.ConsolidationMode.NONE,
                                   timeout=5)
        return [bytes(reply.ok.payload).decode() for reply in replies if reply.ok]

    def tokens(self, where):
        return [str(reply.ok.key_expr) for reply in self.session.liveliness().get(where, timeout=5)]


def between(one, other):
    way = f"from {one.name} to {other.name}"

    def mark(data):
        one.session.put(f"{prefix}/all/{one.name}", data)
        return other.has(data)
    check(f"{way} the domain's messages pass", until(lambda: mark(b"first")), other.got)
    for where in [*OUTSIDE, "@"]:
        one.session.put(f"{where}/all/{other.name}", one.name)
    # Operations that a node never uses pass under no name.
    one.session.delete(f"{prefix}/all/{one.name}")
    last = f"last {way}".encode()
    one.session.put(f"{prefix}/all/{one.name}", last)
    check(f"{way} they still do", until(lambda: other.has(last)), other.got)
    same(f"{way} no others have", other.outside(), [])
    same(f"{way} the domain's questions pass", until(lambda: one.replies(f"{prefix}/all/{other.name}")), [other.name])
    same(f"{way} no others do", [one.replies(f"{where}/all/{other.name}") for where in OUTSIDE], [[]] * len(OUTSIDE))
    same(f"{way} the domain's presences are seen", until(lambda: one.tokens(f"{prefix}/at/{other.name}")),
         [f"{prefix}/at/{other.name}"])
    same(f"{way} no others are", [one.tokens(f"{where}/at/{other.name}") for where in OUTSIDE], [[]] * len(OUTSIDE))


_, _, node, own = sys.argv
sessions = [peer.session(node), peer.session(node),
            peer.session(node, mode="router", connect__endpoints=[], listen__endpoints=[own],
adminspace__enabled=False)]
programs = [Program(name, session) for name, session in zip(("client", "other", "router"), sessions)]
for one, other in itertools.permutations(programs, 2):
    between(one, other)
for program in programs:
    same(f"the node tells the {program.name} nothing about itself", program.replies("@/**/plugins/**"), [])
    others = [token for token in program.tokens("**") if not token.endswith(f"/at/{program.name}")]
    check(f"the {program.name} sees presences of the domain alone",
          all(token.startswith(f"{prefix}/") for token in others), others)
for session in sessions:
    session.close()
