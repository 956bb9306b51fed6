# Sourced: a LAN's machines find each other whenever addresses are added, changed or removed.
printf '\n-- interfaces\n'

new_lan field
attach first field 10.97.20.11/24
for host in late moving renewed; do
    attach "$host" field "10.97.20.1/32" && in_host "$host" ip address flush dev eth0
done
said first domain new PLANT --lan >/dev/null
for host in late moving renewed; do
    in_host "$host" "$mailslot" domain join - <"$scratch/first/domains/PLANT.toml" >/dev/null
done
# until_reached HOST COMPUTER: a confirmed write succeeds within 20 s.
until_reached() {
    local end=$((SECONDS + 20))
    until [ "$(said "$1" send --confirm=1s "\\\\$2\\mailslot\\alerts" try)" = "$2 delivered"$'\nstatus 0' ]; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}
start_node first first
start_listener heard-first first alerts

# The control: an address before the node.
in_host moving ip address add 10.97.20.12/24 brd + dev eth0
start_node moving moving
start_listener heard-moving moving alerts
check "who has its address before its node is reached" until_reached first MOVING

start_node late late
start_listener heard-late late alerts
says "doctor names the interface that has no address" "$(said late doctor)" \
    "problem  interface  PLANT: no interface is up, can multicast and has an IPv4 address" "status 1"
in_host late ip address add 10.97.20.13/24 brd + dev eth0
check "who gets its address after its node is reached" until_reached first LATE
check "and reaches others" until_reached late FIRST
says "doctor has nothing to say of it then" "$(said late doctor)" \
    "ok       interface  PLANT: looks for others from 10.97.20.13"
same "its node was not started again" "$(grep -c event=started "$scratch/late.log")" 1

in_host moving ip address flush dev eth0
in_host moving ip address add 10.97.20.77/24 brd + dev eth0
check "who gets another address is reached there" until_reached first MOVING
check "and reaches others from there" until_reached moving FIRST

# A second address changes nothing, nor does its removal.
in_host moving ip address add 192.0.2.77/32 dev eth0
in_host moving ip address delete 192.0.2.77/32 dev eth0
check "an address that comes and goes changes nothing" until_reached first MOVING

# Its only address is replaced repeatedly, with or without a pause without any. Messages in flight are then lost, in
# both directions, but none after the first that arrives again. MAILSLOT_SEED changes the times.
stream() {
    local number=0
    until [ -e "$scratch/settled" ]; do
        number=$((number + 1))
        echo "streamed $number"
        sleep 0.01
    done
}
stream | in_host first "$mailslot" send '\\MOVING\mailslot\alerts' & started+=($!)
to_moving=$!
stream | in_host moving "$mailslot" send '\\FIRST\mailslot\alerts' & started+=($!)
from_moving=$!
address=10.97.20.77
RANDOM=${MAILSLOT_SEED:-1}
for round in 1 2 3 4; do
    sessions=$(grep -c event=domain_open "$scratch/moving.log")
    in_host moving ip address delete "$address/24" dev eth0
    [ $((RANDOM % 2)) -eq 0 ] || sleep 0.$((RANDOM % 10))
    address=10.97.20.$((round * 35 + 65 + RANDOM % 35))
    in_host moving ip address add "$address/24" brd + dev eth0
    check "a session at another address is opened ($round)" until_lines \
        "$scratch/moving.log" event=domain_open $((sessions + 1))
    for who in first moving; do
        heard=$(grep -c streamed "$scratch/heard-$who.out")
        check "messages come again at $who ($round)" until_lines "$scratch/heard-$who.out" streamed $((heard + 300))
    done
    same "it is one session ($round)" "$(grep -c event=domain_open "$scratch/moving.log")" $((sessions + 1))
done
touch "$scratch/settled"
wait "$to_moving" "$from_moving"
# gaps WHO: how many times a message was not followed by the next one.
gaps() {
    data "$scratch/heard-$1.out" |
        awk '$1 == "streamed" { gaps += last && $2 != last + 1; last = $2 } END { print gaps + 0 }'
}
for who in first moving; do check "messages are lost once for each change at $who" [ "$(gaps "$who")" -le 4 ]; done

# A machine that gets one more address is reachable at it, without effect on others: a stream of messages continues, in
# order.
attach growing field 10.97.20.16/24
in_host growing "$mailslot" domain join - <"$scratch/first/domains/PLANT.toml" >/dev/null
start_node growing growing
start_listener heard-growing growing alerts
check "a machine with one address is reached" until_reached first GROWING
numbers() {
    local number=0
    until [ -e "$scratch/enough" ]; do
        number=$((number + 1))
        echo "number $number"
        sleep 0.01
    done
    echo "last $number"
}
numbers | in_host first "$mailslot" send '\\GROWING\mailslot\alerts' &
streaming=$!
started+=("$streaming")
opened=$(grep -c event=domain_open "$scratch/growing.log")
check "messages come" until_lines "$scratch/heard-growing.out" number 50
in_host growing ip address add 10.97.21.16/24 brd + dev eth0
check "a session with one more address is opened" until_lines "$scratch/growing.log" event=domain_open $((opened + 1))
heard=$(grep -c number "$scratch/heard-growing.out")
check "messages go on" until_lines "$scratch/heard-growing.out" number $((heard + 100))
touch "$scratch/enough"
wait "$streaming"
check "the last one comes" until_line "$scratch/heard-growing.out" last
last=$(sed -n 's/.*"last \([0-9]*\)".*/\1/p' "$scratch/heard-growing.out")
# While both sessions are open, messages of one may overtake those of the other.
same "none was lost, and none came twice" \
    "$(data "$scratch/heard-growing.out" | sed -n 's/^number //p' | sort -n)" "$(seq "$last")"
in_host growing ip address delete 10.97.21.16/24 dev eth0

# An interface is recreated with the same name and address: sockets on the old one receive nothing more.
in_host renewed ip address add 10.97.20.14/24 brd + dev eth0
start_node renewed renewed
start_listener heard-renewed renewed alerts
check "a machine is reached" until_reached first RENEWED
in_host renewed ip link delete eth0
attach renewed field 10.97.20.14/24
check "it is again when its interface was made anew" until_reached first RENEWED

printf '[domains.PLANT]\ninterfaces = ["eth7"]\n' >"$scratch/named.toml"
attach named field 10.97.20.15/24
in_host named "$mailslot" domain join - <"$scratch/first/domains/PLANT.toml" >/dev/null
start_node named named --config "$scratch/named.toml"
says "doctor names an interface of the settings that is not there" "$(said named doctor)" \
    "problem  interface  PLANT: the interface eth7 of the settings is not there" "status 1"
in_host named ip link set eth0 down
in_host named ip link set eth0 name eth7
in_host named ip link set eth7 up
start_listener heard-named named alerts
check "when it is there it is used" until_reached first NAMED
