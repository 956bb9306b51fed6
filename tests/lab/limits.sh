# Sourced: refused messages, and their errors.
printf '\n-- limits\n'

check "a node holds its names" start_node node1 linux1 LINUX1
printf '%425s' "" >"$scratch/large"
says "a message that cannot be sent is refused" \
    "$(said linux1 send --file "$scratch/large" '\\LINUX2\mailslot\alerts')" "424 bytes" "(Win32 error 53)" "status 7"
says "a second node is refused" "$(said linux1 node --computer X)" "already runs on this machine" "status 8"
says "a limit that cannot be is named" "$(said samba node --limit queries=0)" \
    "limit queries is 0: it can be 1 to" "status 2"
says "a limit that is none is named" "$(said samba node --limit messages.brust=1)" "brust" "burst" "status 2"
says "ports that nmbd holds are named" "$(said samba node --computer X)" \
    "another NetBIOS stack, such as nmbd, holds port 137 of $samba" "status 1"
says "without a node there is no network" "$(said samba send '\\LINUX1\mailslot\alerts' x)" \
    "(Win32 error 3025)" "status 11"
says "without a node nobody can be asked" "$(said samba resolve LINUX1)" \
    "no network node runs on this machine" "status 11"
