"""Doors: whatever strangers send, in whatever way, takes no resources of the owner that others need."""
import fcntl
import itertools
import os
import random
import select
import socket
import struct
import threading
import time

import slots
from world import (BOB, MAL, MAL2, ROOT, VIC, Listener, World, by, check, end_all, hostile, local, none, parts, same,
                   until)

# The owner's allowed growth of memory: the slot's capacity (4 MiB here), and as much again for buffers.
CAPACITY, ALLOWED = "4M", 12


class Numbered:
    """An honest writer, whose messages must all arrive in order."""

    def __init__(self, world, uid, listener, slot):
        self.world, self.uid, self.listener, self.slot, self.count, self.refused = world, uid, listener, slot, 0, []

    def write(self):
        """Whether one more message arrives."""
        data = f"n{self.count}"
        done = self.world.send(self.uid, self.slot, "--wait=8s", data, patience=10)
        if done.status != 0:
            self.refused.append(str(done))
            return False
        self.count += 1
        return bool(self.listener.until(data, 8))

    def wrong(self):
        found = [message["data"] for message in self.listener.messages()
                 if message.get("origin", {}).get("uid") == self.uid and str(message.get("data", "")).startswith("n")]
        return [] if found == [f"n{number}" for number in range(self.count)] and not self.refused \
            else [found[-20:], self.refused]


def victim(world, *options, slot="target", capacity=CAPACITY, **more):
    listener = world.listen(VIC, slot, "--access", "everyone", "--capacity", capacity, *options, **more)
    return listener, Numbered(world, BOB, listener, slot)


def door(world, slot="target"):
    return slots.living(world.slots, slot)[0]


# The kinds of descriptors. Each function makes one.
def pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)[0].detach()


def pipe_end():
    return os.pipe()[0]


def watcher():
    poll = select.epoll()
    return os.dup(poll.fileno())


