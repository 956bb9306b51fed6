# Sourced: a Windows machine and a Linux machine on a network of namespaces, `windows` and `linux`. Needs root, and
# $program, the command for Windows.
scratch=$(mktemp -d)
id=win$$
. "$project/tests/network.sh"
. "$project/tests/hosts.sh"
build_command "$scratch" || { fail "the command does not build for Linux"; return 1; }
mailslot=$scratch/mailslot
# In Wine's root: a Windows of its own, whose slots are apart from those of others. It is made within the host, where
# Wine's server makes the sockets.
export WINEPREFIX=/tmp/mailslot-$id
hub=tcp/10.96.40.1:7447

# within_windows SECONDS COMMAND...: runs a command of $wine on the host `windows`. With `exec`, in this process.
within_windows() {
    timeout -k 5 "$1" ip netns exec "$id-windows" env RUST_BACKTRACE=0 "$wine" "${@:2}" \
        2> >(grep --line-buffered -v XDG_RUNTIME_DIR >&2)
}
said_windows() { within_windows 60 run "$program" "$@" 2>&1 | tr -d '\r'; printf 'status %d' "${PIPESTATUS[0]}"; }

# start_windows NAME ARGUMENTS...: starts `mailslot` on Windows, with output to NAME.out and NAME.log. Sets `pid`.
start_windows() {
    local name=$1
    shift
    ip netns exec "$id-windows" env RUST_BACKTRACE=0 "$wine" run "$program" "$@" \
        >"$scratch/$name.out" 2>"$scratch/$name.log" </dev/null &
    pid=$!
    started+=("$pid")
}
start_windows_node() {
    start_windows "$1" node --netbios false --computer WINDOWS --slot alerts --slot 'plant\line1'
    until_line "$scratch/$1.log" domain_open
}

# until_said WHO EXPECTED ARGUMENTS...: waits, a minute at most, until `said` or `said_windows` has all of the words.
until_said() {
    local who=$1 expected=$2 step found
    shift 2
    for step in $(seq 30); do
        found=$("$who" "$@")
        case $found in *"$expected"*) return ;; esac
        sleep 0.5
    done
    printf '%s\n' "$found"
    return 1
}

# until_gone COMPUTER: waits, a minute at most, until nobody on Linux is told of the computer.
until_gone() {
    local step found
    for step in $(seq 30); do
        found=$(said linux list --domain PLANT --json)
        case $found in *"\"computer\":\"$1\""*) sleep 1 ;; *"status 0") return ;; esac
    done
    printf '%s\n' "$found"
    return 1
}

leave_machines() {
    end_all
    within_windows 60 shell wineserver -k
    "$wine" shell rm -rf "$WINEPREFIX"
    remove_networks
    rm -rf "$scratch"
    unset WINEPREFIX
}

new_machines() {
    new_lan plant && attach linux plant 10.96.40.1/24 && attach windows plant 10.96.40.2/24
    # Debian links this library in a maintainer script, and nothing that opens a socket starts without it.
    within_windows 120 shell wine64 wineboot -i >"$scratch/boot" 2>&1
    # Until this server has ended, it does not see the folder of the program.
    within_windows 60 shell wineserver -w
    "$wine" shell cp /usr/x86_64-w64-mingw32/lib/zlib1.dll "$WINEPREFIX/drive_c/windows/system32"
}
