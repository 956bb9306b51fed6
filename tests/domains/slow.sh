# Sourced: large messages get through a slow link.
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
# The first one finds a connection that has not learnt yet how much the link takes.
for time in first second; do
    same "the $time megabyte arrives" "$(said slow1 send --confirm=20s --file "$scratch/large" '\\SLOW2\mailslot\alerts')" \
        $'SLOW2 delivered\nstatus 0'
done
