"""A Zenoh program that shares no code with the node that it talks to, and the commands of that node's machine."""
import json
import os
import queue
import secrets
import subprocess
import threading
import time

import zenoh

import foreign as f

PATIENCE = 60


def now():
    return time.time_ns() // 1_000_000


def session(endpoint, **settings):
    config = zenoh.Config()
    config.insert_json5("mode", '"client"')
    config.insert_json5("scouting/multicast/enabled", "false")
    config.insert_json5("connect/endpoints", json.dumps([endpoint]))
    for key, value in settings.items():
        config.insert_json5(key.replace("__", "/"), json.dumps(value))
    return zenoh.open(config)


def until(what):
    """The result of `what` as soon as it is true, or else after a while."""
    end = time.monotonic() + PATIENCE
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


class Member(f.Sealed):
    """Takes part in a sealed domain by docs/domains.md."""

    def __init__(self, zenoh_session, file, computer):
        super().__init__(file["id"], file["naming"], file["secrets"])
        self.zenoh, self.computer = zenoh_session, computer
        self.key = list(self.keys)[-1]
        self.session, self.sequences, self.receipts = secrets.token_bytes(16), {}, 0

    def sealed(self, kind, slot, to, data, at=None, legacy=None, within=None):
        """The next message to a destination, and its sequence."""
        destination = self.destination(slot, to)
        sequence = self.sequences[kind, destination] = self.sequences.get((kind, destination), 0) + 1
        plaintext = f.head(now() if at is None else at, self.computer, legacy, within=within) + data
        return self.seal(self.key, kind, self.session, sequence, destination, plaintext), sequence

    def put(self, slot, data, to=None, **more):
        self.zenoh.put(self.key_expression(slot, to), self.sealed(f.MESSAGE, slot, to, data, **more)[0])

    def put_batch(self, slot, messages):
        """A batch of messages, and its payload."""
        destination = self.destination(slot)
        first = self.sequences.get((f.MESSAGE, destination), 0) + 1
        self.sequences[f.MESSAGE, destination] = first + len(messages) - 1
        plaintext = f.head(now(), self.computer, is_batch=True) + f.batch(messages)
        payload = self.seal(self.key, f.MESSAGE, self.session, first, destination, plaintext)
        self.zenoh.put(self.key_expression(slot), payload)
        return payload

    def confirm(self, slot, data, to=None, timeout=3):
        """A confirmed write: the outcome at each computer."""
        payload, sequence = self.sealed(f.CONFIRMED, slot, to, data)
        back = f.receipt_destination(self.session, sequence, self.destination(slot, to))
        replies = self.zenoh.get(
            self.key_expression(slot, to), payload=payload, target=zenoh.QueryTarget.ALL,
            consolidation=zenoh.ConsolidationMode.NONE, timeout=timeout)
        outcomes = {}
        for reply in replies:
            _, _, plaintext = self.open(f.RECEIPT, back, bytes(reply.ok.payload))
            _, computer, _, [outcome] = f.read_head(plaintext)
            outcomes.setdefault(computer, outcome[0])
        return outcomes

    def request(self, slot, data, to=None, timeout=3):
        """A request: outcome and reply of each computer, and its payload."""
        payload, sequence = self.sealed(f.CONFIRMED, slot, to, data, within=timeout * 1000)
        back = f.receipt_destination(self.session, sequence, self.destination(slot, to))
        replies = self.zenoh.get(
            self.key_expression(slot, to), payload=payload, target=zenoh.QueryTarget.ALL,
            consolidation=zenoh.ConsolidationMode.NONE, timeout=timeout)
        told = {}
        for reply in replies:
            _, _, plaintext = self.open(f.RECEIPT, back, bytes(reply.ok.payload))
            _, computer, _, [answer] = f.read_head(plaintext)
            told.setdefault(computer, (answer[0], answer[1:]))
        return told, payload

    def serve(self, slot, answer=1, is_early=False):
        """Owns a slot: queues arriving messages as (kind, computer, data). `answer` makes the receipt's payload for
        one. `is_early`: as an earlier version, in another group.
        """
        arrived = queue.Queue()

        def take(kind, to, payload):
            came, sequence, plaintext = self.open(kind, self.destination(slot, to), payload)
            _, computer, _, messages = f.read_head(plaintext)
            for data in messages:
                arrived.put((kind, computer, data))
            return came, sequence

        def receipt(query, to):
            came, sequence = take(f.CONFIRMED, to, bytes(query.payload))
            self.receipts += 1
            back = f.receipt_destination(came, sequence, self.destination(slot, to))
            plaintext = f.head(now(), self.computer) + bytes([answer])
            query.reply(query.key_expr, self.seal(self.key, f.RECEIPT, self.session, self.receipts, back, plaintext))

        declared = []
        for to in (None, self.computer):
            where = self.key_expression(slot, to)
            declared.append(self.zenoh.declare_subscriber(where,
                                                          lambda s, to=to: take(f.MESSAGE, to, bytes(s.payload))))
            declared.append(self.zenoh.declare_queryable(where, lambda q, to=to: receipt(q, to)))
        for what in ({"kind": "node"}, {"kind": "slot", "slot": slot}):
            declared.append(self.announce(what | {"computer": self.computer}, is_early))
        arrived.declared = declared
        return arrived

    def announce(self, what, is_early=False):
        # Earlier versions chose the group at random: one that is not the right one shows the difference.
        group = self.group(what) ^ 1 if is_early else None
        where = self.presence(self.key, secrets.token_bytes(16), what, group)
        return self.zenoh.liveliness().declare_token(where)

    def present(self):
        """The contents of all presences."""
        replies = self.zenoh.liveliness().get(f"{self.prefix}/at/*/*", timeout=3)
        return [self.read_presence(str(reply.ok.key_expr)) for reply in replies]


