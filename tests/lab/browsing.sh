# Sourced: Samba's browser and logon messages.
printf '\n-- browsing\n'

check "a node holds its names" start_node node1 linux1 LINUX1
start backup linux1 listen --verbose --network --format hex BROWSE
backup=$pid
until_line "$scratch/backup.log" "listening on"
# GetBackupListRequest for 4 servers, with a token, as a program asks the node for it: behind a version, an id and a slot for the
# answer, which is none, so that nobody waits for what it says.
same "the node asks for a backup list" "$(said linux1 send '\\.\mailslot\mailslot\node\control' \
    $'\x02''0123456789abcdef0123456789abcdef''{"send":{"group":"LABGROUP#1d","slot":"BROWSE","data":[9,4,17,34,51,68]}}')" "status 0"
check "Samba names itself, with the token of the question" until_line "$scratch/backup.out" 0a011122334453414d42413100
kill "$backup"
wait "$backup"
says "Samba announces itself when asked" "$(said linux1 browse --time 35s --json)" '"name":"SAMBA1"' '"lab samba"' "status 0"
says "Samba answers a logon query" "$(said linux1 find-dc LABGROUP)" "SAMBA1  $samba  LABGROUP" "status 0"
says "a domain without controllers is named" "$(said linux1 find-dc --timeout 1s NOWHERE)" \
    "no domain controller of NOWHERE answers" "status 3"
