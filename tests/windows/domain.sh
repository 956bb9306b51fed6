# Sourced: a node on Windows and one on Linux, in one sealed domain on a network of namespaces. Needs root.
printf '\n-- domain\n'
program=$out/$target/debug/mailslot.exe
. "$here/machines.sh" || return
new_machines

says "a domain is made on Linux" "$(said linux domain new PLANT --connect "$hub")" "made the domain PLANT" "status 0"
file=$scratch/linux/domains/PLANT.toml
key=$(said linux domain show --json | sed -n 's/.*"fingerprint":"\([^"]*\)".*/\1/p')
says "it is joined on Windows" "$(said_windows domain join - <"$file")" "joined PLANT" "key $key" "status 0"
# Wine makes the file readable by all, whatever its security descriptor was to say.
joined=$WINEPREFIX/drive_c/ProgramData/mailslot/domains/PLANT.toml
says "a key that others can read is refused" "$(said_windows domain show)" "icacls" "S-1-1-0" "status 4"
"$wine" shell chmod 600 "$joined"
says "one that they cannot is shown" "$(said_windows domain show)" "PLANT (sealed)" 'C:\ProgramData\mailslot\domains\PLANT.toml' \
    "$key in use" "status 0"
says "without a node, its messages go nowhere" "$(said_windows send '\\PLANT\mailslot\alerts' x)" "status 11"
says "NetBIOS stays the system's" "$(said_windows node)" "belong to Windows itself" "status 2"

start node linux node --netbios false --computer LINUX --listen "$hub"
check "a node starts on Linux" until_line "$scratch/node.log" domain_open
check "a node starts on Windows" start_windows_node node-1
node=$pid
says "a second one does not" "$(said_windows node --netbios false --computer OTHER)" "already runs" "status 8"
check "they meet" until_said said_windows '"computer":"LINUX"' list --domain PLANT --json
says "the node on Windows says what it is" "$(said_windows node status)" "WINDOWS" "domain PLANT, sealed" \
    "connecting to $hub" "key $key"

printf '\n-- domain: to Windows\n'
start_windows heard-1 listen --verbose --count 3 --format json alerts
listener=$pid
check "a slot that the settings name is announced while it is there" \
    until_said said '"computer":"WINDOWS","slots":["alerts"]' linux list --domain PLANT --json
says "a message to the computer is confirmed" "$(said linux send --confirm '\\WINDOWS\mailslot\alerts' 'to one')" \
    "WINDOWS" "delivered" "status 0"
says "so is one to the domain" "$(said linux send --confirm '\\PLANT\mailslot\Alerts' 'to all')" \
    "WINDOWS" "delivered" "status 0"
says "one that is not confirmed" "$(said linux send --receivers 1=30s '\\PLANT\mailslot\alerts' 'just so')" "status 0"
check "the listener ends after its count" wait "$listener"
same "and has them all, in their order" "$(data "$scratch/heard-1.out")" $'to one\nto all\njust so'
says "a slot that is not there" "$(said linux send --confirm '\\WINDOWS\mailslot\plant\line1' x)" "no such slot" \
    "status 10"
start_windows line1 listen --verbose 'plant\line1'
line1=$pid
check "it is announced once it is there" until_said said '"plant\\line1"' linux list --domain PLANT --json
says "a request is refused" "$(said linux request '\\WINDOWS\mailslot\plant\line1' ping)" "does not reply: refused" \
    "status 4"
crash "$line1"
start_windows heard-2 listen --verbose other
until_line "$scratch/heard-2.log" "listening on"
says "a slot that the settings do not name" "$(said linux send --confirm '\\WINDOWS\mailslot\other' x)" \
    "no such slot" "status 10"
crash "$pid"

printf '\n-- domain: from Windows\n'
start_listener heard-3 linux alerts
check "the slots of others are seen" until_said said_windows '"computer":"LINUX","slots":["alerts"]' \
    list --domain PLANT --json
says "a message to the computer is confirmed" "$(said_windows send --confirm '\\LINUX\mailslot\alerts' 'to one')" \
    "LINUX" "delivered" "status 0"
says "so is one to the domain" "$(said_windows send --confirm '\\PLANT\mailslot\alerts' 'to all')" \
    "LINUX" "delivered" "status 0"
says "one that is not confirmed" "$(said_windows send --receivers 1=30s '\\PLANT\mailslot\alerts' 'just so')" "status 0"
check "all arrive" until_line "$scratch/heard-3.out" "just so"
same "in their order" "$(data "$scratch/heard-3.out")" $'to one\nto all\njust so'
check "with an origin that the key proves" grep -q '"computer":"WINDOWS".*"authenticated":true' "$scratch/heard-3.out"
says "a slot that is not there" "$(said_windows send --confirm '\\LINUX\mailslot\nothing' x)" "no such slot" "status 10"
says "doctor finds nothing wrong" "$(said_windows doctor '\\PLANT\mailslot\alerts')" "a receipt came from LINUX" \
    "status 0"

printf '\n-- domain: the end and another beginning\n'
crash "$node"
check "a node that is killed goes from the domain" until_gone WINDOWS
says "its programs are told" "$(said_windows send '\\PLANT\mailslot\alerts' x)" "status 11"
check "it starts again" start_windows_node node-2
check "and is back" until_said said '"computer":"WINDOWS"' linux list --domain PLANT --json
says "messages go on" "$(said_windows send --confirm '\\PLANT\mailslot\alerts' 'again')" "delivered" "status 0"
check "all of them" until_line "$scratch/heard-3.out" '"again"'

leave_machines
