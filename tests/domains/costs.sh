# Sourced: counts the bytes and packets that a domain costs, for docs/scale.md. Prints a table, and checks that the
# costs are as the page assumes.
printf '\n-- costs\n'

new_lan costs
attach cost1 costs 10.96.2.11/24
attach cost2 costs 10.96.2.12/24
in_host cost2 true
said cost1 domain new PLANT >/dev/null
cp "$scratch/cost1/domains/PLANT.toml" "$scratch/cost2/domains/"

# traffic: bytes and packets that the second host has sent and received so far, with Ethernet headers.
traffic() {
    ip -n "$id-cost2" -s -j link show eth0 | python3 -c '
import json, sys
stats = json.load(sys.stdin)[0]["stats64"]
print(stats["rx"]["bytes"] + stats["tx"]["bytes"], stats["rx"]["packets"] + stats["tx"]["packets"])'
}

# measure NUMBER WHAT COMMAND...: the cost of a command and a second of silence after it, divided by NUMBER.
measure() {
    local number=$1 what=$2 before after
    shift 2
    before=$(traffic)
    "$@"
    sleep 1
    after=$(traffic)
    set -- $before $after
    awk -v what="$what" -v n="$number" -v bytes=$(($3 - $1)) -v packets=$(($4 - $2)) \
        'BEGIN { printf "%-44s %8.1f bytes %7.2f packets\n", what, bytes / n, packets / n }' | tee -a "$scratch/costs"
}

# cost WHAT: the bytes that were measured.
cost() { awk -v what="$1" 'index($0, what) == 1 { print int($(NF - 3)) }' "$scratch/costs"; }
within() {
    [ -n "$1" ] && [ "$1" -ge "$2" ] && [ "$1" -le "$3" ] || { echo "$1 is not within $2 and $3" >&2; return 1; }
}

start_node cost-node1 cost1 --listen tcp/10.96.2.11:7447
hub=$pid
both() { start_node cost-node2 cost2 --connect tcp/10.96.2.11:7447 && until_members cost1 PLANT $'COST1\nCOST2'; }
measure 1 "session, opened" both
measure 30 "session, a second of silence" sleep 29
slots() {
    local number
    for number in $(seq 20); do start_listener "cost-slot$number" cost2 "slot$number"; done
    in_host cost1 "$mailslot" send --receivers 1=20s '\\COST2\mailslot\slot20' ready >/dev/null
}
measure 20 "slot, announced" slots
one_by_one() {
    for number in $(seq 20); do said cost1 send '\\PLANT\mailslot\slot1' "$(printf '%0100d' "$number")" >/dev/null; done
}
measure 20 "message of 100 bytes to all, one at a time" one_by_one
directed() {
    for number in $(seq 20); do said cost1 send '\\COST2\mailslot\slot1' "$(printf '%0100d' "$number")" >/dev/null; done
}
measure 20 "message of 100 bytes to one, one at a time" directed
confirmed() {
    for number in $(seq 20); do
        said cost1 send --confirm '\\COST2\mailslot\slot1' "$(printf '%0100d' "$number")" >/dev/null
    done
}
measure 20 "message of 100 bytes to one, confirmed" confirmed
burst() { yes "$(printf '%0100d' 1)" | head -5000 | in_host cost1 "$mailslot" send --wait '\\PLANT\mailslot\slot2'; }
measure 5000 "message of 100 bytes to all, in a burst" burst
nobody() { for number in $(seq 20); do said cost1 send '\\PLANT\mailslot\nobody' x >/dev/null; done; }
measure 20 "message that nobody wants" nobody

# The cost of each session to a router: private memory, and processor time while idle.
memory() { awk '/^Private/ { sum += $2 } END { print sum }' "/proc/$hub/smaps_rollup"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$hub/stat"; }
crowd() {
    local number root
    for number in $(seq 20); do
        root=$scratch/crowd$number
        mkdir -p "$root/slots" "$root/domains" && cp "$scratch/cost1/domains/PLANT.toml" "$root/domains/"
        MAILSLOT_ROOT=$root/slots MAILSLOT_DOMAINS=$root/domains ip netns exec "$id-cost2" \
            "$mailslot" node --netbios false \
            --computer "CROWD$number" --connect tcp/10.96.2.11:7447 >/dev/null 2>"$root.log" </dev/null &
        started+=($!)
    done
    for number in $(seq 20); do until_line "$scratch/crowd$number.log" "domain_open"; done
    until_line "$scratch/crowd20.log" "domain_open"
}
before=$(memory)
crowd
sleep 3
printf '%-44s %8d kB\n' "session, memory of the router" $((($(memory) - before) / 20))
before=$(ticks)
sleep 20
printf '%-44s %8d us\n' "session, processor time of the router a second" $((($(ticks) - before) * 10000 / 20 / 21))

check "a session costs a few kilobytes" within "$(cost 'session, opened')" 500 20000
check "silence is cheap" within "$(cost 'session, a second')" 1 400
check "a slot costs less than two kilobytes" within "$(cost 'slot, announced')" 50 2000
check "sealing costs less than 350 bytes a message" within "$(cost 'message of 100 bytes to all, one')" 100 450
check "what nobody wants stays at home" within "$(cost 'message that nobody wants')" 0 60
