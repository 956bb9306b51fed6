"""Random sequences of hostile actions by several users on a listener's doors and the node's slots, repeated.

    soak.py [--seconds N] [--seed N]

Meanwhile honest messages have to arrive, in order, and the listener and the node to stay within bounds. The seed is
printed: with it each hostile user does the same again, as far as the system's timing allows.
"""
import argparse
import contextlib
import fcntl
import itertools
import os
import random
import shutil
import signal
import time

import asking
import slots
from asking import CONTROL, MESSAGES, ROUTES
from doors import DESCRIPTORS
from names import KINDS, plant
from node import at_work
from questions import machines
from world import BOB, ROOT, VIC, hostile, none, parts, until

USERS = 3
DOORS = ["target", "unread", MESSAGES, CONTROL, ROUTES, r"mailslot\node\domain\PLANT"]


class Attacker:
    """One hostile user, with open descriptors and random actions."""

    def __init__(self, world, uid, seed, say):
        self.world, self.uid, self.say, self.random = world, uid, say, random.Random(f"{seed} {uid}")
        self.connections, self.files, self.planted, self.fakes = [], [], 0, []

    def door(self):
        found = slots.living(self.world.slots, self.random.choice(DOORS))
        return self.random.choice(found) if found else None

    def connect(self):
        if len(self.connections) > 300:
            self.hang_up()
        if door := self.door():
            self.connections.append(slots.connect(door, blocking=False))

    def connect_many(self):
        if door := self.door():
            for _ in range(self.random.randrange(1, 150)):
                self.connections.append(slots.connect(door, blocking=False))

    def hang_up(self):
        self.random.shuffle(self.connections)
        for _ in range(self.random.randrange(1, 2 + len(self.connections))):
            if self.connections:
                self.connections.pop().close()

    def packet(self):
        choose = self.random.random()
        size = self.random.choice([0, 1, 9, 127, 128, 1000, 65535, 65536, 65537, self.random.randrange(1, 100000)])
        if choose < 0.3:
            return bytes([self.random.choice([0, 0, 0, 1, 2, 3, 4, 255])]) + self.random.randbytes(size)
        if choose < 0.5:
            return slots.attached(self.random.choice([0, 1, 65536, 1 << 20, 3 << 20, 11 << 20, 1 << 40, (1 << 64) - 1]),
                                  self.random.random() < 0.3)
        if choose < 0.6:
            return slots.inline(b"o" * 10,
                                slots.origin(self.random.randbytes(self.random.randrange(200)), b"PLANT", True))
        reply, long = asking.reply_name(self.random.randrange(1 << 128)), self.random.choice([0, 1, 5000, 0xffffffff])
        address = self.random.choice([r"\\PLANT\mailslot\x", r"\\NODE3\mailslot\alerts2", r"\\NOBODY\mailslot\x",
                                      r"\\*\mailslot\x", "x"])
        if choose < 0.75:
            request = asking.routes(reply, self.random.randrange(5), address, long, long,
                                    self.random.randbytes(size % 3000))
        elif choose < 0.9:
            request = asking.control(reply, self.random.choice(
                ["status", {"resolve": f"Q{size}"}, {"node-status": "10.97.1.13"}, {"members": "PLANT"},
                 {"capture": {"slot": "x"}}, {"send": {"group": "LAB", "slot": "x", "data": [1] * (size % 400)}}]))
        else:
            request = asking.message(address, self.random.randbytes(size % 500))
        request = bytearray(slots.inline(*request))
        for _ in range(self.random.choice([0, 0, 1, 3])):
            request[self.random.randrange(len(request))] ^= 1 << self.random.randrange(8)
        return bytes(request)

    def send(self):
        if not self.connections:
            return self.connect()
        connection = self.random.choice(self.connections)
        made = []
        if self.random.random() < 0.3:
            for _ in range(self.random.choice([1, 1, 2, 3, 100])):
                if len(made) < 3:
                    kind = self.random.choice([kind for kind in DESCRIPTORS if kind != "epoll"])
                    made.append(DESCRIPTORS[kind]())
                else:
                    made.append(made[0])
        for _ in range(self.random.choice([1, 1, 1, 5, 60])):
            if not slots.put(connection, self.packet(), made, patience=0):
                break
        for file in set(made):
            os.close(file)

    def large(self):
        if self.connections:
            size = self.random.choice([100_000, 1 << 20, 3 << 20])
            file = slots.memory_file(size)
            for connection in self.random.sample(self.connections, min(8, len(self.connections))):
                slots.put(connection, slots.attached(size), [file], patience=0)
            os.close(file)

    def plant(self):
        """Any kind of file at the place of a slot, as far as it can be created there."""
        self.planted += 1
        known = slots.paths(self.world.slots)
        if not known:
            return
        path = self.random.choice(known)
        path = self.random.choice([path + f".{self.planted}", slots.beside(path, VIC, self.uid),
                                   slots.beside(path, 0, self.uid)])
        plant(f"{self.world.slots}/{path}", self.random.choice(KINDS))

    def clear(self):
        for name in os.listdir(self.world.slots):
            path = f"{self.world.slots}/{name}"
            if os.lstat(path).st_uid == self.uid:
                shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) and not os.path.islink(path) \
                    else os.unlink(path)
        self.fakes.clear()

    def lock(self):
        if len(self.files) > 50:
            while self.files:
                os.close(self.files.pop())
        path = self.random.choice(slots.paths(self.world.slots))
        file = os.open(f"{self.world.slots}/{path}", self.random.choice([os.O_RDONLY, os.O_RDWR]) | os.O_NONBLOCK)
        self.files.append(file)
        self.random.choice([lambda: slots.lock_file(file, fcntl.F_RDLCK), lambda: slots.lock_file(file),
                            lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB),
                            lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)])()

    def imitate(self):
        found = slots.living(self.world.slots, "target", VIC)
        if found and len(self.fakes) < 30:
            entry = os.path.relpath(found[0], self.world.slots)
            where = f"{self.world.slots}/{slots.beside(entry, VIC, self.uid)}" \
                + self.random.choice(["", f".{self.planted}"])
            fake = slots.Imitation(where, self.random.choice(["target", "another"]), slots.template(found[0]))
            if self.random.random() < 0.5:
                fake.live()
            self.fakes.append(fake)

    def fill(self):
        path = f"{self.world.slots}/fill{self.uid}"
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            while True:
                os.write(file, bytes(1 << 20))
        except OSError:
            pass
        for _ in range(20):
            self.attempt(self.send)
        os.close(file)
        os.unlink(path)

    def attempt(self, action):
        try:
            action()
        except OSError:
            # A refused action does no harm.
            pass

    def go_on(self):
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        actions = [self.connect] * 10 + [self.send] * 60 + [self.large] * 6 + [self.hang_up] * 4 + \
            [self.connect_many] * 2 + [self.plant] * 6 + [self.lock] * 6 + [self.imitate] * 2 + [self.clear] + \
            [self.fill]
        done = 0
        while True:
            self.attempt(self.random.choice(actions))
            done += 1
            if done % 500 == 0:
                self.say(done)


