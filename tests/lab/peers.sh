# Sourced: real peers: devices that give all datagrams one id or answer with unreachable addresses, and peers whose
# address changes or that start after the first query. nmbd is one of them.
printf '\n-- peers\n'

new_lan odd
attach here odd 10.96.0.1/24
attach peer odd 10.96.0.2/24
attach later odd 10.96.0.4/24
attach other odd 10.96.0.5/24
attach device odd 10.96.0.9/24

check "a node holds its names" start_node here here HERE
here=$pid
check "a second one, too" start_node peer peer PEER
start_listener odd here odd

# The network for 255.255.255.255.
ip -n "$id-device" route add default dev eth0
check "a device speaks" on device /usr/bin/python3 "$project/tests/lab/peers.py" scanner 10.96.0.9 10.96.0.255 10.96.0.1
check "what it says to 255.255.255.255 arrives" until_line "$scratch/odd.out" '"data":"limited"'
check "its last message arrives" until_line "$scratch/odd.out" '"data":"end"'
# Unicast packets may overtake broadcast ones.
same "each has come as often as it was said" "$(data "$scratch/odd.out" | sort)" \
    $'end\nlimited\nonce\ntext 0\ntext 1\ntext 2\ntext 3\ntext 4\ntext 5\ntwice\ntwice'

start_command holder device /usr/bin/python3 "$project/tests/lab/peers.py" holder 10.96.0.9
check "a device holds a name" until_line "$scratch/holder.out" ready
says "nmblookup tells all of its addresses" "$(on peer nmblookup -B 10.96.0.255 NAS)" "172.17.0.1 NAS<00>" \
    "10.96.0.9 NAS<00>"
same "the node tells the one that answers first" "$(said here resolve NAS)" \
    $'10.96.0.9\n172.17.0.1\n192.168.56.1\nstatus 0'
same "a message is sent there" "$(said here send '\\NAS\mailslot\x' to-the-nas)" "status 0"
check "it arrives" until_line "$scratch/holder.out" to-the-nas
same "addresses that nobody can have are not believed" "$(said here resolve GHOST)" \
    $'mailslot: nobody has the name GHOST\nstatus 3'

start_listener moved here moved
same "a peer sends something" "$(said peer send '\\HERE\mailslot\moved' before)" "status 0"
check "it arrives" until_line "$scratch/moved.out" '"data":"before"'
ip -n "$id-here" addr flush dev eth0
ip -n "$id-here" addr add 10.96.0.55/24 broadcast + dev eth0
check "the node holds its names at another address" until_lines "$scratch/here.log" 'name_held name=HERE<00>' 2
says "nmblookup finds it there" "$(on other nmblookup -B 10.96.0.255 HERE)" "10.96.0.55 HERE<00>"
same "the peer sends again at once" "$(said peer send '\\HERE\mailslot\moved' after)" "status 0"
check "it arrives, too" until_line "$scratch/moved.out" '"data":"after"'

for name in LATER SAMBALATER; do
    says "nobody has the name $name" "$(said peer resolve "$name")" "status 3"
done
check "a node comes that has it" start_node later later LATER
same "it is found as soon as it says so" "$(said peer resolve LATER)" $'10.96.0.4\nstatus 0'
start_samba other SAMBALATER
until_found() {
    for _ in $(seq 100); do
        on device nmblookup -B 10.96.0.255 SAMBALATER | grep -q '10.96.0.5 ' && return
        sleep 0.1
    done
    return 1
}
# It takes seconds to claim its names, and is queried meanwhile.
said peer resolve SAMBALATER >"$scratch/meanwhile"
check "Samba has the other one" until_found
same "and is found" "$(said peer resolve SAMBALATER)" $'10.96.0.5\nstatus 0'

# Scripts ask for names in any letter case. nmbd answers for its names in any.
spelled() { on device /usr/bin/python3 "$project/tests/lab/peers.py" asker 10.96.0.9 10.96.0.255 "$1"; }
same "nmbd answers in any spelling" "$(spelled SAMBALATER)" \
    $'SAMBALATER 10.96.0.5\nsambalater 10.96.0.5\nSambalater 10.96.0.5\nSaMbAlAtEr 10.96.0.5'
same "so does the node" "$(spelled LATER)" $'LATER 10.96.0.4\nlater 10.96.0.4\nLater 10.96.0.4\nLaTeR 10.96.0.4'
