"""The legacy network: packets from elsewhere take no name, answer no question, and keep nothing from the node's
segment.
"""
import itertools
import json
import random
import socket
import time

import net
import netbios as nb
from net import Machine
from world import BOB, ROOT, check, enter, hostile, none, parts, same, until

ONE, MALLORY, THREE, FAR = "10.97.1.11", "10.97.1.12", "10.97.1.13", "10.66.0.5"
OWN = [("NODE1", 0), ("NODE1", 0x20), ("LAB", 0), ("LAB", 0x1E)]
ALIASES = [f"ALIAS{number}" for number in range(8)]


def network():
    """NODE1 and NODE3 on a segment with the host mallory; far is behind a router."""
    if not net.hosts:
        net.lan("lan0")
        net.lan("lan1")
        net.attach("router", "lan0", "10.97.1.1/24")
        net.attach("router", "lan1", "10.66.0.1/24")
        net.route("router")
        for host, address in (("node1", ONE), ("mallory", MALLORY), ("node3", THREE)):
            net.attach(host, "lan0", address + "/24", "10.97.1.1")
        net.attach("far", "lan1", FAR + "/24", "10.66.0.1")
    one, three = Machine("node1"), Machine("node3")
    one.start_node(held=False)
    three.start_node(*(word for name in ALIASES for word in ("--name", name)), held=False)
    for machine in (one, three):
        if not machine.node.says("name_held name=LAB<1e>"):
            check(f"{machine.host} comes up", False, machine.node.err())
    three.node.says(f"name_held name={ALIASES[-1]}<00>")
    heard = one.listen(ROOT, "alerts", "--network")
    none("an honest message arrives", at_work(one, three, heard))
    return one, three, heard


def close(*machines):
    for machine in machines:
        machine.close()


number = itertools.count()


def at_work(one, three, heard):
    data = f"message {next(number)}"
    done = three.run(BOB, "send", r"\\NODE1\mailslot\alerts", data, patience=10)
    return [] if done.status == 0 and heard.until(data, 5) else [f"{data}: {done}"]


def names(machine):
    """The names that the node does not hold."""
    done = machine.run(ROOT, "node", "status", "--json", patience=10)
    if done.status != 0:
        return [str(done)]
    found = json.loads(done.out)["names"]
    return [f"{name['name']} is {name['state']}" for name in found if name["state"] != "held"] \
        or ([] if len(found) >= 4 else [found])


def settled(machine):
    """The names that are not held after all claims have ended, which takes a second."""
    return until(lambda: not names(machine), 6) and [] or names(machine)


def names_taken():
    """Names are claimed, refused and demanded from another subnet, without any forged address."""
    one, three, heard = network()
    wrong = []

    def taker(say):
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.bind((FAR, nb.NAME))
        for turn in range(30):
            for text, suffix in OWN:
                encoded = nb.name(text, suffix)
                for identity in (0, turn):
                    own.sendto(nb.demand(encoded, identity), (ONE, nb.NAME))
                    for opcode in (nb.REGISTRATION, nb.REFRESH, 9, nb.MULTIHOMED):
                        for address in (FAR, "1.0.0.1", ONE):
                            own.sendto(nb.claim(encoded, identity, address, opcode), (ONE, nb.NAME))
                    own.sendto(nb.claim(encoded, identity, ONE, nb.RELEASE, ttl=0), (ONE, nb.NAME))
                    own.sendto(nb.answer(encoded, identity, FAR, nb.REGISTRATION, code=6), (ONE, nb.NAME))
                    own.sendto(nb.answer(encoded, identity, FAR, nb.REGISTRATION, code=7), (ONE, nb.NAME))
            say("turn")
            time.sleep(0.08)
    bad = hostile(ROOT, taker, "far")
    while bad.line():
        wrong += [state for state in names(one) if "conflict" in state or "released" in state or "refused" in state]
    none("no name is lost to another subnet", sorted(set(wrong)))
    none("all are held afterwards", settled(one))
    none("honest messages arrive", at_work(one, three, heard))
    close(one, three)


