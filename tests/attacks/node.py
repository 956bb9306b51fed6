"""The node: it keeps working, whatever local users do to its slots."""
import itertools
import os
import time

import asking
import slots
from net import seen
from questions import machines, start_node, start_nodes
from world import BOB, MAL, MAL2, ROOT, check, hostile, none, parts, until

DOMAIN = r"mailslot\node\domain\PLANT"
SLOTS = [*asking.slots_of_the_node(), DOMAIN]
number = itertools.count()


def at_work(one, heard, legacy=True):
    """The services that the node no longer provides."""
    wrong = []
    if not one.node.lives():
        return [f"it has ended: {one.node.err()[-500:]}"]
    status = one.run(BOB, "node", "status", patience=10)
    if status.status != 0:
        wrong.append(f"status: {status}")
    ways = [r"\\PLANT\mailslot\alerts"] + ([r"\\LAB\mailslot\alerts"] if legacy else [])
    for address in ways:
        data = f"at work {next(number)}"
        done = one.run(BOB, "send", "--wait=5s", address, data, patience=15)
        if done.status != 0 or not heard.until(data, 8):
            wrong.append(f"{address}: {done}")
    done = one.run(BOB, "send", "--confirm=8s", r"\\PLANT\mailslot\alerts", f"confirmed {next(number)}", patience=20)
    if "delivered" not in done.out:
        wrong.append(f"confirmed: {done}")
    return wrong


def start(size="96m", descriptors=None):
    one, three = machines(size=size, descriptors=descriptors)
    heard = three.listen(ROOT, "alerts", "--network")
    until(lambda: "alerts" in one.run(ROOT, "list", "--domain", "PLANT").out)
    none("the node is at work", at_work(one, heard))
    return one, three, heard


def descriptors():
    one, three, heard = start(descriptors=1024)
    before = len(one.node.descriptors())
    for slot in SLOTS:
        def attacker(say):
            two = [os.open("/dev/null", os.O_RDONLY)] * 2
            for _ in range(12):
                connection = slots.call(slots.living(one.slots, slot, ROOT)[0])
                for _ in range(100):
                    if not slots.put(connection, slots.inline(b"m"), two, patience=0.1):
                        break
            connection = slots.call(slots.living(one.slots, slot, ROOT)[0])
            for _ in range(20):
                slots.put(connection, slots.inline(b"x" * 60000), patience=0.1)
            say("sent")
            time.sleep(600)
        bad = hostile(MAL, attacker)
        bad.line(60)
        wrong = at_work(one, heard)
        none(f"after descriptors at {slot} the node is at work", wrong)
        if not one.node.lives():
            break
        bad.stop()
        check("and has no more of them than before", until(lambda: len(one.node.descriptors()) < before + 30, 8),
              f"{before} {len(one.node.descriptors())}")
    one.close()
    three.close()


def connections():
    one, three, heard = start(descriptors=1024)
    before = len(one.node.descriptors())
    for who, uids in (("one user", [MAL]), ("twenty users", range(66000, 66020))):
        def attacker(say):
            kept = []
            for slot in SLOTS:
                for _ in range(1100 if len(uids) == 1 else 64):
                    try:
                        kept.append(slots.connect(places[slot], blocking=False))
                        slots.put(kept[-1], slots.inline(b"m"), patience=0)
                    except OSError:
                        break
            say(len(kept))
            time.sleep(600)
        places = {slot: slots.living(one.slots, slot, ROOT)[0] for slot in SLOTS}
        users = [hostile(uid, attacker) for uid in uids]
        for bad in users:
            bad.line(60)
        none(f"while {who} hold connections to all its slots the node is at work", at_work(one, heard))
        for bad in users:
            bad.stop()
        check("when they have gone, nothing of them stays", until(lambda: len(one.node.descriptors()) < before + 40, 8),
              f"{before} descriptors before, {len(one.node.descriptors())} now")
        none("and the node is at work", [wrong for _ in range(3) for wrong in at_work(one, heard)])
    one.close()
    three.close()


