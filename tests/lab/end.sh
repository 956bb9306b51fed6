# Sourced: nodes that end, and settings that change.
printf '\n-- end\n'

start_nodes
printf 'computer = "LINUX9"\nworkgroup = "LABGROUP"\n' >"$scratch/settings.toml"
stop "$node2"
same "a node ends in good order" "$?" 0
start reloaded linux2 node --config "$scratch/settings.toml"
node2=$pid
check "the settings' name is held" until_line "$scratch/reloaded.log" "name_held name=LINUX9<00>"
sed -i s/LINUX9/LINUX8/ "$scratch/settings.toml"
kill -HUP "$node2"
check "new settings are taken over" until_line "$scratch/reloaded.log" "name_held name=LINUX8<00>"
says "the old name is given up" "$(on linux1 nmblookup LINUX9 2>&1)" "failed to find name LINUX9"
printf 'nonsense = 1\n' >"$scratch/settings.toml"
kill -HUP "$node2"
check "wrong settings are said to be wrong" until_line "$scratch/reloaded.log" "settings_wrong"
says "wrong settings leave the node as it was" "$(on linux1 nmblookup LINUX8)" "$linux2 LINUX8<00>"
stop "$node2"
stop "$node1"
says "nmblookup does not find a node that has ended" "$(on linux2 nmblookup LINUX1 2>&1)" "failed to find name LINUX1"
says "nbtscan does not find it either" "$(on linux2 nbtscan "$linux1" | tail -n 1)" "-----"
