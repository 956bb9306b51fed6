"""Terminals: every command prints text chosen by others as text."""
import fcntl
import os
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

import asking
import netbios as nb
import slots
from asking import MESSAGES
from questions import machines
from world import BOB, MAILSLOT, MAL, PATIENCE, ROOT, VIC, World, check, hostile, none, parts, processes, until

# Text that controls a terminal: control characters of both kinds, one alone, and characters that change the direction
# of text.
ACTING = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\r(?!\n)")
EVIL = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e\u2028\r\rmailslot: all is well\n"


class Terminal:
    """A command on a separate terminal of common width, with its whole output."""

    def __init__(self, world, uid, *arguments, **more):
        self.ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        # The command itself sets off titles only, and only on capable terminals.
        env = world.environment(TERM="dumb", **more)
        self.process = subprocess.Popen(world.command(uid, [MAILSLOT, *arguments]), env=env, stdin=theirs,
                                        stdout=theirs, stderr=theirs, start_new_session=True)
        processes.append(self.process)
        os.close(theirs)
        self.shown = b""

    def read(self, wanted=lambda shown: False, patience=PATIENCE):
        """Reads until it is shown, or to the end."""
        end = time.monotonic() + patience
        while not wanted(self.text()) and time.monotonic() < end:
            ready, _, _ = select.select([self.ours], [], [], 0.1)
            try:
                more = os.read(self.ours, 65536) if ready else None
            except OSError:
                # No process has it open.
                more = b""
            if more == b"":
                break
            self.shown += more or b""
        return self.text()

    def text(self):
        return self.shown.decode(errors="backslashreplace")

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.read(patience=5)
        os.close(self.ours)


def acts(text):
    """The parts that control the terminal, with their context."""
    return [ascii(text[max(0, found.start() - 60):found.end() + 20]) for found in ACTING.finditer(text)]


def shows(world, uid, *arguments, has, **more):
    """The faults of a command's whole output: text that controls the terminal, or missing text."""
    terminal = Terminal(world, uid, *arguments, **more)
    text = terminal.read()
    terminal.close()
    missing = [f"{word!r} is not shown: {ascii(text[-600:])}" for word in has if word not in text]
    return [f"{arguments[0]}: {found}" for found in acts(text) + missing]


def own_machine():
    """Names, messages and errors of this machine's other users, and errors about arguments."""
    world = World()
    world.run(ROOT, "domain", "new", "PLANT")
    for domain in (EVIL, "TORN"):
        with open(f"{world.domains}/{domain}.toml", "w", encoding="utf-8") as file:
            os.chmod(file.name, 0o600)
            file.write(r'"\u001b]0;pwned\u0007" = 1' if domain == "TORN" else EVIL)
    name = EVIL.replace("\\", "")
    for uid in (MAL, ROOT):
        # Of two users, so that the list shows both kinds.
        world.listen(uid, name if uid == MAL else name + "2", "--access", f"users:{BOB},4000000000", "--network")
    wrong = []
    escaped = r"\u{1b}]0;pwned\u{7}"
    for arguments in (["list"], ["info", name], ["send", name + "3", "x"], ["info", name + "3"], ["listen", name],
                      ["doctor", name], ["send", name, "x" * 100, "--wait=" + "0ms"]):
        expected = [escaped] if arguments[0] != "send" or arguments[1] != name else []
        if arguments == ["list"]:
            # In a column of a table, where it may be broken.
            expected = [escaped[:-len(r"\u{7}")]]
        wrong += shows(world, BOB, *arguments, has=expected)
    for arguments in (["list", "--json"], ["info", "--json", name]):
        wrong += shows(world, BOB, *arguments, has=[r"\u001b]0;pwned\u0007"])
    for arguments in (["domain", "show"], ["domain", "show", EVIL], ["domain", "show", "TORN"], ["domain", "new", EVIL],
                      ["domain", "join", EVIL], ["domain", "rotate", "TORN"]):
        wrong += shows(world, ROOT, *arguments, has=["pwned"])
    for arguments in ([EVIL], ["send", f"--wait={EVIL}", "x", "x"], ["listen", "--access", f"users:{EVIL}", "x"],
                      ["list", f"--{EVIL}"],
                      ["listen", "--format", EVIL, "x"], ["node", "--computer", EVIL], ["node", "--config", EVIL],
                      ["find-dc", EVIL],
                      ["status", EVIL], ["resolve", EVIL], ["browse", EVIL], ["capture", "--write", f"/nowhere/{EVIL}"],
                      ["send", rf"\\{EVIL}\mailslot\{EVIL}", "x"]):
        wrong += shows(world, BOB, *arguments, has=[])
    none("names and errors reach a terminal as text", wrong)
    reader = Terminal(world, VIC, "listen", "--verbose", "--access", "everyone", r"\\.\mailslot\read")
    reader.read(lambda shown: "listening on" in shown)
    for data in (EVIL.encode(), bytes(range(256)), "".join(map(chr, range(1, 0x3000))).encode(), b"\xff\x9b\xc2",
                 b"the last"):
        put(world, "read", data)
    text = reader.read(lambda shown: "the last" in shown)
    check("messages are shown", "the last" in text, ascii(text[-300:]))
    none("as text", acts(text))
    reader.close()
    world.close()


