# Sourced: a domain in which some members are of an earlier version, which put their presences in random groups.
printf '\n-- mixed\n'

. "$project/tests/domains/python.sh"
new_lan mixed
attach node1 mixed 10.97.4.11/24
attach python1 mixed 10.97.4.12/24
said node1 domain new PLANT >/dev/null
start_node mixed node1 --listen tcp/10.97.4.11:7447
python_part node1 python1 mixed.py tcp/10.97.4.11:7447 "$scratch/node1/domains/PLANT.toml"
