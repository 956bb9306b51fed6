# Sourced: a Python program, with Zenoh's package and docs/domains.md, is a peer like any other.
printf '\n-- foreign\n'

. "$project/tests/domains/python.sh"
new_lan foreign
attach node1 foreign 10.97.3.11/24
attach python1 foreign 10.97.3.12/24
said node1 domain new PLANT >/dev/null
said node1 domain new LAB --open >/dev/null
printf '[domains.%s]\nlisten = ["tcp/0.0.0.0:%d"]\n' LAB 7446 PLANT 7447 >"$scratch/node1.toml"
start_node foreign node1 --config "$scratch/node1.toml"
until_line "$scratch/foreign.log" "domain_open domain=PLANT"
python_part node1 python1 foreign_peer.py tcp/10.97.3.11:7446 tcp/10.97.3.11:7447 "$scratch/node1/domains/PLANT.toml"
