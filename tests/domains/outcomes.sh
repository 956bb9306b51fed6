# Sourced: confirmed writes return each outcome, also while machines are killed under load.
printf '\n-- outcomes\n'

new_lan outcomes
for number in 1 2; do attach "out$number" outcomes "10.97.8.1$number/24"; done
said out1 domain new PLANT --lan >/dev/null
in_host out2 "$mailslot" domain join - <"$scratch/out1/domains/PLANT.toml" >/dev/null
# The second node runs as another user, who may not write to every slot.
chmod 755 "$scratch" "$scratch/out2"
chmod 1777 "$scratch/out2/slots"
start_node out1 out1
start_receiving() { start_node "$1" out2 --user nobody; }
start_receiving out2
receiving=$pid
# start_slot SLOT OPTIONS...
start_slot() {
    start "$1" out2 listen --network --verbose "${@:2}" "$1"
    until_line "$scratch/$1.log" "listening on"
}
start_slot sure --access everyone
start_slot private
start_slot small --access everyone --max-size 1000
start_slot full --access everyone --capacity 64K --max-size 64K --exec 'exec sleep 1000'
check "all are there" until_members out1 PLANT \
    $'OUT1\nOUT2            full\nOUT2            private\nOUT2            small\nOUT2            sure'
same "a slot takes messages until it is full" \
    "$(for _ in $(seq 200); do printf '%050000d\n' 0; done | said out1 send --confirm=20s '\\OUT2\mailslot\full' |
        grep OUT2 | uniq)" $'OUT2 delivered\nOUT2 full'

# outcome HOST SLOT MESSAGE: the receipts of a confirmed write to one computer, and to the slot of all.
outcome() {
    local target
    for target in OUT2 PLANT; do said "$1" send --confirm=20s "\\\\$target\\mailslot\\$2" "$3" | head -n 1; done
}
twice() { printf '%s\n' "$1" "$1"; }
not_everywhere="mailslot: 1 message was not delivered everywhere"
for host in out1 out2; do
    same "$host: delivered" "$(outcome "$host" sure "from $host")" "$(twice 'OUT2 delivered')"
    same "$host: no such slot" \
        "$(outcome "$host" nothing x)" $'OUT2 no such slot\n'"mailslot: no slot receives at this address"
    same "$host: full" "$(outcome "$host" full "$(printf '%050000d' 0)")" "$(twice 'OUT2 full')"
    same "$host: refused" "$(outcome "$host" private x)" "$(twice 'OUT2 refused')"
    same "$host: too large" "$(outcome "$host" small "$(printf '%01001d' 0)")" "$(twice 'OUT2 too large')"
done
same "what was told to be delivered is, and nothing else" \
    "$(sort "$scratch/sure.out")$(cat "$scratch/private.out" "$scratch/small.out")" \
    "$(for host in out1 out2; do twice "from $host"; done)"
# A request returns the reply of the slot's owner, or the reason why there is none.
start clock out2 listen --network --verbose --access everyone \
    --reply 'printf "%s, %s %s" "$(cat)" "$MAILSLOT_COMPUTER" "$MAILSLOT_AUTHENTICATED"' clock
until_line "$scratch/clock.log" "listening on"
check "the clock is there" until_line <(said out1 send --receivers 1=20s '\\PLANT\mailslot\clock' x) "status 0"
ask() { said out1 request --timeout 20s "$@"; }
same "a computer replies" "$(ask '\\OUT2\mailslot\clock' now)" $'now, OUT1 1\nstatus 0'
same "whoever has the slot replies" "$(ask '\\PLANT\mailslot\clock' now)" $'now, OUT1 1\nstatus 0'
same "the reply says who replied" \
    "$(in_host out1 "$mailslot" request --json '\\OUT2\mailslot\clock' now | jq -c .origin)" \
    '{"computer":"OUT2","domain":null,"address":null,"authenticated":true}'
same "no reply: no such slot" "$(ask '\\OUT2\mailslot\nothing' x)" \
    $'mailslot: OUT2 does not reply: no such slot (Win32 error 2)\nstatus 3'