def full_file_system():
    """All room of the slots' file system is taken for a moment, while the node must read."""
    one, three, heard = start(size="32m")
    for slot in SLOTS:
        def attacker(say):
            kept = slots.write_when_full(one.slots, slots.living(one.slots, slot, ROOT)[:1])
            say("full", len(kept))
            time.sleep(600)
        bad = hostile(MAL, attacker)
        bad.line(60)
        bad.stop()
        os.unlink(f"{one.slots}/fill")
        wrong = at_work(one, heard)
        none(f"after all room was taken and {slot} written to the node is at work", wrong)
        doctor = one.run(ROOT, "doctor", patience=30)
        # The counters show dropped messages, which is correct in any case.
        problems = [line for line in doctor.out.splitlines() if line.startswith("problem") and " counters " not in line]
        check("and its doctor says what is true", bool(wrong) == bool(problems), doctor.out)
        if not one.node.lives():
            one.close()
            three.close()
            one, three, heard = start(size="32m")
    one.close()
    three.close()


def memory():
    one, three, heard = start(size="256m")
    before = one.node.memory()
    for slot in SLOTS:
        def attacker(say):
            connections = [slots.connect(slots.living(one.slots, slot, ROOT)[0], blocking=False) for _ in range(16)]
            for size in (900_000, 1 << 20, 5 << 20, 11 << 20):
                file = slots.memory_file(size)
                for connection in connections:
                    for _ in range(16):
                        slots.put(connection, slots.attached(size), [file], patience=0)
            say("sent")
            time.sleep(600)
        bad = hostile(MAL, attacker)
        bad.line(60)
        peak = 0
        end = time.monotonic() + 1.5
        while time.monotonic() < end and one.node.lives():
            peak = max(peak, one.node.memory())
            time.sleep(0.03)
        check(f"large messages to {slot} take no more memory than its slots may have", peak - before < 96,
              f"{before:.0f} {peak:.0f} MiB")
        bad.stop()
    none("the node is at work", at_work(one, heard))
    # The node reads others' labels at every change.
    entry = slots.living(one.slots, asking.CONTROL, ROOT)[0]
    files, entry = slots.template(entry), os.path.relpath(entry, one.slots)
    before = one.node.memory()

    def linker(say):
        base = f"{one.slots}/{slots.beside(entry, ROOT, MAL)}"
        text = "name x\npid 1\nnetwork allowed\nmax-message-size 0\ncapacity 16777216\ncreated 1\naccess users"
        text += " 1" * (((512 << 10) - len(text) - 1) // 2) + "\n"
        slots.Imitation(base + "0", "x", files, text).live()
        for one_more in range(1, 600):
            os.mkdir(f"{base}{one_more}", 0o755)
            for file in files:
                try:
                    os.link(f"{base}0/{file}", f"{base}{one_more}/{file}")
                except FileNotFoundError:
                    # It was removed.
                    pass
        say("made")
        time.sleep(600)
    bad = hostile(MAL, linker)
    bad.line(60)
    one.listen(ROOT, "later", "--network")
    announced = until(lambda: "later" in three.run(ROOT, "list", "--domain", "PLANT").out, 20)
    check("a slot made beside 600 large labels is announced", announced, three.run(ROOT, "list", "--domain", "PLANT"))
    check("which take no memory of the node", one.node.memory() - before < 64,
          f"{before:.0f} {one.node.memory():.0f} MiB")
    bad.stop()
    before = one.node.memory()

    def crowd(say):
        base = f"{one.slots}/{slots.beside(entry, ROOT, MAL)}"
        for one_more in range(2000):
            try:
                slots.Imitation(f"{base}c{one_more}", f"crowd{one_more}", files).live()
            except FileNotFoundError:
                # It was removed as dead before it lived.
                pass
        say("made")
        time.sleep(600)
    bad = hostile(MAL, crowd)
    bad.line(60)
    one.listen(ROOT, "latest", "--network")
    check("a slot made beside 2,000 of one other user is announced",
          until(lambda: "latest" in three.run(ROOT, "list", "--domain", "PLANT").out, 20), "")
    shown = three.run(ROOT, "list", "--domain", "PLANT").out.lower().count("crowd")
    check("who does not fill everybody's tables", shown <= 1024, shown)
    one.close()
    three.close()


def started_among_squatters():
    """Its slots exist already, and belong to another user."""
    one, three = machines(started=False)
    check("the node has slots", len(SLOTS) >= 4, SLOTS)
    squatters = [one.listen(MAL, slot, "--access", "everyone", "--network", wait=False) for slot in SLOTS]
    wrong = [squatter.err() for squatter in squatters if not squatter.says("listening on", 5)]
    none("another user makes all of them", wrong)
    ways = (r"\\PLANT\mailslot\alerts", r"\\NODE3\mailslot\alerts", r"\\LAB\mailslot\alerts", r"\\*\mailslot\alerts")
    sent = [f"{uid} {way}: {done}" for uid in (BOB, ROOT) for way in ways
            if (done := one.run(uid, "send", way, "believed")).status != 11]
    none("without a node, nobody else is taken for it", sent)
    start_nodes(one, three)
    said = one.node.err()
    none("the node says whose slots those are",
         [slot for slot in SLOTS if not any("event=slot_of_another_user" in line and f"uid={MAL}" in line
                                            and slot.rpartition("\\")[2] in line for line in said.splitlines())]
         and said)
    heard = three.listen(ROOT, "alerts", "--network")
    until(lambda: "alerts" in one.run(ROOT, "list", "--domain", "PLANT").out, 10)
    none("a node whose slots others made before is at work", at_work(one, heard))
    none("nobody sends through them", [squatter.data() for squatter in squatters if squatter.data()])
    one.close()
    three.close()


def killed_among_squatters():
    """It is killed and restarted, as by a supervisor, and attackers have waited for that."""
    one, three, heard = start()
    templates = {slot: slots.template(slots.living(one.slots, slot, ROOT)[0]) for slot in SLOTS}
    places = {slot: os.path.relpath(slots.living(one.slots, slot, ROOT)[0], one.slots) for slot in SLOTS}

    def planter(say):
        """Creates a slot in place of each of the node's, everywhere, and reads what is written there."""
        planted = []
        say("ready")
        while True:
            for slot in SLOTS:
                for path in (places[slot], slots.beside(places[slot], ROOT, MAL)):
                    try:
                        imitation = slots.Imitation(f"{one.slots}/{path}", slot, templates[slot])
                        imitation.live()
                        planted.append(imitation)
                        say("planted", path)
                    except OSError:
                        pass
            for imitation in planted:
                try:
                    connection, _ = imitation.listener.accept()
                    say("got", repr(connection.recv(1 << 17)[:100]))
                except OSError:
                    pass
    for uid in (MAL, MAL2):
        for slot in SLOTS:
            one.listen(uid, slot, "--access", "everyone", "--network", wait=False)
    bad = hostile(MAL, planter)
    bad.line()
    for turn in range(3):
        one.node.kill()
        wrong = [f"{address}: {done}"
                 for address in (r"\\PLANT\mailslot\alerts", r"\\NODE3\mailslot\alerts", r"\\LAB\mailslot\alerts")
                 for done in [one.run(BOB if turn else ROOT, "send", address, "between")] if done.status == 0]
        none("while there is no node, nobody else is taken for it", wrong)
        start_node(one)
        none("a node that was killed and started again is at work",
             until(lambda: not at_work(one, heard), 20) and [] or at_work(one, heard))
    said = seen(bad)
    check("others have planted slots", any(line.startswith("planted") for line in said), said)
    none("nobody was sent what was meant for the node", [line for line in said if line.startswith("got")])
    one.close()
    three.close()


if __name__ == "__main__":
    parts(descriptors, connections, full_file_system, memory, started_among_squatters, killed_among_squatters)
