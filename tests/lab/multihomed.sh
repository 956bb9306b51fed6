# Sourced: a node on two networks, with another node on each.
printf '\n-- multihomed\n'

check "a node on the first network holds its names" start_node multi1 linux1 LINUX1
node1=$pid
check "a node on the second network holds its names" start_node multi2 far1 FAR1
far1=$pid
check "a node on both networks holds its names" start_node both router BOTH
both=$pid
check "it does so on each of them" [ "$(grep -c 'name_held name=BOTH<00>' "$scratch/both.log")" -eq 2 ]
start_listener near linux1 multi
near=$pid
start_listener away far1 multi
away=$pid
start_listener own router multi
own=$pid
same "it broadcasts to the domain" "$(said router send '\\LABGROUP\mailslot\multi' outward marker)" "status 0"
for place in near away own; do
    check "the last message arrives ($place)" until_line "$scratch/$place.out" '"data":"marker"'
    same "each message has come once ($place)" "$(data "$scratch/$place.out")" $'outward\nmarker'
done
same "a broadcast of one network is sent" "$(said linux1 send '\\LABGROUP\mailslot\multi' inward)" "status 0"
check "the broadcast arrives at the node on both" until_line "$scratch/own.out" "\"data\":\"inward\""
same "a message to the node on both is sent" "$(said far1 send '\\BOTH\mailslot\multi' direct)" "status 0"
check "the message arrives there" until_line "$scratch/own.out" "\"data\":\"direct\""
same "nothing has come twice" "$(data "$scratch/own.out")" $'outward\nmarker\ninward\ndirect'
same "broadcasts stay on their network" "$(data "$scratch/away.out")" $'outward\nmarker'
kill "$near" "$away" "$own"
for node in "$both" "$far1" "$node1"; do stop "$node"; done
