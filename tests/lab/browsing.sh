# Sourced: Samba's browser and logon messages.
printf '\n-- browsing\n'

# Samba answers this question at once, and announces itself later; what it says last is shown.
backup_list() {
    local attempt list
    for attempt in 1 2 3; do
        list=$(said linux1 browse --time 1s --json)
        case $list in *'"kind":"backup browser"'*) break ;; esac
    done
    printf '%s' "$list"
}
says "Samba tells which servers keep the list" "$(backup_list)" '"name":"SAMBA1","kind":"backup browser"' "status 0"
says "Samba announces itself when asked" "$(said linux1 browse --time 35s --json)" '"name":"SAMBA1"' '"lab samba"' "status 0"
says "Samba answers a logon query" "$(said linux1 find-dc LABGROUP)" "SAMBA1  $samba  LABGROUP" "status 0"
says "a domain without controllers is named" "$(said linux1 find-dc --timeout 1s NOWHERE)" \
    "no domain controller of NOWHERE answers" "status 3"
