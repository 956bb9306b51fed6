# Sourced: `mailslot doctor` finds the real cause of a fault, and no problem if everything works.
printf '\n-- doctor\n'

new_lan doctor
for number in 1 2; do attach "doc$number" doctor "10.96.1.1$number/24"; done
in_host doc2 true
alerts='\\PLANT\mailslot\alerts'

says "without a node it says so" "$(said doc1 doctor "$alerts")" "problem  node       no network node runs" "status 1"
says "what is no name is no name" "$(said doc1 doctor '\\PLANT\alerts')" "problem  name" "status 1"

said doc1 domain new PLANT --lan >/dev/null
cp "$scratch/doc1/domains/PLANT.toml" "$scratch/doc2/domains/"
start_node doc-node1 doc1
same "nothing is said of the NetBIOS network" \
    "$(cat "$scratch/doc-node1.log" <(said doc1 node status) | grep -iE 'netbios|workgroup|<|interface')" ""
says "a node without others is connected to no machine" "$(said doc1 doctor)" \
    "problem  session    PLANT: not connected to any machine" "status 1"

start_node doc-node2 doc2
start_listener doc-heard2 doc2 alerts
check "both are there" until_members doc1 PLANT $'DOC1\nDOC2            alerts'
says "without a problem the status is 0" "$(said doc1 doctor "$alerts")" \
    "ok       node       runs" "ok       way        goes to the modern domain PLANT" \
    "ok       session    PLANT: connected to 1 peer" \
    "ok       key        PLANT: seals with" "1 computer in PLANT receive: DOC2" \
    "ok       answers    PLANT: a receipt came from DOC2" \
    "ok       clock      PLANT: agrees with that of DOC2" "messages of up to 1048576 bytes" "status 0"
says "the same as JSON" \
    "$(said doc1 doctor --json "$alerts")" '{"state":"ok","check":"clock"' '"remedy":null' "status 0"
says "one machine can be asked about" "$(said doc1 doctor '\\DOC2\mailslot\alerts')" \
    "ok       target     DOC2 has the slot alerts open to the network" "status 0"
says "a slot that is not there" "$(said doc1 doctor '\\DOC2\mailslot\other')" \
    "problem  target     DOC2 has no slot other that is open to the network; it has alerts" "status 1"
says "a machine that is not there" "$(said doc1 doctor '\\DOC9\mailslot\alerts')" \
    "problem  way        the node is in no NetBIOS network, and DOC9 is no modern domain or computer" "status 1"
start doc-closed1 doc1 listen --verbose alerts
closed=$pid
until_line "$scratch/doc-closed1.log" "listening on"
says "this machine's slot is closed to the network" "$(said doc1 doctor "$alerts")" \
    "problem  own slot   the slot alerts here is not open to the network" "status 1"
stop "$closed"
same "nothing of this was delivered" "$(data "$scratch/doc-heard2.out")" ""

cut_off doc2
says "a machine that no longer answers" "$(said doc1 doctor '\\DOC2\mailslot\alerts')" \
    "sent no receipt in 2 s" "status 1"
heal doc2
check "it is there again" until_members doc1 PLANT $'DOC1\nDOC2            alerts'

# A rotated key that the other machine does not have.
sed -i 's/^secret = .*/secret = "'"$(printf '%064d' 7)"'"/' "$scratch/doc2/domains/PLANT.toml"
check "the other key is taken up" until_line "$scratch/doc-node2.log" "keys_changed"
until_key_problem() {
    local step
    for step in $(seq 100); do
        case $(said doc1 doctor "$alerts") in *"sealed with a key that this machine does not have"*) return ;; esac
        sleep 0.2
    done
    said doc1 doctor "$alerts"
    return 1
}
check "another key is noticed" until_key_problem
cp "$scratch/doc1/domains/PLANT.toml" "$scratch/doc2/domains/"
check "the right key is taken up" until_members doc1 PLANT $'DOC1\nDOC2            alerts'