class Machine:
    """The machine of a node. MAILSLOT names the command; the slots of the machine are those of MAILSLOT_ROOT."""

    def __init__(self):
        self.command = os.environ["MAILSLOT"]

    def run(self, *arguments, given=b""):
        """The output of the command, with its status on a last line."""
        done = subprocess.run([self.command, *arguments], input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60)
        return done.stdout.decode() + f"status {done.returncode}"

    def status(self, domain):
        done = subprocess.run([self.command, "node", "status", "--json"], stdout=subprocess.PIPE, timeout=60,
                              check=True)
        return next(one for one in json.loads(done.stdout)["domains"] if one["name"] == domain)

    def counters(self, domain):
        return self.status(domain)["counters"]


class Listener:
    """A slot of the machine, and everything that was delivered to it."""

    def __init__(self, machine, slot, *options, reply=False):
        form = [] if reply else ["--format", "json"]
        command = [machine.command, "listen", "--network", "--verbose", *form, *options, slot]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.process.stderr.readline()
        self.messages = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.messages.append(json.loads(line))

    def data(self):
        return [message.get("data") for message in self.messages]

    def until(self, data):
        """Waits for the message with this data."""
        return until(lambda: next((message for message in self.messages if message.get("data") == data), None))

    def close(self):
        self.process.kill()
        self.process.wait()


def check(name, passed, found=""):
    print(f"test {name} ... {'ok' if passed else 'FAILED'}", flush=True)
    if not passed:
        print(f"-- found:\n{found}", flush=True)


def same(name, found, expected):
    check(name, found == expected, f"{found}\n-- expected:\n{expected}")


def read_file(path):
    """The contents of a sealed domain's file."""
    import tomllib
    with open(path, "rb") as file:
        file = tomllib.load(file)
    return {
        "id": bytes.fromhex(file["id"]), "naming": bytes.fromhex(file["naming"]),
        "secrets": [bytes.fromhex(key["secret"]) for key in file["key"]],
    }
