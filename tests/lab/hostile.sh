# Sourced: packets that nobody should send, and those of others that are out of place, change nothing.
printf '\n-- hostile\n'

start_nodes
start_listener other linux1 other
before=$(said linux1 node status | grep ' held ')
vectors=0
for vector in "$lab"/vectors/*.hex; do
    # What no two decoders need agree about comes from another port: packets.sh leaves it out.
    case ${vector##*/} in xx-*) port=40001 ;; *) port=40000 ;; esac
    "$lab/send" -w 0 -s "$port" linux2 "$vector" "$linux1" >/dev/null || break
    vectors=$((vectors + 1))
done
check "the recorded and the malformed packets are sent ($vectors)" [ "$vectors" -gt 100 ]
same "the node still holds its names" "$(said linux1 node status | grep ' held ')" "$before"
says "the node has counted what it dropped" "$(said linux1 node status)" "dropped_malformed" "dropped_not_here" "undelivered_no_slot"
says "the node still answers" "$(on linux2 nmblookup -A "$linux1")" "LINUX1          <00> -         B <ACTIVE>"
same "no slot got anything" "$(cat "$scratch/other.out")" ""
