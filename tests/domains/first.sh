# Sourced: the first message is not lost, of a command that ends at once, or to a listener that has just started.
printf '\n-- first\n'

new_lan first
attach first1 first 10.97.6.11/24
attach first2 first 10.97.6.12/24
said first1 domain new PLANT --lan >/dev/null
in_host first2 "$mailslot" domain join - <"$scratch/first1/domains/PLANT.toml" >/dev/null
start_node first1 first1
start_node first2 first2
start_listener first-heard first2 alerts
same "the receiver is found" "$(said first1 send --receivers 1=30s '\\PLANT\mailslot\alerts' found)" "status 0"
send_each() {
    local number
    for number in $(seq "$1"); do "$mailslot" send '\\PLANT\mailslot\alerts' "$number" || return; done
}
export -f send_each
export mailslot
check "a thousand commands send one message each" in_host first1 bash -c 'send_each 1000'
check "the last one arrives" until_line "$scratch/first-heard.out" '"data":"1000"'
same "each has arrived once" "$(data "$scratch/first-heard.out" | tail -n +2)" "$(seq 1000)"

# Each message has a separate listener, which starts at the same time as the command that waits for it.
each_heard() {
    local number
    for number in $(seq "$1"); do
        MAILSLOT_ROOT=$scratch/first2/slots ip netns exec "$id-first2" \
            "$mailslot" listen --network --count 1 --timeout 60s fresh >"$scratch/fresh.out" &
        "$mailslot" send --receivers 1=30s '\\FIRST2\mailslot\fresh' "$number" || return
        wait $! && [ "$(cat "$scratch/fresh.out")" = "$number" ] || { echo "message $number was not heard"; return 1; }
    done
}
export -f each_heard
export scratch id
check "a hundred listeners that begin with their sender hear one message each" in_host first1 bash -c 'each_heard 100'