def observed(host, port, wanted, act, where):
    """A program that sees packets on one host and acts on another: all its guesses are right."""
    def watcher(say):
        enter(host)
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        enter(where)
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        say("ready")
        while True:
            found = nb.udp(packets.recv(65536))
            if found and found[2] == port and wanted(found):
                act(own, found[3], say)
    program = hostile(ROOT, watcher)
    program.line()
    return program


def answers_from_elsewhere():
    """Correct answers to broadcast questions, from a place that does not receive them."""
    one, three, heard = network()
    wrong = []
    for kind in ("an answer", "a refusal", "a redirect", "a wait"):
        def act(own, payload, say, kind=kind):
            identity = int.from_bytes(payload[:2], "big")
            encoded = payload[12:46]
            packets = {"an answer": nb.answer(encoded, identity, "6.6.6.6"),
                       "a refusal": nb.answer(encoded, identity, "6.6.6.6", code=3),
                       "a redirect": nb.answer(encoded, identity, "6.6.6.6", kind=2),
                       "a wait": nb.answer(encoded, identity, "6.6.6.6", nb.WACK)}
            own.sendto(packets[kind], (ONE, nb.NAME))
            say("answered")
        bad = observed("mallory", nb.NAME, lambda found: found[0] == ONE and len(found[3]) == 50 and found[3][2] < 0x80,
                       act, "far")
        name = f"BANK{kind[2:5].upper().strip()}"
        found = one.run(BOB, "resolve", name)
        again = one.run(BOB, "resolve", name)
        if "6.6.6.6" in found.out + again.out or not bad.line(0.5):
            wrong.append(f"{kind}: {found} {again}")
        honest = one.run(BOB, "resolve", ALIASES[len(kind) % 8])
        if "10.97.1.13" not in honest.out:
            wrong.append(f"{kind}: honest {honest}")
        bad.stop()
    none("a question to the segment is answered by the segment alone", wrong)
    none("honest messages arrive", at_work(one, three, heard))
    close(one, three)


def suppressed():
    """Datagrams that claim a neighbour's name and its next ids."""
    one, three, heard = network()
    for where, address in (("far", FAR), ("mallory", MALLORY)):
        def act(own, payload, say):
            identity = int.from_bytes(payload[2:4], "big")
            for ahead in range(1, 64):
                for source in (("NODE3", 0), ("NODE3", 0x20)):
                    own.sendto(nb.datagram(nb.name(*source), nb.name("NODE1"), nb.write("nothing", b""),
                                           identity + ahead, address),
                               (ONE, nb.DATAGRAM))
            say("sent")
        bad = observed("node1", nb.DATAGRAM, lambda found: found[0] == THREE, act, where)
        sent = []
        for _ in range(20):
            sent.append(f"{where} {next(number)}")
            three.run(BOB, "send", r"\\NODE1\mailslot\alerts", sent[-1])
            heard.until(sent[-1], 0.5)
        check("the attack is made", bad.line())
        missing = [data for data in sent if not heard.until(data, 1)]
        none(f"no message is taken for a copy of what {where} has made up", missing)
        bad.stop()
    counts = {data: heard.data().count(data) for data in heard.data()}
    none("and each arrives once", [data for data, count in counts.items() if count > 1])
    close(one, three)


