# Sourced: through a node, Zenoh programs reach only the domain's key expressions, and open no more sessions than the
# node may have.
printf '\n-- outside\n'

. "$project/tests/domains/python.sh"
new_lan outside
attach gate1 outside 10.97.9.11/24
attach python1 outside 10.97.9.12/24
said gate1 domain new PLANT >/dev/null
file=$scratch/gate1/domains/PLANT.toml
cat >"$scratch/gate1.toml" <<END
[domains.PLANT]
listen = ["tcp/0.0.0.0:7447"]
connect = ["tcp/10.97.9.12:7448"]
END
start_node gate1 gate1 --config "$scratch/gate1.toml"
gate=$pid
python_part gate1 python1 outside.py "$file" tcp/10.97.9.11:7447 tcp/10.97.9.12:7448
stop "$gate"

cat >"$scratch/gate1.toml" <<END
[domains.PLANT]
listen = ["tcp/0.0.0.0:7447"]
max-sessions = 2
END
start_node gate2 gate1 --config "$scratch/gate1.toml"
for number in 1 2 3; do
    attach "guest$number" outside "10.97.9.2$number/24"
    in_host "guest$number" "$mailslot" domain join - <"$file" >/dev/null
done
start_guest() { start "$1" "$1" node --netbios false --computer "${1^^}" --connect tcp/10.97.9.11:7447; }
for host in guest1 guest2; do
    start_guest "$host"
    guest=$pid
    check "$host is let in" until_line "$scratch/$host.log" "domain_open"
done
start_listener guest-heard guest1 alerts
members=$'GATE1\nGUEST1          alerts\nGUEST2'
check "they are members" until_members guest2 PLANT "$members"
start_guest guest3
check "a session more is refused" until_line "$scratch/guest3.log" "domain_not_open"
check "the node says so" until_line "$scratch/gate2.log" "event=sessions_refused"
says "and how many there may be" "$(grep -m 1 sessions_refused "$scratch/gate2.log")" "(2)"
says "the doctor of who is refused names what to look at" "$(said guest3 doctor)" "the session is not open" \
    "max-sessions" "status 1"
same "those who are there go on" \
    "$(said guest2 send --confirm=20s '\\GUEST1\mailslot\alerts' on)" $'GUEST1 delivered\nstatus 0'
check "and are the same" until_members gate1 PLANT "$members"
says "the node's doctor sees that it is connected" "$(said gate1 doctor)" \
    "ok       session    PLANT: connected to clients: 2 other computers there"
stop "$guest"
check "when one has gone, the next one is let in" until_line "$scratch/guest3.log" "domain_open"
check "and is a member" until_members guest1 PLANT $'GATE1\nGUEST1          alerts\nGUEST3'
