# Sourced: a small version of the layout of docs/scale.md: two sites, each with a router and two members, and a link
# between the routers.
printf '\n-- sites\n'

for lan in site1 site2 wan; do new_lan "$lan"; done
attach hub site1 10.96.11.1/24
attach hub wan 10.96.10.1/24
attach far wan 10.96.10.2/24
attach far site2 10.96.12.1/24
for number in 1 2; do
    attach "near$number" site1 "10.96.11.1$number/24"
    attach "away$number" site2 "10.96.12.1$number/24"
done

said hub domain new PLANT >/dev/null
for host in far near1 near2 away1 away2; do
    in_host "$host" true
    cp "$scratch/hub/domains/PLANT.toml" "$scratch/$host/domains/"
done

# start_member HOST FILE SED: starts a host's node with one of the example files.
start_member() {
    sed "$3" "tests/domains/sites/$2.toml" >"$scratch/$1.toml"
    start_node "$1-node" "$1" --config "$scratch/$1.toml"
}
check "the hub begins" start_member hub hub ''
check "the other router begins" start_member far router 's/HUB/10.96.10.1/'
for number in 1 2; do
    check "member $number of the first site begins" start_member "near$number" member 's/ROUTER/10.96.11.1/'
    check "member $number of the second site begins" start_member "away$number" member 's/ROUTER/10.96.12.1/'
done
for host in near1 near2 away1 away2; do start_listener "$host-heard" "$host" alerts; done

everybody=$'AWAY1           alerts\nAWAY2           alerts\nFAR\nHUB\nNEAR1           alerts\nNEAR2           alerts'
for host in near1 away2 far; do
    check "$host knows everybody in both sites" until_members "$host" PLANT "$everybody"
done
says "a member has one session" "$(said near1 node status)" "domain PLANT, sealed, client" "0 peers, 1 routers"
all=$'AWAY1 delivered\nAWAY2 delivered\nNEAR1 delivered\nNEAR2 delivered\nstatus 0'
same "a message to all crosses the link" \
    "$(said near1 send --receivers 4=30s --confirm '\\PLANT\mailslot\alerts' all)" "$all"
same "one machine of the other site is reached" "$(said away1 send --confirm '\\NEAR2\mailslot\alerts' one)" \
    $'NEAR2 delivered\nstatus 0'
says "the doctor finds nothing wrong with it" "$(said away1 doctor '\\NEAR2\mailslot\alerts')" \
    "ok       answers    PLANT: a receipt came from NEAR2" "status 0"

ip -n "$id-far" link set eth0 down
check "a site that is cut off knows its own machines alone" until_members away1 PLANT \
    $'AWAY1           alerts\nAWAY2           alerts\nFAR'
same "and goes on" \
    "$(said away2 send --confirm '\\PLANT\mailslot\alerts' inside)" $'AWAY1 delivered\nAWAY2 delivered\nstatus 0'
ip -n "$id-far" link set eth0 up
check "when the link is back, all are known again" until_members near1 PLANT "$everybody"
same "and reached" "$(said near2 send --receivers 4=60s --confirm '\\PLANT\mailslot\alerts' again)" "$all"
for host in near1 away2; do check "$host has heard it" until_line "$scratch/$host-heard.out" '"data":"again"'; done

# A machine that does not ask is not told what opens elsewhere: it gets its keep-alive messages, 123 bytes a second.
traffic() {
    ip -n "$id-near1" -s -j link show eth0 | python3 -c '
import json, sys
stats = json.load(sys.stdin)[0]["stats64"]
print(stats["rx"]["bytes"] + stats["tx"]["bytes"])'
}
opens() {
    local number before=$(traffic) begun=$SECONDS bytes
    for number in $(seq 20); do start_listener "away1-more$number" away1 "more$number"; done
    in_host near2 "$mailslot" send --receivers 1=20s '\\AWAY1\mailslot\more20' found || return
    bytes=$(($(traffic) - before))
    [ "$bytes" -lt $((200 * (SECONDS - begun + 1) + 1000)) ] && return
    echo "$bytes bytes in $((SECONDS - begun)) s" >&2
    return 1
}
check "20 slots that open in the other site cost a machine nothing that does not ask for them" opens
# The answer to a wait comes by itself, and so within a second and not with the next question.
prompt() {
    local waiting opened
    in_host near2 "$mailslot" send --receivers 1=30s '\\PLANT\mailslot\late' found &
    waiting=$!
    start_listener away2-late away2 late
    opened=${EPOCHREALTIME/./}
    wait "$waiting" || return
    [ $((${EPOCHREALTIME/./} - opened)) -lt 2000000 ] || { echo "$((${EPOCHREALTIME/./} - opened)) us" >&2; return 1; }
}
check "who waits for a receiver behind two routers knows of it within two seconds" prompt