def floods():
    """Questions, fragments and messages from forged addresses, as many as a small program can send."""
    one, three, heard = network()
    random.seed(5)
    sources = {"elsewhere": [f"172.{16 + a}.{b}.{c}" for a in range(8) for b in range(5) for c in range(1, 51)],
               "the segment": [f"10.97.1.{a}" for a in range(100, 250)]}

    def flooder(make, port, addresses, rate):
        def flood(say):
            forger = nb.Forger()
            # Made beforehand, because making them takes longer than sending them.
            packets = [forger.made(make(addresses[count % len(addresses)], count), addresses[count % len(addresses)],
                                   ONE, port)
                       for count in range(8000)]
            begin, count, said = time.monotonic(), 0, False
            while True:
                due = int((time.monotonic() - begin) * rate)
                for count in range(count, max(count, due)):
                    forger.raw.sendto(packets[count % len(packets)], (ONE, 0))
                if count > rate / 4 and not said:
                    said = say("flooding") or True
                time.sleep(0.001)
        return flood

    def asked(say):
        """Asks as a program does: three times, a quarter of a second each."""
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.settimeout(0.25)
        unanswered = 0
        for identity in range(1000, 1012):
            for _ in range(3):
                own.sendto(nb.query(nb.name("NODE1"), identity, 0), (ONE, nb.NAME))
                try:
                    while own.recv(2048)[:2] != identity.to_bytes(2, "big"):
                        pass
                    break
                except TimeoutError:
                    pass
            else:
                unanswered += 1
        say(unanswered)

    for where, addresses in sources.items():
        kinds = {"name queries": lambda source, count: nb.query(nb.name("NODE1"), count, 0),
                 "node status requests": lambda source, count: nb.query(nb.WILDCARD, count, 0, 0x21)}
        for kind, make in kinds.items():
            bad = hostile(ROOT, flooder(make, nb.NAME, addresses, 12000 if where == "elsewhere" else 3000), "far")
            bad.line()
            if where == "elsewhere":
                same(f"the segment's questions are answered during {kind} from {where}",
                     hostile(ROOT, asked, "mallory").line(30), "0")
            bad.stop()
            # Answers to neighbours that do not exist fill the node's socket while the system resolves their addresses.
            same(f"the segment's questions are answered after {kind} from {where}",
                 until(lambda: hostile(ROOT, asked, "mallory").line(30) == "0"), True)
        first = lambda source, count: nb.datagram(nb.name(f"F{count % 500}"), nb.name("NODE1"), bytes(300), count,
                                                  source, flags=3, total=900)
        bad = hostile(ROOT, flooder(first, nb.DATAGRAM, addresses, 1000), "far")
        bad.line()

        def fragmenter(say, where=where):
            own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for turn in range(12):
                identity = 3000 + turn
                payload = nb.write("alerts", f"fragments {where} {turn}".encode() + b" " * 300)
                ends = nb.name("FRAGGER"), nb.name("NODE1")
                total = 68 + len(payload)
                own.sendto(nb.datagram(*ends, payload[:200], identity, MALLORY, flags=3, total=total),
                           (ONE, nb.DATAGRAM))
                time.sleep(0.01)
                own.sendto(nb.datagram(*ends, payload[200:], identity, MALLORY, flags=0, total=total, offset=268,
                                       names=False),
                           (ONE, nb.DATAGRAM))
                time.sleep(0.02)
            say("sent")
        hostile(ROOT, fragmenter, "mallory").line()
        arrived = lambda: sum(one_message.startswith(f"fragments {where}") for one_message in heard.data())
        until(lambda: arrived() == 12, 3)
        check(f"the segment's fragmented messages arrive during fragments from {where}", arrived() >= 11, arrived())
        bad.stop()
        message = lambda source, count: nb.datagram(nb.name(f"G{count % 500}"), nb.name("NODE1"),
                                                    nb.write("nothing", b"x"), count, source)
        bad = hostile(ROOT, flooder(message, nb.DATAGRAM, addresses, 3000), "far")
        bad.line()
        # The system may drop one, as it may any datagram.
        lost = sum((at_work(one, three, heard) for _ in range(5)), [])
        check(f"the segment's messages arrive during messages from {where}", len(lost) <= 1, lost)
        bad.stop()
    none("all names are held afterwards", settled(one))
    check("the node is no larger", one.node.memory() < 64, one.node.memory())
    close(one, three)


