# Sourced: networks of namespaces. No packet leaves them, and the machine's interfaces are not changed.
#
# All bridges are in one namespace, $net; a host is a namespace with an interface eth0 (eth1, ...) for each of its
# networks. The names of all namespaces begin with $id, which the suite sets.

net=$id-net
namespaces=()

namespace() {
    ip netns add "$1" && namespaces+=("$1") && ip -n "$1" link set lo up
}

# new_lan NAME: a network without hosts.
new_lan() {
    [ ${#namespaces[@]} -gt 0 ] || namespace "$net" || return
    ip -n "$net" link add "$1" type bridge mcast_snooping 0 && ip -n "$net" link set "$1" up
}

# attach HOST LAN ADDRESS: gives a new or existing host an address (with the prefix length) on a network.
attach() {
    local host=$1 lan=$2 address=$3 number=0
    case " ${namespaces[*]} " in *" $id-$host "*) ;; *) namespace "$id-$host" || return ;; esac
    while ip -n "$id-$host" link show "eth$number" >/dev/null 2>&1; do number=$((number + 1)); done
    ip -n "$net" link add "$host-$number" type veth peer name "eth$number" netns "$id-$host" &&
        ip -n "$net" link set "$host-$number" master "$lan" up &&
        ip -n "$id-$host" addr add "$address" dev "eth$number" &&
        ip -n "$id-$host" link set "eth$number" up
}

# cut_off HOST, heal HOST: stops the traffic of the host on its first network, or restores it. Its interface stays up.
cut_off() { bridge -n "$net" link set dev "$1-0" state 0; }
heal() { bridge -n "$net" link set dev "$1-0" state 3; }

remove_networks() {
    local namespace
    for namespace in "${namespaces[@]}"; do ip netns del "$namespace"; done
}
