# Sourced: `mailslot doctor` on the NetBIOS network, with real causes.
printf '\n-- doctor\n'

says "nmbd is found on its ports" "$(said samba doctor)" "problem  node       no network node runs" \
    "problem  ports      nmbd (process " "has UDP ports 137 of" ", 138 of" "stop nmbd" "status 1"
check "a node holds its names" start_node node1 linux1 LINUX1
says "a computer that is there" "$(said linux1 doctor '\\SAMBA1\mailslot\alerts')" \
    "ok       node       runs as user root" \
    "ok       way        goes to the NetBIOS network" "messages of up to 424 bytes" \
    "ok       interfaces the node uses eth0" \
    "ok       ports      the node has UDP ports 137 of $linux1" "ok       names      the node holds all its names" \
    "ok       target     SAMBA1 is a computer at $samba"
says "a group is no computer" "$(said linux1 doctor '\\LABGROUP\mailslot\alerts')" \
    "ok       target     LABGROUP is a group"
says "a computer that is not there" "$(said linux1 doctor '\\NOBODY\mailslot\alerts')" \
    "problem  target     nobody in the NetBIOS network has the name NOBODY" "status 1"
on linux1 nft add table inet test
on linux1 nft 'add chain inet test input { type filter hook input priority 0; policy drop; }'
on linux1 nft add rule inet test input udp dport 137 accept
on linux1 nft add rule inet test input udp dport 138 drop
says "a firewall that drops messages" "$(said linux1 doctor '\\SAMBA1\mailslot\alerts')" \
    "problem  firewall   nft drops udp port 138: udp dport 138 drop" "status 1"
on linux1 nft delete table inet test
says "without it there is nothing to say" "$(said linux1 doctor '\\SAMBA1\mailslot\alerts')" \
    "ok       firewall   no rule of nft"
