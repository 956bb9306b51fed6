# Sourced: in a domain with identities a computer writes under its own name, to the slots that its certificate names, until
# it is revoked. Each attempt at more is counted. The cases of single bytes are in the library's tests.
printf '\n-- identities\n'

new_lan identities
for number in 1 2 3; do attach "ids$number" identities "10.97.8.1$number/24"; done
says "a domain with an authority" "$(said ids1 domain new PLANT --lan --identities)" "PLANT.authority" "status 0"

# invite NUMBER ARGUMENTS...: the operator's newest file to a computer.
invite() {
    local number=$1
    shift
    in_host ids1 "$mailslot" domain invite "IDS$number" "$@" >"$scratch/invited" || return
    in_host "ids$number" "$mailslot" domain join - <"$scratch/invited" >/dev/null
}
# counts COUNTER: on the second computer.
counts() { said ids2 node status --json | grep -o "\"dropped_$1\":[0-9]*" | cut -d: -f2; }
# refuses WHAT COUNTER HOST SLOT: what the host sends to this slot of the second computer is counted there, and nothing
# is answered.
refuses() {
    local what=$1 counter=$2 host=$3 slot=$4 before
    before=$(counts "$counter")
    same "$what: nobody answers" \
        "$(said "$host" send --confirm=1s "\\\\IDS2\\mailslot\\$slot" refused | tail -n 1)" "status 10"
    check "and it is counted as $counter" [ "$(counts "$counter")" -gt "$before" ]
}
delivers() {
    same "$1" "$(said "$2" send --receivers 1=30s --confirm=20s "\\\\IDS2\\mailslot\\$3" "$4")" $'IDS2 delivered\nstatus 0'
}
# takes NODE NUMBER: a node has noticed so many changes of its file.
takes() { kill -HUP "${nodes[$1]}"; until_lines "$scratch/ids$1.log" "keys_changed domain=PLANT" "$2"; }

check "the first computer is invited" invite 1
check "the second one" invite 2
check "the third one, for one slot" invite 3 --slots alerts
nodes=()
for number in 1 2 3; do
    start_node "ids$number" "ids$number"
    nodes[number]=$pid
done
for slot in alerts orders; do start_listener "ids-$slot" ids2 "$slot"; done
delivers "a computer writes to every slot" ids1 orders one
delivers "and one that is certified for a slot to that" ids3 alerts three
check "it arrives under its name" until_line "$scratch/ids-alerts.out" '"data":"three"' '"computer":"IDS3"'
refuses "what its certificate does not name" not_allowed ids3 orders

# A member that leaves the authority out of its file still has the domain's key.
cp "$scratch/ids3/domains/PLANT.toml" "$scratch/kept"
end_one() { kill "$1" && wait "$1" 2>/dev/null; true; }
end_one "${nodes[3]}"
sed '/^\[identities\]/,$d' "$scratch/kept" >"$scratch/ids3/domains/PLANT.toml"
start impostor ids3 node --netbios false --computer IDS1
impostor=$pid
check "an impostor has the domain's key" until_line "$scratch/impostor.log" domain_open
refuses "it writes as another without a signature" unsigned ids3 orders
end_one "$impostor"
cp "$scratch/kept" "$scratch/ids3/domains/PLANT.toml"
start impostor-2 ids3 node --netbios false --computer IDS1
impostor=$pid
check "an impostor has a certificate" until_line "$scratch/impostor-2.log" domain_open
says "that of another computer is of no use" "$(said ids3 send --confirm=1s '\\IDS2\mailslot\alerts' x)" \
    "the certificate here is for IDS3"
end_one "$impostor"
start_node ids3-again ids3
nodes[3]=$pid
delivers "it writes again under its own name" ids3 alerts again

# Revoked: whoever has the list refuses it, and whoever has the next key is not read by it.
says "a computer is revoked" "$(said ids1 domain revoke IDS3)" "rotate PLANT --overlap 0" "status 0"
check "the second computer gets the list" invite 2
check "its node takes it" takes 2 1
refuses "what a revoked computer sends" revoked ids3 alerts
for number in 2 3; do in_host ids1 "$mailslot" domain invite "IDS$number" >"$scratch/newest-$number"; done
sed '/^revoked/d' "$scratch/newest-2" >"$scratch/rolled-back"
says "a file without the list does not replace it" "$(said ids2 domain join - <"$scratch/rolled-back")" \
    "more revocations" "status 1"
says "nor does another computer's" "$(said ids2 domain join - <"$scratch/newest-3")" "IDS3" "status 1"
said ids1 domain rotate PLANT --overlap 0 >/dev/null
for number in 1 2; do
    check "IDS$number gets the next key" invite "$number"
    check "its node takes it" takes "$number" $((number))
done
delivers "the others go on" ids1 alerts rotated
check "the revoked one hears nothing" [ "$(said ids3 list --domain PLANT | grep -c 'IDS[12]')" -eq 0 ]
check "invited again it is in" invite 3
kill -HUP "${nodes[3]}"
check "with its node" until_lines "$scratch/ids3-again.log" "keys_changed domain=PLANT" 1
delivers "and believed" ids3 orders back
