# Sourced: programs on the hosts of a network of namespaces, and the parts of a suite, each in a separate process.
#
# Sourced after network.sh. Each part has a separate directory $scratch, and does not depend on other parts. Each host
# has separate slots and domain files: MAILSLOT_ROOT and MAILSLOT_DOMAINS differ.

started=()

# become HOST COMMAND...: turns this process into the command.
become() {
    local host=$1
    shift
    mkdir -p "$scratch/$host/slots" "$scratch/$host/domains"
    export MAILSLOT_ROOT=$scratch/$host/slots MAILSLOT_DOMAINS=$scratch/$host/domains
    # On hosts of the Samba lab: the files that Samba's tools read.
    [ ! -e "${LAB_DIR:-}/hosts/$host/smb.conf" ] || export SMB_CONF_PATH=$LAB_DIR/hosts/$host/smb.conf
    exec ip netns exec "$id-$host" "$@"
}

# in_host HOST COMMAND...: runs a command on a host; on HOST COMMAND... no longer than a minute.
in_host() { (become "$@"); }
on() {
    local host=$1
    shift
    in_host "$host" timeout -k 5 60 "$@"
}

# said HOST ARGUMENTS...: the output and status of `mailslot` on a host. No longer than a minute.
said() {
    local host=$1
    shift
    on "$host" "$mailslot" "$@" 2>&1
    printf 'status %d' $?
}

# start_command NAME HOST COMMAND...: starts a command on a host, with output to NAME.out and NAME.log. Sets `pid`.
start_command() {
    local name=$1 host=$2
    shift 2
    become "$host" "$@" >"$scratch/$name.out" 2>"$scratch/$name.log" </dev/null &
    pid=$!
    started+=("$pid")
}

# start NAME HOST ARGUMENTS...: the same with `mailslot`.
start() {
    local name=$1 host=$2
    shift 2
    start_command "$name" "$host" "$mailslot" "$@"
}

# start_listener NAME HOST SLOT
start_listener() {
    start "$1" "$2" listen --verbose --network --format json "$3"
    until_line "$scratch/$1.log" "listening on"
}

# stop PID: ends a process in an orderly way. `crash PID` kills it.
stop() {
    kill "$1"
    wait "$1"
}
crash() {
    kill -KILL "$1"
    wait "$1" 2>/dev/null
}

# data FILE: the data of the messages that a listener has printed.
data() { sed -n 's/.*"data":"\([^"]*\)".*/\1/p' "$1"; }

# end_all: ends all processes that a part has started.
end_all() {
    local pid
    # Ends their children as well: a listener would wait for its command, or start another one, and faketime leaves a
    # node behind. Stopped first, they start nothing more.
    for pid in "${started[@]}"; do
        kill -STOP "$pid" 2>/dev/null || continue
        kill -KILL $(pgrep -P "$pid") "$pid"
        wait "$pid" 2>/dev/null
    done
}

# leave_part: the end of each part.
leave_part() {
    end_all
    remove_networks
    rm -rf "$scratch"
}

# run_parts DIRECTORY PART...: runs the parts, each the file PART.sh of the directory.
run_parts() {
    local directory=$1 part status=0
    shift
    for part; do
        (
            scratch=$(mktemp -d)
            # A node that has become another user has its slots below.
            chmod 755 "$scratch"
            trap leave_part EXIT
            . "$directory/$part.sh"
            sum
        ) || status=1
    done
    return "$status"
}
