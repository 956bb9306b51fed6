# Sourced: a node that becomes another user after opening its ports.
printf '\n-- privileges\n'

let_everybody_in linux1
printf 'browser = true\n' >"$scratch/user.toml"
chmod 644 "$scratch/user.toml"
check "a node that becomes another user holds its names" start_node user1 linux1 LINUX1 --user nobody \
    --config "$scratch/user.toml"
user1=$pid
status=$(cat "/proc/$user1/status")
nobody=$(id -u nobody)
says "all its user ids are that user's" "$status" $'Uid:\t'"$nobody"$'\t'"$nobody"$'\t'"$nobody"$'\t'"$nobody"
says "its groups are that user's" "$status" $'Groups:\t'"$(id -G nobody) "
# Bit 10 is CAP_NET_BIND_SERVICE.
says "it has kept one capability" "$status" $'CapPrm:\t0000000000000400' $'CapEff:\t0000000000000400' \
    $'CapInh:\t0000000000000000' $'CapAmb:\t0000000000000000' $'NoNewPrivs:\t1'
on linux1 ip link add late type veth peer name later
on linux1 ip address add 192.0.2.1/24 broadcast + dev late
on linux1 ip link set later up
on linux1 ip link set late up
check "it uses an interface that comes later" until_line "$scratch/user1.log" "interface_used name=late"
on linux1 ip link delete late
check "it sees that interface go" until_line "$scratch/user1.log" "interface_gone name=late"
printf '[limits]\nqueries = 100\n' >"$scratch/user.toml"
kill -HUP "$user1"
check "it takes new settings over" until_line "$scratch/user1.log" "settings_changed"
for step in $(seq 100); do
    [ "$(grep -c "name_held name=LABGROUP<1e> interface=eth0" "$scratch/user1.log")" -eq 2 ] && break
    sleep 0.1
done
same "and binds to the ports once more" "$(grep -c "name_held name=LABGROUP<1e> interface=eth0" "$scratch/user1.log")" 2

start closed linux1 listen --verbose --network --format json private
closed=$pid
start open linux1 listen --verbose --network --format json --access users:nobody open
open=$pid
check "root has a slot of its own" until_line "$scratch/closed.log" "listening on"
check "and one that is open to the user" until_line "$scratch/open.log" "listening on"
same "a message to a slot that is closed to the user is sent" "$(said linux1 send '\\*\mailslot\private' x)" "status 0"
same "a message to a slot that is open to the user is sent" "$(said linux1 send '\\*\mailslot\open' x)" "status 0"
check "the open slot gets it" until_line "$scratch/open.out" '"data":"x"'
says "the closed one does not, and that is counted" "$(said linux1 node status)" \
    "undelivered_refused                  1"
same "the closed slot got nothing" "$(cat "$scratch/closed.out")" ""
kill "$closed" "$open"
stop "$user1"
same "it ends in good order" "$?" 0
says "a user that does not exist is named" "$(said linux1 node --user nosuchuser)" \
    'become user "nosuchuser": there is no such user' "status 1"
says "root is no other user" "$(said linux1 node --user root)" 'become user "root"' "status 1"
