# Sourced: nodes that use Samba's WINS server, on two networks with a router in between that passes no broadcast.
printf '\n-- wins\n'

check "an H node holds its names" start_node wins1 linux1 LINUX1 --wins "$samba"
node1=$pid
check "a P node behind a router holds its names" start_node far1 far1 FAR1 --wins "$samba" --node-type p
far1=$pid
says "Samba's WINS server has the H node" "$(on linux2 nmblookup --recursion -U "$samba" LINUX1)" "$linux1 LINUX1<00>"
says "Samba's WINS server has the P node" "$(on linux2 nmblookup --recursion -U "$samba" FAR1)" "$far FAR1<00>"
same "the P node resolves the H node" "$(said far1 resolve LINUX1)" "$linux1"$'\n'"status 0"
same "the H node resolves the P node" "$(said linux1 resolve FAR1)" "$far"$'\n'"status 0"
start_listener across linux1 across
listener=$pid
same "a message is sent across the router" "$(said far1 send '\\LINUX1\mailslot\across' hello)" "status 0"
check "the message arrives" until_line "$scratch/across.out" "\"computer\":\"FAR1\",\"domain\":null,\"address\":\"$far\""
start_listener back far1 back
same "a message is sent back" "$(said linux1 send '\\FAR1\mailslot\back' hello)" "status 0"
check "it arrives, too" until_line "$scratch/back.out" "\"computer\":\"LINUX1\",\"domain\":null,\"address\":\"$linux1\""
kill "$listener" "$pid"
stop "$far1"
stop "$node1"
says "Samba's WINS server has given up the P node's name" \
    "$(on linux2 nmblookup --recursion -U "$samba" FAR1 2>&1)" "failed to find name FAR1"
