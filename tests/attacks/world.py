"""A machine with users: slots on a separate file system, commands as any user, hostile programs, and checks."""
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
import traceback

SCRATCH = os.environ["MAILSLOT_SCRATCH"]
MAILSLOT = SCRATCH + "/bin/mailslot"
# Users: the owner of slots, an honest one, an attacker, another attacker, and the node's.
ROOT, VIC, BOB, MAL, MAL2, NODE = 0, 65001, 65002, 65003, 65004, 65005
PATIENCE = 30

counted = {"passed": 0, "failed": 0}
processes = []
children = []


def check(name, passed, found=""):
    counted["passed" if passed else "failed"] += 1
    print(f"test {name} ... {'ok' if passed else 'FAILED'}", flush=True)
    if not passed and found != "":
        print(f"-- found:\n{str(found)[:3000]}", flush=True)
    return bool(passed)


def same(name, found, expected):
    return check(name, found == expected, f"{found}\n-- expected:\n{expected}")


def none(name, found):
    """No fault was found."""
    return check(name, not found, "\n".join(map(str, found)) if isinstance(found, list) else found)


def until(what, patience=PATIENCE):
    """The result of `what` as soon as it is true, or else after a while."""
    end = time.monotonic() + patience
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def parts(*functions):
    """Runs one after the other, and ends the processes that each has started. An exception is a failed test."""
    wanted = [name for name in os.environ.get("MAILSLOT_ONLY", "").split() if name]
    for function in functions:
        if wanted and function.__name__ not in wanted:
            continue
        begin = time.monotonic()
        try:
            function()
        except Exception as error:  # noqa: BLE001: whatever it is, the other tests go on.
            traceback.print_exc()
            check(f"{function.__name__} comes to its end", False, error)
        finally:
            end_all()
        if os.environ.get("MAILSLOT_TIMES"):
            print(f"-- {function.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
    word = "FAILED" if counted["failed"] else "ok"
    print(f"\ntest result: {word}. {counted['passed']} passed; {counted['failed']} failed; 0 ignored", flush=True)
    sys.exit(1 if counted["failed"] else 0)


def end_all():
    while children:
        children.pop().stop()
    while processes:
        process = processes.pop()
        for number in (signal.SIGCONT, signal.SIGKILL):
            if process.poll() is None:
                process.send_signal(number)
        process.wait()


def text_of(path):
    with open(path, errors="replace") as file:
        return file.read()


class Done:
    def __init__(self, status, out, err, usage=None):
        self.status, self.out, self.err, self.usage = status, out, err, usage

    def __repr__(self):
        return f"status {self.status}\n{self.out}{self.err}"


def stop_process(pid, group=False):
    os.kill(pid, signal.SIGSTOP)
    until(lambda: stat(pid)[0] in "T")


def stat(pid):
    return text_of(f"/proc/{pid}/stat").rpartition(")")[2].split()


def processor_time(pid):
    fields = stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Process:
    """A command that keeps running, with its output in files."""

    def __init__(self, command, env, log):
        self.out_path, self.err_path = log + ".out", log + ".err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        processes.append(self.process)
        self.pid = self.process.pid

    def lives(self):
        return self.process.poll() is None

    def out(self):
        return text_of(self.out_path)

    def err(self):
        return text_of(self.err_path)

    def says(self, words, patience=PATIENCE):
        """Waits until its standard error has this text."""
        return until(lambda: words in self.err() or not self.lives(), patience) and words in self.err()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return None

    def freeze(self):
        stop_process(self.pid)

    def thaw(self):
        os.kill(self.pid, signal.SIGCONT)

    def descriptors(self):
        """The targets of its open descriptors."""
        found = []
        for number in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                found.append(os.readlink(f"/proc/{self.pid}/fd/{number}"))
            except OSError:
                pass
        return found

    def memory(self):
        """MiB of its private memory."""
        lines = dict(line.split(":", 1) for line in text_of(f"/proc/{self.pid}/status").splitlines() if ":" in line)
        return sum(int(lines[key].split()[0]) for key in ("RssAnon", "RssShmem")) / 1024


class Listener(Process):
    """`mailslot listen`, and the messages that arrived."""

    at = 0

    def messages(self):
        """All messages so far. Output is read only once, because some messages are large."""
        if not self.at:
            self.found = []
        with open(self.out_path, "rb") as file:
            file.seek(self.at)
            whole, _, _ = file.read().rpartition(b"\n")
        if whole:
            self.at += len(whole) + 1
            self.found += map(self.message, whole.splitlines())
        return self.found

    message = staticmethod(json.loads)

    def data(self):
        return [message.get("data") for message in self.messages()]

    def until(self, data, patience=PATIENCE):
        """Waits for the message with this data."""
        find = lambda: next((message for message in self.messages() if message.get("data") == data), None)
        return until(lambda: find() or not self.lives(), patience) and find()


def local(name):
    """A name of this machine in the command's form, unless it is another address."""
    return name if name.startswith(r"\\") else rf"\\.\mailslot\{name}"


class Slow(Listener):
    """`mailslot listen --exec`: takes one message after the other, and keeps the beginning of each."""

    message = staticmethod(lambda line: {"data": line.decode(errors="replace")})


class World:
    """A machine: its slots and its domain files. `host` is the network namespace that its commands run in."""
    number = 0

    def __init__(self, size="64m", host=None):
        World.number += 1
        self.path = f"{SCRATCH}/{World.number}"
        self.slots, self.domains, self.host = self.path + "/s", self.path + "/d", host
        self.logs = 0
        for path in (self.path, self.slots, self.domains):
            os.mkdir(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", self.slots], check=True)

    def close(self):
        end_all()
        subprocess.run(["umount", "-l", self.slots], check=True)

    def wipe(self, keep=()):
        """As after a boot of the machine, except for what is kept."""
        for name in set(os.listdir(self.slots)) - set(keep):
            path = f"{self.slots}/{name}"
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def environment(self, **more):
        env = {"PATH": os.environ["PATH"], "MAILSLOT_ROOT": self.slots, "MAILSLOT_DOMAINS": self.domains}
        return env | {key: value for key, value in more.items() if value is not None}

    def command(self, uid, command, descriptors=None):
        limit = ["sh", "-c", f'ulimit -S -n {descriptors}; exec "$@"', "sh"] if descriptors else []
        inside = ["ip", "netns", "exec", self.host] if self.host else []
        user = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if uid else []
        return [*inside, *user, *limit, *command]

    def run(self, uid, *arguments, given=b"", patience=PATIENCE, program=MAILSLOT, **more):
        """Runs `mailslot` as a user."""
        process = subprocess.Popen(self.command(uid, [program, *arguments]), env=self.environment(**more),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(given, timeout=patience)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            status = "none: it did not end"
        return Done(status, out.decode(errors="replace"), err.decode(errors="replace"))

    def log(self, name):
        self.logs += 1
        return f"{self.path}/{self.logs}-{name}"

    def start(self, uid, *arguments, kind=Process, descriptors=None, program=MAILSLOT, **more):
        """A `mailslot` that keeps running, with a limit of descriptors."""
        command = self.command(uid, [program, *arguments], descriptors)
        return kind(command, self.environment(**more), self.log(arguments[0]))

    def listen(self, uid, name, *options, wait=True, kind=Listener, form=("--format", "json"), **more):
        """Waits for a slot, or returns None if it is not created."""
        listener = self.start(uid, "listen", "--verbose", *form, *options, local(name), kind=kind, **more)
        if wait and not listener.says("listening on"):
            print(f"-- no listener: {listener.err()}", flush=True)
            return None
        return listener

    def listen_slowly(self, uid, name, command, *options, **more):
        return self.listen(uid, name, *options, "--exec", command, form=(), kind=Slow, **more)

    def send(self, uid, name, *data, **more):
        return self.run(uid, "send", local(name), *data, **more)

    def info(self, uid, name):
        done = self.run(uid, "info", "--json", local(name))
        return json.loads(done.out) if done.status == 0 else {}


class Hostile:
    """A program of a user, from a Python function that gets `say`, which sends a line here."""

    def __init__(self, uid, function, host=None):
        self.lines, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(self.lines)
                os.umask(0o022)
                if host:
                    enter(host)
                most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                function(lambda *words: os.write(write, (" ".join(map(str, words)) + "\n").encode()))
                status = 0
            except BaseException as error:  # noqa: BLE001: it must not run on in its parent's code.
                os.write(2, f"-- hostile program: {type(error).__name__}: {error}\n".encode())
                if os.environ.get("MAILSLOT_TRACE"):
                    os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(status)
        os.close(write)
        self.buffer, self.status = b"", None
        children.append(self)

    def line(self, patience=PATIENCE):
        """Its next line, or None without one in time."""
        end = time.monotonic() + patience
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.lines], [], [], max(0, end - time.monotonic()))
            if not ready or not (more := os.read(self.lines, 65536)):
                return None
            self.buffer += more
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode()

    def rest(self, patience=PATIENCE):
        """All its lines until it ends."""
        found = []
        while (line := self.line(patience)) is not None:
            found.append(line)
        self.wait()
        return found

    def wait(self):
        if self.status is None:
            _, self.status = os.waitpid(self.pid, 0)
            if os.WIFEXITED(self.status) and self.status != 0:
                check("a hostile program does what it is for", False, "it ended with an error")
        return self.status

    def stop(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        if self.lines >= 0:
            os.close(self.lines)
            self.lines = -1


def enter(host):
    """Enters a network namespace."""
    import ctypes
    handle = os.open(f"/run/netns/{host}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(handle, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(handle)


def hostile(uid, function, host=None):
    return Hostile(uid, function, host)


def by(uid, function, patience=PATIENCE, host=None):
    """Runs a function as a user, to its end. Returns its lines."""
    return Hostile(uid, function, host).rest(patience)
