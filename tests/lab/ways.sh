# Sourced: packets are sent with the address of the interface of their route, whichever interface is the machine's
# first. The control is a machine with a single interface.
printf '\n-- ways\n'

new_lan west
new_lan east
new_lan nowhere
attach server west 10.92.0.9/24
attach peer west 10.92.0.8/24
attach gateway west 10.92.0.254/24
attach gateway east 10.93.0.254/24
ip netns exec "$id-gateway" \
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.eth0.rp_filter=1 \
    net.ipv4.conf.eth1.rp_filter=1
for host in server peer; do ip -n "$id-$host" route add default via 10.92.0.254; done

# with_docker HOST: gives the machine an interface for containers before all others.
with_docker() {
    namespace "$id-$1"
    ip -n "$id-$1" link add docker0 type bridge
    ip -n "$id-$1" addr add 172.17.0.1/16 brd + dev docker0
    ip -n "$id-$1" link set docker0 up
}
attach straight east 10.93.0.1/24
with_docker docker
attach docker east 10.93.0.2/24
with_docker other
attach other east 10.93.0.3/24
attach second nowhere 10.94.0.4/24
attach second east 10.93.0.4/24
for host in straight docker other second; do ip -n "$id-$host" route add default via 10.93.0.254; done

# registered NAME: its registration at the name server.
registered() { on server nmblookup --recursion -U 10.92.0.9 "$1" 2>&1; }
until_registered() { for _ in $(seq 60); do registered "$1" | grep -q "<00>" && return; sleep 0.1; done; return 1; }

start_samba server SERVER 'wins support = yes'
check "a name server is there" until_registered SERVER
start_command wire gateway tshark -l -n -i eth1 -f 'udp and not (src net 10.93.0.0/24 or src net 10.92.0.0/24)'
check "packets are looked at" until_line "$scratch/wire.log" "Capturing on"
check "a node beside the server holds its names" start_node peer peer PEER --wins 10.92.0.9
start_listener peer-x peer x

for host in straight docker other second; do
    computer=$(printf %s "$host" | tr '[:lower:]' '[:upper:]')
    case $host in
        straight) address=10.93.0.1 ;;
        docker) address=10.93.0.2 ;;
        other) address=10.93.0.3 ;;
        *) address=10.93.0.4 ;;
    esac
    check "$host: it holds its names" start_node "$host" "$host" "$computer" --wins 10.92.0.9
    start_listener "$host-x" "$host" x
    check "$host: the name server has it" until_registered "$computer"
    same "$host: with the address that leads there alone" "$(registered "$computer" | grep '<00>')" \
        "$address $computer<00>"
    same "$host: it writes to a machine across the router" \
        "$(said "$host" send '\\PEER\mailslot\x' "from $host")" "status 0"
    check "$host: the message arrives there" until_line "$scratch/peer-x.out" "\"data\":\"from $host\""
    says "$host: it comes from the address that leads there" "$(grep "\"from $host\"" "$scratch/peer-x.out")" \
        "\"computer\":\"$computer\",\"domain\":null,\"address\":\"$address\""
    same "$host: it is written to across the router" \
        "$(said peer send "\\\\$computer\\mailslot\\x" "from peer")" "status 0"
    check "$host: the message arrives" until_line "$scratch/$host-x.out" '"data":"from peer"'
done
for pair in "docker other" "other docker" "docker second" "second straight"; do
    from=${pair% *} to=${pair#* }
    computer=$(printf %s "$to" | tr '[:lower:]' '[:upper:]')
    same "$from writes to $to" "$(said "$from" send "\\\\$computer\\mailslot\\x" "from $from")" "status 0"
    check "the message arrives at $to" until_line "$scratch/$to-x.out" "\"data\":\"from $from\""
done
same "no packet has had another address" "$(cat "$scratch/wire.out")" ""

# The route has changed: the name's address changes with it.
ip -n "$net" link add second-2 type veth peer name eth2 netns "$id-second"
ip -n "$net" link set second-2 master west up
ip -n "$id-second" link set eth2 up
ip -n "$id-second" addr add 10.92.0.4/24 brd + dev eth2
until_moved() {
    for _ in $(seq 600); do
        registered SECOND | grep -q "^10.92.0.4 " && return
        sleep 0.1
    done
    return 1
}
check "a machine that comes nearer is registered there" until_moved
same "it is written to" "$(said peer send '\\SECOND\mailslot\x' nearer)" "status 0"
check "the message arrives there as well" until_line "$scratch/second-x.out" '"data":"nearer"'
