# Sourced: keys change by time and by file while nodes run: sessions, slots and streams continue, and nothing is lost.
printf '\n-- keys\n'

new_lan keys
for number in 1 2 3; do attach "keys$number" keys "10.97.7.1$number/24"; done
said keys1 domain new PLANT --lan >/dev/null
file=domains/PLANT.toml
for host in keys2 keys3; do in_host "$host" cp "$scratch/keys1/$file" "$scratch/$host/domains/"; done
start_node keys1 keys1
node1=$pid
start_node keys2 keys2
node2=$pid
start_listener keys-heard keys2 alerts
start_listener keys-plain keys2 plain
both=$'KEYS1\nKEYS2           alerts\nKEYS2           plain'
check "both know each other" until_members keys1 PLANT "$both"

# Two streams from the first machine to the second: confirmed writes of one command each, alternately to the domain and
# to the computer, which never wait for a receiver; and plain writes of one command that keeps running.
confirmed_stream() {
    local number=0
    until [ -e "$scratch/over" ]; do
        number=$((number + 1))
        "$mailslot" send --receivers 1=0s --confirm=20s '\\PLANT\mailslot\alerts' "$number all"
        "$mailslot" send --confirm=20s '\\KEYS2\mailslot\alerts' "$number one"
    done
}
plain_stream() {
    local number=0
    until [ -e "$scratch/over" ]; do
        number=$((number + 1))
        echo "$number"
        sleep 0.02
    done | "$mailslot" send '\\PLANT\mailslot\plain'
}
export scratch mailslot
export -f confirmed_stream plain_stream
for stream in confirmed plain; do
    become keys1 bash -c "${stream}_stream" >"$scratch/$stream.out" 2>&1 &
    started+=($!)
    streams+=($!)
done
check "messages flow" until_lines "$scratch/confirmed.out" "KEYS2 delivered" 10
# The connection of the session between the two.
connection() { in_host keys1 ss --no-header --tcp --numeric state established dst 10.97.7.12 | awk '{ print $3, $4 }'; }
before=$(connection)

# in_use HOST NUMBER: the node seals with the key of this number.
in_use() {
    said "$1" node status --json | grep -o '"in_use":[a-z]*' | sed -n "$2p" | grep -q true
}
until_in_use() {
    local step
    for step in $(seq 300); do
        in_use "$1" "$2" && return
        sleep 0.1
    done
    said "$1" node status
    return 1
}
# take_file NUMBER: copies the first machine's file to the second one, and waits until both nodes have noticed NUMBER
# changes.
take_file() {
    local name
    in_host keys2 "$mailslot" domain join - <"$scratch/keys1/$file" >/dev/null
    kill -HUP "$node1" "$node2"
    for name in keys1 keys2; do until_lines "$scratch/$name.log" "keys_changed domain=PLANT" "$1" || return; done
}

# By time: the second key begins after 8 seconds, and the first one ends after 16.
said keys1 domain rotate PLANT --overlap 16s >/dev/null
check "both nodes take up a file with a second key" take_file 1
for host in keys1 keys2; do check "$host still seals with the first one" in_use "$host" 1; done
start_node keys3 keys3
check "a machine without the new file is a member still" until_members keys2 PLANT "$both"$'\nKEYS3'
for host in keys1 keys2; do check "$host changes over by itself" until_in_use "$host" 2; done
same "who has the first one alone still sends" "$(said keys3 send '\\PLANT\mailslot\alerts' old)" "status 0"
check "and is still let in" until_line "$scratch/keys-heard.out" '"data":"old"'
check "messages flow on with the second key" until_lines "$scratch/confirmed.out" "KEYS2 delivered" \
    $(($(grep -c delivered "$scratch/confirmed.out") + 10))
check "when the first one has ended, who has no other is out" until_members keys1 PLANT "$both"
same "what it sends is heard by nobody" \
    "$(said keys3 send --confirm=1s '\\PLANT\mailslot\alerts' expired | tail -n 1)" "status 10"
says "and is counted under its reason" "$(said keys2 node status --json)" '"dropped_key_expired":1'
in_host keys3 "$mailslot" domain join - <"$scratch/keys1/$file" >/dev/null
check "with the new file it is in again" until_members keys1 PLANT "$both"$'\nKEYS3'
check "and knows the others, whose presences were renewed" until_members keys3 PLANT "$both"$'\nKEYS3'

# By file, at once: messages sealed with the second key are no longer accepted, so none arrive between the two files,
# and all others do.
touch "$scratch/over"
wait "${streams[@]}"
rotated_at_once() {
    said keys1 domain rotate PLANT --overlap 0 >/dev/null
    take_file 2
}
check "a key for one that was stolen is taken up" rotated_at_once
check "both know each other by it" until_members keys1 PLANT "$both"
same "and understand each other" "$(said keys1 send --receivers 1=0s --confirm=20s '\\PLANT\mailslot\alerts' last)" \
    $'KEYS2 delivered\nstatus 0'
same "the plain stream has its end, too" \
    "$(said keys1 send --confirm=20s '\\KEYS2\mailslot\plain' last)" $'KEYS2 delivered\nstatus 0'

for slot in heard plain; do
    check "the $slot messages are there" until_line "$scratch/keys-$slot.out" '"data":"last"'
done
same "all confirmed writes were delivered, and no receiver was missed" "$(sort -u "$scratch/confirmed.out")" \
    "KEYS2 delivered"
half=$(($(wc -l <"$scratch/confirmed.out") / 2))
same "each once, in order" "$(data "$scratch/keys-heard.out" | grep -v old)" \
    "$(for n in $(seq "$half"); do echo "$n all"; echo "$n one"; done; echo last)"
same "of the plain ones none is lost" "$(data "$scratch/keys-plain.out" | sed '$d')" \
    "$(seq "$(data "$scratch/keys-plain.out" | tail -n 2 | head -n 1)")"
says "nor counted as lost or dropped" \
    "$(said keys2 node status --json)" '"lost":0' '"dropped_replayed":0' '"dropped_key_unknown":0'
same "the session was one and the same" "$(connection)" "$before"
same "no node has begun anew" \
    "$(cat "$scratch/keys1.log" "$scratch/keys2.log" | grep -c 'domain_closed\|domain_open')" 2
