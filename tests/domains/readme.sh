# Sourced: runs the commands of docs/networks.md and docs/domains.md that need other machines. An unknown command is a
# failure. A test of the command runs those for one machine.
printf '\n-- readme\n'

mkdir "$scratch/bin"
ln -s "$mailslot" "$scratch/bin/mailslot"
printf '#!/bin/sh\nexec "$@"\n' >"$scratch/bin/sudo"
chmod +x "$scratch/bin/sudo"
PATH=$scratch/bin:$PATH

# commands PAGE SECTION: its commands, without the remarks after them.
commands() {
    sed -n "/^## $2\$/,/^## /p" "$project/$1" | sed -n 's/^    \(\(sudo \)\?mailslot .*\)/\1/p' | sed 's/  *#.*//'
}

# on_machine NAME HOST COMMAND: starts a typed command on a machine of this name (its namespace has none), in a separate
# directory, with a file as name server.
on_machine() {
    mkdir -p "$scratch/$2/home"
    printf '127.0.0.1 localhost\n10.97.41.11 hub.example\n' >"$scratch/hosts"
    start_command "$1" "$2" unshare --mount --uts bash -c \
        'cd "$1" && hostname "$2" && mount --bind "$3" /etc/hosts && eval "exec $4"' . "$scratch/$2/home" "$2" \
        "$scratch/hosts" "$3"
}

# typed HOST COMMANDS: their output, one after the other, and the status of the last one.
typed() { (cd "$scratch/$1/home" && on "$1" bash -c "$2" 2>&1; printf 'status %d' $?); }

# has FILE WORDS...: waits until the file has all of them.
has() { local file=$1 words; shift; for words; do until_line "$file" "$words" || return; done; }

until_slot() {
    local step
    for step in $(seq 600); do on "$1" mailslot info "$2" >/dev/null 2>&1 && return; sleep 0.1; done
    return 1
}

page=docs/networks.md
new_lan readme
attach srv1 readme 10.97.40.11/24
attach srv2 readme 10.97.40.12/24
while IFS= read -r command; do
    case $command in
    'sudo mailslot node --computer SRV1 --workgroup PLANT')
        on_machine node1 srv1 "$command"
        on_machine node2 srv2 "${command/SRV1/SRV2}"
        check "$page: $command" has "$scratch/node1.log" "name_held name=PLANT<1e>"
        check "and on the other machine" has "$scratch/node2.log" "name_held name=PLANT<1e>"
        ;;
    'mailslot listen --network alerts')
        for host in srv1 srv2; do on_machine "listen-$host" "$host" "$command"; done
        check "$page: $command" until_slot srv1 alerts
        until_slot srv2 alerts
        ;;
    "mailslot send '\\\\SRV2\\mailslot\\alerts' \"door 2 opened\"")
        same "$page: $command" "$(typed srv1 "$command")" "status 0"
        check "it is there" has "$scratch/listen-srv2.out" "door 2 opened"
        ;;
    "mailslot send '\\\\PLANT\\mailslot\\alerts' \"all out\"")
        same "$page: $command" "$(typed srv1 "$command")" "status 0"
        check "it is everywhere" has "$scratch/listen-srv1.out" "all out"
        check "also there" has "$scratch/listen-srv2.out" "all out"
        ;;
    'mailslot resolve SRV2; mailslot status SRV2; mailslot browse; mailslot find-dc PLANT; mailslot node status')
        # There is no domain controller, as the fourth one reports.
        says "$page: $command" "$(typed srv1 "$command")" 10.97.40.12 "SRV2<20>" \
            "no domain controller of PLANT answers" "SRV1<00>" "status 0"
        ;;
    *) check "$page: this test does not know $command" false ;;
    esac
done < <(commands docs/networks.md "A legacy network")
same "one machine has had what was for it" "$(cat "$scratch/listen-srv1.out")" "all out"
end_all
started=()

