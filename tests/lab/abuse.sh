# Sourced: hostile senders. The node stays within its bounds and counts drops, and slots are not affected.
printf '\n-- abuse\n'

# abuse KIND: sends packets of that kind to the node; see abuse.py. Prints how many.
abuse() { on linux2 /usr/bin/python3 "$project/tests/lab/abuse.py" "$1" "$linux1"; }

# counted LABEL...: the sum of these counters of the node.
counted() {
    local status label sum=0
    status=$(on linux1 "$mailslot" node status --json)
    for label; do sum=$((sum + $(sed -n "s/.*\"$label\":\([0-9]*\).*/\1/p" <<<"$status"))); done
    echo "$sum"
}

# counts NAME KIND EXPECTED LABEL...: abuse of that kind makes the sum of these counters grow by EXPECTED, or by the
# number of packets sent for `-`.
counts() {
    local name=$1 kind=$2 expected=$3 before sent
    shift 3
    before=$(counted "$@")
    sent=$(abuse "$kind")
    [ "$expected" = - ] && expected=$sent
    same "$name ($sent)" "$(($(counted "$@") - before))" "$expected"
}

# until_counted EXPECTED LABEL...: waits, ten seconds at most, until the sum of these counters is EXPECTED: packets in
# sockets or before their timeout are not counted yet.
until_counted() {
    local expected=$1 step
    shift
    for step in $(seq 100); do
        [ "$(counted "$@")" -ge "$expected" ] && return
        sleep 0.1
    done
    return 1
}

# memory FIELD: the node's kilobytes of memory, or their maximum.
memory() { sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$node1/status"; }

# A separate workgroup, so that Samba's messages to its group are not counted.
start abused linux1 node --computer LINUX1 --workgroup ABUSED
node1=$pid
start honest linux2 node --computer LINUX2 --workgroup ABUSED
node2=$pid
check "a node holds its names" until_line "$scratch/abused.log" "name_held name=ABUSED<1e>"
check "an honest node holds its names" until_line "$scratch/honest.log" "name_held name=ABUSED<1e>"
start_listener kept linux1 kept
kept=$pid
start flooded linux1 listen --verbose --network --capacity 1M --format json flooded
flooded=$pid
until_line "$scratch/flooded.log" "listening on"
same "a message of an honest machine is sent" "$(said linux2 send '\\LINUX1\mailslot\kept' before)" "status 0"
check "it arrives" until_line "$scratch/kept.out" '"data":"before"'
held=$(said linux1 node status | grep ' held ')
before=$(memory VmRSS)

counts "malformed packets are counted" malformed - dropped_malformed
counts "messages sent in one piece, and their copies, are taken one by one" \
    joined - undelivered_no_slot dropped_duplicate
counts "the copies are known" joined 1000 dropped_duplicate
counts "messages of forged senders are taken for what they say" spoofed - undelivered_no_slot
counts "forged releases are counted and not obeyed" forged_releases - dropped_demand dropped_other_subnet
counts "oversized packets are counted" oversized - dropped_oversized
counts "fragments without a first one are counted" orphans - dropped_orphan_fragment
# How many find room depends on their rate, but each is counted as one or the other.
unfinished=$(counted dropped_fragment_room dropped_unfinished)
sent=$(abuse unfinished)
check "datagrams that are never finished are counted ($sent)" \
    until_counted $((unfinished + sent)) dropped_fragment_room dropped_unfinished
same "each is counted once" "$(counted dropped_fragment_room dropped_unfinished)" $((unfinished + sent))
# Four of the one genuine source, and one of each forged one.
check "few of them stayed" [ "$(counted dropped_unfinished)" -le 204 ]
answers=$(abuse questions)
check "of 5000 questions few are answered ($answers)" [ "$answers" -gt 0 -a "$answers" -lt 1000 ]
check "the others are counted" [ "$(counted dropped_answer_rate dropped_unread)" -ge 4000 ]

kill -STOP "$flooded"
labels="delivered undelivered_full dropped_message_rate dropped_duplicate dropped_unread"
flood=$(counted $labels) delivered=$(counted delivered)
abuse flood >"$scratch/flood" &
says "the node answers for its name during a flood" "$(on linux2 nmblookup -U "$linux1" LINUX1)" "$linux1 LINUX1<00>"
wait $!
sent=$(cat "$scratch/flood")
check "a flood is sent ($sent)" [ "$sent" -gt 10000 ]
check "each message of it is delivered, or counted as dropped" until_counted $((flood + sent)) $labels
same "none is counted twice" "$(($(counted $labels) - flood))" "$sent"
check "the slot became full" [ "$(counted undelivered_full)" -gt 1000 ]
delivered=$(($(counted delivered) - delivered))
kill -CONT "$flooded"
same "an honest machine writes to the flooded slot afterwards" \
    "$(said linux2 send --wait '\\LINUX1\mailslot\flooded' last)" "status 0"
check "that arrives" until_line "$scratch/flooded.out" '"data":"last"'
same "the slot has all that was delivered, and that" "$(wc -l <"$scratch/flooded.out")" $((delivered + 1))

peak=$(($(memory VmHWM) - before))
check "the node has never had much more memory than before ($before kB and $peak more)" [ "$peak" -lt 8192 ]
same "the node still holds its names" "$(said linux1 node status | grep ' held ')" "$held"
same "a message of this machine is taken" "$(said linux1 send kept local)" "status 0"
same "a message of an honest machine is sent again" "$(said linux2 send '\\LINUX1\mailslot\kept' after)" "status 0"
check "it arrives, too" until_line "$scratch/kept.out" '"data":"after"'
same "the other slot has these messages alone" "$(data "$scratch/kept.out")" $'before\nlocal\nafter'
kill "$kept" "$flooded"
stop "$node1"
same "the node ends in good order" "$?" 0
stop "$node2"
