# Sourced: packets that only neighbours may send have no effect from another network, and no lasting one from a
# neighbour. nmbd gets the same.
printf '\n-- strangers\n'

subnet=${far%.*}
# stranger NAME HOST ADDRESS NODE COMPUTER SECONDS: sends from that address in the background; see strangers.py. Sets
# `speaker`.
stranger() {
    on "$2" /usr/bin/python3 "$project/tests/lab/strangers.py" "$3" "$subnet.255" "$4" "$5" SAMBA2 "$6" \
        >"$scratch/$1.out" 2>&1 &
    speaker=$!
    until_line "$scratch/$1.out" ready
}

# of_kind NAME KIND: how many packets of the kind a stranger has sent.
of_kind() { sed -n "s/.*$2 \([0-9]*\).*/\1/p" "$scratch/$1.out"; }

strange_status() { on far1 "$mailslot" node status --json | grep -o '"dropped_other_subnet":[0-9]*' | cut -d: -f2; }

check "a node behind the router holds its names" start_node strange far1 FAR1
strange=$pid
check "a second one holds its names" start_node neighbour far2 FAR2
neighbour=$pid
start_listener heard far1 heard
heard=$pid
# The router receives from this network, and sends from its address on the other one, which is also the lower one.
check "somebody on another network begins to speak" stranger outside router "${LAB_NET:-10.77.0}.1" "$far" FAR1 12
same "a name that nobody has is not found" "$(said far1 resolve BANKSRV)" \
    "mailslot: nobody has the name BANKSRV"$'\n'"status 3"
same "the node finds Samba" "$(said far1 resolve SAMBA2)" "$subnet.10"$'\n'"status 0"
says "Samba's tools find the node" "$(on far2 nmblookup FAR1)" "$far FAR1<00>"
says "they list its names" "$(on far2 nmblookup -A "$far")" "FAR1            <00> -         B <ACTIVE>"
same "a neighbour sends it a message" "$(said far2 send '\\FAR1\mailslot\heard' meanwhile)" "status 0"
check "it arrives" until_line "$scratch/heard.out" '"data":"meanwhile"'
same "the node sends one to its group" "$(said far1 send '\\*\mailslot\heard' "of the node")" "status 0"
wait "$speaker"
says "what was said outside is of each kind" "$(cat "$scratch/outside.out")" "answers " "claims " "demands " "releases "
total=$(($(of_kind outside answers) + $(of_kind outside claims) +
    $(of_kind outside demands) + $(of_kind outside releases)))
check "and counted as such ($total)" [ "$(strange_status)" -ge "$total" ]
says "the node holds its name" "$(said far1 node status)" "FAR1<00>               unique  held      on eth0"
check "it was never without it" [ "$(grep -c 'name_in_conflict\|name_refused' "$scratch/strange.log")" -eq 0 ]
same "what was not there is still not there" "$(said far1 resolve BANKSRV)" \
    "mailslot: nobody has the name BANKSRV"$'\n'"status 3"
kill "$heard"
stop "$neighbour"

# The same against Samba, for comparison.
check "somebody speaks to Samba" stranger samba router "${LAB_NET:-10.77.0}.1" "$subnet.10" SAMBA2 3
says "Samba has its name meanwhile" "$(on far1 nmblookup -A "$subnet.10")" "SAMBA2          <00> -         "
wait "$speaker"

# A neighbour that claims the name has it, as long as it defends the claim.
check "a neighbour begins to speak" stranger inside far2 "$subnet.12" "$far" FAR1 3
check "the node gives its name up" until_line "$scratch/strange.log" "name_in_conflict name=FAR1<00>"
wait "$speaker"
check "the neighbour has objected" [ "$(of_kind inside objections)" -gt 0 ]
check "the node takes its name back when he is silent" until_lines "$scratch/strange.log" "name_held name=FAR1<00>" 2
says "Samba's tools find it again" "$(on far2 nmblookup FAR1)" "$far FAR1<00>"
stop "$strange"
