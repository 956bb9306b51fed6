# Sourced: the command `mailslot` on Windows.
printf '\n-- command\n'
scratch=$(mktemp -d)
name=command-$$

said() { windows 60 "$mailslot" "$@" 2>&1; printf 'status %d' $?; }

says "demo runs to its end" "$(said demo)" \
    "Every message arrived whole" "(Win32 error 122)" "gets all 31" "(Win32 error 121)" "(Win32 error 183)" \
    "is free again" "messages of 64 bytes per second" "Everything worked" "status 0"

windows 60 "$mailslot" listen --verbose --count 5 "$name" >"$scratch/heard" 2>"$scratch/said" &
listener=$!
if until_line "$scratch/said" "listening on"; then
    same "send writes its arguments" "$(said send "$name" "boiler 3: over pressure" "")" "status 0"
    says "info finds the slot" "$(said info "$name")" "name                $name" "status 0"
    says "info in JSON" "$(said info --json "$name")" "\"name\":\"$name\"," "status 0"
    says "a second owner is refused" "$(said listen "$name")" "exists already" "(Win32 error 183)" "status 8"
    same "send writes lines of Windows" "$(printf 'ünï\r\n\r\ntwo' | said send "//./mailslot/${name^^}")" "status 0"
    check "listen ends after its count" wait "$listener"
    same "listen prints what was sent" "$(cat "$scratch/heard")" $'boiler 3: over pressure\n\nünï\n\ntwo'
else
    fail "listen creates a slot"
    kill "$listener"
fi

says "listen gives up in time" "$(said listen --timeout 200ms "$name")" "timed out (Win32 error 121)" "status 5"
says "a missing slot is named" "$(said send "$name" x)" "no slot $name on this machine (Win32 error 2)" "status 3"
says "info of a missing slot" "$(said info "$name")" "(Win32 error 2)" "status 3"
says "a wrong name is explained" "$(said send 'C:\x' x)" "is not a mailslot name" "status 2"
says "numbers of groups are refused" "$(said listen --access group:7 "$name")" "no numbers" "status 2"
says "list says that it cannot" "$(said list)" "(Win32 error 50)" "status 1"
says "bench says that it cannot" "$(said bench)" "nothing else here to compare with" "status 1"

rm -r "$scratch"
