# Sourced: two networks connected only by a node that is a router, over TLS and QUIC with certificates on both sides. A
# machine without a certificate, or with one of another authority, is refused even with the domain's file.
printf '\n-- tls\n'

new_lan west
new_lan east
attach hub west 10.97.1.1/24
attach hub east 10.97.2.1/24
for number in 1 2 3 4; do attach "west$number" west "10.97.1.1$number/24"; done
for number in 1 2; do attach "east$number" east "10.97.2.1$number/24"; done
in_host hub sysctl -qw net.ipv4.ip_forward=0
in_host west1 ip route add default via 10.97.1.1
in_host east1 ip route add default via 10.97.2.1
# Packets that reach a host are rejected at once: it has no listener.
answers() { in_host west1 timeout 1 bash -c ": </dev/tcp/$1/9" 2>/dev/null; [ $? -ne 124 ]; }
check "the router is there for its network" answers 10.97.1.1
check "no packet gets from one network to the other" eval '! answers 10.97.2.11'

. "$project/tests/domains/authority.sh"
authority ours
authority theirs
certificate hub ours 10.97.1.1 10.97.2.1
certificate false-hub theirs 10.97.1.12 10.97.1.1
for name in west1 east1 east2; do certificate "$name" ours; done
certificate stranger theirs

said hub domain new PLANT >/dev/null
for host in west1 west2 west3 west4 east1 east2; do
    in_host "$host" "$mailslot" domain join - <"$scratch/hub/domains/PLANT.toml" >/dev/null
done
settings hub hub 'listen = ["tls/0.0.0.0:7447", "quic/0.0.0.0:7447"]'
settings west1 west1 'connect = ["tls/10.97.1.1:7447"]'
settings east1 east1 'connect = ["tls/10.97.2.1:7447"]'
settings east2 east2 'connect = ["quic/10.97.2.1:7447"]'
start_node tls-hub hub --config "$scratch/hub.toml"
hub=$pid
for host in west1 east1 east2; do
    start_node "tls-$host" "$host" --config "$scratch/$host.toml"
    start_listener "heard-$host" "$host" alerts
done

same "both networks are waited for" "$(said west1 send --receivers 3=30s '\\PLANT\mailslot\alerts' westward)" "status 0"
for host in west1 east1 east2; do
    check "a broadcast from the one network reaches $host" until_line "$scratch/heard-$host.out" '"data":"westward"'
done
same "and from the other, with receipts" "$(said east1 send --confirm '\\PLANT\mailslot\alerts' eastward)" \
    $'EAST1 delivered\nEAST2 delivered\nWEST1 delivered\nstatus 0'
same "one computer is reached by name across networks" "$(said west1 send --confirm '\\EAST1\mailslot\alerts' one)" \
    $'EAST1 delivered\nstatus 0'
same "the other way, too" "$(said east1 send --confirm '\\WEST1\mailslot\alerts' back)" $'WEST1 delivered\nstatus 0'
same "through QUIC it is the same" \
    "$(said east2 send --confirm '\\WEST1\mailslot\alerts' quic)" $'WEST1 delivered\nstatus 0'
same "the other way, too, through QUIC" "$(said west1 send --confirm '\\EAST2\mailslot\alerts' quic-back)" \
    $'EAST2 delivered\nstatus 0'
same "the router sends as well" "$(said hub send --confirm '\\EAST2\mailslot\alerts' hub)" $'EAST2 delivered\nstatus 0'
head -c 1000000 /dev/zero | tr '\0' x >"$scratch/large"
same "a megabyte gets through" "$(said west1 send --confirm --file "$scratch/large" '\\EAST1\mailslot\alerts')" \
    $'EAST1 delivered\nstatus 0'

# Strangers, all with the domain's file: without a certificate, with one of another authority, and without TLS.
settings west2 '' 'connect = ["tls/10.97.1.1:7447"]'
settings west3 stranger 'connect = ["tls/10.97.1.1:7447"]'
settings west4 '' 'connect = ["tcp/10.97.1.1:7447"]'
for host in west2 west3 west4; do
    start "tls-$host" "$host" node --netbios false --computer "${host^^}" --config "$scratch/$host.toml"
done
for host in west2 west3 west4; do
    check "the router refuses $host" until_line "$scratch/tls-$host.log" domain_not_open
done
members=$'EAST1           alerts\nEAST2           alerts\nHUB\nWEST1           alerts'
check "members are those with certificates" until_members hub PLANT "$members"

# A router whose certificate comes from another authority, at the address of the old one.
stop "$hub"
settings hub false-hub 'listen = ["tls/0.0.0.0:7447", "quic/0.0.0.0:7447"]' 'tls.mutual = false'
start_node false-hub hub --config "$scratch/hub.toml"
hub=$pid
check "nobody connects to a router with a false certificate" until_members hub PLANT $'HUB'
same "and nothing is sent to it" \
    "$(said west1 send --receivers 2=3s '\\PLANT\mailslot\alerts' false 2>&1 | tail -n 1)" "status 5"
stop "$hub"

# The genuine router returns, and all members reconnect.
settings hub hub 'listen = ["tls/0.0.0.0:7447", "quic/0.0.0.0:7447"]'
start_node tls-hub-again hub --config "$scratch/hub.toml"
same "when the router is back all are found again" \
    "$(said east1 send --receivers 3=60s '\\PLANT\mailslot\alerts' again)" "status 0"
check "and reached" until_line "$scratch/heard-west1.out" '"data":"again"'
check "strangers still are not" until_members hub PLANT "$members"
