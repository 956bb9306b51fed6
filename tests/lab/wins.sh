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
check "the message arrives" until_line "$scratch/across.out" \
    "\"computer\":\"FAR1\",\"domain\":null,\"address\":\"$far\""
start_listener back far1 back
same "a message is sent back" "$(said linux1 send '\\FAR1\mailslot\back' hello)" "status 0"
check "it arrives, too" until_line "$scratch/back.out" "\"computer\":\"LINUX1\",\"domain\":null,\"address\":\"$linux1\""
kill "$listener" "$pid"

# Without servers: addresses such as 10.77.0.99 have no host.
silent=${samba%.*}.99
check "an H node holds its names although no server answers" start_node alone linux2 ALONE --wins "$silent"
says "it is found by broadcast" "$(on linux1 nmblookup ALONE)" "$linux2 ALONE<00>"
same "it finds others by broadcast" "$(said linux2 resolve SAMBA1)" "$samba"$'\n'"status 0"
stop "$pid"
start lonely linux2 node --computer LONELY --workgroup LABGROUP --wins "$silent" --node-type p
check "a P node has no name as long as no server answers" until_line "$scratch/lonely.log" \
    "name_refused name=LONELY<00>"
says "it does not answer for one" "$(on linux1 nmblookup LONELY 2>&1)" "failed to find name LONELY"
says "it finds nobody, and says why" "$(said linux2 resolve SAMBA1)" "no name server answers" "status 1"
stop "$pid"

# Two servers, the first of which fails.
primary=${far%.*}.12
start_samba far2 FAR2 'wins support = yes'
server=$pid
registered() { on linux2 nmblookup --recursion -U "$1" "$2" 2>&1; }
until_registered() { for _ in $(seq 60); do registered "$@" | grep -q "<00>" && return; sleep 0.5; done; return 1; }
check "a second server is there" until_registered "$primary" FAR2
check "a node with two servers holds its names" start_node pair linux2 PAIR --wins "$primary" --wins "$samba"
pair=$pid
says "the primary server has its name" "$(registered "$primary" PAIR)" "$linux2 PAIR<00>"
says "the secondary server does not" "$(registered "$samba" PAIR)" "failed to find name PAIR"
stop "$server"
same "without the primary server, the secondary one tells who has a name" "$(said linux2 resolve FAR1)" \
    "$far"$'\n'"status 0"
stop "$pair"
check "a node that starts without the primary server holds its names" \
    start_node again linux2 PAIR --wins "$primary" --wins "$samba"
says "the secondary server has its name" "$(registered "$samba" PAIR)" "$linux2 PAIR<00>"
again=$pid
start_listener late far1 late
same "a message is sent to where the secondary server told" \
    "$(said linux2 send '\\FAR1\mailslot\late' hello)" "status 0"
check "it arrives" until_line "$scratch/late.out" "\"computer\":\"PAIR\",\"domain\":null,\"address\":\"$linux2\""
kill "$pid"
stop "$again"
stop "$far1"
stop "$node1"
says "Samba's WINS server has given up the P node's name" \
    "$(on linux2 nmblookup --recursion -U "$samba" FAR1 2>&1)" "failed to find name FAR1"
