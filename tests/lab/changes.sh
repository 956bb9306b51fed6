# Sourced: changes while a node runs: addresses, ports in use by others, its settings, and the system's notifications.
printf '\n-- changes\n'

new_lan wire
attach plain wire 10.95.0.2/24
attach here wire 10.95.0.1/24
here=$id-here
ip -n "$here" link add dummy0 type bridge
ip -n "$here" link set dummy0 up
log=$scratch/node.log settings=$scratch/node.toml

# lines WORDS: how many lines of the node's log have them.
lines() { grep -cF -- "$1" "$log"; }
# answers NAME: whether the node answers for it.
answers() { on plain nmblookup -U 10.95.0.1 "$1" 2>&1 | grep -q "<00>"; }
until_answers() { until_answers_at 10.95.0.1 "$1"; }
until_answers_at() {
    for _ in $(seq 100); do
        on plain nmblookup -U "$1" "${2:-HERE}" 2>&1 | grep -q "<00>" && return
        sleep 0.1
    done
    return 1
}

# take ADDRESS PORT: lets another program have the port, even before the address exists. Sets `pid`.
take() {
    start_command "taken-$1" here /usr/bin/python3 -u -c "
import socket, sys, time
taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taken.setsockopt(socket.IPPROTO_IP, 15, 1)  # IP_FREEBIND
taken.bind((sys.argv[1], int(sys.argv[2])))
print('taken', flush=True)
time.sleep(1000)" "$1" "$2"
    until_line "$scratch/taken-$1.out" taken
}

# set_to LINE...: replaces the settings, and lets the node read them again.
set_to() {
    printf '%s\n' 'computer = "HERE"' 'workgroup = "LABGROUP"' "$@" >"$settings"
    [ -z "${node:-}" ] || kill -HUP "$node"
}

# Addresses that are added and removed.
set_to
start node here node --config "$settings"
node=$pid
check "a node holds its names" until_line "$log" "name_held name=LABGROUP<1e> interface=eth0"
for round in 1 2 3; do
    ip -n "$here" addr add 10.98.0.1/24 dev dummy0
    check "an address that comes is used ($round)" until_lines "$log" \
        "interface_used name=dummy0 address=10.98.0.1/24" "$round"
    ip -n "$here" addr del 10.98.0.1/24 dev dummy0
    check "an address that goes is left ($round)" until_lines "$log" \
        "interface_gone name=dummy0 address=10.98.0.1/24" "$round"
done
ip -n "$here" addr add 10.95.0.100/32 dev eth0
check "an address in the subnet becomes the node's as well" until_answers_at 10.95.0.100
same "without another name" "$(lines 'name_held name=HERE<00> interface=eth0')" 1
ip -n "$here" addr del 10.95.0.100/32 dev eth0

# One address that cannot be bound.
check "another program has a port" take 10.99.0.1 137
taken=$pid
ip -n "$here" addr add 10.99.0.1/32 dev dummy0
check "an address whose port is another program's is not used" until_line "$log" "interface_not_used name=dummy0"
for round in 4 5 6; do
    ip -n "$here" addr add 10.98.0.1/24 dev dummy0
    check "others are used all the same ($round)" until_lines "$log" \
        "interface_used name=dummy0 address=10.98.0.1/24" "$round"
    ip -n "$here" addr del 10.98.0.1/24 dev dummy0
    check "and left ($round)" until_lines "$log" "interface_gone name=dummy0 address=10.98.0.1/24" "$round"
done
same "it is said once" "$(lines interface_not_used)" 1
says "the node's status says it" "$(said here node status)" "not used: another NetBIOS stack"

# Settings, meanwhile.
set_to 'names = ["EXTRA"]'
check "other settings are taken" until_line "$log" "name_held name=EXTRA<00> interface=eth0"
check "the node answers for the new name" until_answers EXTRA
for wrong in 'wins = "x"' 'workgroup = "HERE"' 'computer = "A\\B"' 'name-port = 1137' 'user = "daemon"' \
    'no-such = 1' 'x'; do
    case $wrong in name-port*) check "a port is another program's" take 10.95.0.1 1137 ;; esac
    before=$(lines settings_wrong)
    set_to "$wrong"
    check "$wrong: it is said" until_lines "$log" settings_wrong $((before + 1))
    check "$wrong: the node goes on as before" answers EXTRA
done
for wrong in directory pipe device; do
    before=$(lines settings_wrong)
    rm -f "$settings"
    case $wrong in
        directory) mkdir "$settings" ;;
        pipe) mkfifo "$settings" ;;
        device) ln -s /dev/zero "$settings" ;;
    esac
    kill -HUP "$node"
    check "a $wrong in place of settings: it is said" until_lines "$log" settings_wrong $((before + 1))
    check "a $wrong in place of settings: the node goes on as before" answers EXTRA
    rm -r "$settings"
done
same "it is said in one line each" "$(lines settings_wrong)" 10
set_to 'interfaces = ["eth0", "eth7"]'
check "an interface that is not there is named" until_line "$log" "interface_not_used name=eth7"
check "the rest is taken" until_line "$log" 'event=settings_changed'
says "doctor names it" "$(said here doctor)" "eth7"
kill "$taken"
set_to
check "the address is used once its port is free" until_line "$log" "interface_used name=dummy0 address=10.99.0.1/32"
check "the node ends in good order" stop "$node"
node=

# No address can be bound: the node does not start, and reports why.
check "another program has the only port" take 10.95.0.1 137
ip -n "$here" addr flush dev dummy0
says "a node that can use nothing ends" "$(said here node --computer HERE)" "holds port 137 of 10.95.0.1" "status 1"
kill "$pid"
wait "$pid" 2>/dev/null

# A service without permission for netlink.
cat >"$scratch/no-netlink.py" <<'PYTHON'
import ctypes
import errno
import os
import struct
import sys

# socket(AF_NETLINK, ...) fails as with systemd's RestrictAddressFamilies.
ARCHITECTURE, SOCKET = (0xC000003E, 41) if os.uname().machine == "x86_64" else (0xC00000B7, 198)
LOAD, EQUAL, RETURN, ALLOW = 0x20, 0x15, 0x06, 0x7FFF0000
filter = [
    (LOAD, 0, 0, 4), (EQUAL, 0, 5, ARCHITECTURE), (LOAD, 0, 0, 0), (EQUAL, 0, 3, SOCKET),
    (LOAD, 0, 0, 16), (EQUAL, 0, 1, 16), (RETURN, 0, 0, 0x50000 | errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW),
]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in filter))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(filter), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
PYTHON
start_command bound here /usr/bin/python3 "$scratch/no-netlink.py" "$mailslot" node --computer HERE --workgroup LABGROUP
node=$pid log=$scratch/bound.log
check "a node without netlink holds its names" until_line "$log" "name_held name=LABGROUP<1e> interface=eth0"
same "it says that it looks for changes, once" "$(lines interfaces_not_watched)" 1
ip -n "$here" addr add 10.98.0.1/24 dev dummy0
check "it finds an address that comes" until_line "$log" "interface_used name=dummy0 address=10.98.0.1/24"
start_listener heard here x
check "the plain node is there" start_node plain plain PLAIN
same "it is written to" \
    "$(said plain send '\\HERE\mailslot\x' 'to one' ; said plain send '\\LABGROUP\mailslot\x' 'to all')" \
    "status 0status 0"
check "all arrives" until_lines "$scratch/heard.out" '"data":"to ' 2
stop "$node"
