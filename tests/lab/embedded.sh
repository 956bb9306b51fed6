# Sourced: sending from a host without a node.
printf '\n-- embedded\n'

printf 'computer = "LINUX1"\nworkgroup = "LABGROUP"\n' >"$scratch/embedded.toml"
chmod 644 "$scratch/embedded.toml"
let_everybody_in linux1
check "a node on another host holds its names" start_node receiver linux2 LINUX2
receiver=$pid
start_listener there linux2 embedded
there=$pid
start_listener here linux1 embedded
here=$pid

# embedded ARGUMENTS...: sends from linux1, as a user without privileges.
embedded() {
    on linux1 setpriv --reuid nobody --clear-groups --inh-caps=-all "$mailslot" \
        send --embedded --config "$scratch/embedded.toml" "$@" 2>&1
    printf 'status %d' $?
}

says "without a node a message is refused" "$(said linux1 send '\\LINUX2\mailslot\embedded' no)" \
    "(Win32 error 3025)" "status 11"
same "with one for the moment it is sent" "$(embedded '\\LINUX2\mailslot\embedded' 'to one' 'and more')" "status 0"
same "a message to a domain is sent" "$(embedded '\\LABGROUP\mailslot\embedded' 'to all')" "status 0"
same "a message to this machine's domain is sent" \
    "$(said linux1 send --embedded --config "$scratch/embedded.toml" '\\*\mailslot\embedded' 'to ours')" "status 0"
check "they arrive on the other host" until_line "$scratch/there.out" '"data":"to ours"'
same "each of them once, and in order" "$(data "$scratch/there.out")" $'to one\nand more\nto all\nto ours'
says "they tell where they come from" "$(grep '"to all"' "$scratch/there.out")" \
    "\"computer\":\"LINUX1\",\"domain\":\"LABGROUP\",\"address\":\"$linux1\""
check "the one to this machine's domain arrives here as well" until_line "$scratch/here.out" '"data":"to ours"'
says "a computer that does not exist is said not to" "$(embedded '\\NOBODY\mailslot\embedded' x)" \
    "there is no computer or domain NOBODY<00>" "status 3"
printf '%425s' "" >"$scratch/large"
chmod 644 "$scratch/large"
says "a message that cannot be sent is refused" "$(embedded --file "$scratch/large" '\\LINUX2\mailslot\embedded')" \
    "424 bytes" "status 7"
same "local slots are written to as ever" "$(said linux1 send --embedded embedded local)" "status 0"
check "the local message arrives" until_line "$scratch/here.out" '"data":"local"'

# A primary query of a logon, with the slot for nmbd's answer.
{
    printf '\x07\x00LINUX1\x00\\MAILSLOT\\reply\x00\x00'
    printf 'L\x00I\x00N\x00U\x00X\x001\x00\x00\x00\x0b\x00\x00\x00\xff\xff\xff\xff'
} >"$scratch/query"
chmod 644 "$scratch/query"
"$lab/capture" --start logon "$scratch/logon.pcap"
same "a query to Samba's logon mailslot is sent" \
    "$(embedded --file "$scratch/query" '\\LABGROUP\mailslot\NET\NETLOGON')" "status 0"
answers() {
    tshark -r "$scratch/logon.pcap" \
        -Y "ip.src == $samba && ip.dst == $linux1 && mailslot.name == \"\\\\MAILSLOT\\\\reply\"" 2>/dev/null | wc -l
}
for step in $(seq 100); do
    [ "$(answers)" -gt 0 ] && break
    sleep 0.1
done
check "nmbd has taken it: it answers" [ "$(answers)" -gt 0 ]
"$lab/capture" --stop logon
same "tshark has no warning about what was sent" \
    "$(tshark -r "$scratch/logon.pcap" \
        -Y "ip.src == $linux1 && (nbns || nbdgm) && (_ws.malformed || _ws.expert.severity >= 0x600000)" 2>/dev/null)" ""
kill "$here"

start_command program linux1 "$built/examples/embedded" LINUX1 LABGROUP embedded
program=$pid
check "a program with a node of its own holds its names" until_line "$scratch/program.log" "name_held name=LABGROUP<1e>"
says "nmblookup finds it" "$(on linux2 nmblookup LINUX1)" "$linux1 LINUX1<00>"
same "every program of its machine sends through it" \
    "$(said linux1 send '\\LINUX2\mailslot\embedded' 'through it')" "status 0"
check "the message arrives" until_line "$scratch/there.out" '"data":"through it"'
says "there is no second node" "$(said linux1 node --computer X)" "already runs on this machine" "status 8"
same "another host tells it to end" "$(said linux2 send '\\LINUX1\mailslot\embedded' quit)" "status 0"
wait "$program"
same "it ends in good order" "$?" 0
says "it has read the message" "$(cat "$scratch/program.out")" '"quit" from' 'computer: "LINUX2"'
says "its names are given up" "$(on linux2 nmblookup LINUX1 2>&1)" "failed to find name LINUX1"
kill "$there"
stop "$receiver"