def sealed():
    file = os.memfd_create("sealed", os.MFD_ALLOW_SEALING)
    os.write(file, b"s" * 100000)
    fcntl.fcntl(file, fcntl.F_ADD_SEALS,
                fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
    return file


DESCRIPTORS = {
    "null": lambda: os.open("/dev/null", os.O_RDWR),
    "zero": lambda: os.open("/dev/zero", os.O_RDWR),
    "pipe": pipe_end,
    "socket": pair,
    "memory": lambda: slots.memory_file(100000),
    "empty memory": lambda: slots.memory_file(0),
    "memory not for reading": lambda: os.open(f"/proc/self/fd/{slots.memory_file(100000)}", os.O_WRONLY),
    "sealed memory": sealed,
    "directory": lambda: os.open("/", os.O_RDONLY | os.O_DIRECTORY),
    "path": lambda: os.open("/etc/passwd", os.O_PATH),
    "file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "epoll": watcher,
}


def every_set_of_descriptors():
    world = World()
    listener, honest = victim(world)
    check("an honest message arrives", honest.write())
    before = len(listener.descriptors())
    directory = door(world)
    bodies = {"inline": slots.inline(b"hello"), "attached": slots.attached(100000), "unknown": b"\x07hello",
              "empty": b"", "cut": b"\x01\x00\x00"}
    wrong = []
    uids = itertools.count(66100)
    for name, make in DESCRIPTORS.items():
        kept, sent = [], 0
        # Each set by another user, because a sender of invalid packets may be shut out.
        for count, (body, packet) in itertools.product((1, 2, 3, 4, 16, 253), bodies.items()):
            def attacker(say, make=make, count=count, packet=packet):
                files = [make() for _ in range(min(count, 4))]
                files = [files[number % len(files)] for number in range(count)]
                connection = slots.connect(directory)
                for _ in range(3):
                    slots.put(connection, packet, files, patience=0.1)
                slots.put(connection, slots.inline(b"after"), patience=0.1)
                say("sent")
                # Until its parent has checked: then anything still open is open because of the owner.
                time.sleep(600)
            kept.append(hostile(next(uids), attacker))
            sent += kept[-1].line() == "sent"
        if sent != len(kept):
            wrong.append(f"{name}: {sent} of {len(kept)} sets are sent")
        if not honest.write():
            wrong.append(f"{name}: an honest message is not there")
            break
        # Each connection may still be open, but no descriptor that was sent through it.
        if len(listener.descriptors()) > before + len(kept) + 10:
            wrong.append(f"{name}: {len(listener.descriptors())} descriptors")
        for bad in kept:
            bad.stop()
        if not until(lambda: len(listener.descriptors()) <= before + 2, 5):
            wrong.append(f"{name}: {before} descriptors before, {len(listener.descriptors())} after it has gone")
            before = len(listener.descriptors())
    check("after every set of descriptors the owner goes on", listener.lives() and honest.write(), listener.err())
    none("no set of descriptors stays with the owner", wrong)
    same("all honest messages arrived in order", honest.wrong(), [])
    world.close()


def descriptors_kill():
    world = World()
    listener, honest = victim(world, descriptors=256)
    check("an honest message arrives", honest.write())
    directory = door(world)

    def attacker(say):
        two = [os.open("/dev/null", os.O_RDONLY)] * 2
        for _ in range(20):
            connection = slots.call(directory)
            for _ in range(50):
                if not slots.put(connection, slots.inline(b"m"), two, patience=0.2):
                    break
        say("sent")
        connection = slots.call(directory)
        for _ in range(40):
            slots.put(connection, slots.inline(b"x" * 60000), patience=0.1)
        say("grown")
        time.sleep(600)
    bad = hostile(MAL, attacker)
    bad.line()
    bad.line()
    check("an owner with few descriptors and a large message takes honest messages", honest.write(), honest.refused)
    check("and goes on", listener.lives(), listener.err())
    many = [world.send(BOB, "target", "x" * 50000) for _ in range(5)]
    check("large ones of others arrive, too",
          until(lambda: sum(len(one or "") == 50000 for one in listener.data()) == 5, 10), many)
    world.close()


def memory():
    """Large messages that cost their sender nothing."""
    world = World("256m")
    for slot, seen in (("target", True), ("unread", False)):
        # An owner that reads, and one that does not.
        command = "head -c 100; echo" if seen else "exec sleep 600"
        listener = world.listen_slowly(VIC, slot, command, "--access", "everyone", "--capacity", CAPACITY)
        world.send(BOB, slot, "first")
        before = listener.memory()
        directory = door(world, slot)

        def attacker(say):
            sizes = [3 << 20, 1 << 20, (4 << 20) - 4096, 2 << 20, 100000]
            connections = [slots.connect(directory, blocking=False) for _ in range(16)]
            sent = 0
            end = time.monotonic() + 4
            for size in sizes:
                file = slots.memory_file(size)
                for connection in connections:
                    for _ in range(4 if seen else 16):
                        if time.monotonic() < end:
                            sent += slots.put(connection, slots.attached(size), [file], patience=0)
            say(sent)
            time.sleep(600)
        users = [hostile(uid, attacker) for uid in (MAL, MAL2)]
        for bad in users:
            bad.line()
        peak = 0
        end = time.monotonic() + 3
        while time.monotonic() < end and listener.lives():
            peak = max(peak, listener.memory())
            time.sleep(0.05)
        word = "that reads" if seen else "that does not read"
        check(f"large messages take no more memory of an owner {word} than its slot may have",
              peak - before < 2 * ALLOWED, f"{before:.0f} MiB before, {peak:.0f} MiB at most")
        for bad in users:
            bad.stop()
        if seen:
            done = world.send(BOB, slot, "--wait=20s", "last")
            check("an honest message arrives afterwards", done.status == 0 and listener.until("last", 20), done)
        # An accepted message without room is kept as it arrived, at most one for each connection.
        held = [one for one in listener.descriptors() if "memfd:message" in one]
        check(f"few of the files stay with an owner {word}", len(held) <= 32, len(held))
        end_all()
        world.wipe()
    world.close()


def every_message():
    """Every size in every form at every speed, by programs that stay and programs that end."""
    world = World("96m")
    listener, honest = victim(world, "--max-size", "200000")
    check("an honest message arrives", honest.write())
    directory = door(world)
    before = listener.memory()
    sizes = [0, 1, 2, 8, 9, 127, 128, 65534, 65535, 65536, 65537, 70000, 131072, 199999, 200000, 200001, 300000]
    claimed = [0, 1, 65536, 200000, 200001, 1 << 20, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
    forms = [0, 1, 2, 3, 4, 127, 128, 254, 255]
    origins = [b"", b"\0", b"\2\0", b"\1\0", b"\xff\xff", slots.origin(b"PLC1"), slots.origin(b"PLC1", b"PLANT", True),
               slots.origin(b"\xff" * 255), struct.pack("<H", 3) + b"\xff"]

    def attacker(say):
        random.seed(7)
        for speed in ("at once", "one connection each", "slowly"):
            connection = slots.connect(directory)

            def again():
                nonlocal connection
                connection.close()
                connection = slots.connect(directory)

            def send(packet, files=()):
                if not slots.put(connection, packet, files, patience=0.3):
                    again()
                elif speed == "one connection each":
                    again()
                elif speed == "slowly":
                    time.sleep(0.001)
            for form in forms:
                for size in sizes:
                    send(bytes([form]) + b"x" * size)
                for head in origins:
                    send(bytes([form]) + head + b"y")
            for size, claim in itertools.product(sizes, claimed):
                file = slots.memory_file(size, b"z" * size)
                send(slots.attached(claim), [file])
                os.close(file)
            for head in origins:
                file = slots.memory_file(1000, head)
                send(slots.attached(1000, prefaced=True), [file])
                os.close(file)
            again()
        # A file that changes while it is read.
        file = slots.memory_file(70000)
        stop = time.monotonic() + 1

        def shrink():
            while time.monotonic() < stop:
                os.ftruncate(file, 0)
                os.ftruncate(file, 70000)
        threading.Thread(target=shrink).start()
        for _ in range(100):
            if not slots.put(connection, slots.attached(70000), [file], patience=0.1):
                connection.close()
                connection = slots.connect(directory)
        say("done")
    bad = hostile(MAL, attacker)
    late = 0
    while not (line := bad.line(0.2)) and late < 300:
        late += 1
        if not honest.write():
            break
    check("every message is sent", line == "done")
    check("honest messages arrive meanwhile", honest.write(), honest.refused)
    same("all of them, in order", honest.wrong(), [])
    wrong = [message for message in listener.messages()
             if message["origin"].get("uid") != BOB and message["origin"].get("uid") != MAL]
    none("nothing came under another user's name, or from the network", wrong)
    large = [message["size"] for message in listener.messages() if message.get("size", 0) > 200000]
    none("nothing larger than the slot takes came", large)
    check("the owner has no more memory than before", listener.memory() - before < ALLOWED,
          f"{before} {listener.memory()}")
    world.close()


def connections():
    """Connections that stay open: of one user, and of many."""
    for who, uids, each in (("one user", [MAL], 1100), ("forty users", range(66000, 66040), 40)):
        world = World()
        listener, honest = victim(world, descriptors=1024)
        check("an honest message arrives", honest.write())
        directory = door(world)

        def attacker(say):
            kept, refused = [], 0
            for _ in range(each):
                try:
                    kept.append(slots.connect(directory, blocking=False))
                except OSError:
                    refused += 1
                    if refused > 3:
                        break
            say(len(kept))
            time.sleep(600)
        users = [hostile(uid, attacker) for uid in uids]
        for bad in users:
            bad.line()
        arrived = [honest.write() for _ in range(3)]
        check(f"honest messages arrive while {who} hold all the connections that they can", all(arrived),
              f"{arrived} {honest.refused} {len(listener.descriptors())} descriptors")
        check("the owner has descriptors left", len(listener.descriptors()) < 1000, len(listener.descriptors()))
        check("and goes on", listener.lives(), listener.err())
        for bad in users:
            bad.stop()
        check("when they have gone, nothing of them stays", until(lambda: len(listener.descriptors()) < 30, 8),
              f"{len(listener.descriptors())} descriptors")
        check("honest messages arrive at once", honest.write() and honest.write(), honest.refused)
        same("all honest messages arrived in order", honest.wrong(), [])
        world.close()


def kept_connection():
    """The hundredth connection of a user takes nothing from what the first one has sent."""
    world = World()
    listener, honest = victim(world)
    directory = door(world)

    def many(say):
        kept = []
        for number in range(200):
            # Like the library: reconnects if a connection was returned before it was used.
            for _ in range(20):
                kept.append(slots.connect(directory))
                if slots.put(kept[-1], slots.inline(b"k%d" % number)):
                    say(number)
                    break
        say("end")
        time.sleep(600)
    bad = hostile(BOB, many)
    told = []
    while (line := bad.line()) not in ("end", None):
        told.append(f"k{line}")
    check("what a connection was let write arrives, whatever comes after it",
          until(lambda: set(told) <= set(listener.data()), 10) and len(told) == 200,
          sorted(set(told) - set(listener.data())))
    world.close()


def full_file_system():
    """An attacker takes all room of the slots' file system, for a moment."""
    world = World("24m")
    listener, honest = victim(world, capacity="16M")
    quiet = world.listen(VIC, "quiet", "--access", "everyone", "--capacity", "8M")
    check("an honest message arrives", honest.write())
    directories = [door(world), door(world, "quiet")]

    def attacker(say):
        kept = slots.write_when_full(world.slots, directories)
        say("full", len(kept))
        time.sleep(600)
    bad = hostile(MAL, attacker)
    bad.line()
    # Writes may fail for lack of room now; the owners continue.
    while_full = world.send(BOB, "target", "--wait=1s", "y" * 50000, patience=5)
    check("the owners go on while the file system is full", listener.lives() and quiet.lives(),
          listener.err() + quiet.err())
    bad.stop()
    os.unlink(world.slots + "/fill")
    check("messages arrive when there is room again", honest.write(), f"{honest.refused} {listener.err()}")
    check("the other owner gets them, too",
          world.send(BOB, "quiet", "there").status == 0 and quiet.until("there", 8), quiet.err())
    if while_full.status == 0:
        check("a message that was taken while it was full is there", listener.until("y" * 50000, 8))
    same("honest messages arrived in order", honest.wrong(), [])
    world.close()


def not_admitted():
    world = World()
    listener = world.listen(VIC, "target", "--access", f"users:{BOB}", descriptors=256)
    honest = Numbered(world, BOB, listener, "target")
    directory = door(world)

    def attacker(say):
        kept = []
        for _ in range(600):
            try:
                connection = slots.connect(directory, blocking=False)
                slots.put(connection, slots.inline(b"let me in"), patience=0)
                kept.append(connection)
            except OSError:
                pass
        say(len(kept))
        time.sleep(600)
    bad = hostile(MAL, attacker)
    bad.line(60)
    check("honest messages arrive while others are refused", honest.write() and honest.write(), honest.refused)
    check("which get nothing in", "let me in" not in listener.data())
    check("and cost no descriptor", len(listener.descriptors()) < 60, len(listener.descriptors()))
    same("who is not admitted is told so", world.send(MAL, "target", "x").status, 4)
    world.close()


def superusers_tap():
    """The owner of a slot that the superuser taps attacks the tap, before and while it exists."""
    world = World("256m")
    random.seed(15)
    precious = f"{world.slots}/precious"
    with open(precious, "w") as file:
        file.write("untouched")
    os.chmod(precious, 0o644)

    def start():
        return world.start(ROOT, "tap", "--verbose", "--format", "json", "--capacity", CAPACITY, local("target"),
                           kind=Listener)

    # The slot's files, of any kind, when the superuser's tap opens them.
    def cut(path):
        os.truncate(path, 0)

    def noise(path):
        with open(path, "r+b") as file:
            file.write(random.randbytes(4096))

    def in_place(make):
        def act(path):
            os.unlink(path)
            make(path)
        return act
    kinds = {"cut": cut, "noise": noise, "missing": os.unlink, "a pipe": in_place(os.mkfifo),
             "a link": in_place(lambda path: os.symlink(precious, path)), "a directory": in_place(os.mkdir),
             "large": in_place(lambda path: open(path, "w").truncate(1 << 30))}
    wrong = []
    for name, late in itertools.product(("members", "label", "ring", "bell", "life"), (False, True)):
        for kind, act in kinds.items():
            if name in ("life", "bell") and kind in ("cut", "noise"):
                continue
            world.listen(MAL, "target", "--taps", "--access", "everyone")
            [directory] = slots.living(world.slots, "target", MAL)
            tap = start() if late else None
            if late and not tap.says("listening on"):
                wrong.append(f"no tap: {tap.err()}")
            by(MAL, lambda say: act(f"{directory}/{name}"))
            tap = tap or start()
            for turn in range(3):
                world.send(MAL, "target", f"after {turn}", patience=5)
            tap.says("listening on", 3)
            if not tap.lives() and tap.process.returncode < 0:
                wrong.append(f"{name} is {kind}, late {late}: {tap.process.returncode}")
            end_all()
            world.wipe(keep=["precious"])
    none("whatever becomes of a tapped slot's files ends no tap of the superuser by a signal", wrong)
    same("and writes to no other file", open(precious).read(), "untouched")

    # Anything through its door, in any amount.
    world.listen(MAL, "target", "--taps", "--access", "everyone", "--capacity", "64M")
    tap = start()
    check("the superuser taps the slot", tap.says("listening on"), tap.err())
    [directory] = slots.living(world.slots, "target", ROOT)
    memory, descriptors = tap.memory(), len(tap.descriptors())

    def send_anything(say):
        connection = slots.call(directory)
        for number in range(3000):
            packet = random.choice([slots.inline(b"x" * (number % 60000)), slots.attached(1 << 40),
                                    slots.attached(100000), b"", b"\x07x", random.randbytes(30)])
            files = [slots.memory_file(100000)] * random.choice([0, 0, 1]) \
                + [os.open("/dev/null", os.O_RDONLY)] * random.choice([0, 0, 0, 2])
            if not slots.put(connection, packet, files, patience=0.05):
                connection = slots.call(directory)
            for file in files:
                try:
                    os.close(file)
                except OSError:
                    pass
        say("sent")
    by(MAL2, send_anything)
    check("no packet ends it", tap.lives(), tap.err())
    tap.freeze()
    flood = [world.start(MAL, "send", "--wait=1s", local("target"), "x" * 60000) for _ in range(200)]
    for one in flood:
        one.process.wait()
    check("it holds up nobody while it is stopped", all(one.process.returncode == 0 for one in flood),
          [one.err() for one in flood if one.process.returncode][:5])
    tap.thaw()
    check("what is sent to one that does not read takes no more memory than it was given",
          tap.memory() - memory < 2 * ALLOWED, f"{memory:.0f} MiB before, {tap.memory():.0f} MiB")
    done = world.send(MAL, "target", "last")
    check("it sees what comes then", done.status == 0 and tap.until("last", 20), f"{done}{tap.err()}")
    check("and keeps no descriptor", until(lambda: len(tap.descriptors()) <= descriptors + 4, 20), tap.descriptors())
    world.close()


if __name__ == "__main__":
    parts(every_set_of_descriptors, descriptors_kill, memory, every_message, connections, kept_connection,
          full_file_system, not_admitted, superusers_tap)
