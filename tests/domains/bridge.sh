# Sourced: two bridges between a segment with Samba and a domain. OLD1 is in the legacy network only, NEW in the domain
# only; the bridges LINUX1 and LINUX2 are in both, on separate networks.
#
# The segment is the lab of tests/samba.sh.
printf '\n-- bridge\n'

. "$project/tests/samba.sh"
leave_lab() {
    local process host left=()
    for process in "${started[@]}"; do kill "$process" 2>/dev/null; done
    wait
    stop_lab
    # The lab has removed the namespaces of its hosts.
    for host in "${namespaces[@]}"; do case $host in *-linux?) ;; *) left+=("$host") ;; esac; done
    started=() namespaces=("${left[@]}")
}
trap 'leave_lab; leave_part' EXIT
start_lab "$scratch/lab" || exit 1
old=${samba%.*}.14
new_lan modern
namespaces+=("$id-linux1" "$id-linux2")
net=$id-lan attach old lanA "$old/24"
number=10
for host in linux1 linux2 new; do
    number=$((number + 1))
    attach "$host" modern "192.168.7.$number/24"
done

said new domain new PLANT --lan >"$scratch/domain.txt"
for host in linux1 linux2; do
    in_host "$host" cp "$scratch/new/domains/"* "$scratch/$host/domains/"
    # The settings of docs/bridge.md, with more slots, and rates that allow 400 messages at once.
    {
        printf 'computer = "%s"\n' "${host^^}"
        sed -n '/^    workgroup = /,/^    to-legacy = /s/^    //p' "$project/docs/bridge.md" |
            sed "s/^to-domain = \[/&\"browse\", /; s/^to-legacy = \[\"alerts\"/&, 'net\\\\netlogon', 'line\\\\*'/"
        printf '%s-rate = { all = 2000, source = 1000 }\n' to-domain to-legacy
    } >"$scratch/$host.toml"
done

# start_bridge NAME HOST: starts a bridge, and waits until it knows the senders.
start_bridge() {
    start "$1" "$2" node --config "$scratch/$2.toml"
    until_line "$scratch/$1.log" "sender="
}

check "a machine is in the domain alone" start_node node-new new
start node-old old node --computer OLD1 --workgroup LABGROUP
check "a machine is in the legacy network alone" until_line "$scratch/node-old.log" "name_held name=LABGROUP<1e>"
for host in old new; do
    start_listener "browse-$host" "$host" browse
    start_listener "heard-$host" "$host" alerts
    start_listener "line-$host" "$host" 'line\1'
done
start_listener answers-new new 'plant\answers'
start_listener answers-linux1 linux1 'plant\answers'
start_listener heard-linux1 linux1 alerts
check "a bridge begins to carry" start_bridge bridge1 linux1
bridge1=$pid
check "another one stands by" start_bridge bridge2 linux2
bridge2=$pid
says "the bridges agree who sends" "$(cat "$scratch/bridge1.log" "$scratch/bridge2.log")" \
    "bridge_sends domain=PLANT interface=eth0 sender=LINUX1" \
    "bridge_stands_by domain=PLANT interface=eth0 sender=LINUX1"
# Samba takes long for this; the result is checked at the end.
said linux2 browse --duration 0s >"$scratch/asked.txt" &
asked=$!


