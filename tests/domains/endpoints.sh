# Sourced: one reachable endpoint of several is enough, in any order and at any time.
printf '\n-- endpoints\n'

new_lan field
number=10
for host in hub1 hub2 leaf; do
    number=$((number + 1))
    attach "$host" field "10.97.21.$number/24"
done
said hub1 domain new PLANT >/dev/null
for host in hub2 leaf; do in_host "$host" "$mailslot" domain join - <"$scratch/hub1/domains/PLANT.toml" >/dev/null; done
hub1=tcp/10.97.21.11:7447 hub2=tcp/10.97.21.12:7447
# The first has no host, the second no listener, and the third no route.
absent=tcp/10.97.21.99:7447 closed=tcp/10.97.21.13:7448 nowhere=tcp/192.0.2.1:7447
start_node hub1 hub1 --listen tcp/0.0.0.0:7447
first_hub=$pid
start_node hub2 hub2 --listen tcp/0.0.0.0:7447 --connect "$hub1"
start_listener heard1 hub1 alerts
start_listener heard2 hub2 alerts
reaches() { same "$1 is reached" "$(said leaf send --receivers 1=30s "\\\\$1\\mailslot\\alerts" x)" "status 0"; }

# The control first: one reachable endpoint. Then all orders, each of which must connect.
for endpoints in "$hub1" "$hub1 $absent" "$absent $hub1" "$closed $hub1" "$nowhere $hub1" \
    "$absent $closed $nowhere $hub1"; do
    options=()
    for endpoint in $endpoints; do options+=(--connect "$endpoint"); done
    start leaf leaf node --netbios false --computer LEAF "${options[@]}"
    check "with $endpoints the domain opens" until_line "$scratch/leaf.log" domain_open
    stop "$pid"
done

# An endpoint that dies later, and returns.
start_node leaf leaf --connect "$hub1" --connect "$hub2"
leaf=$pid
check "a client is there" until_members hub2 PLANT $'HUB1            alerts\nHUB2            alerts\nLEAF'
crash "$first_hub"
check "when its router has died it is at the other one" until_members hub2 PLANT $'HUB2            alerts\nLEAF'
says "doctor names the endpoint that cannot be reached" "$(said leaf doctor)" \
    "unknown  endpoint   PLANT: $hub1 cannot be reached" "another one is used"
start_node hub1-again hub1 --listen tcp/0.0.0.0:7447
check "all are there when the router is back" until_members leaf PLANT \
    $'HUB1            alerts\nHUB2            alerts\nLEAF'
stop "$leaf"

# A name that can be resolved only later.
cp /etc/hosts "$scratch/hosts"
with_hosts='mount --bind "$0" /etc/hosts && exec "$@"'
become leaf unshare -m bash -c "$with_hosts" "$scratch/hosts" "$mailslot" node --netbios false --computer LEAF \
    --connect tcp/hub.mailslot.test:7447 >"$scratch/named.out" 2>"$scratch/named.log" </dev/null &
started+=($!)
check "a name that nobody knows is said" until_line "$scratch/named.log" "event=domain_not_open"
says "doctor names it" "$(said leaf doctor)" "problem  endpoint   PLANT: tcp/hub.mailslot.test:7447 cannot be reached" \
    "getent hosts"
echo "10.97.21.11 hub.mailslot.test" >>"$scratch/hosts"
check "when it is known the domain opens" until_line "$scratch/named.log" "event=domain_open"

# On a machine without a node.
attach spare field 10.97.21.20/24
in_host spare "$mailslot" domain join - <"$scratch/hub1/domains/PLANT.toml" >/dev/null
for wrong in tcp/hub hub:7447 tcp/hub:0 udp/hub:7447; do
    says "the endpoint $wrong is refused at the start" \
        "$(said spare node --netbios false --computer SPARE --connect "$wrong")" "connect: \"$wrong\"" "status 2"
done
printf '[domains.PLANT]\nmax-sessions = 0\n' >"$scratch/none.toml"
says "so is a node without sessions" "$(said spare node --netbios false --config "$scratch/none.toml")" \
    "max-sessions is 0: it can be 1 to" "status 2"

# An endpoint that cannot be listened on leaves the others in use.
listen_on() {
    printf 'computer = "SPARE"\nnetbios = false\n[domains.PLANT]\nlisten = [%s]\n' "$1" >"$scratch/spare.toml"
}
listen_on '"tcp/0.0.0.0:7447"'
start_node spare spare --config "$scratch/spare.toml"
spare=$pid
start_command taken spare /usr/bin/python3 -u -c '
import socket
taken = socket.create_server(("0.0.0.0", 7450))
print("taken")
taken.accept()'
check "another program has a port" until_line "$scratch/taken.out" taken
spare_says() { grep -c "event=$1" "$scratch/spare.log"; }
for wrong in '"tcp/0.0.0.0:7450"' '"tcp/10.97.21.20:7450"' '"tcp/192.0.2.1:7448"' \
    '"tcp/0.0.0.0:7448", "tcp/10.97.21.20:7448"'; do
    before=$(spare_says settings_wrong)
    listen_on "$wrong"
    kill -HUP "$spare"
    check "listening on $wrong is refused" until_lines "$scratch/spare.log" event=settings_wrong $((before + 1))
done
same "the domain was open all the time" "$(spare_says domain_closed)" 0
listen_on '"tcp/10.97.21.20:7447"'
kill -HUP "$spare"
check "its own port at another address is none of these" until_lines "$scratch/spare.log" event=domain_open 2
