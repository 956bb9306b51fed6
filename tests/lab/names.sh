# Sourced: names are held, found, defended and given up.
printf '\n-- names\n'

check "a node holds its names" start_node node1 linux1 LINUX1
node1=$pid
says "nmblookup finds the node" "$(on linux2 nmblookup LINUX1)" "$linux1 LINUX1<00>"
says "nmblookup lists the node's names" "$(on linux2 nmblookup -A "$linux1")" \
    "LINUX1          <00> -         B <ACTIVE>" "LINUX1          <20> -         B <ACTIVE>" \
    "LABGROUP        <00> - <GROUP> B <ACTIVE>" "LABGROUP        <1e> - <GROUP> B <ACTIVE>"
says "nbtscan finds the node" "$(on linux2 nbtscan "$linux1")" "$linux1" "LINUX1" "<server>"
says "nbtscan lists the node's names" "$(on linux2 nbtscan -v -s : "$linux1" | tr -d ' ')" \
    "$linux1:LINUX1:00U" "$linux1:LINUX1:20U" "$linux1:LABGROUP:00G" "$linux1:LABGROUP:1eG"
says "everybody is asked for, and the node answers" "$(on linux2 nmblookup -B "$linux1" '*')" "$linux1 *<00>"
for claim in register_own refresh_own; do
    says "the node defends its name against Samba ($claim)" \
        "$(on linux2 smbtorture -U% '//LINUX1/IPC$' nbt.register.$claim)" "success: $claim"
done
start_samba router LINUX1
check "a Samba with the node's name is refused it" until_line "$scratch/router.samba.out" \
    "Failed to register my name LINUX1<00>"
stop "$pid"
says "the node has its name still" "$(said linux1 node status)" "LINUX1<00>             unique  held      on eth0"

check "a node with Samba's name goes on without it" start_node taken linux2 SAMBA1
says "Samba has refused the name" "$(cat "$scratch/taken.log")" \
    "name_refused name=SAMBA1<00> interface=eth0" "name_refused name=SAMBA1<20> interface=eth0"
stop "$pid"
check "the second node holds its names" start_node node2 linux2 LINUX2
node2=$pid

same "the node resolves Samba" "$(said linux1 resolve SAMBA1)" "$samba"$'\n'"status 0"
same "the node resolves the other node" "$(said linux1 resolve LINUX2)" "$linux2"$'\n'"status 0"
same "the node resolves a group of controllers" "$(said linux1 resolve 'LABGROUP#1c')" "$samba group"$'\n'"status 0"
same "a name that nobody has is not found" "$(said linux1 resolve NOBODY)" \
    "mailslot: nobody has the name NOBODY"$'\n'"status 3"
says "the node shows Samba's names" "$(said linux1 status SAMBA1 | tr -s ' ')" \
    "SAMBA1<20> unique active" "LABGROUP<1d> unique active" "status 0"
says "the node shows its own state" "$(said linux1 node status)" "LINUX1<00> in LABGROUP<00>, B node" \
    "LINUX1<00>             unique  held      on eth0" "packets_received" "status 0"