same "no reply: full" "$(ask '\\OUT2\mailslot\full' "$(printf '%050000d' 0)")" \
    $'mailslot: OUT2 does not reply: full (Win32 error 1450)\nstatus 6'
same "no reply: refused" "$(ask '\\OUT2\mailslot\private' x)" \
    $'mailslot: OUT2 does not reply: refused (Win32 error 5)\nstatus 4'
same "no reply: too large" "$(ask '\\OUT2\mailslot\small' "$(printf '%01001d' 0)")" \
    $'mailslot: OUT2 does not reply: too large (Win32 error 87)\nstatus 7'
kill -STOP "$receiving"
same "silent" "$(said out1 send --confirm=1s '\\OUT2\mailslot\sure' x)" \
    "OUT2 silent"$'\n'"$not_everywhere"$'\nstatus 10'
kill -CONT "$receiving"

# The third machine's reader and node are killed and restarted while others write.
attach out3 outcomes 10.97.8.13/24
in_host out3 "$mailslot" domain join - <"$scratch/out1/domains/PLANT.toml" >/dev/null
start_load_node() {
    start_node out3 out3
    node=$pid
}
lives=0
start_load_reader() {
    lives=$((lives + 1))
    start "load-$lives" out3 listen --network --verbose load
    reader=$pid
    until_line "$scratch/load-$lives.log" "listening on"
}
start_load_node
start_load_reader

# Endless writes, each with its number, its begin and end, and its receipts; none if there is no such computer.
write_on() {
    local number=0 begin told
    until [ -e "$scratch/over" ]; do
        number=$((number + 1)) begin=${EPOCHREALTIME/./}
        told=$("$mailslot" send --confirm=2s '\\OUT3\mailslot\load' "$1-$number" 2>/dev/null | head -n 1)
        printf '%s %s %s %s\n' "$1-$number" "$begin" "${EPOCHREALTIME/./}" "${told#OUT3 }"
    done
}
export -f write_on
export scratch mailslot
for writer in 1 2 3; do
    become out1 bash -c "write_on $writer" >"$scratch/writes-$writer" &
    started+=($!)
    writers+=($!)
done
# until_writes NUMBER SINCE WORDS: waits, a minute at most, until NUMBER writes that began later have ended with this
# outcome.
until_writes() {
    local step
    for step in $(seq 600); do
        [ "$(awk -v since="$2" -v words="$3" '$2 > since && index($0, words)' "$scratch"/writes-* | wc -l)" \
            -ge "$1" ] && return
        sleep 0.1
    done
    tail -n 3 "$scratch"/writes-*
    return 1
}
# die WHAT PID...: kills processes, and restarts them when others have noticed.
die() {
    local what=$1 dead
    shift
    kill -KILL "$@"
    wait "$@" 2>/dev/null
    dead=${EPOCHREALTIME/./}
    until_writes 20 "$dead" "" || return
    printf '%s %s %s\n' "$what" "$dead" "${EPOCHREALTIME/./}" >>"$scratch/deaths"
    case $what in *node*) start_load_node || return ;; esac
    case $what in *reader*) start_load_reader || return ;; esac
    until_writes 20 "${EPOCHREALTIME/./}" delivered
}
check "writes flow" until_writes 20 0 delivered
check "the reader dies and comes back" die reader "$reader"
check "the node dies and comes back" die node "$node"
check "both die and come back" die node+reader "$node" "$reader"
touch "$scratch/over"
wait "${writers[@]}"
same "the last write is delivered" \
    "$(said out1 send --confirm=20s '\\OUT3\mailslot\load' last)" $'OUT3 delivered\nstatus 0'
check "and read" until_line "$scratch/load-$lives.out" last
same "all that was told is true" "$(python3 -B tests/domains/truth.py "$scratch" "$lives")" ""
crash "$reader"
same "a reader that was killed has no slot" "$(said out1 send --confirm=20s '\\OUT3\mailslot\load' x | head -n 1)" \
    "OUT3 no such slot"