page=docs/domains.md
new_lan modern
for number in 1 2 3; do attach "new$number" modern "10.97.41.1$number/24"; done
attach far modern 10.97.41.19/24
for host in new1 new2 new3 far; do mkdir -p "$scratch/$host/home"; done
while IFS= read -r command; do
    case $command in
    'mailslot domain new PLANT --lan')
        says "$page: $command" "$(typed new1 "$command")" "mailslot domain join" "status 0"
        for host in new2 new3 far; do cp "$scratch/new1/domains/PLANT.toml" "$scratch/$host/home"; done
        ;;
    'mailslot domain join PLANT.toml')
        for host in new2 new3; do says "$page: $command" "$(typed "$host" "$command")" "status 0"; done
        ;;
    'mailslot node --netbios false')
        for host in new1 new2 new3; do
            on_machine "node-$host" "$host" "$command"
            check "$page: $command, on $host" has "$scratch/node-$host.log" domain_open
        done
        ;;
    'mailslot listen --network --json alerts')
        for host in new1 new2 new3; do on_machine "json-$host" "$host" "$command"; done
        check "$page: $command" until_members new1 PLANT $'NEW1 alerts\nNEW2 alerts\nNEW3 alerts'
        ;;
    "mailslot send '\\\\PLANT\\mailslot\\alerts' \"all out\"")
        same "$page: $command" "$(typed new1 "$command")" "status 0"
        for host in new1 new2 new3; do
            check "it is on $host, with its origin" has \
                "$scratch/json-$host.out" '"data":"all out"' '"authenticated":true'
        done
        ;;
    "mailslot send --receivers 3=5s --confirm '\\\\PLANT\\mailslot\\alerts' \"all out\"")
        same "$page: $command" "$(typed new1 "$command")" $'NEW1 delivered\nNEW2 delivered\nNEW3 delivered\nstatus 0'
        ;;
    "mailslot request '\\\\PLANT\\mailslot\\clock' \"now\"")
        on_machine clock new3 "mailslot listen --network --reply 'date +%Y' clock"
        check "there is a clock" on new1 mailslot send --receivers 1=60s '\\PLANT\mailslot\clock' "is it?"
        same "$page: $command" "$(typed new1 "$command")" "$(date +%Y)"$'\\n\nstatus 0'
        ;;
    'mailslot list --domain PLANT; mailslot node status')
        says "$page: $command" "$(typed new2 "$command")" NEW3 alerts PLANT sealed "status 0"
        ;;
    'mailslot domain new PLANT --lan --identities')
        # Another domain of this name, with directories of its own; identities.sh has nodes in one.
        certify="export MAILSLOT_DOMAINS=$scratch/certify; "
        says "$page: $command" "$(typed new1 "$certify$command")" PLANT.authority "status 0"
        ;;
    'mailslot domain invite '*' | mailslot domain join -')
        says "$page: $command" "$(typed new1 "$certify$command")" "PLANT is now as in the file" "status 0"
        ;;
    'mailslot domain invite '*' | ssh root@SRV'?' mailslot domain join -')
        there="MAILSLOT_DOMAINS=$scratch/certified-${command:23:4}"
        says "$page: $command" "$(typed new1 "$certify${command/ssh root@SRV?/env $there}")" PLANT "status 0"
        ;;
    'mailslot domain show' | 'mailslot domain revoke SRV2')
        says "$page: $command" "$(typed new1 "$certify$command")" PLANT SRV "status 0"
        ;;
    'mailslot domain rotate PLANT --overlap 0')
        says "$page: $command" "$(typed new1 "$certify$command")" "has another key" "status 0"
        ;;
    'mailslot node --netbios false --listen tcp/0.0.0.0:7447')
        # The hub of the others, whose domain does not use multicast.
        end_all
        started=()
        sed -i '/^lan *=/d' "$scratch/new1/domains/PLANT.toml" "$scratch/far/home/PLANT.toml"
        on_machine hub new1 "$command"
        check "$page: $command" has "$scratch/hub.log" domain_open
        ;;
    'mailslot node --netbios false --connect tcp/hub.example:7447')
        says "a machine far away joins" "$(typed far 'mailslot domain join PLANT.toml')" "status 0"
        on_machine away far "$command"
        check "$page: $command" has "$scratch/away.log" domain_open
        on_machine hears new1 'mailslot listen --network --count 1 alerts'
        check "what is sent there" on far mailslot send --receivers 1=60s '\\PLANT\mailslot\alerts' "from far away"
        check "is here" has "$scratch/hears.out" "from far away"
        ;;
    *) check "$page: this test does not know $command" false ;;
    esac
done < <(commands docs/domains.md "Using a domain")
