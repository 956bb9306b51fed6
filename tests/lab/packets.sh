# Sourced: tshark decodes every packet that the nodes have sent, and has nothing to say against any.
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
