"""Other attacks: files, secrets, raised privileges, damaged memory."""
import os
import random
import shutil
import signal
import socket
import stat
import struct
import subprocess

import slots
from world import BOB, MAL, MAILSLOT, ROOT, SCRATCH, VIC, World, by, check, none, parts, same, until


def files():
    """Other users' access to the files of a slot."""
    world = World()
    listener = world.listen(VIC, "alerts", "--access", "everyone")
    before = slots.paths(world.slots)

    def intruder(say):
        for path in before:
            full = f"{world.slots}/{path}"
            kind = os.lstat(full).st_mode
            tries = {
                "write": lambda: os.close(os.open(full, os.O_WRONLY | os.O_NONBLOCK)),
                "remove": lambda: os.unlink(full), "remove directory": lambda: os.rmdir(full),
                "rename": lambda: os.rename(full, f"{world.slots}/.moved"),
                "link": lambda: os.link(full, f"{world.slots}/.linked"),
                "change mode": lambda: os.chmod(full, 0o777), "change times": lambda: os.utime(full, (1, 1)),
                "cut": lambda: os.truncate(full, 0), "add to": lambda: os.mkdir(full + "/x"),
                "put over": lambda: os.rename(made, full),
            }
            # A label is readable for everybody, and contains no messages; so is a claim, which is empty.
            is_empty = stat.S_ISREG(kind) and os.lstat(full).st_size == 0
            if not stat.S_ISDIR(kind) and not is_empty and os.path.basename(path) not in ("label", "lock"):
                tries["read"] = lambda: os.close(os.open(full, os.O_RDONLY | os.O_NONBLOCK))
            for name, attempt in tries.items():
                made = f"{world.slots}/.made"
                if not os.path.exists(made):
                    os.close(os.open(made, os.O_CREAT | os.O_WRONLY))
                try:
                    attempt()
                    say(name, path)
                except OSError:
                    pass
    none("nobody else can read, write, remove or replace a file of a slot", by(MAL, intruder))
    same("the slot is as it was", [path for path in slots.paths(world.slots) if not path.startswith(".")], before)
    same("and takes messages", (world.send(BOB, "alerts", "x").status, bool(listener.until("x"))), (0, True))
    world.close()


def origins():
    """A writer cannot forge its user or network origin."""
    world = World()
    for network, access in ((False, "everyone"), (True, f"users:{BOB}")):
        options = ["--network"] if network else []
        listener = world.listen(VIC, "alerts", "--access", access, *options)

        def liar(say):
            try:
                connection = slots.connect(slots.living(world.slots, "alerts")[0])
            except OSError:
                return
            for authenticated in (False, True):
                slots.put(connection, slots.inline(b"forged", slots.origin(b"PLC1", b"PLANT", authenticated)))
            connection.close()
        by(MAL, liar)
        world.send(BOB, "alerts", "true")
        check("a true message arrives", listener.until("true"))
        none("a made-up origin is let in by nobody who has not allowed it",
             [message for message in listener.messages() if message["data"] == "forged"])
        listener.kill()
    listener = world.listen(VIC, "alerts", "--access", "everyone")

    def lender(say):
        """Lets another process write through a connection that this one has made."""
        connection = slots.connect(slots.living(world.slots, "alerts")[0])
        say(os.getpid())
        if os.fork() == 0:
            # A process that claims another id is still recognised as this one.
            claimed = struct.pack("3i", os.getpid(), MAL, MAL)
            connection.sendmsg([slots.inline(b"claimed")], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, claimed)])
            slots.put(connection, slots.inline(b"lent"))
            os._exit(0)
        os.wait()
    pid = int(by(MAL, lender)[0])
    for data in ("claimed", "lent"):
        message = listener.until(data)
        same(f"user and process of a message that was {data} are those that connected",
             message and {key: message["origin"][key] for key in ("pid", "uid", "gid", "attested")},
             {"pid": pid, "uid": MAL, "gid": MAL, "attested": True})
    world.close()


