# The units and the profile, as files.

# The most exposure in tenths, of 100: the network remains, and the visibility of other users, which slots need.
exposure=16

mkdir -p "$scratch/units"
packaging/systemd/make "$scratch/units"
for unit in "$scratch"/units/*.service; do
    check "${unit##*/} is exposed to at most $exposure" \
        systemd-analyze security --offline=true --threshold="$exposure" --no-pager "$unit" >"$scratch/security"
    tail -n 1 "$scratch/security"
    says "${unit##*/} lets users be told apart" "$(cat "$unit")" "PrivateUsers= must stay off"
done
same "one unit has a capability, and only one" "$(grep -h '^AmbientCapabilities=.' "$scratch"/units/*)" \
    "AmbientCapabilities=CAP_NET_BIND_SERVICE"
check "AppArmor's parser takes the profile" \
    apparmor_parser --skip-kernel-load --skip-cache packaging/apparmor/mailslot-node
