# An upgrade from the earlier version while slots are open, and both versions side by side.

this_version="mailslot $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"

# downgrade MACHINE: installs the older version. Only now, because the page and the README are of this version.
downgrade() {
    mkdir "$scratch/$1/root/root/older"
    cp "$older"/*.deb "$scratch/$1/root/root/older/"
    in_machine "$1" root 'apt-get install --yes --allow-downgrades ./older/*.deb' >"$scratch/downgrade" 2>&1 && return
    cat "$scratch/downgrade"
    return 1
}
# confirmed COMMAND WHAT: a message from srv1 to the service on srv2, by a command of either version.
confirmed() {
    says "$2" "$(in_machine srv1 alice "$1 send --receivers 1=60s --confirm '\\\\PLANT\\mailslot\\alerts' '$2'" 2>&1)" \
        "SRV2 delivered"
}

cp "$scratch/newer-mailslot" "$scratch/srv1/root/usr/local/bin/newer-mailslot"
cp "$scratch/mailslot/usr/bin/mailslot" "$scratch/srv1/root/usr/local/bin/older-mailslot"
confirmed older-mailslot "an older command, a node of this version"
says "it tells both versions" "$(in_machine srv1 alice 'older-mailslot doctor' 2>&1)" "${this_version#* }" \
    "$older_version"
downgrade srv1 || return
same "the version before is installed" "$(in_machine srv1 root 'mailslot --version')" "mailslot $older_version"
until_true srv1 'mailslot node status | grep -q PLANT'
confirmed newer-mailslot "a command of this version, an older node"
says "doctor tells both versions" "$(in_machine srv1 alice 'newer-mailslot doctor' 2>&1)" "$older_version" \
    "${this_version#* }"
confirmed older-mailslot "an older node, a node of this version"
downgrade srv2 || return

# A reader of the earlier version, with an unread message in its slot.
in_machine srv1 alice \
    ': >said; older-mailslot listen --verbose --access everyone --count 3 over >over 2>said &
    until grep -q listening said; do sleep 0.1; done'
in_machine srv1 alice 'older-mailslot send over "from the older"'
says "its memory is not looked into" "$(in_machine srv1 alice 'newer-mailslot peek over' 2>&1)" \
    "its owner has an older version of mailslot than this program"
section Upgrading || return
same "this version is installed" "$(in_machine srv1 root 'mailslot --version')" "$this_version"
# The same user, but another layout in memory; and another user.
in_machine srv1 alice 'mailslot send over "from this one"'
in_machine srv1 bob 'mailslot send over "from bob"'
check "a slot of the version before lives on, and takes messages of both" \
    until_true srv1 '[ "$(cat /home/alice/over)" = "from the older
from this one
from bob" ]'
until_true srv1 'mailslot node status | grep -q PLANT'
confirmed mailslot "both of this version again"
