# This version over the one before, while slots are open, and both versions beside each other.

for machine in srv1 srv2; do
    rm "$scratch/$machine/root/root"/mailslot*.deb
    cp "$debs"/mailslot{,-node}_*.deb "$scratch/$machine/root/root/"
done
cp "$scratch/mailslot/usr/bin/mailslot" "$scratch/srv1/root/usr/local/bin/older-mailslot"

# A reader and a writer of the version before, and a message in the slot that nobody has read.
in_machine srv1 alice 'older-mailslot listen --verbose --access everyone --count 3 over >over 2>said & until grep -q listening said; do sleep 0.1; done
    mkfifo pipe; (exec older-mailslot send --wait kept <pipe >sent 2>&1) & sleep infinity >pipe & echo $! >holder'
in_machine srv1 alice 'mailslot listen --verbose --count 1 kept >kept 2>saidkept & until grep -q listening saidkept; do sleep 0.1; done'
in_machine srv1 alice 'older-mailslot send over "from the older"'
section Upgrading || return
same "this version is installed" "$(in_machine srv1 root 'mailslot --version')" "mailslot $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
# The same user, but another layout in memory; and another user.
in_machine srv1 alice 'mailslot send over "from this one"'
in_machine srv1 bob 'mailslot send over "from bob"'
check "a slot of the version before lives on, and takes messages of both" \
    until_true srv1 '[ "$(cat /home/alice/over)" = "from the older
from this one
from bob" ]'
in_machine srv1 alice 'echo "from the older" >pipe; kill $(cat holder)'
check "a writer of the version before reaches a slot of this one" until_true srv1 'grep -q "from the older" /home/alice/kept'
# Command and node of either version.
until_true srv1 'mailslot list --domain PLANT | grep -q SRV2' || return
says "the older command asks the node of this version" "$(in_machine srv1 bob 'older-mailslot node status')" PLANT
says "an older machine's command sends through it" \
    "$(in_machine srv1 bob "older-mailslot send --receivers 1=30s --confirm '\\\\\\\\PLANT\\\\mailslot\\\\alerts' older" 2>&1)" delivered
