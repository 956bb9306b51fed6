# Sourced: a node on a machine with any set of addresses that Linux accepts, compared with nmbd on the same ones, with a
# plain node and a name server on the network.
printf '\n-- addresses\n'

new_lan wire
attach plain wire 10.91.0.2/24
attach server wire 10.91.0.3/24
attach odd wire 10.91.0.1/24
odd=$id-odd
# The network for 255.255.255.255.
ip -n "$id-plain" route add default dev eth0
# A second interface on the same network, and one without a network.
ip -n "$net" link add odd-1 type veth peer name eth1 netns "$odd"
ip -n "$net" link set odd-1 master wire up
ip -n "$odd" link set eth1 up
ip -n "$odd" link add dummy0 type bridge
ip -n "$odd" link set dummy0 up

# give ADDRESS...: gives the machine these addresses and no others; each is "ADDRESS dev INTERFACE".
give() {
    local address
    for interface in eth0 eth1 dummy0; do ip -n "$odd" addr flush dev "$interface"; done
    # Unquoted: the words of each are arguments.
    for address; do ip -n "$odd" addr add $address || return; done
    ip -n "$odd" route replace 10.91.0.0/24 dev eth0
}

start_samba server SERVER 'wins support = yes'
until_registered() {
    for _ in $(seq 600); do
        on server nmblookup --recursion -U 10.91.0.3 "$1" 2>&1 | grep -q "<00>" && return
        sleep 0.1
    done
    return 1
}
check "a name server is there" until_registered SERVER
check "a plain node holds its names" start_node plain plain PLAIN --wins 10.91.0.3

# works CASE BROADCASTS ADDRESS...: a node with these addresses works. BROADCASTS is `no` for one without a subnet.
works() {
    local case=$1 broadcasts=$2 node here there expected=$'by name\nlast'
    shift 2
    check "$case: it can be set" give "$@"
    check "$case: the node holds its names" start_node odd odd ODD --wins 10.91.0.3
    node=$pid
    start_listener here odd x
    here=$pid
    start_listener there plain x
    there=$pid
    says "$case: whoever asks it gets an answer" "$(on plain nmblookup -U 10.91.0.1 ODD 2>&1)" "10.91.0.1 ODD<00>"
    same "$case: the name server has it once" "$(said plain resolve ODD)" $'10.91.0.1\nstatus 0'
    same "$case: it is written to by name" "$(said plain send '\\ODD\mailslot\x' 'by name')" "status 0"
    same "$case: it writes by name" "$(said odd send '\\PLAIN\mailslot\x' 'by name')" "status 0"
    if [ "$broadcasts" = yes ]; then
        same "$case: it is found once" "$(on plain nmblookup -B 10.91.0.255 ODD 2>&1 | grep -c 'ODD<00>')" 1
        same "$case: it is found by 255.255.255.255" \
            "$(on plain nmblookup -B 255.255.255.255 ODD 2>&1 | grep 'ODD<00>')" "10.91.0.1 ODD<00>"
        same "$case: all are written to" "$(said plain send '\\LABGROUP\mailslot\x' 'to all')" "status 0"
        same "$case: it writes to all" "$(said odd send '\\LABGROUP\mailslot\x' 'odd to all')" "status 0"
        expected=$'by name\nlast\nodd to all\nto all'
    fi
    same "$case: a last one is written to it" "$(said plain send '\\ODD\mailslot\x' last)" "status 0"
    same "$case: and by it" "$(said odd send '\\PLAIN\mailslot\x' last)" "status 0"
    check "$case: it arrives" until_line "$scratch/here.out" '"data":"last"'
    check "$case: that of the node as well" until_line "$scratch/there.out" '"data":"last"'
    same "$case: each has come once" "$(data "$scratch/here.out" | sort)" "$expected"
    same "$case: at the plain node as well" "$(data "$scratch/there.out" | sort)" "$expected"
    same "$case: nothing of the network is refused" \
        "$(grep -E 'not_used|refused|conflict' "$scratch/odd.log" "$scratch/plain.log")" ""
    for process in "$here" "$there" "$node"; do stop "$process"; done
}

# control CASE BROADCASTS: nmbd works there as well, as far as it can.
control() {
    local answers="10.91.0.1 NMBD<00>"
    start_samba odd NMBD 'interfaces ='
    check "$1: nmbd answers there" until_answered -U 10.91.0.1
    [ "$2" = no ] || check "$1: nmbd is found by 255.255.255.255" until_answered -B 255.255.255.255
    stop "$pid"
}
until_answered() {
    for _ in $(seq 100); do
        on plain nmblookup "$@" NMBD 2>&1 | grep -q "NMBD<00>" && return
        sleep 0.1
    done
    return 1
}

# beside_nmbd CASE BROADCASTS ADDRESS...: the node works, and nmbd as well.
beside_nmbd() {
    works "$@"
    control "$1" "$2"
}

beside_nmbd "one address" yes "10.91.0.1/24 brd + dev eth0"
beside_nmbd "without a broadcast address" yes "10.91.0.1/24 dev eth0"
beside_nmbd "an address alone" no "10.91.0.1/32 dev eth0"
beside_nmbd "one that is its own broadcast address" no "10.91.0.1/32 brd 10.91.0.1 dev eth0"
beside_nmbd "an address with a peer" no "10.91.0.1 peer 10.91.0.254 dev eth0"
beside_nmbd "a link of two" no "10.91.0.1/31 dev eth0"
beside_nmbd "a second address of the subnet" yes "10.91.0.1/24 brd + dev eth0" "10.91.0.100/24 brd + dev eth0"
beside_nmbd "an address that is passed on" yes "10.91.0.1/24 brd + dev eth0" "10.91.0.100/32 dev eth0"
beside_nmbd "two interfaces on one network" yes "10.91.0.1/24 brd + dev eth0" "10.91.0.4/24 brd + dev eth1"
beside_nmbd "an address of a service" yes "10.91.0.1/24 brd + dev eth0" "10.96.0.1/32 dev dummy0"
beside_nmbd "an address that is local to the link" yes "10.91.0.1/24 brd + dev eth0" "169.254.9.9/16 dev dummy0"
beside_nmbd "a second subnet, and one around all" yes "10.91.0.1/24 brd + dev eth0" "10.97.0.1/24 brd + dev eth0" \
    "10.0.0.1/8 brd + dev dummy0"

# Random sets, all with the same beginning. nmbd works with only some: an address that is its subnet's broadcast address
# ends it. MAILSLOT_SEED changes the sets.
seed=${MAILSLOT_SEED:-1}
RANDOM=$seed
for round in 1 2 3; do
    more=()
    for _ in $(seq $((RANDOM % 4 + 1))); do
        interfaces=(eth0 eth0 eth1 dummy0) prefixes=(32 24 31 30 16)
        number=$((RANDOM % 200 + 20)) prefix=${prefixes[RANDOM % 5]}
        [ "$prefix" -lt 24 ] && network=10.$((RANDOM % 3 + 97)).0 || network=10.91.0
        # An address in the subnet of the network is on the network, perhaps among others.
        [ "$prefix" -eq 24 ] && interface=${interfaces[RANDOM % 3]} || interface=${interfaces[RANDOM % 4]}
        more+=("$network.$number/$prefix dev $interface")
    done
    works "random set $round of seed $seed (${more[*]})" yes "10.91.0.1/24 brd + dev eth0" "${more[@]}"
done
