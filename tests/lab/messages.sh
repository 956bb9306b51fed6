# Sourced: messages reach their slots once, and no others.
printf '\n-- messages\n'

start_nodes
start_listener heard1 linux1 alerts
start_listener heard2 linux2 alerts
start_listener other1 linux1 other
start closed1 linux1 listen --verbose --format json closed
until_line "$scratch/closed1.log" "listening on"

same "a broadcast to the domain is sent" "$(said linux2 send '\\LABGROUP\mailslot\alerts' domain)" "status 0"
same "a broadcast to this machine's domain is sent" "$(said linux2 send '\\*\mailslot\alerts' own)" "status 0"
same "a message to one computer is sent" "$(said linux2 send '\\LINUX1\mailslot\Alerts' unique)" "status 0"
same "a message to this computer is sent" "$(said linux2 send '\\LINUX2\mailslot\alerts' self)" "status 0"
same "a message to another domain is taken" "$(said linux2 send '\\ELSEWHERE\mailslot\alerts' wrong)" "status 0"
check "there is no other domain" until_line "$scratch/node2.log" "there is no computer or domain ELSEWHERE<00>"
same "a broadcast to a closed slot is sent" "$(said linux2 send '\\LABGROUP\mailslot\closed' closed)" "status 0"
# Both nodes read packets in order, so after this one nothing earlier is still to come.
same "the last broadcast is sent" "$(said linux2 send '\\LABGROUP\mailslot\alerts' last)" "status 0"
check "the last broadcast reaches the other machine" until_line "$scratch/heard1.out" '"data":"last"'
check "the last broadcast reaches the sender's machine" until_line "$scratch/heard2.out" '"data":"last"'
same "the other machine got each message for it once" \
    "$(data "$scratch/heard1.out" | sort)" $'domain\nlast\nown\nunique'
same "the sender's machine got each message for it once" \
    "$(data "$scratch/heard2.out" | sort)" $'domain\nlast\nown\nself'
same "no other slot got anything" "$(cat "$scratch/other1.out" "$scratch/closed1.out")" ""
says "messages to a domain tell where they come from" "$(grep '"domain"' "$scratch/heard1.out")" \
    "\"origin\":{\"computer\":\"LINUX2\",\"domain\":\"LABGROUP\",\"address\":\"$linux2\",\"authenticated\":false}"
says "messages to one computer tell where they come from" "$(grep '"unique"' "$scratch/heard1.out")" \
    "\"origin\":{\"computer\":\"LINUX2\",\"domain\":null,\"address\":\"$linux2\",\"authenticated\":false}"
