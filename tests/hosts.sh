# Sourced: programs on the hosts of a network of namespaces, and the parts of a suite, each in a process of its own.
#
# Sourced after network.sh. Each part has $scratch, a directory of its own, and needs nothing that another part has left. Each host
# has slots and domain files of its own: MAILSLOT_ROOT and MAILSLOT_DOMAINS differ.

started=()

# become HOST COMMAND...: turns this process into the command.
become() {
    local host=$1
    shift
    mkdir -p "$scratch/$host/slots" "$scratch/$host/domains"
    export MAILSLOT_ROOT=$scratch/$host/slots MAILSLOT_DOMAINS=$scratch/$host/domains
    # Of hosts of the Samba lab: what Samba's tools read.
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

# said HOST ARGUMENTS...: what `mailslot` says on a host, and how it ends. No longer than a minute.
said() {
    local host=$1
    shift
    on "$host" "$mailslot" "$@" 2>&1
    printf 'status %d' $?
}

# start_command NAME HOST COMMAND...: starts a command on a host; its output goes to the files NAME.out and NAME.log. Sets `pid`.
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

# stop PID: ends a process in good order. `crash PID` does not let it do anything.
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

# end_all: ends all that a part has started.
end_all() {
    local pid
    # What they have started goes with them: a listener would wait for its command, or start another one, and faketime leaves
    # a node behind. Stopped, they start nothing any more.
    for pid in "${started[@]}"; do
        kill -STOP "$pid" 2>/dev/null || continue
        kill -KILL $(pgrep -P "$pid") "$pid"
        wait "$pid" 2>/dev/null
    done
}

# leave_part: what each part does at its end.
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
