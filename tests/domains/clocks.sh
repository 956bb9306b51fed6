# Sourced: clocks that are wrong when a node starts or set while it runs; one machine with a right clock is the control.
printf '\n-- clocks\n'

new_lan field
number=10
for host in right wrong; do
    number=$((number + 1))
    attach "$host" field "10.97.23.$number/24"
done
said right domain new PLANT >/dev/null
in_host wrong "$mailslot" domain join - <"$scratch/right/domains/PLANT.toml" >/dev/null
start_node right right --listen tcp/0.0.0.0:7447
right=$pid
start_listener heard-right right alerts
start_listener heard-wrong wrong alerts
library=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 | head -n 1)
set_clock() { echo "$1" >"$scratch/clock"; }
# start_by_clock HOST: starts its node with the offset of its clock.
start_by_clock() {
    local host=$1
    shift
    become "$host" env LD_PRELOAD="$library" FAKETIME_TIMESTAMP_FILE="$scratch/clock" FAKETIME_NO_CACHE=1 \
        FAKETIME_DONT_FAKE_MONOTONIC=1 "$mailslot" node --netbios false --computer "${host^^}" "$@" \
        >"$scratch/$host.out" 2>"$scratch/$host.log" </dev/null &
    pid=$!
    started+=("$pid")
    until_line "$scratch/$host.log" domain_open
}
start_wrong() {
    set_clock "$1"
    start_by_clock wrong --connect tcp/10.97.23.11:7447
    wrong=$pid
}
confirmed() { said "$1" send --confirm=1s "\\\\$2\\mailslot\\alerts" "$3" | head -n 1; }
# until_agreed: both reach each other, within 15 s.
until_agreed() {
    local end=$((SECONDS + 15))
    until [ "$(confirmed right WRONG try)" = "WRONG delivered" ] &&
        [ "$(confirmed wrong RIGHT try)" = "RIGHT delivered" ]; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}
check "the control: a clock that is right" start_wrong +0
check "both reach each other" until_agreed
# While it runs: forward, back, and right again; each time only the clock is changed.
for off in +2h -50m +90s; do
    set_clock "$off"
    check "a clock that is set by $off is noticed" until_line "$scratch/wrong.log" "event=clock_set"
    same "nothing gets through then ($off)" "$(confirmed right WRONG lost)" "WRONG silent"
    says "doctor names the clock ($off)" "$(said wrong doctor)" "problem  clock      PLANT: the clock of RIGHT is" \
        "dropped_clock"
    set_clock +0
    check "set right again, both reach each other ($off)" until_agreed
done
stop "$wrong"
for off in +2h -50m -20000d; do
    check "a node starts with a clock that is wrong by $off" start_wrong "$off"
    set_clock +0
    check "set right, both reach each other ($off at the start)" until_agreed
    stop "$wrong"
done
# Both are wrong, and are set together, like virtual machines of one host.
stop "$right"
set_clock +30m
check "two nodes start with one clock that is wrong" start_by_clock right --listen tcp/0.0.0.0:7447
check "both of them" start_wrong +30m
check "they reach each other" until_agreed
set_clock +0
check "set right together, they still do" until_agreed
