"""A hostile program's knowledge of slots: their places, and how to write through their doors by hand.

Where a slot is, only `living` and `beside` know; everything else goes by what they find.
"""
import array
import errno
import fcntl
import os
import socket
import stat
import struct
import time

INLINE, ATTACHED, PREFACED = 0, 1, 2
F_OFD_SETLK = 37
MAX_INLINE = 64 << 10


def label(directory):
    """The fields of a slot's label."""
    for name in ("label", "lock"):
        try:
            file = os.open(f"{directory}/{name}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            text = os.read(file, 1 << 20).decode(errors="replace")
        except OSError:
            continue
        finally:
            os.close(file)
        fields = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
        if "name" in fields:
            return fields
    return {}


def is_alive(directory):
    """Whether a slot's owner lives: its door accepts connections."""
    where = os.open(directory, os.O_PATH)
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        asking.connect(f"/proc/self/fd/{where}/door")
        return True
    except OSError as error:
        # Of another type, and there.
        return error.errno in (errno.EPROTOTYPE, errno.EACCES)
    finally:
        asking.close()
        os.close(where)


def living(root, name=None, uid=None):
    """Directories of living slots, of this name or any: a bound socket `door`, beside a file with the name."""
    found = []
    for directory, _, files in os.walk(root):
        try:
            if "door" not in files or not stat.S_ISSOCK(os.lstat(directory + "/door").st_mode):
                continue
            if uid is not None and os.stat(directory).st_uid != uid:
                continue
            fields = label(directory)
            if "name" in fields and (name is None or fields["name"].upper() == name.upper()) and is_alive(directory):
                found.append(directory)
        except OSError:
            continue
    return found


def named(root, beginning):
    """Directories of living slots whose names have this prefix, and the names."""
    found = ((directory, label(directory).get("name", "")) for directory in living(root))
    return [(directory, name) for directory, name in found if name.upper().startswith(beginning.upper())]


def paths(root):
    """Everything below the root, by relative path; directories first."""
    found = []
    for directory, directories, files in os.walk(root):
        found += [os.path.relpath(f"{directory}/{one}", root) for one in directories + files]
    return sorted(found, key=lambda path: (path.count("/"), path))


def beside(path, owner, uid):
    """The path of the same name for another user, as far as the layout has one."""
    first, slash, rest = path.partition("/")
    if str(owner) in first:
        return first.replace(str(owner), str(uid)) + slash + rest
    return f"{first}#1{slash}{rest}"


def lock_file(file, kind=fcntl.F_WRLCK):
    """Takes an open-file-description lock on the whole file."""
    fcntl.fcntl(file, F_OFD_SETLK, struct.pack("hhqqi4x", kind, 0, 0, 0, 0))


def connect(directory, blocking=True):
    """A connection to the door in a directory."""
    where = os.open(directory, os.O_PATH)
    try:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.setblocking(blocking)
        # The door's backlog may be full for a moment.
        for _ in range(500):
            try:
                connection.connect(f"/proc/self/fd/{where}/door")
                return connection
            except BlockingIOError:
                time.sleep(0.01)
        raise BlockingIOError("the door's queue stays full")
    finally:
        os.close(where)


def call(directory):
    """A connection to the door in a directory, or None if this user is shut out."""
    try:
        return connect(directory)
    except PermissionError:
        return None


def put(connection, packet, files=(), flags=socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, patience=2.0):
    """Sends a packet with descriptors, waiting a little for room. Returns whether it was sent."""
    if connection is None:
        return False
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
    end = time.monotonic() + patience
    while True:
        try:
            connection.sendmsg([packet], control, flags)
            return True
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(0.002)
        except OSError:
            return False


def inline(data, preface=b""):
    return bytes([INLINE | (PREFACED if preface else 0)]) + preface + data


def attached(size, prefaced=False):
    return bytes([ATTACHED | (PREFACED if prefaced else 0)]) + struct.pack("<Q", size & 0xffff_ffff_ffff_ffff)


def request(reply, identity=bytes(16)):
    """The preface of a request whose reply goes to this slot for replies."""
    return struct.pack("<HB", 35, 32) + bytes.fromhex(reply.rpartition("\\")[2]) + identity


def reply(identity):
    """The preface of a reply to the request with this id."""
    return struct.pack("<HB", 19, 128) + identity


def origin(computer, domain=b"", authenticated=False):
    """The preface of a message of another machine."""
    body = bytes([16 | 8 | (1 if authenticated else 0) | (2 if domain else 0), len(computer)]) + computer
    body += bytes([len(domain)]) + domain if domain else b""
    return struct.pack("<H", len(body) + 2) + body


def memory_file(size, content=b""):
    """A sparse memory file."""
    file = os.memfd_create("message")
    os.truncate(file, size)
    if content:
        os.pwrite(file, content, 0)
    return file


def write_when_full(root, directories):
    """Takes all room of the slots' file system, and then writes messages that need room through each of these doors."""
    connections = [connect(directory) for directory in directories for _ in range(4)]
    fill = os.open(f"{root}/fill", os.O_CREAT | os.O_RDWR, 0o600)
    for size in (1 << 20, 4096):
        try:
            while True:
                os.write(fill, b"\0" * size)
        except OSError:
            pass
    for _ in range(30):
        for connection in connections:
            put(connection, inline(b"x" * 60000), patience=0.02)
    return connections


def template(directory):
    """The kinds of a slot's files, by name."""
    found = {}
    for name in os.listdir(directory):
        mode = os.lstat(f"{directory}/{name}").st_mode
        kind = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "file"
        if kind == "file" and name in ("label", "lock"):
            with open(f"{directory}/{name}", encoding="utf-8") as file:
                text = file.read()
            kind = "label" if text.startswith("name ") or "\nname " in text else "file"
        found[name] = kind
    return found


LABEL = "name {}\npid 1\naccess everyone\nnetwork allowed\nmax-message-size 0\ncapacity 16777216\ncreated 1\n"


class Imitation:
    """A slot built by hand, with the files of a real one, in a separate directory. It is dead until `live`."""

    def __init__(self, directory, name, files, text=None):
        self.directory, self.name, self.files, self.open, self.sockets = directory, name, files, {}, {}
        self.text = text or LABEL.format(name)
        os.makedirs(directory, mode=0o755, exist_ok=True)
        # Even the superuser's sweep does not remove the directory.
        os.close(os.open(directory + "/stay", os.O_CREAT | os.O_WRONLY))
        self.fill()

    def fill(self):
        """Creates the missing files."""
        for name, kind in self.files.items():
            path = f"{self.directory}/{name}"
            if os.path.lexists(path):
                continue
            if kind in ("file", "label"):
                self.open[name] = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
                if kind == "label":
                    os.write(self.open[name], self.text.encode())
            elif kind == "pipe":
                os.mkfifo(path)
                os.chmod(path, 0o666)
            else:
                bound = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                where = os.open(self.directory, os.O_PATH)
                bound.bind(f"/proc/self/fd/{where}/{name}")
                os.close(where)
                os.chmod(path, 0o666)
                self.sockets[name] = bound

    def die(self):
        for bound in self.sockets.values():
            bound.close()

    def relabel(self, name):
        for file, kind in self.files.items():
            if kind == "label":
                text = self.text.replace(f"name {self.name}\n", f"name {name}\n").encode()
                os.truncate(self.open[file], 0)
                os.pwrite(self.open[file], text, 0)

    def age(self):
        for name in (*self.files, "."):
            os.utime(f"{self.directory}/{name}", (1, 1))

    def live(self):
        """Makes it live: binds its sockets, listens, and holds every possible lock."""
        for name, bound in self.sockets.items():
            if bound.fileno() < 0 and os.path.lexists(f"{self.directory}/{name}"):
                os.unlink(f"{self.directory}/{name}")
        self.fill()
        for file in self.open.values():
            lock_file(file)
        for name, kind in self.files.items():
            if kind == "pipe":
                self.open[name] = os.open(f"{self.directory}/{name}", os.O_RDWR | os.O_NONBLOCK)
        if "door" not in self.sockets:
            raise FileExistsError("something else is in the door's place")
        self.listener = self.sockets["door"]
        self.listener.listen(100)
        self.listener.settimeout(0.05)

    def serve(self, say):
        """Reports what writers send, for ever."""
        connections = []
        while True:
            try:
                connection, _ = self.listener.accept()
                connection.setblocking(False)
                connections.append(connection)
            except TimeoutError:
                pass
            for connection in list(connections):
                try:
                    packet = connection.recv(1 << 17)
                except BlockingIOError:
                    continue
                except OSError:
                    packet = b""
                if packet:
                    say(repr(packet[1:100]))
                else:
                    connections.remove(connection)
