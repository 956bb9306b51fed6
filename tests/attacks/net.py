"""Networks of namespaces, and machines with a node in them."""
import socket
import subprocess

from world import ROOT, World, hostile

hosts = {}


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def namespace(name):
    if name not in hosts:
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
        hosts[name] = 0


def lan(name):
    """A network without hosts."""
    namespace("net")
    ip("-n", "net", "link", "add", name, "type", "bridge", "mcast_snooping", "0")
    ip("-n", "net", "link", "set", name, "up")


def attach(host, network, address, gateway=None):
    """Gives a new or existing host an address (with the prefix length) on a network."""
    namespace(host)
    number = hosts[host]
    hosts[host] += 1
    port = f"{host}-{number}"
    ip("-n", "net", "link", "add", port, "type", "veth", "peer", "name", f"eth{number}", "netns", host)
    ip("-n", "net", "link", "set", port, "master", network, "up")
    ip("-n", host, "addr", "add", address, "broadcast", "+", "dev", f"eth{number}")
    ip("-n", host, "link", "set", f"eth{number}", "up")
    # Lets forged addresses through.
    for where in ("all", f"eth{number}"):
        subprocess.run(["ip", "netns", "exec", host, "sysctl", "-qw", f"net.ipv4.conf.{where}.rp_filter=0"], check=True)
    if gateway:
        ip("-n", host, "route", "add", "default", "via", gateway)


def route(host):
    """Makes a router of a host."""
    subprocess.run(["ip", "netns", "exec", host, "sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)


class Machine(World):
    """A host with separate slots and a node."""

    def __init__(self, host, size="64m"):
        super().__init__(size, host)
        self.node = None

    def start_node(self, *arguments, held=None, domain=False, uid=ROOT, **more):
        """Starts the node, and waits until it holds its last name or is in its domain."""
        self.node = self.start(uid, "node", "--computer", self.host.upper(), "--workgroup", "LAB", *arguments, **more)
        words = ([] if held is False else [f"name_held name={held or 'LAB<1e>'}"]) + (["domain_open"] if domain else [])
        return all(self.node.says(word) for word in words) and self.node

    def counters(self):
        import json
        done = self.run(ROOT, "node", "status", "--json")
        return json.loads(done.out)["counters"] if done.status == 0 else {}

    def node_goes_on(self):
        """Whether the node lives and answers."""
        return self.node.lives() and self.run(ROOT, "node", "status", patience=15).status == 0


def sniff(host, words):
    """A program that prints each packet of the host that contains one of the words."""
    def listen(say):
        packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        say("ready")
        while True:
            packet = packets.recv(65536)
            for word in words:
                if word in packet or word.decode().encode("utf-16-le") in packet:
                    say(word.decode(), packet[14:].hex()[:120])
    sniffer = hostile(ROOT, listen, host)
    sniffer.line()
    return sniffer


def seen(sniffer):
    """The output of a sniffer so far."""
    found = []
    while (line := sniffer.line(0.05)) is not None:
        found.append(line)
    return found
