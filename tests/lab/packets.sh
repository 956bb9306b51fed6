# Sourced: tshark decodes every packet that the nodes send without a warning; our decoders and tshark agree on every
# packet of the recording.
printf '\n-- packets\n'

"$lab/capture" --start packets "$scratch/all.pcap"
# A node of each type sends all kinds of packets: claims, demands, objections, queries, answers, messages and refusals.
start_nodes
start_listener heard1 linux1 alerts
start_listener heard2 linux2 alerts
for name in '\\LABGROUP' '\\*' '\\LINUX1' '\\LINUX2' '\\SAMBA1' '\\NOBODY'; do
    same "a message to $name is taken" "$(said linux2 send "$name\\mailslot\\alerts" "to $name")" "status 0"
done
check "the last one is looked for" until_line "$scratch/node2.log" "there is no computer or domain NOBODY<00>"
check "messages arrive" until_line "$scratch/heard1.out" '"data":"to \\\\LINUX1"'
says "names are found" \
    "$(said linux1 resolve 'LABGROUP#1c'; said linux1 status SAMBA1; said linux2 status LINUX1)" SAMBA1 LINUX1
says "and asked for" "$(on linux1 nmblookup LINUX2; on linux2 nmblookup -A "$linux1")" "$linux2 LINUX2<00>" \
    "LINUX1          <20>"
says "browsers are asked" "$(said linux1 browse --duration 1s)" SAMBA1 "status 0"
says "a claim gets its objection" \
    "$(on linux2 smbtorture -U% '//LINUX1/IPC$' nbt.register.register_own)" "success: register_own"
stop "$node2"
check "a node with a name of Samba claims it" start_node taken linux2 SAMBA1
stop "$pid"
check "an H node registers its names" start_node h linux2 LINUX2 --wins "$samba"
says "it asks the WINS server" "$(said linux2 resolve SAMBA2)" "status 0"
stop "$pid"
start p linux2 node --computer LINUX2 --workgroup LABGROUP --wins "$samba" --node-type p
check "a P node as well" until_line "$scratch/p.log" "name_held name=LABGROUP<1e>"
# Sent unchanged, from a port that distinguishes them from the nodes' packets. Packets on which decoders may differ are
# sent from another one.
for vector in "$lab"/vectors/*.hex; do
    case ${vector##*/} in xx-*) port=40001 ;; *) port=40000 ;; esac
    "$lab/send" -w 0 -s "$port" linux2 "$vector" "$linux1" >/dev/null || break
done
stop "$pid"
stop "$node1"
"$lab/capture" --stop packets

# smbtorture, nmblookup and nbtscan have sent from the same hosts, but from other ports.
ours="(ip.src == $linux1 || ip.src == $linux2) && (udp.srcport == 137 || udp.srcport == 138)"
# 0x600000: warnings and above.
wrong="$ours && (_ws.malformed || _ws.expert.severity >= 0x600000)"
sent=$(tshark -r "$scratch/all.pcap" -Y "$ours" 2>/dev/null | wc -l)
check "the nodes have sent packets ($sent)" [ "$sent" -gt 100 ]
same "tshark has no warning about any of them" \
    "$(tshark -r "$scratch/all.pcap" -Y "$wrong" 2>&1 | grep -v 'Running as user')" ""
decoded=$(tshark -r "$scratch/all.pcap" -Y "$ours && mailslot" 2>/dev/null | wc -l)
check "tshark finds the mailslot writes ($decoded)" [ "$decoded" -ge 4 ]
opcodes=$(tshark -r "$scratch/all.pcap" -Y "$ours && nbns" -T fields -e nbns.flags.opcode \
    -e nbns.flags.response 2>/dev/null | sort -u)
same "and name packets of each kind" "$opcodes" $'0\t0\n0\t1\n5\t0\n5\t1\n6\t0'

referee=${CARGO_TARGET_DIR:-$project/target}/debug/examples/tshark
asked=()
for column in $("$referee" columns); do asked+=(-e "$column"); done
recorded="(nbns || nbdgm) && udp.srcport != 40001"
tshark -n -r "$scratch/all.pcap" -Y "$recorded" -T fields -E separator=/t -E occurrence=a -E aggregator=$'\x1f' \
    "${asked[@]}" 2>/dev/null >"$scratch/all.fields"
# Under load the lab's `send` sometimes splits a packet: packets that are not recorded ones are excluded.
for vector in "$lab"/vectors/*.hex; do
    grep -v '^#' "$vector" | tr -d ' \n'
    echo
done >"$scratch/vectors"
awk -F'\t' 'NR == FNR { whole[$1]; next } $2 != 40000 || $4 in whole' "$scratch/vectors" "$scratch/all.fields" \
    >"$scratch/fields"
same "our decoders agree with tshark, field by field" \
    "$("$referee" compare <"$scratch/fields" 2>"$scratch/compared")" ""
pass "they do so in $(cat "$scratch/compared")"
same "each field could have differed" "$("$referee" change <"$scratch/fields")" ""
theirs() {
    tshark -n -r "$scratch/all.pcap" -Y "$recorded && udp.srcport != 40000" -T pdml 2>/dev/null |
        sed -n '/"nbns.netbios_name"/ { s/.*showname="Name: \([^" ]*\).*/\1/; s/&lt;/</g; s/&gt;/>/g; p }'
}
same "they agree about the names in node statuses" \
    "$(awk -F'\t' '$2 != 40000' "$scratch/fields" | "$referee" names)" "$(theirs)"

# Recordings of other networks, if there are any: the directory MAILSLOT_CAPTURES.
for recording in ${MAILSLOT_CAPTURES:+"$MAILSLOT_CAPTURES"/*.pcap*}; do
    tshark -n -r "$recording" -Y "udp && (nbns || nbdgm) && !_ws.malformed" -T fields -E separator=/t -E occurrence=a \
        -E aggregator=$'\x1f' "${asked[@]}" 2>/dev/null >"$scratch/recording"
    differ=$("$referee" compare <"$scratch/recording" 2>"$scratch/compared" | grep -v "^no packet has ")
    same "our decoders agree with tshark about ${recording##*/} ($(cat "$scratch/compared"))" "$differ" ""
done