def damage():
    """Whatever the owner's user writes into shared memory leads to an error, not to a signal or an endless wait."""
    world = World()
    random.seed(11)

    def ring_of(name):
        return slots.living(world.slots, name)[0] + "/ring"
    # A truncated ring file ends its reader with SIGBUS, like every mapped file, as SECURITY.md says.
    wrong = []
    for turn in range(24):
        listener = world.listen(VIC, "alerts")
        world.send(VIC, "alerts", "before")
        listener.until("before")
        path = ring_of("alerts")

        def scribble(say):
            with open(path, "r+b", buffering=0) as file:
                for _ in range(1 + turn % 4):
                    file.seek(random.randrange(0, 4096, 4))
                    file.write(random.randbytes(4))
        by(VIC, scribble)
        done = world.send(VIC, "alerts", f"after {turn}", patience=6)
        # A reader whose announcement was overwritten gets no ring of the bell, and checks by itself every ten seconds.
        patience = 20 if done.status == 0 else 3
        arrived = until(lambda: not listener.lives() or listener.until(f"after {turn}", 0.05), patience)
        status = listener.process.poll()
        if not isinstance(done.status, int) or done.status < 0 or (status is not None and status < 0):
            wrong.append(f"{turn}: {done} {status}")
        elif done.status == 0 and not arrived:
            wrong.append(f"{turn}: it was written, and the reader waits without an error")
        listener.kill()
        world.wipe()
    none("random words in a ring end in errors, or in nothing", wrong)
    world.close()


def raised():
    """A program with raised privileges ignores its caller's environment variables."""
    world = World()
    raised_copy = SCRATCH + "/bin/raised"
    subprocess.run(["strip", "-o", raised_copy, MAILSLOT], check=True)
    os.chmod(raised_copy, 0o4755)
    evil = world.path + "/evil"
    os.mkdir(evil)
    os.chown(evil, MAL, MAL)
    same("a user makes a domain", world.run(MAL, "domain", "new", "EVIL", MAILSLOT_DOMAINS=evil).status, 0)
    done = world.run(MAL, "domain", "show", "EVIL", MAILSLOT_DOMAINS=evil)
    check("and sees it", done.status == 0 and "EVIL" in done.out, done)
    done = world.run(MAL, "domain", "show", "EVIL", MAILSLOT_DOMAINS=evil, program=raised_copy)
    check("a program with raised privileges does not", done.status not in (0, "none"), done)
    mine = World()
    os.chmod(mine.path, 0o755)
    listener = mine.listen(MAL, "alerts", "--access", "everyone")
    done = world.run(MAL, "send", "alerts", "x", MAILSLOT_ROOT=mine.slots, program=raised_copy)
    check("nor the slots that a variable leads to", done.status != 0 and "x" not in listener.data(), done)

    for name, make in {"another user's": lambda path: (shutil.copy(evil + "/EVIL.toml", path), os.chown(path, MAL, MAL),
                                                       os.chmod(path, 0o600)),
                       "a link to another user's": lambda path: os.symlink(evil + "/EVIL.toml", path)}.items():
        path = world.domains + "/EVIL.toml"
        make(path)
        done = world.run(ROOT, "domain", "show", "EVIL")
        check(f"a domain file that is {name} is refused", done.status not in (0, "none"), done)
        os.unlink(path)
    os.unlink(raised_copy)
    mine.close()
    world.close()


def secrets_erased():
    """The node's memory has no secrets of a domain after the domain was removed."""
    import net
    import re
    net.namespace("node1")
    one = net.Machine("node1")
    one.run(ROOT, "domain", "new", "PLANT")
    path = one.domains + "/PLANT.toml"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    needles = {key: bytes.fromhex(re.search(rf'{key} = "([0-9a-f]+)"', text).group(1)) for key in ("naming", "secret")}
    needles |= {key + " as text": value.hex().encode() for key, value in needles.items()}
    one.start_node("--netbios", "false", "--listen", "tcp/127.0.0.1:7447", held=False, domain=True)
    one.listen(ROOT, "alerts", "--network")
    one.run(ROOT, "send", "--confirm=2s", r"\\PLANT\mailslot\alerts", "x")

    def found():
        counts = dict.fromkeys(needles, 0)
        with open(f"/proc/{one.node.pid}/maps", encoding="ascii") as maps, \
                open(f"/proc/{one.node.pid}/mem", "rb", 0) as memory:
            for line in maps:
                place, rights = line.split()[:2]
                if not rights.startswith("rw"):
                    continue
                start, end = (int(part, 16) for part in place.split("-"))
                try:
                    memory.seek(start)
                    content = memory.read(end - start)
                except (OSError, ValueError, OverflowError):
                    continue
                for key, needle in needles.items():
                    counts[key] += content.count(needle)
        return counts
    during = found()
    check("the secrets can be found while they are used", during["naming"] > 0, during)
    os.unlink(path)
    one.node.process.send_signal(signal.SIGHUP)
    check("the domain goes", until(lambda: "PLANT" not in one.run(ROOT, "node", "status").out, 10),
          one.node.err()[-600:])
    gone = until(lambda: not any(found().values()), 5)
    check("and with it every copy of its secrets", gone, found())
    one.close()


parts(files, origins, damage, raised, secrets_erased)
