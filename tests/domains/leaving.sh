# Sourced: a node ends quickly, whatever strangers have done to it before.
printf '\n-- leaving\n'

. "$project/tests/domains/python.sh"
new_lan leaving
attach leave1 leaving 10.97.12.11/24
attach leave2 leaving 10.97.12.12/24
said leave1 domain new PLANT >/dev/null
prefix=mailslot/1/$(sed -n 's/^id = "\(.*\)"/\1/p' "$scratch/leave1/domains/PLANT.toml")

# come_and_go NAME NUMBER: declares NUMBER foreign tokens, and undeclares them when all are declared. A few thousand at
# a time, because each costs Zenoh more than the one before, and each time from another session, in which Zenoh numbers
# them from the start.
come_and_go() {
    mkfifo "$scratch/$1.go"
    become leave2 "$python" -B "$project/tests/domains/tokens.py" tcp/10.97.12.11:7447 "$prefix" "$2" \
        <"$scratch/$1.go" >"$scratch/$1.tokens" &
    tokens=$!
    started+=("$tokens")
    exec 9>"$scratch/$1.go"
    # Declaring so many takes long on a busy machine.
    until_long "$scratch/$1.tokens" declared || return
    # The node asks who is there when somebody wants to know, and counts what it is told then.
    said leave1 list --domain PLANT >/dev/null
    exec 9>&-
    until_long "$scratch/$1.tokens" gone || return
    rm "$scratch/$1.go" "$scratch/$1.tokens"
}

# leaves NAME NUMBER: starts a node, declares and undeclares NUMBER foreign tokens, and ends it. Sets `took` to the
# milliseconds from its last line to its end.
leaves() {
    local node said rounds=0
    start_node "$1" leave1 --listen tcp/10.97.12.11:7447
    node=$pid
    # A session that ended meanwhile has removed its tokens.
    until [ "$(refused)" -ge "$2" ]; do
        [ $((rounds += 1)) -le $(($2 / 1000 + 2)) ] && come_and_go "$1" $(($2 < 3000 ? $2 : 3000)) || return
    done
    kill "$node"
    wait "$node"
    took=$EPOCHREALTIME
    said=$(date +%s.%N -d "$(sed -n 's/^time=\([^ ]*\) .*event=stopped.*/\1/p' "$scratch/$1.log")")
    took=$(awk -v said="${said:-0}" -v ended="$took" 'BEGIN { printf "%d", 1000 * (ended - said) }')
}
until_long() {
    local step
    for step in $(seq 20); do
        until_line "$1" "$2" 2>/dev/null && return
        kill -0 "$tokens" || return
    done
    return 1
}
refused() {
    # Under so much it does not always answer in time.
    said leave1 node status --json | python3 -c '
import json, sys
print(json.loads(sys.stdin.read().rsplit("status", 1)[0])["domains"][0]["counters"]["presence_refused"])' 2>/dev/null || echo 0
}
within_a_second() { leaves "$@" && [ "$took" -lt 1000 ] || { echo "$took ms" >&2; return 1; }; }

check "a node that nobody came to ends within a second of its last line" within_a_second untouched 1
# `./test soak` has 150,000 of them.
check "so does one to which many foreign tokens came and went" within_a_second crowded "${MAILSLOT_TOKENS:-3000}"