def soak():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seconds", type=float, default=float(os.environ.get("MAILSLOT_SOAK", "3600")))
    arguments.add_argument("--seed", type=int,
                           default=int(os.environ.get("MAILSLOT_SEED", "0")) or random.randrange(1, 1 << 32))
    settings = arguments.parse_args()
    print(f"seed {settings.seed}, {settings.seconds:.0f} s", flush=True)
    one, three = machines(size="128m")
    heard = three.listen(ROOT, "alerts", "--network")
    until(lambda: "alerts" in one.run(ROOT, "list", "--domain", "PLANT").out)
    begun = {"attacks": 0, "messages": 0, "lives": 0}
    choices = random.Random(settings.seed)
    unread = one.listen_slowly(VIC, "unread", "exec sleep 1000000", "--access", "everyone", "--capacity", "2M")
    listener, first, number = None, 0, 0
    attackers, users = {}, itertools.count()
    wrong = []

    def stop(uid):
        attackers.pop(uid).stop()
        # A file system that is kept full is not what this tests.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{one.slots}/fill{uid}")
    before = one.node.memory()
    end = time.monotonic() + settings.seconds
    while time.monotonic() < end and not wrong:
        if listener is None:
            # The first creator has a name, so no other user's slot of that name may live while its owner restarts.
            for uid in list(attackers):
                stop(uid)
            listener = one.listen(VIC, "target", "--access", "everyone", "--capacity", "4M", "--max-size", "200000",
                                  wait=False)
            if not listener.says("listening on"):
                wrong.append(f"the name is not free: {listener.err()}")
                break
            begun["lives"] += 1
            first = number
            ours = listener.memory()
        while len(attackers) < USERS:
            # A user who was shut out can do no more harm there: another one continues.
            uid = 66000 + next(users) % 1000
            seed = settings.seed
            if uid not in attackers:
                attackers[uid] = hostile(uid, lambda say, uid=uid, seed=seed: Attacker(one, uid, seed, say).go_on())
        data = f"n{number}"
        # A full file system, and a full slot, may last for a moment.
        sent = until(lambda: one.send(BOB, "target", "--wait=10s", data, patience=20).status == 0, 60)
        if not sent or not listener.until(data, 60):
            wrong.append(f"{data} did not arrive: {sent} {listener.err()[-300:]}")
        number += 1
        begun["messages"] += 1
        if not listener.lives() or not unread.lives():
            wrong.append(f"an owner has ended: {listener.err()[-500:]} {unread.err()[-500:]}")
        elif not one.node.lives():
            wrong.append(f"the node has ended: {one.node.err()[-1000:]}")
        else:
            for who, process, least, most in (("listener", listener, ours, 800), ("node", one.node, before, 2400)):
                if len(process.descriptors()) > most:
                    wrong.append(f"the {who} has {len(process.descriptors())} descriptors")
                if process.memory() - least > 150:
                    wrong.append(f"the {who} has {process.memory():.0f} MiB")
        if number % 25 == 0 and not wrong:
            found = at_work(one, heard)
            end_of_patience = time.monotonic() + 90
            while found and time.monotonic() < end_of_patience:
                found = at_work(one, heard)
            wrong += found
        begun["attacks"] += sum(1 for attacker in attackers.values() if attacker.line(0))
        order = [one_message["data"] for one_message in listener.messages() if one_message["origin"].get("uid") == BOB]
        if order != [f"n{one_number}" for one_number in range(first, number)]:
            wrong.append(f"not in order: {order[-10:]}")
        if choices.random() < 0.1:
            stop(choices.choice(list(attackers)))
        if choices.random() < 0.01:
            listener.kill()
            listener = None
    print(f"{begun['messages']} honest messages, {begun['attacks'] * 500} hostile actions, "
          f"{begun['lives']} lives of the listener", flush=True)
    none(f"honest messages arrive in order and all stays within bounds (seed {settings.seed})", wrong)
    for uid in list(attackers):
        stop(uid)
    if wrong:
        print(f"-- the node's log ends with:\n{one.node.err()[-1500:]}\n-- its doctor:\n{one.run(ROOT, 'doctor').out}",
              flush=True)
    until(lambda: not at_work(one, heard))
    none("the node is at work afterwards", at_work(one, heard))
    one.close()
    three.close()


parts(soak)
