# Sourced: three machines on a LAN find each other by the key alone; messages arrive once, and everything that fails
# recovers.
printf '\n-- lan\n'

new_lan lan
for number in 1 2 3; do
    attach "srv$number" lan "10.94.0.1$number/24"
done
same "a domain is made" "$(said srv1 domain new PLANT --lan >/dev/null; echo $?)" 0
for number in 2 3; do
    in_host "srv$number" true
    cp "$scratch/srv1/domains/"* "$scratch/srv$number/domains/"
done

start_node node1 srv1
node1=$pid
start_node node2 srv2
start_listener heard1 srv1 alerts
start_listener heard2 srv2 Alerts
start_listener other2 srv2 other
start closed2 srv2 listen --verbose --format json closed
until_line "$scratch/closed2.log" "listening on"

same "a message waits until receivers are found" \
    "$(said srv1 send --receivers 2=30s '\\PLANT\mailslot\alerts' first)" "status 0"
check "it reaches the other machine" until_line "$scratch/heard2.out" '"data":"first"'
check "it reaches the sender's machine" until_line "$scratch/heard1.out" '"data":"first"'
check "all know who listens to what" until_members srv1 PLANT \
    $'SRV1            alerts\nSRV2            Alerts\nSRV2            other'
same "this machine's domain is the only one" "$(said srv2 send '\\*\mailslot\alerts' own)" "status 0"
same "one machine can be addressed" "$(said srv1 send '\\SRV2\mailslot\alerts' unique)" "status 0"
same "this machine can, too" "$(said srv1 send '\\srv1\mailslot\alerts' self)" "status 0"
same "slots that are closed to the network are not there" "$(said srv1 send --confirm '\\SRV2\mailslot\closed' no)" \
    $'SRV2 no such slot\nmailslot: 1 message was not delivered everywhere\nstatus 10'
same "machines that are not there are not there" "$(said srv1 send '\\SRV9\mailslot\alerts' no)" \
    $'mailslot: \\\\SRV9\\mailslot\\alerts: no computer or domain of that name is known to the network node (Win32 error 53)\nstatus 3'

# A late member gets messages from then on.
start_node node3 srv3
start_listener heard3 srv3 alerts
same "a late joiner is waited for" "$(said srv2 send --receivers 3=30s '\\PLANT\mailslot\alerts' three)" "status 0"
check "it reaches the late joiner" until_line "$scratch/heard3.out" '"data":"three"'
same "confirmed writes tell of all" "$(said srv3 send --confirm '\\PLANT\mailslot\alerts' sure)" \
    $'SRV1 delivered\nSRV2 delivered\nSRV3 delivered\nstatus 0'
head -c 1000000 /dev/zero | tr '\0' x >"$scratch/large"
same "a megabyte arrives" \
    "$(said srv1 send --confirm --file "$scratch/large" '\\SRV3\mailslot\alerts')" $'SRV3 delivered\nstatus 0'
head -c 1048577 /dev/zero >"$scratch/too-large"
says "more does not" "$(said srv1 send --file "$scratch/too-large" '\\SRV3\mailslot\alerts')" "1048576 bytes" "status 7"

# The node ends, orderly or killed; slots and their readers stay, and get messages again after its return.
for end in stop crash; do
    $end "$node1"
    check "the others notice the $end of a node" \
        until_members srv2 PLANT $'SRV2            Alerts\nSRV2            other\nSRV3            alerts'
    says "without a node the network is off" "$(said srv1 send '\\PLANT\mailslot\alerts' off)" "3025" "status 11"
    start_node "node1-$end" srv1
    node1=$pid
    same "after its $end a node is found again" \
        "$(said srv2 send --receivers 3=30s '\\PLANT\mailslot\alerts' "$end")" "status 0"
    check "after its $end messages reach slots that lived on" until_line "$scratch/heard1.out" "\"data\":\"$end\""
done

# A partition, and its end.
cut_off srv3
same "a machine that is cut off is silent" "$(said srv1 send --confirm=2s '\\SRV3\mailslot\alerts' lost)" \
    $'SRV3 silent\nmailslot: 1 message was not delivered everywhere\nstatus 10'
for other in srv1 srv2; do
    check "$other notices a partition" until_members "$other" PLANT \
        $'SRV1            alerts\nSRV2            Alerts\nSRV2            other'
done
check "who is cut off notices it as well" until_members srv3 PLANT 'SRV3            alerts'
same "the others go on" \
    "$(said srv1 send --confirm=10s '\\PLANT\mailslot\alerts' apart)" $'SRV1 delivered\nSRV2 delivered\nstatus 0'
heal srv3
same "after a partition all are found again" \
    "$(said srv2 send --receivers 3=60s '\\PLANT\mailslot\alerts' healed)" "status 0"
check "after a partition messages arrive again" until_line "$scratch/heard3.out" '"data":"healed"'

# All three read in order, so after this one nothing earlier is still to come.
same "the last message is sent" "$(said srv1 send --confirm '\\PLANT\mailslot\alerts' last)" \
    $'SRV1 delivered\nSRV2 delivered\nSRV3 delivered\nstatus 0'
for number in 1 2 3; do
    check "it is heard by machine $number" until_line "$scratch/heard$number.out" '"data":"last"'
done
heard() { data "$scratch/heard$1.out" | grep -v xxx | sort | tr '\n' ' '; }
same "machine 1 got each message for it once" "$(heard 1)" "apart crash first healed last own self stop sure three "
same "machine 2 got each message for it once" "$(heard 2)" "apart crash first healed last own stop sure three unique "
same "machine 3 got each message for it once" "$(heard 3)" "crash healed last stop sure three "
same "no other slot got anything" "$(cat "$scratch/other2.out" "$scratch/closed2.out")" ""
says "messages tell who has sent them, authenticated" "$(grep '"unique"' "$scratch/heard2.out")" \
    '"origin":{"computer":"SRV1","domain":"PLANT","address":null,"authenticated":true}'
says "the node tells its state" "$(said srv2 node status)" "domain PLANT, sealed, peer" "2 peers, 0 routers" \
    "slot Alerts" "in use" "delivered"
