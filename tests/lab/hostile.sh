# Sourced: invalid packets, and valid ones from unexpected senders, change nothing.
printf '\n-- hostile\n'

start_nodes
start_listener other linux1 other
before=$(said linux1 node status | grep ' held ')
vectors=0
for vector in "$lab"/vectors/*.hex; do
    # Packets on which decoders may differ are sent from another port: packets.sh excludes it.
    case ${vector##*/} in xx-*) port=40001 ;; *) port=40000 ;; esac
    "$lab/send" -w 0 -s "$port" linux2 "$vector" "$linux1" >/dev/null || break
    vectors=$((vectors + 1))
done
check "the recorded and the malformed packets are sent ($vectors)" [ "$vectors" -gt 100 ]
same "the node still holds its names" "$(said linux1 node status | grep ' held ')" "$before"
says "the node has counted what it dropped" "$(said linux1 node status)" "dropped_malformed" "dropped_not_here" \
    "undelivered_no_slot"
says "the node still answers" "$(on linux2 nmblookup -A "$linux1")" "LINUX1          <00> -         B <ACTIVE>"
same "no slot got anything" "$(cat "$scratch/other.out")" ""
