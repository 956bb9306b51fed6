# Sourced after network.sh: machines with their own systemd, booted by systemd-nspawn over one root of Debian's
# packages.
#
# A machine's network is a namespace of network.sh of the same name, and its files are the root with a layer on top. It
# cannot see the outer machine, and nothing of it stays except the root, which is kept for the next run.

# Packages besides Debian's minimum: for a terminal, manual pages, Python and the RPM package.
packages=systemd,systemd-sysv,dbus,iproute2,procps,bash-completion,tmux,man-db,mandoc,python3-minimal,rpm

declare -A console=() leader=() groups=()

# The packages run on the release on which they are built.
release=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")

# The directory of the root.
root=$target/packages/root-$release-$(sha256sum <<<"$packages" | head -c 16)

# Makes the root, unless there is one with the same packages.
make_root() {
    local mirror
    [ -d "$root" ] && return
    # A killed run may have left it.
    rm -rf --one-file-system "$root.new"
    mkdir -p "${root%/*}"
    # The package source of this machine. Without a list of it, the usual one.
    mirror=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Identifier: Packages' |
        sed -n "s/^$release main //p" | head -n 1)
    mmdebstrap --quiet --mode=root --variant=minbase "--include=$packages" \
        "$release" "$root.new" ${mirror:+"$mirror"} || return
    # Each machine has its own, and none has Debian's mirror, which it cannot reach.
    rm -f "$root.new"/etc/{machine-id,hostname,resolv.conf,apt/sources.list}
    mv "$root.new" "$root"
}

# Separate control groups for each machine, below those of this process: two systemds in one would remove each other's
# and kill their processes.
control_groups() {
    local unified=/sys/fs/cgroup/unified group
    [ -d "$unified" ] || unified=/sys/fs/cgroup
    awk -F: -v unified="$unified" \
        '$2 == "name=systemd" { print "/sys/fs/cgroup/systemd" $3 } $1 == 0 { print unified $3 }' /proc/self/cgroup |
        while read -r group; do
            [ ! -e "$group/cgroup.procs" ] || printf '%s/%s-%s\n' "${group%/}" "${scratch##*/}" "$1"
        done
}

# boot MACHINE: starts it.
boot() {
    local machine=$1 files=$scratch/$1 group
    mkdir -p "$files"/{top,work,root}
    # The upper layer is in memory: an overlay file system can only be the lower layer.
    mount -t overlay overlay -o "lowerdir=$root,upperdir=$files/top,workdir=$files/work" "$files/root" || return
    groups[$machine]=$(control_groups "$machine")
    # Without --register it needs no systemd outside; --console=read-only needs no terminal.
    (
        for group in ${groups[$machine]}; do mkdir "$group" && echo 0 >"$group/cgroup.procs" || exit; done
        exec systemd-nspawn --quiet --directory="$files/root" --machine="$machine" --hostname="$machine" --register=no \
            --keep-unit --network-namespace-path="/run/netns/$id-$machine" --console=read-only --boot
    ) >"$files/console" 2>&1 &
    console[$machine]=$!
}

# until_booted MACHINE: waits until its systemd has started everything.
until_booted() {
    local machine=$1
    until_line "$scratch/$machine/console" "login:" || return
    leader[$machine]=$(pgrep -P "${console[$machine]}")
    [ "$(in_machine "$machine" root 'systemctl is-system-running --wait')" = running ]
}

# Ends the machines, and removes their control groups, which do not end with a namespace.
end_machines() {
    local machine group
    for machine in "${!console[@]}"; do
        kill -KILL "${leader[$machine]:-${console[$machine]}}" 2>/dev/null
        wait "${console[$machine]}" 2>/dev/null
        for group in ${groups[$machine]}; do find "$group" -depth -type d -exec rmdir {} \;; done
    done
}

# in_machine MACHINE USER COMMAND: runs a user's command there, in the user's home directory. No longer than two
# minutes.
in_machine() {
    local machine=$1 user=$2 command=$3
    timeout -k 5 120 nsenter --target "${leader[$machine]}" --mount --uts --ipc --net --pid --cgroup -- \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=xterm \
            DEBIAN_FRONTEND=noninteractive \
        runuser --login "$user" --whitelist-environment=LANG,TERM,DEBIAN_FRONTEND --command "$command" </dev/null
}

# until_true MACHINE COMMAND: waits, a minute at most, until a command of root's succeeds there.
until_true() {
    local step
    for step in $(seq 300); do
        in_machine "$1" root "$2" >/dev/null 2>&1 && return
        sleep 0.2
    done
    in_machine "$1" root "$2"
}
