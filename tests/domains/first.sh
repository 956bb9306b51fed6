# Sourced: the first message of a command that ends at once is not lost, and confirmed writes tell what became of them.
printf '\n-- first\n'

new_lan first
attach first1 first 10.97.6.11/24
attach first2 first 10.97.6.12/24
said first1 domain new PLANT --lan >/dev/null
in_host first2 "$mailslot" domain join - <"$scratch/first1/domains/PLANT.toml" >/dev/null
start_node first1 first1
start_node first2 first2
receiving=$pid
start_listener first-heard first2 alerts
reader=$pid
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

start first-full first2 listen --network --verbose --capacity 4K --max-size 1000 --exec 'exec sleep 1000' full
until_line "$scratch/first-full.log" "listening on"
told() { said first1 send --receivers 1=30s --confirm=2s "$@" | head -n 1; }
same "delivered is told" "$(told '\\PLANT\mailslot\alerts' sure)" "FIRST2 delivered"
same "too large is told" "$(told '\\FIRST2\mailslot\full' "$(printf '%01001d' 0)")" "FIRST2 too large"
for _ in 1 2 3 4 5 6 7 8; do said first1 send '\\FIRST2\mailslot\full' "$(printf '%0900d' 0)" >/dev/null; done
same "full is told" "$(told '\\FIRST2\mailslot\full' "$(printf '%0900d' 0)")" "FIRST2 full"
crash "$reader"
same "a reader that was killed has no slot" "$(said first1 send --confirm=2s '\\FIRST2\mailslot\alerts' x | head -n 1)" \
    "FIRST2 no such slot"
kill -STOP "$receiving"
same "a node that does not answer is silent" "$(said first1 send --confirm=2s '\\FIRST2\mailslot\full' x | head -n 1)" \
    "FIRST2 silent"
kill -CONT "$receiving"
