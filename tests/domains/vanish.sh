# Sourced: many machines disappear at once, with messages to them in flight; the others are not affected.
printf '\n-- vanish\n'

gone=$(seq -f 'gone%g' 6)
new_lan lan
address=11
for host in stay1 stay2 $gone; do
    attach "$host" lan "10.94.5.$address/24"
    address=$((address + 1))
done
said stay1 domain new PLANT --lan >/dev/null
for host in stay1 stay2 $gone; do
    in_host "$host" true
    [ "$host" = stay1 ] || cp "$scratch/stay1/domains/"* "$scratch/$host/domains/"
    start_node "$host" "$host"
    start_listener "heard-$host" "$host" alerts
done
same "all are found" "$(said stay2 send --receivers 8=60s '\\PLANT\mailslot\alerts' first)" "status 0"
for host in $gone; do check "$host hears" until_line "$scratch/heard-$host.out" '"data":"first"'; done

# A message is in flight to each of them when it disappears, and the remaining ones receive more than they send.
numbers() { seq 250 | while read -r number; do echo "number $number"; sleep 0.1; done; }
numbers | become stay2 "$mailslot" send '\\PLANT\mailslot\alerts' >"$scratch/numbers.log" 2>&1 &
numbers=$!
started+=("$numbers")
for host in $gone; do check "$host hears a number" until_line "$scratch/heard-$host.out" '"data":"number'; done
for host in $gone; do cut_off "$host"; done
late=0
while kill -0 "$numbers" 2>/dev/null; do
    [ "$(said stay1 send --confirm=5s '\\STAY2\mailslot\alerts' sure)" = $'STAY2 delivered\nstatus 0' ] ||
        late=$((late + 1))
    sleep 0.1
done
same "no answer of who stays is late" "$late" 0
check "both that stay notice that the others have gone" \
    until_members stay1 PLANT $'STAY1           alerts\nSTAY2           alerts'
same "all numbers are sent" "$(cat "$scratch/numbers.log")" ""
check "the last number arrives" until_line "$scratch/heard-stay1.out" '"data":"number 250"'
same "none is lost between the two" "$(data "$scratch/heard-stay1.out" | grep -c '^number')" 250