def put(world, slot, data):
    """Writes these bytes, as another user."""
    def writer(say):
        connection = slots.connect(slots.living(world.slots, slot)[0])
        slots.put(connection, slots.inline(data))
        say("sent")
    hostile(MAL, writer).line()


def network():
    """Names of the segment and of a domain, in a node's status and log."""
    one, three = machines()
    name, raw = EVIL.replace("\\", ""), b"E\x1b[2J\x07\r\n\x9b\x85"
    three.listen(MAL, name, "--access", "everyone", "--network")
    one.listen(MAL, name, "--access", "everyone", "--network")
    until(lambda: "pwned" in three.run(ROOT, "list", "--domain", "PLANT").out
          and one.run(ROOT, "list", "--domain", "PLANT").out.count("pwned") > 1)

    def liar(say):
        """A machine that sends all announcements and answers, requested or not."""
        own = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for port, one_socket in zip((nb.NAME, nb.DATAGRAM), own):
            one_socket.bind(("10.97.1.12", port))
        own[0].settimeout(0.05)
        announcement = b"\x01\0" + struct.pack("<I", 1000) + raw.ljust(16, b"\0") + b"\5\1" \
            + struct.pack("<IHH", 3, 0x010f, 0xaa55)
        announcement += raw + b"\0"
        wide = "LAB".encode("utf-16-le") + b"\0\0"
        controller = struct.pack("<H", 12) + raw + b"\0" + b"\0" * (len(raw) % 2 == 0) \
            + "E\x1b[2J\x07\r\n".encode("utf-16-le") + b"\0\0" + wide
        controller += struct.pack("<IHH", 1, 0xFFFF, 0xFFFF)
        say("ready")
        number = 0
        while True:
            number += 1
            try:
                packet, source = own[0].recvfrom(2048)
                identity = int.from_bytes(packet[:2], "big")
                if packet[46:48] == b"\0\x21":
                    own[0].sendto(nb.names_of(identity, [raw, b"PLAIN"]), source)
            except TimeoutError:
                pass
            for slot, data in (("BROWSE", announcement), ("alerts", b"evil"), ("x\x1b[2J\x07", b"evil"),
                               *((rf"NET\GETDC{pid}", controller) for pid in finders())):
                own[1].sendto(nb.datagram(nb.name(raw), nb.name("NODE1"), nb.write(slot, data), number, "10.97.1.12"),
                              ("10.97.1.11", nb.DATAGRAM))
    bad = hostile(ROOT, liar, "mallory")
    bad.line()
    wrong = []
    for uid in (BOB, ROOT):
        for arguments, has in (
                (["status", "10.97.1.12"], ["PLAIN"]), (["status", "--json", "10.97.1.12"], ["PLAIN"]),
                (["browse", "--quiet", "--duration", "1s"], ["server"]),
                (["find-dc", "--timeout", "8s", "LAB"], ["10.97.1.12"]),
                (["list", "--domain", "PLANT"], ["pwned"]), (["node", "status"], ["NODE1"]),
                (["doctor", rf"\\PLANT\mailslot\{name}"], ["PLANT"]), (["doctor", rf"\\NODE3\mailslot\{name}"], []),
                (["doctor"], []),
                (["send", "--confirm=2s", rf"\\PLANT\mailslot\{name}", "x"], ["NODE3"]),
                (["resolve", raw.decode("latin-1")], []),
                (["send", rf"\\NODE3\mailslot\{name}", "x"], []), (["capture", "--count", "1"], [])):
            wrong += shows(one, uid, *arguments, has=has)
    none("what others call themselves reaches a terminal as text", wrong)
    reader = Terminal(one, ROOT, "listen", "--verbose", "--network", "--format", "json", "alerts")
    text = reader.read(lambda shown: "evil" in shown)
    check("a message of the network is shown", "evil" in text, ascii(text[-300:]))
    none("its origin as text", acts(text))
    reader.close()
    # A node that logs to a terminal.
    one.node.stop()
    node = Terminal(one, ROOT, "node", "--computer", "NODE1", "--workgroup", "LAB", "--listen", "tcp/0.0.0.0:7447")
    node.read(lambda shown: "domain_open" in shown)
    for computer in ("E\x1b[2J\x07\r", "PLANT", "NOBODY"):
        put(one, MESSAGES, asking.message(rf"\\{computer}\mailslot\x\x1b[2J\x07\r\nevil", b"x")[0])
    text = node.read(lambda shown: "NOBODY" in shown)
    check("a node says what it could not send", "NOBODY" in text, ascii(text[-600:]))
    none("as text", acts(text))
    node.close()
    bad.stop()
    one.close()
    three.close()


def finders():
    """Ids of processes that look for a domain controller."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"\0find-dc\0" in file.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


if __name__ == "__main__":
    parts(own_machine, network)
