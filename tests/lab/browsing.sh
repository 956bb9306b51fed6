# Sourced: Samba's browser and logon messages.
printf '\n-- browsing\n'

says "Samba announces itself when asked" "$(said linux1 browse --time 35s --json)" '"name":"SAMBA1"' '"lab samba"' "status 0"
says "Samba answers a logon query" "$(said linux1 find-dc LABGROUP)" "SAMBA1  $samba  LABGROUP" "status 0"
says "a domain without controllers is named" "$(said linux1 find-dc --timeout 1s NOWHERE)" \
    "no domain controller of NOWHERE answers" "status 3"
