# Sourced: a name that nobody resolves, of an endpoint, holds up neither the node's answers nor what it tells the service
# manager.
printf '\n-- resolving\n'

new_lan field
attach hub field 10.97.22.11/24
attach leaf field 10.97.22.12/24
attach silent field 10.97.22.53/24
said hub domain new PLANT >/dev/null
in_host leaf "$mailslot" domain join - <"$scratch/hub/domains/PLANT.toml" >/dev/null
start_node hub hub --listen tcp/0.0.0.0:7447

# Takes questions and never answers: a resolver waits as long as it may.
start_command silent silent python3 -c 'import socket
questions = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
questions.bind(("10.97.22.53", 53))
print("listens", flush=True)
while question := questions.recv(512): print("asked", flush=True)'
check "a name server is there" until_line "$scratch/silent.out" listens
printf 'nameserver 10.97.22.53\noptions timeout:30 attempts:5\n' >"$scratch/resolv.conf"

# The service manager: hears the watchdog, and says where it did not within the time that it gives.
cat >"$scratch/manager.py" <<'PROGRAM'
import os, socket, subprocess, sys, time
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
told.bind(sys.argv[1])
told.settimeout(0.1)
node = subprocess.Popen(sys.argv[2:], env=dict(os.environ, NOTIFY_SOCKET=sys.argv[1], WATCHDOG_USEC="4000000"))
print("node", node.pid, flush=True)
heard = None
while node.poll() is None:
    try:
        if b"WATCHDOG=1" in told.recv(4096):
            heard = time.monotonic()
    except TimeoutError:
        pass
    if heard is not None and time.monotonic() - heard > 4:
        print("late", time.strftime("%H:%M:%S", time.gmtime()), flush=True)
        heard = None
print("ended", node.returncode, flush=True)
PROGRAM
# settings LINES...: what the node reads at its next SIGHUP.
settings() { printf '%s\n' 'netbios = false' 'computer = "LEAF"' '[domains.PLANT]' "$@" >"$scratch/leaf.toml"; }
there='connect = ["tcp/10.97.22.11:7447"]'
settings "$there"
start_command leaf leaf unshare -m bash -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$scratch/resolv.conf" \
    python3 "$scratch/manager.py" "$scratch/notify" "$mailslot" node --config "$scratch/leaf.toml"
check "the domain opens" until_line "$scratch/leaf.log" domain_open
node=$(sed -n 's/^node //p' "$scratch/leaf.out")

# reload LINES...: other settings, which are taken over; the node then answers.
changes=0
reload() {
    settings "$@"
    kill -HUP "$node"
    changes=$((changes + 1))
    check "other settings ($changes) are taken over: $*" until_lines \
        "$scratch/leaf.log" event=settings_changed "$changes"
    says "and the node answers" "$(said leaf node status)" "LEAF" "status 0"
}
asked=0
until_asked() {
    asked=$(($(grep -c asked "$scratch/silent.out") + 1))
    check "the name is looked up" until_lines "$scratch/silent.out" asked "$asked"
}
name=hub.mailslot.test:7447
for slow in "connect = [\"tcp/$name\"]" "listen = [\"tcp/$name\"]"; do
    # While nothing is looked up, and while the one before is.
    reload "$slow"
    until_asked
    reload "$slow" 'max-message-size = 100000'
    until_asked
done
# A session that is open, and tries to reach others meanwhile.
for turn in 1 2; do
    opened=$(($(grep -c domain_open "$scratch/leaf.log") + 1))
    reload "$there"
    check "the domain is open ($turn)" until_lines "$scratch/leaf.log" domain_open "$opened"
    reload "listen = [\"tcp/0.0.0.0:744$turn\"]" "connect = [\"tcp/$name\"]"
    check "it is open for others" until_lines "$scratch/leaf.log" domain_open $((opened + 1))
    until_asked
done
reload "connect = [\"tcp/$name\"]"
until_asked
kill "$node"
check "the node ends while a name is looked up" until_line "$scratch/leaf.out" "ended 0"
same "its watchdog was never late" "$(grep late "$scratch/leaf.out")" ""