# A clock that is two hours ahead.
attach doc3 doctor 10.96.1.13/24
in_host doc3 true
cp "$scratch/doc1/domains/PLANT.toml" "$scratch/doc3/domains/"
start_wrong_clock() {
    become doc3 faketime -f +2h "$mailslot" node --netbios false --computer DOC3 \
        >"$scratch/doc-node3.out" 2>"$scratch/doc-node3.log" </dev/null &
    started+=($!)
    until_line "$scratch/doc-node3.log" "domain_open"
}
check "a node runs with a wrong clock" start_wrong_clock
start_listener doc-heard3 doc3 alerts
check "it is seen all the same" until_members doc3 PLANT $'DOC1\nDOC2            alerts\nDOC3            alerts'
says "its answers do not come" "$(said doc1 doctor '\\DOC3\mailslot\alerts')" \
    "problem  answers    PLANT: DOC3 is announced, but sent no receipt in 2 s" "its clock may be off" "status 1"
says "there, the counter tells" "$(said doc3 doctor)" "problem  clock      PLANT:" "dropped_clock" "status 1"

chmod 644 "$scratch/doc3/domains/PLANT.toml"
says "a file that others can read" "$(said doc3 doctor)" "problem  files" "chmod 600" "status 1"

in_host doc2 nft add table inet test
in_host doc2 nft 'add chain inet test input { type filter hook input priority 0; }'
in_host doc2 nft add rule inet test input udp dport 7446 drop
says "a firewall that drops scouting" "$(said doc2 doctor)" \
    "problem  firewall   nft drops udp port 7446: udp dport 7446 drop" "status 1"

# A machine for the NetBIOS network, without a node.
attach doc4 doctor 10.96.1.14/24
on_doc4() { in_host doc4 "$@"; }
says "an interface without a broadcast address" "$(said doc4 doctor)" \
    "ok       interfaces a node can use eth0 (10.96.1.14)" "ok       ports      UDP ports 137 and 138 are free" \
    "unknown  interfaces no broadcast address is set on eth0 (10.96.1.14), so the subnet's last one is used" \
    "broadcast +"
on_doc4 ip address delete 10.96.1.14/24 dev eth0
on_doc4 ip address add 10.96.1.14/24 broadcast + dev eth0
same "with one there is nothing to say" "$(said doc4 doctor | grep -c 'broadcast address')" 0
on_doc4 ip tuntap add mode tun name tun0
on_doc4 ip address add 10.96.1.129/32 dev tun0
on_doc4 ip link set tun0 up
says "an interface that cannot broadcast" "$(said doc4 doctor)" "ok       interfaces a node can use eth0 (10.96.1.14)" \
    "unknown  interfaces NetBIOS does not use tun0 (10.96.1.129), which cannot broadcast" "--wins"
become doc4 python3 -c '
import socket, time
other = socket.socket(type=socket.SOCK_DGRAM)
other.bind(("", 137))
print("bound", flush=True)
time.sleep(1000)' >"$scratch/doc-other.out" &
other=$!
started+=("$other")
check "another program has a port" until_line "$scratch/doc-other.out" bound
says "it is named" "$(said doc4 doctor)" \
    "problem  ports      python3 (process $other) has UDP ports 137 of 0.0.0.0, so no node can start there" \
    "stop it" "--beside-samba"
on_doc4 nft add table inet test
on_doc4 nft 'add chain inet test input { type filter hook input priority 0; policy drop; }'
on_doc4 nft add rule inet test input udp dport 137 accept
says "a firewall that drops what it does not know" "$(said doc4 doctor)" \
    "unknown  firewall   nft drops packets that no rule accepts" "no rule names udp port 138" "accept udp port 138"
on_doc4 ip link set eth0 down
says "a machine that no network reaches" "$(said doc4 doctor)" \
    "problem  interfaces NetBIOS needs an interface that is up, can broadcast and has an IPv4 address, and there is none" \
    "--netbios false" "status 1"