def every_packet():
    """Every opcode and code, as question and as answer, of every name, from everywhere."""
    one, three, heard = network()
    places = {"far": [FAR, ONE, THREE, "0.0.0.0", "127.0.0.1", "255.255.255.255", "10.97.1.255", "224.0.0.1"],
              "mallory": [FAR, ONE, "0.0.0.0", "127.0.0.1", "255.255.255.255", "10.97.1.255", "224.0.0.1"]}
    for where, addresses in places.items():
        def sender(say):
            forger = nb.Forger()
            sent = 0
            for opcode, response, code, flags in itertools.product(range(16), (0, nb.RESPONSE), (0, 3, 5, 6, 7),
                                                                   (0x0110, 0x0580)):
                for text, suffix in OWN + [("NODE3", 0), ("*", 0)]:
                    encoded = nb.WILDCARD if text == "*" else nb.name(text, suffix)
                    for source in addresses:
                        packet = (nb.answer if response else nb.claim)(encoded, sent, source, opcode)
                        packet = packet[:2] + (response | opcode << 11 | flags | code).to_bytes(2, "big") + packet[4:]
                        forger.send(packet, source, ONE, nb.NAME)
                        sent += 1
                        if sent % 400 == 0:
                            time.sleep(0.02)
            for kind, flags, source in itertools.product(range(0x10, 0x18), range(4), addresses):
                forger.send(nb.datagram(nb.name("NODE3"), nb.name("NODE1"), nb.write("alerts", b"made up"), sent,
                                        source, kind, flags),
                            source, ONE, nb.DATAGRAM)
                sent += 1
            say(sent)
        bad = hostile(ROOT, sender, where)
        during = []
        while (line := bad.line(0.3)) is None and bad.lines >= 0 and len(during) < 200:
            during += at_work(one, three, heard)
        check(f"every packet is sent from {where}", line, during[-1:])
        none(f"honest messages arrive meanwhile, and afterwards", during[:5] + at_work(one, three, heard))
        if where == "far":
            none("all names are held", settled(one))
    check("the node goes on", one.node_goes_on(), one.node.err()[-500:])
    none("and names are held, or come back", settled(one))
    close(one, three)


def come_back():
    """A name that a neighbour took is claimed again when the neighbour is gone."""
    one, three, heard = network()
    def thief(say):
        """Objects to every claim of the name, as a holder does."""
        enter("mallory")
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.bind((MALLORY, nb.NAME))
        encoded = nb.name("NODE1")
        say("ready")
        packets.settimeout(0.5)
        while True:
            try:
                found = nb.udp(packets.recv(65536))
            except TimeoutError:
                own.sendto(nb.demand(encoded, 1), (ONE, nb.NAME))
                continue
            if found and found[0] == ONE and found[2] == nb.NAME and found[3][12:46] == encoded and found[3][2] < 0x80:
                identity = int.from_bytes(found[3][:2], "big")
                opcode = found[3][2] >> 3 & 15
                own.sendto(nb.answer(encoded, identity, MALLORY, opcode, code=6 if opcode else 0), (ONE, nb.NAME))
                say("objected")
    bad = hostile(ROOT, thief)
    bad.line()
    lost = until(lambda: any("NODE1" in state and "held" not in state for state in names(one)), 20)
    bad.stop()
    check("a holder who objects has the name", lost, names(one))
    none("it is taken back when he is gone", until(lambda: not names(one), 60) and [] or names(one))
    none("honest messages arrive", at_work(one, three, heard))
    close(one, three)


def name_server(say):
    """A WINS server: stores registrations, and answers queries for them."""
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind((FAR, nb.NAME))
    known = {}
    say("ready")
    while True:
        packet, source = own.recvfrom(2048)
        identity, flags = int.from_bytes(packet[:2], "big"), packet[2]
        opcode, encoded = flags >> 3 & 15, packet[12:46]
        if flags & 0x80:
            continue
        if opcode == nb.QUERY:
            address = known.get(encoded)
            own.sendto(nb.answer(encoded, identity, address or "0.0.0.0", code=0 if address else 3), source)
        elif opcode == nb.RELEASE:
            own.sendto(nb.answer(encoded, identity, known.pop(encoded, "0.0.0.0"), opcode), source)
        else:
            known[encoded] = source[0]
            own.sendto(nb.answer(encoded, identity, source[0], nb.REGISTRATION), source)