counter() { said "$1" node status --json | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p"; }

# count PLACE WORD: how many messages that begin with the word have arrived.
count() { data "$scratch/$1.out" | grep -c "^$2-"; }

until_count() {
    local step
    for step in $(seq 300); do
        [ "$(count "$1" "$2")" -ge "$3" ] && return
        sleep 0.1
    done
    printf 'only %d of %d messages %s have come to %s\n' "$(count "$1" "$2")" "$3" "$2" "$1"
    return 1
}

# until_crossed: sends to a slot that only a pattern names, until a message arrives in the legacy network.
until_crossed() {
    local step
    for step in $(seq 60); do
        said new send '\\PLANT\mailslot\line\1' down >/dev/null
        grep -qF '"data":"down"' "$scratch/line-old.out" && return
        sleep 0.5
    done
    return 1
}

# both WORD NUMBER PLACE...: sends NUMBER messages from each side at the same time, and waits until all are in all
# places. 50 are in flight at a time, because queues in the network may fill up. Duplicates and returned messages are
# noticed at the end.
both() {
    local word=$1 number=$2 place first pids
    shift 2
    for first in $(seq 1 50 "$number"); do
        seq -f "$word-up-%g" "$first" $((first + 49)) |
            in_host old timeout -k 5 60 "$mailslot" send '\\LABGROUP\mailslot\alerts' &
        pids=$!
        seq -f "$word-down-%g" "$first" $((first + 49)) |
            in_host new timeout -k 5 60 "$mailslot" send '\\PLANT\mailslot\alerts' || return
        wait "$pids" || return
        for place; do
            until_count "$place" "$word-up" $((first + 49)) && until_count "$place" "$word-down" $((first + 49)) ||
                return
        done
    done
}

# A machine with a bridge also gets messages of both sides once.
check "400 messages of each side reach the other one, both at once" both many 400 heard-old heard-new heard-linux1
# Of some messages the first bridge, which has a slot for them, gets the second one's copy before the original. Samba's
# announcements are extra.
check "the first bridge has taken all of one side" \
    [ $(($(counter linux1 to_domain_carried) + $(counter linux1 to_domain_copy))) -ge 400 ]
check "the second bridge has carried all of one side" [ "$(counter linux2 to_domain_carried)" -ge 400 ]
same "the first bridge has carried all of the other side" "$(counter linux1 to_legacy_carried)" 400
same "the second bridge has carried none of the other side" \
    "$(counter linux2 to_legacy_carried) $(counter linux2 to_legacy_standby)" "0 400"
same "no bridge has carried back what the first one sent" "$(counter linux2 to_domain_from_bridge)" 400
says "what crosses a bridge tells its legacy origin, unauthenticated" "$(grep '"many-up-1"' "$scratch/heard-new.out")" \
    "\"origin\":{\"computer\":\"OLD1\",\"domain\":\"LABGROUP\",\"address\":\"$old\",\"authenticated\":false}"
says "what does not is authenticated" "$(grep '"many-down-1"' "$scratch/heard-linux1.out")" \
    '"origin":{"computer":"NEW","domain":"PLANT","address":null,"authenticated":true}'
says "in the legacy network the bridge is the sender" "$(grep '"many-down-1"' "$scratch/heard-old.out")" \
    '"computer":"LINUX1","domain":"LABGROUP"' '"authenticated":false'

# Samba's logon server answers a machine outside its network, through the bridge.
printf '\7\0NEW\0\\MAILSLOT\\PLANT\\ANSWERS\0N\0E\0W\0\0\0\1\0\0\0\377\377\377\377' >"$scratch/query"
same "a logon query is sent into the domain" \
    "$(said new send --file "$scratch/query" '\\PLANT\mailslot\net\netlogon')" "status 0"
check "Samba's answer arrives" until_line "$scratch/answers-new.out" '"computer":"SAMBA1"'
# nmbd receives a broadcast on two sockets, and answers each.
check "it arrives at the bridge" until_lines "$scratch/answers-linux1.out" SAMBA1 2
check "all of it crosses" until_lines "$scratch/answers-new.out" SAMBA1 2
says "it tells that it was sent to the bridge" "$(cat "$scratch/answers-new.out")" \
    "\"origin\":{\"computer\":\"SAMBA1\",\"domain\":null,\"address\":\"$samba\",\"authenticated\":false}"

# Messages to slots that are not named, or named for the other direction, do not cross; names below `line\` are known
# once a slot exists.
check "a slot that a pattern covers is known soon" until_crossed
same "a message to a slot of one direction is sent in the other" \
    "$(said old send '\\LABGROUP\mailslot\line\1' up)" "status 0"
check "it is heard in the legacy network" until_line "$scratch/line-old.out" '"data":"up"'

# Too large for the legacy network.
printf '%425s' "" >"$scratch/large"
same "a larger message reaches the domain" \
    "$(said new send --confirm --file "$scratch/large" '\\NEW\mailslot\alerts')" $'NEW delivered\nstatus 0'
same "a larger message is sent" "$(said new send --file "$scratch/large" '\\PLANT\mailslot\alerts')" "status 0"
check "the bridge refuses it, and says so" until_line "$scratch/bridge1.log" "reason=to_legacy_too_large count=1"
same "it has counted it" "$(counter linux1 to_legacy_too_large)" 1

# The first bridge is killed, and restarted.
crash "$bridge1"
check "the other bridge takes over" until_line "$scratch/bridge2.log" \
    "bridge_sends domain=PLANT interface=eth0 sender=LINUX2"
check "all messages cross the other bridge" both alone 50 heard-old heard-new
check "the first bridge comes back" start_bridge bridge1-again linux1
bridge1=$pid
check "the other one stands by again" until_lines "$scratch/bridge2.log" "bridge_stands_by" 2
check "all messages cross the first bridge again" both again 50 heard-old heard-new heard-linux1

# Another key becomes valid, which starts or silences no bridge.
elections() { cat "$scratch/bridge1-again.log" "$scratch/bridge2.log" | grep -c 'bridge_sends\|bridge_stands_by'; }
until_other_key() {
    local host name step
    said new domain rotate PLANT --overlap 12s >/dev/null
    for host in linux1 linux2; do
        in_host "$host" "$mailslot" domain join - <"$scratch/new/domains/PLANT.toml" >/dev/null
    done
    for name in node-new bridge1-again bridge2; do until_line "$scratch/$name.log" "keys_changed" || return; done
    for host in new linux1 linux2; do
        for step in $(seq 300); do
            said "$host" node status --json | grep -o '"in_use":[a-z]*' | tail -n 1 | grep -q true && continue 2
            sleep 0.1
        done
        return 1
    done
}
before=$(elections)
check "another key is in use everywhere" until_other_key
check "all messages cross with it" both keyed 50 heard-old heard-new heard-linux1
same "the bridges have stayed what they were" "$(elections)" "$before"

# A source that exceeds its rate.
sed -i 's/^to-domain-rate.*/to-domain-rate = { all = 30, source = 20 }/' "$scratch/linux1.toml" "$scratch/linux2.toml"
for node in "$bridge1" "$bridge2"; do kill -HUP "$node"; done
for name in bridge1-again bridge2; do until_line "$scratch/$name.log" "event=settings_changed"; done
seq -f "flood-%g" 200 | in_host old "$mailslot" send '\\LABGROUP\mailslot\alerts'
check "a flood of one source is not carried" until_line "$scratch/bridge1-again.log" "reason=to_domain_rate"
check "some of it is" [ "$(count heard-new flood)" -ge 20 ] &&
    check "but far from all" [ "$(count heard-new flood)" -lt 150 ]

# Samba's announcements. Its answers to a single bridge have no domain.
wait "$asked"
# Without the time of reception, which differs between listeners.
announced() { grep -F '"computer":"SAMBA1","domain":"LABGROUP"' "$scratch/browse-$1.out" | sed 's/"time":"[^"]*",//'; }
check "Samba's announcement crosses the bridge" until_line \
    "$scratch/browse-new.out" '"computer":"SAMBA1","domain":"LABGROUP"'
says "it tells where it comes from" "$(announced new)" "\"address\":\"$samba\",\"authenticated\":false"
announced new >"$scratch/crossed"
same "all of them were heard in the legacy network" "$(announced old | grep -vxFf - "$scratch/crossed")" ""
check "none has come twice" [ "$(wc -l <"$scratch/crossed")" -le "$(announced old | wc -l)" ]

# By now any looping message would have arrived.
same "no answer has come twice" "$(grep -c SAMBA1 "$scratch/answers-new.out")" \
    "$(grep -c SAMBA1 "$scratch/answers-linux1.out")"
expected() {
    for word in many-up many-down; do seq -f "$word-%g" 400; done
    for word in $1; do seq -f "$word-up-%g" 50; seq -f "$word-down-%g" 50; done
}
for place in heard-old:'alone again keyed' heard-new:'alone again keyed' heard-linux1:'again keyed'; do
    same "each message has come once (${place%:*})" \
        "$(data "$scratch/${place%:*}.out" | grep -e '-[ud]' | sort)" "$(expected "${place#*:}" | sort)"
done
same "slots of the other direction got nothing" "$(data "$scratch/line-new.out" | sort -u)" down
says "the node tells of its bridge" "$(said linux1 node status)" "bridge to PLANT" \
    "into the domain: browse, alerts, plant\\*" \
    "into the legacy network: alerts, net\\netlogon, line\\*" "segment eth0" "LABGROUP, LINUX1 sends" \
    "to_legacy_carried"
leave_lab
trap leave_part EXIT
