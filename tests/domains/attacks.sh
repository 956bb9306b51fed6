# Sourced: attacks on a running node, by a program that reaches it through Zenoh and implements docs/domains.md.
printf '\n-- attacks\n'

. "$project/tests/domains/python.sh"
new_lan attack
attach node1 attack 10.97.4.11/24
attach mallory attack 10.97.4.12/24
said node1 domain new PLANT >/dev/null
said mallory domain new OTHER >/dev/null
domains=$scratch/node1/domains
cp "$domains/PLANT.toml" "$scratch/old.toml"
cat >"$scratch/node1.toml" <<END
[domains.PLANT]
listen = ["tcp/0.0.0.0:7447"]
streams = 2000
END

# attacked_node NAME: starts the node, and writes its data for the attacks to a file.
attacked_node() {
    local before
    before=$(date +%s%3N)
    start_node "$1" node1 --config "$scratch/node1.toml"
    node=$pid
    printf '{"endpoint": "tcp/10.97.4.11:7447", "file": "%s", "other_file": "%s", "old_file": "%s", "recorded": "%s",
        "pid": %d, "before": %d, "streams": 2000}' "$domains/PLANT.toml" "$scratch/mallory/domains/OTHER.toml" \
        "$scratch/old.toml" "$scratch/recorded" "$node" "$before" >"$scratch/attack.json"
}
attack() { python_part node1 mallory attacks.py "$1" "$scratch/attack.json"; }

attacked_node attacked
start unread node1 listen --verbose --network --capacity 64K --exec 'exec sleep 1000' unread
start private node1 listen --verbose private
until_line "$scratch/unread.log" "listening on"
until_line "$scratch/private.log" "listening on"
attack messages
attack receipts
attack full
attack giant
attack record
crash "$node"
attacked_node attacked-again
attack restarted
said node1 domain rotate PLANT --overlap 0 >/dev/null
kill -HUP "$node"
check "another key is taken up" until_line "$scratch/attacked-again.log" "keys_changed"
attack rotated
attack floods
same "nothing reached a slot that is closed to the network" "$(cat "$scratch/private.out")" ""
