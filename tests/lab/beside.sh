# Sourced: a node and nmbd on one host, both working.
printf '\n-- beside\n'

nmbd_conf=$LAB_DIR/hosts/linux2/smb.conf nmbd_socket=$LAB_DIR/hosts/linux2/sock/unexpected

# start_nmbd: starts Samba's nmbd on linux2 and waits until it answers for its name. Sets `nmbd`.
start_nmbd() {
    local step
    start_command nmbd linux2 nmbd --foreground --no-process-group --debug-stdout -s "$nmbd_conf"
    nmbd=$pid
    for step in $(seq 600); do
        on linux1 nmblookup LINUX2 2>/dev/null | grep -q "$linux2" && return
        sleep 0.1
    done
    return 1
}

"$lab/capture" --start beside "$scratch/beside.pcap"
check "nmbd runs" start_nmbd
check "a node on another host holds its names" start_node other linux1 LINUX1
other=$pid
says "a node that wants nmbd's ports is told of the mode beside it" \
    "$(said linux2 node --computer LINUX2 --workgroup LABGROUP)" "holds port 137 of $linux2" "--beside-samba" "status 1"
start beside linux2 node --computer LINUX2 --workgroup LABGROUP --beside-samba --nmbd-socket "$nmbd_socket"
beside=$pid
check "a node beside nmbd is connected to it" until_line "$scratch/beside.log" "event=nmbd_connected"
start recorded linux2 capture --write "$scratch/beside.pcapng"
recorder=$pid
start_listener beside1 linux1 beside
listener1=$pid
start_listener beside2 linux2 beside
listener2=$pid

same "another host writes to this one" "$(said linux1 send '\\LINUX2\mailslot\beside' 'to one')" "status 0"
check "the message arrives" until_line "$scratch/beside2.out" '"data":"to one"'
same "another host writes to the domain" "$(said linux1 send '\\LABGROUP\mailslot\beside' 'to all')" "status 0"
check "the message arrives here" until_line "$scratch/beside2.out" '"data":"to all"'
check "and there" until_line "$scratch/beside1.out" '"data":"to all"'
same "this host writes to another one" "$(said linux2 send '\\LINUX1\mailslot\beside' 'from here')" "status 0"
check "the message arrives at the other one" until_line "$scratch/beside1.out" '"data":"from here"'
same "this host writes to the domain" "$(said linux2 send '\\*\mailslot\beside' 'from here to all')" "status 0"
check "the message arrives on the other host" until_line "$scratch/beside1.out" '"data":"from here to all"'
same "a last message is sent" "$(said linux1 send '\\LABGROUP\mailslot\beside' last)" "status 0"
check "it arrives" until_line "$scratch/beside2.out" '"data":"last"'
same "the host with nmbd got each message for it once" "$(data "$scratch/beside2.out" | sort)" \
    $'from here to all\nlast\nto all\nto one'
check "the other host has the last message" until_line "$scratch/beside1.out" '"data":"last"'
same "the other host got each message for it once" "$(data "$scratch/beside1.out" | sort)" \
    $'from here\nfrom here to all\nlast\nto all'
says "messages tell where they come from" "$(grep '"from here"' "$scratch/beside1.out")" \
    "\"computer\":\"LINUX2\",\"domain\":null,\"address\":\"$linux2\""
says "nmbd answers for its names" "$(on linux1 nmblookup LINUX2)" "$linux2 LINUX2<00>"
says "nmbd lists its names" "$(on linux1 nmblookup -A "$linux2")" "LINUX2          <20>" "LABGROUP        <00>"
same "the node resolves other hosts" "$(said linux2 resolve SAMBA1)" "$samba"$'\n'"status 0"
says "the node asks for domain controllers" "$(said linux2 find-dc LABGROUP)" "SAMBA1  $samba  LABGROUP" "status 0"
says "the node's names are nmbd's" "$(said linux2 node status)" "beside nmbd: connected" \
    "LINUX2<00>             unique  held      on eth0"
says "the doctor sees whose the ports are" "$(said linux2 doctor '\\LINUX1\mailslot\beside')" \
    "ok       ports      nmbd has UDP ports 137 and 138, and hands messages on to the node" \
    "ok       target     LINUX1 is a computer at $linux1" "status 0"
kill "$recorder"
wait "$recorder"
packets=$(tshark -r "$scratch/beside.pcapng" -Y mailslot -T fields -e ip.src -e ip.dst -e udp.dstport 2>/dev/null)
says "what nmbd hands on is captured" "$packets" "$linux1"$'\t'"$linux2"$'\t138' \
    "$linux1"$'\t'"${linux2%.*}.255"$'\t138'
says "and so is what the node sends" "$packets" "$linux2"$'\t'"$linux1"$'\t138'

stop "$nmbd"
check "the node misses nmbd when it has ended" until_line "$scratch/beside.log" "event=nmbd_lost"
says "so does the doctor" "$(said linux2 doctor)" \
    "problem  ports      the node is to run beside nmbd, and cannot reach it" "status 1"
check "nmbd runs again" start_nmbd
check "the node is connected again" [ "$(grep -c "event=nmbd_connected" "$scratch/beside.log")" -eq 2 ]
same "another host writes to this one again" "$(said linux1 send '\\LINUX2\mailslot\beside' again)" "status 0"
check "the message arrives again" until_line "$scratch/beside2.out" '"data":"again"'
kill "$listener1" "$listener2"
stop "$beside"
same "the node ends in good order" "$?" 0
start wrong linux2 node --computer LINUX2 --workgroup ELSEWHERE --beside-samba --nmbd-socket "$nmbd_socket"
wrong=$pid
check "a workgroup that is not nmbd's is told" until_line "$scratch/wrong.log" \
    "event=nmbd_lacks_name name=ELSEWHERE<00>"
stop "$wrong"
on linux2 ip link add extra type veth peer name extra2
on linux2 ip address add 192.0.2.1/24 broadcast + dev extra
on linux2 ip link set extra2 up
on linux2 ip link set extra up
start narrow linux2 node --computer LINUX2 --workgroup LABGROUP --exclude eth0 --beside-samba \
    --nmbd-socket "$nmbd_socket"
narrow=$pid
check "a node that is to leave an interface alone is connected to nmbd" until_line "$scratch/narrow.log" \
    "event=nmbd_connected"
same "a message comes by that interface" "$(said linux1 send '\\LABGROUP\mailslot\beside' x)" "status 0"
for step in $(seq 100); do
    narrow_status=$(said linux2 node status)
    case $narrow_status in *unwanted_interface*) break ;; esac
    sleep 0.1
done
says "it is dropped and counted" "$narrow_status" "unwanted_interface"
same "and not received" "$(grep messages_received <<<"$narrow_status")" ""
stop "$narrow"
on linux2 ip link delete extra
says "nmbd goes on without the node" "$(on linux1 nmblookup -A "$linux2")" "LINUX2          <00>"
stop "$nmbd"
stop "$other"

"$lab/capture" --stop beside
# Packets from 137 and 138 are nmbd's.
ours="ip.src == $linux2 && udp.srcport > 1024 && (udp.dstport == 137 || udp.dstport == 138)"
sent=$(tshark -r "$scratch/beside.pcap" -Y "$ours && mailslot" 2>/dev/null | wc -l)
check "the node beside nmbd has sent from other ports ($sent)" [ "$sent" -ge 3 ]
same "tshark has no warning about what it has sent" \
    "$(tshark -r "$scratch/beside.pcap" -Y "$ours && (_ws.malformed || _ws.expert.severity >= 0x600000)" 2>/dev/null)" \
    ""
