"""Names: a lookup finds the one owner of a name, whatever others plant, at any time."""
import fcntl
import os
import resource
import signal
import socket
import subprocess
import time

import slots
from world import (BOB, MAL, MAL2, ROOT, VIC, Listener, World, by, check, end_all, hostile, local, none, parts, same,
                   until)

LATE = 0.3
RESERVED = [r"mailslot\node", r"mailslot\node\control", r"mailslot\node\routes", r"mailslot\node\domain\PLANT"]


def record(world, uid, name, *options):
    """All that a slot of this name consists of, by path, as its creation leaves it on a fresh machine; its directory;
    and its files.
    """
    listener = world.listen(uid, name, *options)
    found = slots.paths(world.slots)
    directory = slots.living(world.slots, name)[0]
    files = slots.template(directory)
    listener.kill()
    world.wipe()
    return found, os.path.relpath(directory, world.slots), files


def plant(path, kind):
    """Makes a file of this kind, and missing directories above it, which also belong to the caller."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    if kind == "file":
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666))
    elif kind == "closed file":
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o000))
    elif kind == "large file":
        file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o644)
        os.truncate(file, 1 << 40)
    elif kind == "directory":
        os.mkdir(path)
        os.chmod(path, 0o777)
    elif kind == "closed directory":
        os.mkdir(path, 0o000)
    elif kind == "full directory":
        os.mkdir(path, 0o755)
        os.close(os.open(path + "/stay", os.O_CREAT | os.O_WRONLY))
    elif kind == "link to nothing":
        os.symlink("nothing", path)
    elif kind == "link to itself":
        os.symlink(os.path.basename(path), path)
    elif kind == "link to a directory":
        os.symlink("/", path)
    elif kind == "pipe":
        os.mkfifo(path, 0o666)
    elif kind == "socket":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        where = os.open(os.path.dirname(path), os.O_PATH)
        listener.bind(f"/proc/self/fd/{where}/{os.path.basename(path)}")
        os.chmod(path, 0o777)
        os.close(where)
        listener.listen(10)
        kept.append(listener)
    elif kind in ("locked file", "leased file"):
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        if kind == "locked file":
            slots.lock_file(file)
        else:
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        kept.append(file)


kept = []
KINDS = ["file", "closed file", "large file", "directory", "closed directory", "full directory", "link to nothing",
         "link to itself", "link to a directory", "pipe", "socket", "locked file", "leased file"]


def wrong_ways(world, listener, name, writers, owner=VIC):
    """The writers whose messages do not arrive at the listener alone."""
    wrong = []
    for uid in writers:
        data = f"from {uid} at {time.monotonic()}"
        done = world.send(uid, name, data, patience=8)
        if done.status != 0 or not listener.until(data, 5):
            wrong.append(f"uid {uid}: {done}")
    info = world.info(BOB, name)
    if info.get("uid") not in (owner,):
        wrong.append(f"info shows {info}")
    return wrong


def every_file_at_every_name():
    world = World()
    whole, _, _ = record(world, VIC, "alerts", "--access", "everyone")
    check("a slot is made of files", len(whole) >= 4, whole)
    for kind in KINDS:
        wrong = []
        for path in whole:
            def planter(say, path=path):
                plant(f"{world.slots}/{path}", kind)
                say("planted")
                time.sleep(600)
            bad = hostile(MAL, planter)
            if bad.line() != "planted":
                wrong.append(f"{path}: not planted")
            listener = world.listen(VIC, "alerts", "--access", "everyone", wait=False)
            if not listener.says("listening on", 8):
                wrong.append(f"{path}: {listener.err() or 'no slot'}")
            else:
                wrong += [f"{path}: {one}" for one in wrong_ways(world, listener, "alerts", (VIC, BOB, ROOT))]
            listener.kill()
            bad.stop()
            world.wipe()
        none(f"a {kind} planted where a slot will be keeps nobody from it", wrong)
    world.close()


def every_file_beside_every_name():
    world = World()
    whole, _, _ = record(world, VIC, "alerts", "--access", "everyone")
    for kind in KINDS:
        wrong = []
        listener = world.listen(VIC, "alerts", "--access", "everyone")

        def planter(say):
            for number, path in enumerate(whole):
                where = slots.beside(path, VIC, MAL) if number else f"{slots.beside(path, VIC, MAL)}.{number}"
                if kind == "socket" and "life" in where:
                    # A bound socket there is a claim, which holds the name like a slot: as long as its process lives.
                    continue
                try:
                    plant(f"{world.slots}/{where}", kind)
                except OSError as error:
                    # A file that cannot be planted does no harm: the path exists already, or belongs to another user.
                    say(f"not {where}: {error}")
            say("planted")
            time.sleep(600)
        bad = hostile(MAL, planter)
        until(lambda: bad.line() == "planted")
        wrong += wrong_ways(world, listener, "alerts", (VIC, BOB, ROOT))
        listener.stop()
        listener = world.listen(VIC, "alerts", "--access", "everyone", wait=False)
        if not listener.says("listening on", 8):
            wrong.append(listener.err())
        else:
            wrong += wrong_ways(world, listener, "alerts", (VIC, BOB, ROOT))
        none(f"a {kind} planted beside a living slot changes nothing, nor after it has ended", wrong)
        end_all()
        world.wipe()
    world.close()


def hiding_places(entry, files):
    """The paths that others need to find a slot: the directories to it, and its files."""
    steps = entry.split("/")
    return ["/".join(steps[:number + 1]) for number in range(len(steps))] + [f"{entry}/{file}" for file in files]


def takeovers():
    """A slot that is older, or seems so, becomes visible beside a living one."""
    world = World()
    for name, victim in (("alerts", VIC), *((reserved, ROOT) for reserved in RESERVED)):
        _, entry, files = record(world, victim, name, "--access", "everyone")
        other = slots.beside(entry, victim, MAL)
        # Whether the layout gives everybody the same places.
        shared = other == f"{entry}#1"
        variants = ["planted before", "planted before, of old age", "alive before under another name",
                    "alive before below another directory", "planted after"]
        hidden = [] if shared or victim == ROOT else hiding_places(other, files)
        for variant in variants + [f"hidden by the mode of {path}" for path in hidden]:
            mine = f"{world.slots}/{entry if shared and variant.startswith('planted before') else other}"
            top = other.split("/")[0]

            def attacker(say):
                place = mine
                if variant == "planted after":
                    say("ready")
                    until(lambda: slots.living(world.slots, name, victim))
                if variant == "alive before under another name":
                    place = mine + ".x"
                elif variant == "alive before below another directory":
                    place = mine + ".x" if shared else f"{world.slots}/.x/{other.partition('/')[2]}"
                fake = slots.Imitation(place, "another" if place != mine else name, files)
                if variant == "planted before":
                    fake.die()
                elif variant == "planted before, of old age":
                    fake.die()
                    fake.age()
                elif not shared or variant == "planted after":
                    fake.live()
                mode = None
                if variant.startswith("hidden"):
                    path = f"{world.slots}/{variant.rpartition(' ')[2]}"
                    mode = os.stat(path).st_mode & 0o777
                    os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)
                if variant != "planted after":
                    say("ready")
                    until(lambda: slots.living(world.slots, name, victim))
                if mode is not None:
                    os.chmod(path, mode)
                if place != mine:
                    fake.relabel(name)
                    if place == mine + ".x":
                        os.rename(place, mine)
                    else:
                        os.rename(f"{world.slots}/.x", f"{world.slots}/{top}")
                    fake.directory = mine
                if shared or variant.startswith("planted before"):
                    fake.live()
                say("alive")
                fake.serve(say)

            bad = hostile(MAL, attacker)
            bad.line()
            listener = world.listen(victim, name, "--access", "everyone", wait=False)
            wrong = []
            if not listener.says("listening on", 8):
                # A slot that is visible now counts as the first.
                if not (variant.startswith("hidden") and "exists already" in listener.err()):
                    wrong.append(listener.err() or "no slot")
            else:
                if not bad.line(5):
                    wrong.append("the attack was not made")
                wrong += wrong_ways(world, listener, name, (victim, BOB, ROOT), owner=victim)
                while (line := bad.line(0.02)) is not None:
                    wrong.append(f"stolen: {line}")
            none(f"a slot {variant} takes nothing from a living {name}", wrong)
            end_all()
            world.wipe()
    world.close()


def hidden_claims():
    """A slot that is really older, but was hidden when another one was created, becomes visible beside that."""
    world = World()
    own = f"{world.path}/own"
    os.mkdir(own)
    os.chown(own, MAL, MAL)
    os.chmod(world.path, 0o755)
    base = f"{world.slots}/mailslot.{MAL}"

    def link(say):
        """The file that refers to claims under other names is a link, at first to such a place."""
        os.mkdir(base)
        for name in ("slots", "new"):
            os.mkdir(f"{base}/{name}")
        os.mkdir(f"{own}/others")
        os.symlink(f"{own}/others", f"{base}/others")
        say("ready")

    def hide_link(say):
        os.rename(f"{own}/others", f"{own}/hidden")
        say("hidden")

    def show_link(say):
        os.rename(f"{own}/hidden", f"{own}/others")
        say("shown")

    def directory(say):
        os.mkdir(f"{base}.z")
        say("ready")

    def hide_directory(say):
        for name in [base] + [f"{base}.{number:02}" for number in range(40)]:
            os.mkdir(name)
        say("hidden")

    def show_directory(say):
        for name in [base] + [f"{base}.{number:02}" for number in range(40)]:
            os.rmdir(name)
        say("shown")

    def plain_directory(say):
        os.mkdir(base)
        say("ready")

    # As fusermount(1) does for any user, on that user's directory.
    def hide_mounted(say):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=755,uid={MAL}", "tmpfs", mounted], check=True)

    def show_mounted(say):
        subprocess.run(["umount", mounted], check=True)

    def claims():
        return [f"{world.slots}/{file}" for file in os.listdir(world.slots)
                if file.startswith(f"mailslot-life.ALERTS@{MAL}")]

    def cover(say):
        for file in claims():
            subprocess.run(["mount", "--bind", "/etc/hostname", file], check=True)

    def uncover(say):
        for file in claims():
            subprocess.run(["umount", file], check=True)

    for name, (begin, hide, show) in {"behind a link": (link, hide_link, show_link),
                                      "behind other directories": (directory, hide_directory, show_directory),
                                      "behind a mount": (plain_directory, hide_mounted, show_mounted),
                                      "behind a mount below": (plain_directory, hide_mounted, show_mounted),
                                      "behind a mount on its claim": (plain_directory, cover, uncover)}.items():
        mounted = base + ("/others" if name.endswith("below") else "")
        hider = ROOT if "mount" in name else MAL
        by(MAL, begin)
        # Another user's file makes the claim take another name.
        by(MAL2, lambda say: os.mkfifo(f"{world.slots}/mailslot-life.ALERTS@{MAL}"))
        evil = world.listen(MAL, "alerts", "--access", "everyone")
        by(hider, hide)
        listener = world.listen(VIC, "alerts", "--access", "everyone", wait=False)
        there = listener.says("listening on", 8)
        check(f"a slot that is hidden {name} is seen, or is not there", there or "exists already" in listener.err(),
              listener.err())
        by(hider, show)
        if there:
            none(f"a slot that was hidden {name} takes nothing from one that was made meanwhile",
                 wrong_ways(world, listener, "alerts", (VIC, BOB, ROOT), owner=VIC) + (evil.data() if evil else []))
        end_all()
        world.wipe()
    world.close()


def closed_claims():
    """A slot that is really older, with one file closed to others when another slot was created."""
    world = World()
    world.listen(MAL, "alerts", "--access", "everyone")
    paths = [path for path in slots.paths(world.slots) if os.lstat(f"{world.slots}/{path}").st_uid == MAL
             and not os.path.islink(f"{world.slots}/{path}")]
    end_all()
    world.wipe()
    for path in paths:
        full = f"{world.slots}/{path}"
        evil = world.listen(MAL, "alerts", "--access", "everyone")
        mode = os.stat(full).st_mode & 0o777
        by(MAL, lambda say: os.chmod(full, 0))
        listener = world.listen(VIC, "alerts", "--access", "everyone", wait=False)
        there = listener.says("listening on", 8)
        by(MAL, lambda say: os.chmod(full, mode))
        wrong = wrong_ways(world, listener, "alerts", (VIC, BOB, ROOT), owner=VIC) + evil.data() if there else []
        if not there and "exists already" not in listener.err():
            wrong = [listener.err()]
        none(f"a slot whose {path} was closed takes nothing from one that was made meanwhile", wrong)
        end_all()
        world.wipe()
    # One that has ended keeps the name from nobody, whatever of it is hidden.
    kept = []
    for hidden in [[path] for path in paths] + [list(reversed(paths))]:
        evil = world.listen(MAL, "alerts", "--access", "everyone")
        by(MAL, lambda say: [os.chmod(f"{world.slots}/{path}", 0) for path in hidden])
        evil.kill()
        if not world.listen(VIC, "alerts"):
            kept += hidden
        end_all()
        world.wipe()
    none("nor does it keep the name when it has ended", kept)
    world.close()


def claims_of_nobody():
    """Files that look like claims, of a user with more directories than are searched."""
    world = World()

    def crowd(say):
        for directory in range(40):
            os.makedirs(f"{world.slots}/mailslot.{MAL}.{directory}/lives")
        for suffix in (f"{MAL}", f"{MAL}.1", f"{MAL}.39", f"{MAL}.1+1", f"{MAL}.77", f"{MAL}+1", f"{VIC}",
                       f"{MAL}.39+1"):
            os.close(os.open(f"{world.slots}/mailslot-life.ALERTS@{suffix}", os.O_CREAT | os.O_WRONLY))
        say("done")
    by(MAL, crowd)
    listener = world.listen(VIC, "alerts", "--access", "everyone")
    none("files keep no name from anybody",
         wrong_ways(world, listener, "alerts", (BOB, ROOT)) if listener else ["no slot"])
    world.close()


def touched():
    """A user who may check whether a slot lives may also set the times of its files, to make a younger slot look older.
    """
    world = World()
    own = f"{world.slots}/own"
    by(MAL, lambda say: os.mkdir(own))
    listener = world.listen(VIC, "alerts", "--access", "everyone")
    victims = slots.paths(world.slots)
    evil = world.start(MAL, "listen", "--verbose", "--format", "json", "--access", "everyone", local("alerts"),
                       kind=Listener, MAILSLOT_ROOT=own)
    check("a slot of another root is there", evil.says("listening on"), evil.err())

    def mover(say):
        """Moves it here, as if it had been made here."""
        for name in os.listdir(own):
            os.rename(f"{own}/{name}", f"{world.slots}/{name}")
        for directory in slots.living(world.slots, "alerts", MAL):
            if os.path.islink(f"{directory}/life"):
                file = os.readlink(f"{directory}/life").rpartition("#")[0]
                os.unlink(f"{directory}/life")
                os.symlink(f"{file}#{os.lstat(f'{world.slots}/{file}').st_ctime_ns}", f"{directory}/life")
        say("moved")

    def toucher(say):
        for path in victims:
            for follow in (False, True):
                try:
                    os.utime(f"{world.slots}/{path}", follow_symlinks=follow)
                    say(path)
                except OSError:
                    pass
    by(MAL, mover)
    none("a younger slot that was brought here takes nothing",
         wrong_ways(world, listener, "alerts", (BOB, ROOT), owner=VIC))
    check("something can be touched", by(MAL, toucher))
    none("nor does it when all that can be touched of the older one has been",
         wrong_ways(world, listener, "alerts", (BOB, ROOT), owner=VIC) + evil.data())
    listener.kill()
    sent = world.send(BOB, "alerts", "yours")
    # If all this took ten seconds, the owner has noticed that its directory was moved, and has ended.
    check("it is a slot as any other", sent.status == 0 and evil.until("yours") or not evil.lives(), sent)
    world.close()


def first_come():
    """Another user's living slot stays that user's, and does not block the name."""
    world = World()
    squatter = world.listen(MAL, "alerts", "--access", "everyone")
    listener = world.listen(VIC, "alerts", wait=False)
    until(lambda: not listener.lives() or "listening" in listener.err(), 10)
    same("a name that somebody has is refused as such", (listener.process.poll(), world.info(BOB, "alerts").get("uid")),
         (8, MAL))
    squatter.kill()
    listener = world.listen(VIC, "alerts", wait=False)
    check("and free as soon as he is gone", listener.says("listening on", 8), listener.err())
    again = world.listen(VIC, "alerts", wait=False)
    until(lambda: not again.lives(), 10)
    same("a second one of the same user is refused", again.process.poll(), 8)
    end_all()
    world.wipe()
    for name in RESERVED:
        squatter = world.listen(MAL, name, "--access", "everyone", wait=False)
        squatter.says("listening on", 5)
        real = world.listen(ROOT, name, "--access", "everyone", wait=False)
        wrong = []
        if not real.says("listening on", 8):
            wrong.append(real.err())
        else:
            wrong += wrong_ways(world, real, name, (ROOT, BOB, VIC), owner=ROOT)
        wrong += [f"the other one got {one}" for one in squatter.data()]
        none(f"{name} is the superuser's, whoever was there first", wrong)
        end_all()
        world.wipe()
        squatter = world.listen(MAL, name, "--access", "everyone", wait=False)
        squatter.says("listening on", 5)
        done = world.send(BOB, name, "believed?")
        remote = world.send(BOB, r"\\NOBODY\mailslot\x", "believed, too?")
        check(f"{name} of another user is believed by nobody",
              done.status == 3 and remote.status != 0 and not squatter.data(), f"{done} {remote} {squatter.data()}")
        own = world.send(MAL, name, "own")
        check(f"but {name} of one's own is", own.status == 0 and squatter.until("own", 5), own)
        end_all()
        world.wipe()
    world.close()


def locks():
    """Every lock and lease on every file of a slot that others can open, and the state of its name afterwards."""
    world = World()
    wrong, after = [], []
    for kind in ("read lock", "write lock", "shared flock", "exclusive flock", "process lock", "read lease",
                 "write lease", "open"):
        listener = world.listen(VIC, "alerts", "--access", "everyone")

        def locker(say, kind=kind):
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            files = []
            for path in slots.paths(world.slots):
                for flags in (os.O_RDONLY, os.O_RDWR):
                    try:
                        file = os.open(f"{world.slots}/{path}", flags | os.O_NONBLOCK)
                    except OSError:
                        continue
                    files.append(file)
            say("opened")
            taken = set()
            end = time.monotonic() + 60
            said = False
            while time.monotonic() < end:
                for file in files:
                    if file in taken:
                        continue
                    try:
                        if kind == "read lock":
                            slots.lock_file(file, fcntl.F_RDLCK)
                        elif kind == "write lock":
                            slots.lock_file(file, fcntl.F_WRLCK)
                        elif kind == "process lock":
                            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                        elif kind in ("shared flock", "exclusive flock"):
                            fcntl.flock(file,
                                        (fcntl.LOCK_SH if kind == "shared flock" else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                        elif kind != "open":
                            fcntl.fcntl(file, fcntl.F_SETLEASE,
                                        fcntl.F_RDLCK if kind == "read lease" else fcntl.F_WRLCK)
                        taken.add(file)
                        if said:
                            say("taken")
                    except OSError:
                        pass
                if not said:
                    say("tried")
                    said = True
                time.sleep(0.002)

        bad = hostile(MAL, locker)
        bad.line()
        bad.line()
        wrong += [f"{kind}: {one}" for one in wrong_ways(world, listener, "alerts", (VIC, BOB, ROOT))]
        listener.kill()
        bad.line(LATE)
        found = world.send(BOB, "alerts", "x", patience=8)
        if found.status != 3:
            after.append(f"{kind}: a dead slot seems to live: {found}")
        listener = world.listen(VIC, "alerts", "--access", "everyone", wait=False)
        if not listener.says("listening on", 8):
            after.append(f"{kind}: its user cannot make it: {listener.err()}")
        else:
            after += [f"{kind}: {one}" for one in wrong_ways(world, listener, "alerts", (VIC, BOB, ROOT))]
        listener.kill()
        bad.line(LATE)
        listener = world.listen(ROOT, "alerts", "--access", "everyone", wait=False)
        if not listener.says("listening on", 8):
            after.append(f"{kind}: the superuser cannot make it: {listener.err()}")
        end_all()
        world.wipe()
    none("no lock on a living slot's files changes who is found", wrong)
    none("no lock on a dead slot's files keeps its name", after)
    killed = []
    holders = []
    for _ in range(10):
        listener = world.listen(VIC, "alerts", wait=False)
        if not listener.says("listening on", 8):
            killed.append(listener.err())
            break

        def reader(say):
            for directory in slots.living(world.slots, "alerts"):
                left = [os.open(f"{directory}/{file}", os.O_RDONLY) for file in ("lock", "label")
                        if os.path.exists(f"{directory}/{file}")]
                say("open")
                while left:
                    for file in list(left):
                        try:
                            slots.lock_file(file, fcntl.F_RDLCK)
                            left.remove(file)
                        except OSError:
                            time.sleep(0.001)
                say("locked")
                time.sleep(600)
        holders.append(hostile(MAL, reader))
        holders[-1].line()
        listener.kill()
        holders[-1].line()
    none("a name outlives ten owners that were killed while others locked what they left", killed)
    world.close()


def labels():
    """`list` and other readers survive any contents of others' labels."""
    world = World("256m")
    honest = world.listen(VIC, "honest")

    def listed(what):
        for arguments in (("list",), ("list", "--json"), ("info", "honest")):
            done = world.run(BOB, *arguments, patience=60)
            if done.status != 0 or "honest" not in done.out.lower():
                return f"{what}: {arguments}: {str(done)[-500:]}"
        return None

    wrong = []
    slot = world.listen(MAL, "\x01" * 20000, wait=False)
    slot.says("listening on", 5)
    wrong.append(listed("a name of control characters"))
    slot.kill()
    many = world.listen(MAL, "many", "--access", "users:" + ",".join(str(uid) for uid in range(100000, 116000)),
                        wait=False)
    many.says("listening on", 5)
    wrong.append(listed("a list of 16,000 users"))
    many.kill()
    none("`list` survives long names and lists of users", [one for one in wrong if one])

    entry = slots.living(world.slots, "honest")[0]
    files, entry = slots.template(entry), os.path.relpath(entry, world.slots)
    wrong = []
    lines = ["name x", "pid 1", "access everyone", "network allowed", "max-message-size 0", "capacity 16777216",
             "created 1"]
    values = ["", "x", "-1", "0", "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "%",
              "%00", "%zz",
              "\0", "\x1b[2J\x1b]0;own\x07", "é" * 300, " ", "users " + "1 " * 1000, "group 4294967296", "\xff"]

    def writer(say):
        number = 0
        base = f"{world.slots}/{slots.beside(entry, VIC, MAL)}"
        for place, line in enumerate(lines):
            key = line.split(" ")[0]
            for value in values:
                text = "\n".join(lines[:place] + [f"{key} {value}"] + lines[place + 1:]) + "\n"
                number += 1
                slots.Imitation(f"{base}{number}", "x", files, text).live()
        say("made")
        time.sleep(600)
    bad = hostile(MAL, writer)
    bad.line()
    none("`list` survives every field with every value", [one for one in [listed("values")] if one])
    shown = world.run(BOB, "list").out
    check("and prints no control character", not any(ord(c) < 32 and c != "\n" for c in shown), ascii(shown)[:500])
    bad.stop()
    end_all()
    world.wipe()

    # One file of 512 KiB as the label of many slots.
    honest = world.listen(VIC, "honest")
    number = 300

    def linker(say):
        base = f"{world.slots}/{slots.beside(entry, VIC, MAL)}"
        head = "name x\npid 1\nnetwork allowed\nmax-message-size 0\ncapacity 16777216\ncreated 1\naccess users"
        text = head + " 1" * (((512 << 10) - len(head) - 1) // 2) + "\n"
        first = slots.Imitation(base + "0", "x", files, text)
        first.live()
        for one in range(1, number):
            os.mkdir(f"{base}{one}", 0o755)
            for file in files:
                os.link(f"{base}0/{file}", f"{base}{one}/{file}")
        say("made")
        time.sleep(600)
    bad = hostile(MAL, linker)
    check(f"{number} entries share a large label", bad.line() == "made")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = world.run(BOB, "list", "--json", patience=20)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    check("`list` shows the honest slot beside them", done.status == 0 and "honest" in done.out, str(done)[:300])
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # Three seconds for a hundred of them would be a hundred times the cost of ordinary ones.
    check("at no more processor time than ordinary ones cost", used < 9, f"{used:.1f} s")
    check("and no more memory", after.ru_maxrss < 100 << 10 or after.ru_maxrss == before.ru_maxrss,
          f"{after.ru_maxrss >> 10} MiB")
    bad.stop()
    world.close()


if __name__ == "__main__":
    parts(every_file_at_every_name, every_file_beside_every_name, takeovers, hidden_claims, closed_claims,
          claims_of_nobody, touched, first_come, locks, labels)
