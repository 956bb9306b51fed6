# Sourced: large messages pass a slow link, and a full link delays nothing else.
printf '\n-- slow\n'

new_lan lan
attach slow1 lan 10.94.6.11/24
attach slow2 lan 10.94.6.12/24
check "a link has ten megabits a second" \
    tc -n "$id-slow1" qdisc add dev eth0 root tbf rate 10mbit burst 16k latency 400ms
said slow1 domain new PLANT --lan >/dev/null
in_host slow2 true
cp "$scratch/slow1/domains/"* "$scratch/slow2/domains/"
start_node slow1 slow1
start_node slow2 slow2
start_listener heard slow2 alerts
same "it is found" "$(said slow1 send --receivers 1=60s '\\PLANT\mailslot\alerts' first)" "status 0"
head -c 1000000 /dev/zero | tr '\0' x >"$scratch/large"
# At the first one, the connection has not yet measured the link's capacity.
for time in first second; do
    same "the $time megabyte arrives" \
        "$(said slow1 send --confirm=20s --file "$scratch/large" '\\SLOW2\mailslot\alerts')" \
        $'SLOW2 delivered\nstatus 0'
done

# More large and small messages than the link can carry, while the other machine wants answers. These wait for room for
# seconds, and must not block the thread that makes room.
start_listener asked slow1 orders
same "the other way is found" "$(said slow2 send --receivers 1=60s '\\PLANT\mailslot\orders' first)" "status 0"
# flood COMPUTER TURNS FILE
flood() {
    local turn small
    for turn in $(seq "$2"); do
        said slow1 send --file "$3" "\\\\$1\\mailslot\\alerts" >/dev/null
        for small in 1 2 3 4; do said slow1 send "\\\\$1\\mailslot\\alerts" "small $turn.$small" >/dev/null; done
    done
}
flood SLOW2 12 "$scratch/large" &
flooding=$!
for answer in $(seq 8); do
    same "an answer ($answer) overtakes a flood" \
        "$(said slow2 send --confirm=15s '\\SLOW1\mailslot\orders' "order $answer")" $'SLOW1 delivered\nstatus 0'
done
wait "$flooding"
same "what comes after the flood arrives" "$(said slow1 send --confirm=30s '\\SLOW2\mailslot\alerts' after)" \
    $'SLOW2 delivered\nstatus 0'

# A machine that no longer receives delays no other. The link is fast and its queues are short, so that the limit of
# waiting messages is reached soon. A wait for room would take five seconds.
head -c 40000 "$scratch/large" >"$scratch/medium"
check "the link is fast again" tc -n "$id-slow1" qdisc del dev eth0 root
check "little is on its way" ip netns exec "$id-slow1" sysctl -qw net.ipv4.tcp_wmem="4096 16384 65536"
attach slow3 lan 10.94.6.13/24
check "and at its end" ip netns exec "$id-slow3" sysctl -qw net.ipv4.tcp_rmem="4096 16384 65536"
in_host slow3 true
cp "$scratch/slow1/domains/"* "$scratch/slow3/domains/"
start_node slow3 slow3
stopped=$pid
start_listener unheard slow3 alerts
same "a third machine is found" "$(said slow1 send --receivers 2=60s '\\PLANT\mailslot\alerts' third)" "status 0"
kill -STOP "$stopped"
flood SLOW3 40 "$scratch/medium" &
flooding=$!
asked=0 unheard=
while kill -0 "$flooding" 2>/dev/null; do
    asked=$((asked + 1))
    heard=$(said slow1 send --confirm=3s '\\SLOW2\mailslot\alerts' "go on $asked")
    [ "$heard" = $'SLOW2 delivered\nstatus 0' ] || unheard+="$asked: $heard"$'\n'
done
same "while one is stopped and full, another one hears everything" "$unheard" ""
check "much was sent meanwhile" [ "$asked" -ge 5 ]
kill -CONT "$stopped"
# Its session may have been closed meanwhile, and is then opened again.
hears_again() {
    local end=$((SECONDS + 60)) heard=''
    until [ "$heard" = $'SLOW3 delivered\nstatus 0' ]; do
        [ "$SECONDS" -lt "$end" ] || { printf '%s\n' "$heard"; return 1; }
        heard=$(said slow1 send --confirm=5s '\\SLOW3\mailslot\alerts' again)
        # The node reports a closed session at once.
        sleep 0.1
    done
}
check "the one that was stopped hears again" hears_again
