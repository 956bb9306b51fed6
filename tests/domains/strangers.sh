# Sourced: the cost of a stranger who reaches a node through the network without a key.
printf '\n-- strangers\n'

. "$project/tests/domains/python.sh"
new_lan strangers
attach node1 strangers 10.97.10.11/24
attach stranger strangers 10.97.10.12/24
said node1 domain new PLANT >/dev/null
cat >"$scratch/node1.toml" <<END
[domains.PLANT]
listen = ["tcp/0.0.0.0:7447"]
max-sessions = 50
END

# The usual limit, which a node raises: 1024 descriptors.
ulimit -Sn 1024
start_node many node1 --config "$scratch/node1.toml"
node=$pid
python_part node1 stranger strangers.py many "$scratch/node1/domains/PLANT.toml" tcp/10.97.10.11:7447 "$node"
stop "$node"

# Fewer descriptors than connections that may wait.
become_short() { ulimit -n 400; become "$@"; }
become_short node1 "$mailslot" node --netbios false --computer NODE1 --config "$scratch/node1.toml" \
    >"$scratch/short.out" 2>"$scratch/short.log" </dev/null &
node=$!
started+=("$node")
until_line "$scratch/short.log" "domain_open"
says "a node says that it has too few descriptors" "$(grep -m 1 event=descriptors_few "$scratch/short.log")" "limit=400"
python_part node1 stranger strangers.py few "$scratch/node1/domains/PLANT.toml" tcp/10.97.10.11:7447 "$node"
stop "$node"
