# Sourced: the lab, a virtual network with Samba. Needs tests/network.sh for $id, and tests/hosts.sh.
#
# The lab is ../shared/lab beside the project, or the directory in MAILSLOT_LAB; its README describes it. Its hosts are
# namespaces like those of network.sh.

lab=${MAILSLOT_LAB:-$project/../shared/lab}

# start_lab DIRECTORY [--routed]: builds the lab, with its state in the directory. Sets the addresses of its hosts.
start_lab() {
    export LAB_ID=$id LAB_DIR=$1
    shift
    if [ ! -x "$lab/up" ]; then
        echo "no lab: $lab/up is missing; set MAILSLOT_LAB to a directory with 'install', 'up', 'down' and 'capture'" \
            >&2
        return 1
    fi
    if ! { "$lab/install" && "$lab/up" "$@"; }; then
        echo "the lab did not come up" >&2
        return 1
    fi
    . "$LAB_DIR/env"
    samba=$LAB_SAMBA_IP linux1=$LAB_LINUX1_IP linux2=$LAB_LINUX2_IP far=${LAB_FAR1_IP:-}
}

stop_lab() { "$lab/down"; }

# start_samba HOST COMPUTER SETTING...: starts one more nmbd, whose log is HOST.samba.out. Sets `pid`.
start_samba() {
    local host=$1 computer=$2 state=$scratch/samba-$1 place
    shift 2
    mkdir -p "$state"
    {
        printf '[global]\nworkgroup = LABGROUP\nnetbios name = %s\ninterfaces = eth0\nlog level = 3\n' "$computer"
        printf '%s = no\n' 'local master' 'domain master' 'dns proxy'
        for place in lock state cache pid; do printf '%s directory = %s\n' "$place" "$state"; done
        for place in 'private dir' 'ncalrpc dir' 'binddns dir' 'nmbd:socket dir'; do
            printf '%s = %s\n' "$place" "$state"
        done
        printf '%s\n' "$@"
    } >"$state/smb.conf"
    start_command "$host.samba" "$host" nmbd --foreground --no-process-group --debug-stdout -s "$state/smb.conf"
}
