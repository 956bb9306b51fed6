# Sourced: tshark decodes every packet that the nodes have sent, and has nothing to say against any; our decoders find in
# every packet of the recording what tshark finds.
printf '\n-- packets\n'

"$lab/capture" --stop all
# smbtorture, nmblookup and nbtscan have sent from the same hosts, but from other ports.
ours="(ip.src == $linux1 || ip.src == $linux2) && (udp.srcport == 137 || udp.srcport == 138)"
# 0x600000: warnings and above.
wrong="$ours && (_ws.malformed || _ws.expert.severity >= 0x600000)"
sent=$(tshark -r "$scratch/all.pcap" -Y "$ours" 2>/dev/null | wc -l)
check "the nodes have sent packets ($sent)" [ "$sent" -gt 50 ]
same "tshark has no warning about any of them" "$(tshark -r "$scratch/all.pcap" -Y "$wrong" 2>&1 | grep -v 'Running as user')" ""
decoded=$(tshark -r "$scratch/all.pcap" -Y "$ours && mailslot" 2>/dev/null | wc -l)
check "tshark finds the mailslot writes ($decoded)" [ "$decoded" -ge 8 ]

referee=${CARGO_TARGET_DIR:-$project/target}/debug/examples/tshark
asked=()
for column in $("$referee" columns); do asked+=(-e "$column"); done
recorded="(nbns || nbdgm) && udp.srcport != 40001"
tshark -n -r "$scratch/all.pcap" -Y "$recorded" -T fields -E separator=/t -E occurrence=a -E aggregator=$'\x1f' \
    "${asked[@]}" >"$scratch/fields" 2>/dev/null
same "our decoders agree with tshark, field by field" "$("$referee" compare <"$scratch/fields" 2>"$scratch/compared")" ""
pass "they do so in $(cat "$scratch/compared")"
same "each field could have differed" "$("$referee" change <"$scratch/fields")" ""
theirs() {
    tshark -n -r "$scratch/all.pcap" -Y "$recorded" -T pdml 2>/dev/null |
        sed -n '/"nbns.netbios_name"/ { s/.*showname="Name: \([^" ]*\).*/\1/; s/&lt;/</g; s/&gt;/>/g; p }'
}
same "they agree about the names in node statuses" "$("$referee" names <"$scratch/fields")" "$(theirs)"