def name_servers_address():
    """An attacker forges the address of the WINS server, and guesses the questions to it."""
    one, three, heard = network()
    server = hostile(ROOT, name_server, "far")
    server.line()
    for machine, aliases in ((one, ()), (three, ALIASES)):
        machine.node.stop()
        machine.start_node("--node-type", "m", "--wins", FAR, *(word for name in aliases for word in ("--name", name)),
                           held=False)
        machine.node.says(f"name_held name={aliases[-1]}<00>" if aliases else "name_held name=LAB<1e>")
    none("a node with a WINS server holds its names", settled(one))
    same("and finds others", one.run(BOB, "resolve", ALIASES[0]).out.strip(), THREE)

    def guesser(say):
        forger = nb.Forger()
        kinds = [dict(code=0), dict(code=3), dict(code=6), dict(code=7), dict(opcode=nb.WACK),
                 dict(opcode=nb.REGISTRATION),
                 dict(opcode=nb.REGISTRATION, code=6), dict(opcode=nb.RELEASE), dict(kind=2)]
        names = [nb.name(*name) for name in OWN + [(alias, 0) for alias in ALIASES] + [("NOBODY", 0)]]
        for turn in itertools.count():
            for encoded, kind in itertools.product(names, kinds):
                for _ in range(4):
                    forger.send(nb.answer(encoded, random.getrandbits(16), "6.6.6.6", **kind), FAR, ONE, nb.NAME)
            if turn == 10:
                say("at it")
    bad = hostile(ROOT, guesser, "mallory")
    bad.line()
    done = [one.run(BOB, "resolve", name, patience=20) for name in [*ALIASES[1:4], "NOBODY", "NOBODY2"]]
    check("who looks for a name meanwhile is told something in time", all(found.status in (0, 1, 3) for found in done),
          done)
    lost = sum((at_work(one, three, heard) for _ in range(5)), [])
    check("honest messages arrive meanwhile", len(lost) <= 1, lost)
    bad.stop()
    none("all names are held afterwards, or come back", until(lambda: not names(one), 60) and [] or names(one))
    same("and names are found again", one.run(BOB, "resolve", ALIASES[5]).out.strip(), THREE)
    check("the node is no larger", one.node.memory() < 64, one.node.memory())
    server.stop()
    close(one, three)


def printed():
    """Names that others choose are printed as text."""
    one, three, heard = network()
    evil = b"E\n\x1b[2J\x1b]0;x\x07\x9b"

    def liar(say):
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.bind((MALLORY, nb.NAME))
        say("ready")
        while True:
            packet, source = own.recvfrom(2048)
            own.sendto(nb.names_of(int.from_bytes(packet[:2], "big"), [evil, b"PLAIN"]), source)
    bad = hostile(ROOT, liar, "mallory")
    bad.line()
    done = one.run(BOB, "status", MALLORY)
    check("names of another node are printed without control characters",
          "PLAIN" in done.out and not any(ord(c) < 32 and c != "\n" for c in done.out) and done.out.count("\n") == 2,
          ascii(str(done)))
    shown = one.listen_slowly(ROOT, "shown", 'printf "[%s]\\n" "$MAILSLOT_COMPUTER"', "--network")

    def sender(say):
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for slot in ("shown", "alerts"):
            own.sendto(nb.datagram(nb.name(evil), nb.name("NODE1"), nb.write(slot, b"evil"), 77, MALLORY),
                       (ONE, nb.DATAGRAM))
        own.sendto(nb.datagram(nb.name("PLAIN"), nb.name("NODE1"), nb.write("shown", b"plain"), 78, MALLORY),
                   (ONE, nb.DATAGRAM))
        say("sent")
    hostile(ROOT, sender, "mallory").line()
    until(lambda: "[PLAIN]" in shown.out(), 8)
    check("a command is told a sender's name without control characters",
          "[PLAIN]" in shown.out() and not any(ord(c) < 32 and c != "\n" for c in shown.out())
          and shown.out().count("\n") <= 2, ascii(shown.out()))
    message = heard.until("evil", 3)
    check("and so is a reader", not message or not any(ord(c) < 32 for c in message["origin"]["computer"]),
          ascii(message))
    bad.stop()
    close(one, three)


parts(names_taken, answers_from_elsewhere, suppressed, floods, every_packet, come_back, name_servers_address, printed)
