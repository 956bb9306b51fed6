# Sourced: captures of the node's packets, read by tshark.
printf '\n-- capture\n'

# fields FILE: addresses, ports and payload of its packets, without fields that the node cannot know.
fields() {
    tshark -r "$1" -Y udp -T fields -e ip.src -e ip.dst -e udp.srcport -e udp.dstport -e udp.payload 2>/dev/null |
        sort -u
}

until_file() {
    local step
    for step in $(seq 600); do
        [ -s "$1" ] && return
        sleep 0.1
    done
    return 1
}

let_everybody_in linux1
check "a node holds its names" start_node captured linux1 LINUX1
node1=$pid
check "another node holds its names" start_node captured2 linux2 LINUX2
node2=$pid
"$lab/capture" --start wire "$scratch/wire.pcap"
start recorder linux1 capture --write "$scratch/node.pcapng"
recorder=$pid
check "a capture begins" until_file "$scratch/node.pcapng"
same "a name is found" "$(said linux1 resolve SAMBA1)" "$samba"$'\n'"status 0"
same "a message is sent" "$(said linux1 send '\\LABGROUP\mailslot\captured' outward)" "status 0"
same "another one comes" "$(said linux2 send '\\LINUX1\mailslot\captured' inward)" "status 0"
says "node status is asked for" "$(on linux2 nmblookup -A "$linux1")" "LINUX1"
kill "$recorder"
wait "$recorder"
same "a signal ends it" "$?" 143
"$lab/capture" --stop wire
strict=(-o ip.check_checksum:TRUE -o udp.check_checksum:TRUE)
same "tshark reads it without a word" \
    "$(tshark -r "$scratch/node.pcapng" "${strict[@]}" 2>&1 >/dev/null | grep -v 'Running as user')" ""
same "tshark has no warning about any packet" \
    "$(tshark -r "$scratch/node.pcapng" "${strict[@]}" \
        -Y '_ws.malformed || _ws.expert.severity >= 0x600000' 2>/dev/null)" ""
packets=$(tshark -r "$scratch/node.pcapng" -T fields -e frame.interface_name -e frame.packet_flags_direction \
    -e frame.packet_flags_reception_type -e ip.src -e _ws.col.Info 2>/dev/null)
says "it has what the node has sent" "$packets" $'eth0\t0x00000002\t0\t'"$linux1"$'\tName query NB SAMBA1<00>' \
    $'eth0\t0x00000002\t0\t'"$linux1"$'\tName query response NBSTAT' \
    $'eth0\t0x00000002\t0\t'"$linux1"$'\tWrite Mail Slot'
says "it has what the node has received" "$packets" $'eth0\t0x00000001\t1\t'"$samba"$'\tName query response NB' \
    $'eth0\t0x00000001\t3\t'"$linux2"$'\tName query NB LINUX1<00>' $'eth0\t0x00000001\t1\t'"$linux2"$'\tWrite Mail Slot'
same "each of its packets was on the wire" \
    "$(comm -23 <(fields "$scratch/node.pcapng") <(fields "$scratch/wire.pcap"))" ""

on linux1 bash -c "'$mailslot' capture --count 3 | tshark -r - 2>'$scratch/piped.log'" >"$scratch/piped.out" &
piped=$!
started+=("$piped")
while kill -0 "$piped" 2>/dev/null; do on linux2 nmblookup LINUX1 >/dev/null; done
same "a pipe gets as many packets as it wants" "$(wc -l <"$scratch/piped.out")" 3
same "and tshark has nothing to say" "$(grep -v 'Running as user' "$scratch/piped.log")" ""
says "other users may not capture" \
    "$(on linux1 setpriv --reuid nobody --clear-groups "$mailslot" capture --count 1 2>&1 >/dev/null
        echo "status $?")" \
    "only root and the user of the network node may capture" "status 4"
same "a capture ends when its time is over" \
    "$(said linux1 capture --duration 100ms --write "$scratch/short.pcapng")" "status 0"
start until_end linux1 capture --write "$scratch/end.pcapng"
last=$pid
check "a last capture begins" until_file "$scratch/end.pcapng"
stop "$node1"
wait "$last"
same "a capture ends with the node" "$?" 11
stop "$node2"

check "a node of another user holds its names" start_node captured3 linux1 LINUX1 --user nobody
node1=$pid
on linux1 setpriv --reuid nobody --clear-groups "$mailslot" capture --count 1 >"$scratch/nobody.pcapng" 2>/dev/null &
started+=("$!")
while kill -0 "$!" 2>/dev/null; do on linux2 nmblookup LINUX1 >/dev/null; done
check "that user may capture" [ -s "$scratch/nobody.pcapng" ]
same "and so may root" "$(said linux1 capture --duration 100ms --write "$scratch/root.pcapng")" "status 0"
stop "$node1"
