# Sourced: a node without `lan` and without endpoints opens no port, and no output of a node contains a secret.
printf '\n-- quiet\n'

new_lan quiet
attach quiet1 quiet 10.97.5.11/24
attach quiet2 quiet 10.97.5.12/24
said quiet1 domain new PLANT >/dev/null
in_host quiet2 "$mailslot" domain join - <"$scratch/quiet1/domains/PLANT.toml" >/dev/null
sockets() { in_host "$1" ss --no-header --listening --tcp --udp --numeric; }
start_node quiet1 quiet1
quiet=$pid
same "a node that was told of nobody has no port open" "$(sockets quiet1)" ""
start_node quiet2 quiet2 --listen tcp/0.0.0.0:7447
check "one that listens has" grep -q ':7447' <(sockets quiet2)
same "and no other" "$(sockets quiet2 | grep -cv ':7447')" 0

secrets=$(grep -oE '[0-9a-f]{64}' "$scratch/quiet1/domains/PLANT.toml")
same "the domain's file has its secrets" "$(wc -w <<<"$secrets")" 2
shown=$(cat "$scratch"/quiet?.{log,out} "/proc/$quiet/cmdline" | tr '\0' ' '
    said quiet1 domain show; said quiet1 domain show PLANT; said quiet1 node status; said quiet1 node status --json)
says "what is shown has the key's fingerprint" "$shown" \
    "$(said quiet1 node status --json | grep -o '"fingerprint":"[0-9a-f]*"')"
same "and no secret" "$(grep -cF "$secrets" <<<"$shown")" 0
