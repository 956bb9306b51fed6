"""What a hostile program knows of slots: where they are, and how one writes through their doors by hand.

Where a slot is, only `living` and `beside` know; everything else goes by what they find.
"""
import array
import fcntl
import os
import socket
import stat
import struct
import time

INLINE, ATTACHED, NETWORK = 0, 1, 2
F_OFD_GETLK, F_OFD_SETLK = 36, 37
MAX_INLINE = 64 << 10


def label(lock):
    """The fields in a lock file."""
    try:
        with open(lock, "rb") as file:
            text = file.read(1 << 20).decode(errors="replace")
    except OSError:
        return {}
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)


def is_held(lock):
    try:
        file = os.open(lock, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        found = fcntl.fcntl(file, F_OFD_GETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 0, 0))
        return struct.unpack_from("h", found)[0] != fcntl.F_UNLCK
    finally:
        os.close(file)


def living(root, name=None, uid=None):
    """Directories of living slots whose names begin with `name`, whatever the layout: a socket `door` beside a held `lock`."""
    found = []
    for directory, _, files in os.walk(root):
        try:
            if "door" not in files or "lock" not in files or not stat.S_ISSOCK(os.lstat(directory + "/door").st_mode):
                continue
            if uid is not None and os.stat(directory).st_uid != uid:
                continue
        except OSError:
            continue
        fields = label(directory + "/lock")
        if "name" in fields and (name is None or fields["name"].upper() == name.upper()) and is_held(directory + "/lock"):
            found.append(directory)
    return found


def named(root, beginning):
    """Directories of living slots whose names begin so, and the names."""
    found = ((directory, label(directory + "/lock").get("name", "")) for directory in living(root))
    return [(directory, name) for directory, name in found if name.upper().startswith(beginning.upper())]


def paths(root):
    """Everything below the root, by relative path; directories first."""
    found = []
    for directory, directories, files in os.walk(root):
        found += [os.path.relpath(f"{directory}/{one}", root) for one in directories + files]
    return sorted(found, key=lambda path: (path.count("/"), path))


def beside(path, owner, uid):
    """The path that belongs to the same name and another user, as far as the layout has one."""
    first, slash, rest = path.partition("/")
    if str(owner) in first:
        return first.replace(str(owner), str(uid)) + slash + rest
    return f"{first}#1{slash}{rest}"


def lock_file(file, kind=fcntl.F_WRLCK):
    """Takes an open-file-description lock on all of it."""
    fcntl.fcntl(file, F_OFD_SETLK, struct.pack("hhqqi4x", kind, 0, 0, 0, 0))


def connect(directory, blocking=True):
    """A connection to the door in a directory."""
    where = os.open(directory, os.O_PATH)
    try:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.setblocking(blocking)
        # The door may have a full queue of callers for a moment.
        for _ in range(500):
            try:
                connection.connect(f"/proc/self/fd/{where}/door")
                return connection
            except BlockingIOError:
                time.sleep(0.01)
        raise BlockingIOError("the door's queue stays full")
    finally:
        os.close(where)


def put(connection, packet, files=(), flags=socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL, patience=2.0):
    """Sends a packet with descriptors, waiting a little for room. Whether it could be sent."""
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


def inline(data, origin=b""):
    return bytes([INLINE | (NETWORK if origin else 0)]) + origin + data


def attached(size, network=False):
    return bytes([ATTACHED | (NETWORK if network else 0)]) + struct.pack("<Q", size & 0xffff_ffff_ffff_ffff)


def origin(computer, domain=b"", authenticated=False):
    body = bytes([8 | (1 if authenticated else 0) | (2 if domain else 0), len(computer)]) + computer
    body += bytes([len(domain)]) + domain if domain else b""
    return struct.pack("<H", len(body) + 2) + body


def memory_file(size, content=b""):
    """A memory file that costs nothing but what its content takes."""
    file = os.memfd_create("message")
    os.truncate(file, size)
    if content:
        os.pwrite(file, content, 0)
    return file


class Imitation:
    """A slot built by hand, in a directory of one's own. It seems dead until `live`."""

    def __init__(self, directory, name, text=None):
        self.directory, self.name = directory, name
        self.text = text or (f"name {name}\npid 1\naccess everyone\nnetwork allowed\nmax-message-size 0\ncapacity 16777216\n"
                             "created 1\n")
        os.makedirs(directory, mode=0o755, exist_ok=True)
        # Not even the superuser's sweep removes the directory.
        os.close(os.open(directory + "/stay", os.O_CREAT | os.O_WRONLY))
        self.fill()

    def fill(self):
        """Makes what is not there, or not any more."""
        missing = [name for name in ("lock", "ring", "bell", "door") if not os.path.lexists(f"{self.directory}/{name}")]
        if "lock" in missing:
            self.lock = os.open(self.directory + "/lock", os.O_RDWR | os.O_CREAT, 0o644)
            os.write(self.lock, self.text.encode())
        if "ring" in missing:
            os.close(os.open(self.directory + "/ring", os.O_RDWR | os.O_CREAT, 0o600))
        if "bell" in missing:
            os.mkfifo(self.directory + "/bell", 0o666)
        if "door" in missing:
            self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            where = os.open(self.directory, os.O_PATH)
            self.listener.bind(f"/proc/self/fd/{where}/door")
            os.close(where)
            os.chmod(self.directory + "/door", 0o666)

    def relabel(self, name):
        self.text = self.text.replace(f"name {self.name}\n", f"name {name}\n")
        self.name = name
        os.truncate(self.lock, 0)
        os.pwrite(self.lock, self.text.encode(), 0)

    def age(self):
        for name in ("lock", "ring", "bell", "door", "stay", "."):
            os.utime(f"{self.directory}/{name}", (1, 1))

    def live(self):
        """Comes to life: holds the lock, and listens."""
        self.fill()
        lock_file(self.lock)
        self.bell = os.open(self.directory + "/bell", os.O_RDWR | os.O_NONBLOCK)
        self.listener.listen(100)
        self.listener.settimeout(0.05)

    def serve(self, say):
        """Says what writers send, for ever."""
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
