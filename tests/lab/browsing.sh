# Sourced: Samba's browser and logon messages, and the members of groups.
printf '\n-- browsing\n'

check "a node holds its names" start_node node1 linux1 LINUX1
start backup linux1 listen --verbose --network --format hex BROWSE
backup=$pid
until_line "$scratch/backup.log" "listening on"
# GetBackupListRequest for 4 servers, with a token, as a program asks the node for it.
says "the node asks for a backup list" "$(said linux1 request '\\.\mailslot\mailslot\node\control' \
    '{"send":{"group":"LABGROUP#1d","slot":"BROWSE","data":[9,4,17,34,51,68]}}')" "status 0"
check "Samba names itself, with the token of the question" until_line "$scratch/backup.out" 0a011122334453414d42413100
kill "$backup"
wait "$backup"
# An ordinary server, which announces itself to the master browser alone.
start_samba linux2 ORDINARY
until_ordinary() {
    local step
    for step in $(seq 120); do
        on linux1 nmblookup -A "$linux2" | grep -q '<1e>.*ACTIVE' && return
        sleep 0.5
    done
    return 1
}
check "an ordinary server is there" until_ordinary
servers=$(said linux1 browse --json)
says "the master browser and the ordinary server announce themselves when asked" "$servers" \
    '{"name":"SAMBA1","kind":"master browser","comment":"lab samba","address":"'"$samba"'"}' \
    '{"name":"ORDINARY","kind":"server",' '"address":"'"$linux2"'"}' "status 0"
same "each server is listed once" \
    "$(grep -o '"name":"[^"]*"' <<<"$servers" | sort)" $'"name":"ORDINARY"\n"name":"SAMBA1"'
says "the workgroup is taken as it is printed" "$(said linux1 browse --duration 2s 'LABGROUP<00>')" SAMBA1 "status 0"
says "nobody is in another workgroup" "$(said linux1 browse --duration 1s NOWHERE)" "status 0"

says "Samba answers a logon query" "$(said linux1 find-dc LABGROUP)" "SAMBA1  $samba  LABGROUP" "status 0" \
    "by broadcast only" "the node uses no WINS server"
says "the domain's name in the DNS will do" "$(said linux1 find-dc labgroup.example)" \
    "SAMBA1  $samba  LABGROUP" "status 0"
says "a domain without controllers is named" "$(said linux1 find-dc --timeout 1s NOWHERE)" \
    "no domain controller of NOWHERE answers" "status 3"
start_node far1 far1 FAR1 --wins "$samba"
says "behind a router the WINS server tells whom to ask" "$(said far1 find-dc LABGROUP)" \
    "SAMBA1  $samba  LABGROUP" "status 0"
same "which is no broadcast" "$(said far1 find-dc LABGROUP | grep -c broadcast)" 0
says "a domain that it does not know is asked for by broadcast" "$(said far1 find-dc --timeout 1s NOWHERE)" \
    "by broadcast only" "no WINS server knows one" "status 3"

# members HOST NAME: the addresses in a group.
members() { said "$1" resolve "$2" | sort | tr '\n' ' '; }
for group in LABGROUP 'LABGROUP<00>' 'labgroup#00' 'labgroup<00>'; do
    says "a group has all its members ($group)" "$(members linux1 "$group")" "$linux1 group" "$linux2 group" \
        "$samba group" "status 0"
done
says "the WINS server does not tell them, and those that are near are asked" "$(members far1 LABGROUP)" "$far group" \
    "${far%.*}.10 group" "status 0"
same "a name is accepted as it is printed" "$(said linux1 resolve 'SAMBA1<20>')" "$samba"$'\n'"status 0"
says "for a node's status as well" "$(said linux1 status 'samba1<20>' | tr -s ' ')" \
    "SAMBA1<20> unique active" "status 0"
same "each name that a status shows can be asked for" \
    "$(said linux1 status SAMBA1 | sed -n 's/ *\(unique\|group\).*//p' |
    while read -r name; do said linux1 resolve "$name" | grep -q "$samba" || echo "$name"; done)" ""
